//! Values and paths inside of a plan file, in both directions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use terrane_model::encode_msgpack::{msgpack_from_value, value_from_msgpack};
use terrane_model::{AttributePath, IndexKey, Marks, PathStep, Type, Value};

use super::PlanFileError;
use super::document::{StepDocument, ValueDocument};

pub(super) fn damaged(error: impl std::fmt::Display) -> PlanFileError {
    PlanFileError::Damaged(error.to_string())
}

pub(super) fn write_bytes(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn read_bytes(text: &str) -> Result<Vec<u8>, PlanFileError> {
    STANDARD.decode(text).map_err(damaged)
}

pub(super) fn write_value(value: &Value) -> Result<ValueDocument, PlanFileError> {
    let (plain, marks) = value.split_marks();
    let sensitive = marks.into_iter().filter(|(_, marks)| marks.is_sensitive());
    let sensitive: Result<_, _> = sensitive.map(|(path, _)| write_path(&path)).collect();
    Ok(ValueDocument { value: write_plain(&plain)?, sensitive: sensitive? })
}

fn write_plain(value: &Value) -> Result<String, PlanFileError> {
    Ok(write_bytes(&msgpack_from_value(value, &Type::Dynamic).map_err(damaged)?))
}

fn read_plain(text: &str) -> Result<Value, PlanFileError> {
    value_from_msgpack(&read_bytes(text)?, &Type::Dynamic).map_err(damaged)
}

pub(super) fn read_value(document: &ValueDocument) -> Result<Value, PlanFileError> {
    let plain = read_plain(&document.value)?;
    let marks: Result<Vec<_>, _> =
        document.sensitive.iter().map(|path| Ok((read_path(path)?, Marks::SENSITIVE))).collect();
    Ok(plain.with_marks_at(&marks?))
}

pub(super) fn write_path(path: &AttributePath) -> Result<Vec<StepDocument>, PlanFileError> {
    let steps = path.steps().iter().map(|step| {
        Ok(match step {
            PathStep::Attribute(name) => StepDocument::Attribute(name.to_string()),
            PathStep::Index(IndexKey::Position(position)) => StepDocument::Position(*position),
            PathStep::Index(IndexKey::Key(key)) => StepDocument::Key(key.to_string()),
            PathStep::Index(IndexKey::Element(element)) => StepDocument::Element(write_plain(element)?),
        })
    });
    steps.collect()
}

pub(super) fn read_path(steps: &[StepDocument]) -> Result<AttributePath, PlanFileError> {
    let steps: Result<Vec<_>, PlanFileError> = steps
        .iter()
        .map(|step| {
            Ok(match step {
                StepDocument::Attribute(name) => PathStep::Attribute(name.as_str().into()),
                StepDocument::Position(position) => PathStep::Index(IndexKey::Position(*position)),
                StepDocument::Key(key) => PathStep::Index(IndexKey::Key(key.as_str().into())),
                StepDocument::Element(element) => PathStep::Index(IndexKey::Element(read_plain(element)?)),
            })
        })
        .collect();
    Ok(AttributePath(steps?))
}

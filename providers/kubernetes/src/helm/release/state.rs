//! From what Helm remembers of a release to the values of its state.

use serde_json::{Map, Value as Json};
use terrane_model::{Block, Number, Str, Type, Value};

use super::super::chart::same_version;
use super::super::live::{Comparison, Shown};
use super::super::manifest;
use super::super::record::{ChartMetadata, Record};
use super::super::schema::{self, METADATA};
use super::super::values;
use super::propose::default;

/// Returns the state of a release. `before` is what was last seen, or planned; `comparison` is nothing where the state
/// does not show objects.
pub(super) fn of_record(
    block: &Block,
    record: &Record,
    before: &Value,
    comparison: Option<&Comparison>,
    writes_only: bool,
) -> Value {
    let metadata = &record.chart.metadata;
    // Nobody has written anything yet: the release is imported.
    let is_imported = before.get("chart").is_none_or(Value::is_null);
    let attributes = block.attributes().iter().map(|(name, attribute)| {
        let kept = || {
            let kept = before.get(name).filter(|value| value.is_wholly_known() && !value.is_null()).cloned();
            kept.unwrap_or_else(|| Value::Null(attribute.ty()))
        };
        let value = match name.as_str() {
            "id" | "name" => record.name.as_str().into(),
            "namespace" => record.namespace.as_str().into(),
            "status" => record.info.status.as_str().into(),
            "version" => version(before, &metadata.version),
            "metadata" => shown_metadata(record, before, writes_only),
            "manifest" => comparison.map_or(Value::Null(Type::String), |_| shown_manifest(record, before)),
            "resources" => match comparison {
                Some(comparison) => resources(&comparison.live),
                None => Value::Null(attribute.ty()),
            },
            "chart" if is_imported => metadata.name.as_str().into(),
            "description" if is_imported => record.info.description.as_str().into(),
            other if is_imported => default(other).unwrap_or_else(kept),
            _ => kept(),
        };
        (name.clone(), value)
    });
    Value::object(attributes.collect::<Vec<_>>())
}

/// Returns objects as a state shows them.
pub(super) fn resources(shown: &Shown) -> Value {
    Value::map(Type::String, shown.iter().map(|(key, json)| (Str::from(key.as_str()), json.as_str().into())))
}

/// What is written may have a leading `v` more or less, or be a range.
fn version(before: &Value, released: &str) -> Value {
    match before.get("version").and_then(Value::as_str) {
        Some(written) if same_version(written, released) || is_range(written) => written.as_str().into(),
        _ => released.into(),
    }
}

fn is_range(version: &str) -> bool {
    version.contains(['^', '~', '>', '<', '=', '*', ' ', ',', '|'])
        || version.split('.').any(|part| part == "x")
        || version.split('.').count() < 3
}

fn shown_manifest(record: &Record, before: &Value) -> Value {
    match manifest::read(&record.manifest) {
        Ok(objects) => manifest::to_json(&objects, &values::secrets(before)).into(),
        Err(_) => Value::Null(Type::String),
    }
}

fn values_out(text: String, before: &Value) -> String {
    manifest::without_secrets(text, &values::secrets(before))
}

fn shown_metadata(record: &Record, before: &Value, writes_only: bool) -> Value {
    let chart = &record.chart.metadata;
    let seconds = |text: &str| -> Value {
        let moment = text.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second);
        Value::Number(Number::from(moment))
    };
    let config = record.config.clone().unwrap_or_default();
    Value::object(METADATA.map(|name| {
        let value = match name {
            "app_version" => chart.app_version.as_str().into(),
            "chart" => chart.name.as_str().into(),
            "first_deployed" => seconds(&record.info.first_deployed),
            "last_deployed" => seconds(&record.info.last_deployed),
            "name" => record.name.as_str().into(),
            "namespace" => record.namespace.as_str().into(),
            // Notes repeat values.
            "notes" if writes_only => "".into(),
            "notes" => values_out(record.info.notes.clone(), before).into(),
            "revision" => Value::Number(Number::from(record.revision)),
            "values" => values::shown(&config, before).into(),
            _ => chart.version.as_str().into(),
        };
        (name, value)
    }))
}

/// Returns what is known of the metadata before a release is changed. Without a chart it is the one that is released.
pub(super) fn planned_metadata(
    prior: &Value,
    config: &Value,
    chart: Option<&ChartMetadata>,
    planned_values: &Map<String, Json>,
) -> Value {
    let before = prior.get("metadata").cloned().unwrap_or_else(Value::dynamic);
    let reuses = config.get("reuse_values").and_then(Value::as_bool) == Some(true);
    let is_write_only = config.get("set_wo").is_some_and(|sets| !sets.is_null());
    Value::object(METADATA.map(|name| {
        let kept = || before.get(name).cloned().filter(|value| !value.is_null());
        let of_chart = |text: fn(&ChartMetadata) -> &str| chart.map(|chart| text(chart).into()).or_else(kept);
        let known = match name {
            "app_version" => of_chart(|chart| &chart.app_version),
            "chart" => of_chart(|chart| &chart.name),
            "version" => of_chart(|chart| &chart.version),
            "first_deployed" | "name" | "namespace" => kept(),
            "values" if !reuses && !is_write_only => Some(values::shown(planned_values, config).into()),
            _ => None,
        };
        let ty = if schema::is_number(name) { Type::Number } else { Type::String };
        (name, known.unwrap_or_else(|| Value::unknown(ty)))
    }))
}

/// Rewrites a state of the second major version of Helm's provider, where single objects were lists of one.
pub(super) fn from_lists(json: &str) -> String {
    let Ok(Json::Object(mut stored)) = serde_json::from_str::<Json>(json) else { return json.to_owned() };
    for name in ["metadata", "postrender"] {
        let first = match stored.get(name) {
            Some(Json::Array(list)) => list.first().cloned().unwrap_or(Json::Null),
            _ => continue,
        };
        stored.insert(name.to_owned(), first);
    }
    // Written as blocks, none were an empty list; written as attributes, they are nothing.
    for name in ["set", "set_list", "set_sensitive", "set_wo"] {
        if stored.get(name).and_then(Json::as_array).is_some_and(Vec::is_empty) {
            stored.insert(name.to_owned(), Json::Null);
        }
    }
    Json::Object(stored).to_string()
}

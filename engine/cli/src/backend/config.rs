//! A backend's configuration: the block in the root module, with what `-backend-config` adds.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use terrane_language::config::module::Backend;
use terrane_language::config::{ConstantScope, EarlyScope, EarlyValues, Module};
use terrane_language::evaluate::{Evaluator, decode_block, evaluate};
use terrane_language::syntax::{AttributeSchema, BodySchema, ConfigBody, parse_file, parse_json_file};
use terrane_model::convert::convert;
use terrane_model::{Attribute, AttributeKind, Block, Diagnostic, Diagnostics, SourceMap, Str, Type, Value};

use super::kinds::{BackendKind, find_kind};

/// What the configuration asks for.
pub struct WantedBackend {
    /// The kind.
    pub kind: BackendKind,
    /// What its block says, without additions.
    pub written: Value,
    /// With additions.
    pub config: Value,
}

/// Reads a block and the additions of the command line. The block may use the root module's `const` variables. Files of additions get into `sources`.
///
/// # Errors
/// With everything that is wrong.
pub fn read_backend(
    backend: &Backend,
    root: &Module,
    values: &EarlyValues,
    additions: &[String],
    sources: &mut Arc<SourceMap>,
) -> Result<WantedBackend, Diagnostics> {
    let kind =
        find_kind(&backend.backend_type).map_err(|problem| Diagnostics::from(problem.at(backend.span)))?;
    let schema = kind.schema();
    let scope = EarlyScope::new(root, values);
    let mut evaluator = Evaluator::new(&scope);
    let written = decode_block(&mut evaluator, &backend.body, &schema);
    let mut diagnostics = std::mem::take(&mut evaluator.diagnostics);
    let mut overrides = Vec::new();
    for addition in additions {
        let added = match addition.split_once('=') {
            Some((name, text)) => one_addition(name.trim(), text, &schema, Arc::make_mut(sources)),
            None => file_of_additions(addition, &schema, Arc::make_mut(sources)),
        };
        match added {
            Ok(added) => overrides.extend(added),
            Err(problems) => diagnostics.extend(problems),
        }
    }
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let entries = written.as_entries().unwrap_or_default().iter().map(|(name, value)| {
        let added = overrides.iter().rev().find(|(added, _)| added == name);
        (name.clone(), added.map_or_else(|| value.clone(), |(_, value)| value.clone()))
    });
    let config = Value::object(entries.collect::<Vec<_>>());
    Ok(WantedBackend { kind, written, config })
}

type Additions = Vec<(Str, Value)>;

fn one_addition(
    name: &str,
    text: &str,
    schema: &Block,
    sources: &mut SourceMap,
) -> Result<Additions, Diagnostics> {
    let summary = "Invalid backend configuration argument";
    let Some(attribute) = schema.attribute(name) else {
        let detail = format!(
            "The backend configuration argument {name:?} given on the command line is not expected for the selected backend \
             type."
        );
        return Err(Diagnostic::error(summary, detail).into());
    };
    if !matches!(attribute.ty(), Type::String | Type::Number | Type::Bool) {
        // Lists and objects are expressions.
        return additions_of("<backend configuration>", &format!("{name} = {text}\n"), schema, sources);
    }
    let value = convert(&Value::string(text), &attribute.ty()).map_err(|error| {
        let detail =
            format!("The value of the backend configuration argument {name:?} cannot be used: {error}.");
        Diagnostics::from(Diagnostic::error(summary, detail))
    })?;
    Ok(vec![(name.into(), value)])
}

fn file_of_additions(path: &str, schema: &Block, sources: &mut SourceMap) -> Result<Additions, Diagnostics> {
    let text = std::fs::read(Path::new(path)).map_err(|_| {
        Diagnostics::from(Diagnostic::error(
            "Failed to read file",
            format!("The file {path:?} could not be read."),
        ))
    })?;
    additions_of(path, &String::from_utf8_lossy(&text), schema, sources)
}

fn additions_of(
    path: &str,
    text: &str,
    schema: &Block,
    sources: &mut SourceMap,
) -> Result<Additions, Diagnostics> {
    let file = sources.add(path, text);
    let (body, mut diagnostics) = if path.ends_with(".json") {
        parse_json_file(file, text)
    } else {
        let (body, problems) = parse_file(file, text);
        (ConfigBody::from_native(body), problems)
    };
    let known: Vec<AttributeSchema<'_>> =
        schema.attributes().iter().map(|(name, _)| AttributeSchema::optional(name)).collect();
    let (content, problems) = body.content(&BodySchema { attributes: &known, blocks: &[] });
    diagnostics.extend(problems);
    let mut additions = Additions::new();
    for attribute in &content.attributes {
        let (value, problems) = evaluate(&attribute.expression, &ConstantScope);
        let failed = problems.has_errors();
        diagnostics.extend(problems);
        let Some(wanted) = schema.attribute(&attribute.name.name).filter(|_| !failed) else { continue };
        match value_of_argument(&value, wanted) {
            Ok(value) => additions.push((attribute.name.name.clone(), value)),
            Err(error) => {
                let detail = format!("Unsuitable value: {error}.");
                let problem = Diagnostic::error("Incorrect attribute value type", detail);
                diagnostics.push(problem.at(attribute.expression.span));
            }
        }
    }
    if diagnostics.has_errors() { Err(diagnostics) } else { Ok(additions) }
}

/// Takes an object as a value of a backend's schema; what is not written is null.
///
/// # Errors
/// When a part has the wrong type.
pub fn value_of(config: &Value, schema: &Block) -> Result<Value, Diagnostic> {
    let known = |name: &str| schema.attribute(name).is_some() || schema.block_type(name).is_some();
    if let Some((name, _)) = config.as_entries().unwrap_or_default().iter().find(|(name, _)| !known(name)) {
        let detail = format!(
            "The given configuration is not valid for the backend: unexpected attribute {:?}.",
            name.as_str()
        );
        return Err(Diagnostic::error("Invalid backend configuration", detail));
    }
    let mut entries = Vec::new();
    for (name, attribute) in schema.attributes() {
        let written = config.get(name).cloned().unwrap_or_else(|| Value::Null(attribute.ty()));
        let value = value_of_argument(&written, attribute).map_err(|reason| {
            let detail = format!("The argument {:?} cannot be used: {reason}.", name.as_str());
            Diagnostic::error("Invalid backend configuration", detail)
        })?;
        entries.push((name.clone(), value));
    }
    for (name, nested) in schema.block_types() {
        let value = match config.get(name).filter(|written| !written.is_null()) {
            Some(written) => value_of(written, &nested.block)?,
            None => Value::Null(nested.block.implied_type().clone()),
        };
        entries.push((name.clone(), value));
    }
    Ok(Value::object(entries))
}

fn value_of_argument(written: &Value, attribute: &Attribute) -> Result<Value, String> {
    match &attribute.kind {
        AttributeKind::Nested(nested) if !written.is_null() => value_of(written, &nested.block)
            .map_err(|problem| problem.detail.trim_end_matches('.').to_owned()),
        _ => convert(written, &attribute.ty()).map_err(|error| error.to_string()),
    }
}

/// Returns the number by which Terraform tells whether a block has changed: the CRC-32 of the value in the form
/// that its values have for sets.
pub fn block_hash(kind: &str, written: &Value) -> u32 {
    let mut form = String::from("<");
    write_set_form(&mut form, &Value::string(kind));
    form.push(';');
    write_set_form(&mut form, written);
    form.push_str(";>");
    crc32fast::hash(form.as_bytes())
}

fn write_set_form(form: &mut String, value: &Value) {
    if value.is_null() {
        form.push('~');
    } else if let Some(text) = value.as_str() {
        let _ = write!(form, "{:?}", text.as_str());
    } else if let Some(number) = value.as_number() {
        let _ = write!(form, "{number}");
    } else if let Some(truth) = value.as_bool() {
        form.push(if truth { 'T' } else { 'F' });
    } else if let (Value::Map(_), Some(entries)) = (value, value.as_entries()) {
        form.push('{');
        for (key, value) in entries {
            write_set_form(form, &Value::string(key.clone()));
            form.push(':');
            write_set_form(form, value);
            form.push(';');
        }
        form.push('}');
    } else if let Some(entries) = value.as_entries() {
        form.push('<');
        for (_, value) in entries {
            write_set_form(form, value);
            form.push(';');
        }
        form.push('>');
    } else {
        form.push('[');
        for value in value.as_sequence().unwrap_or_default() {
            write_set_form(form, value);
            form.push(';');
        }
        form.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_the_hashes_that_terraform_gives_them() {
        let config = |path: &str| {
            let nothing = Value::Null(Type::String);
            Value::object([("path", Value::string(path)), ("workspace_dir", nothing)])
        };
        // As Terraform 1.11 writes them.
        assert_eq!(block_hash("local", &config("x/s.tfstate")), 3_114_535_407);
        assert_eq!(block_hash("local", &config("x/t.tfstate")), 1_147_007_386);
    }

    #[test]
    fn additions_are_converted_to_what_the_backend_takes() {
        let schema = find_kind("http").unwrap().schema();
        let one_addition = |name, text| one_addition(name, text, &schema, &mut SourceMap::new());
        let added = one_addition("retry_max", "3").unwrap();
        assert_eq!(added, [("retry_max".into(), Value::number(3_i64))]);
        assert!(one_addition("retry_max", "many").is_err());
        assert!(one_addition("nope", "3").is_err());
        let schema = find_kind("s3").unwrap().schema();
        let added = super::one_addition("allowed_account_ids", "[\"1\"]", &schema, &mut SourceMap::new());
        assert_eq!(added.unwrap()[0].1, Value::set(Type::String, [Value::string("1")]));
    }
}

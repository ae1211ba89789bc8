//! `jsonencode` and `jsondecode`.

use terrane_model::encode_json::write_simple_json;
use terrane_model::{Refinement, Type, Value};

use super::json_decode::decode;
use super::quote::quote_char;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "jsondecode",
        &[Parameter::string("str")],
        Returns::Computed { shown: ParameterType::Any, rule: decoded_type },
        |arguments| decode(arguments.text(0)).map_err(FunctionError::new),
        "Reads a JSON text.",
    )
    .result_may_be_null(),
    Function::new(
        "jsonencode",
        &[Parameter::any("val").or_unknown().or_dynamic().or_null()],
        Returns::Always(ParameterType::String),
        jsonencode,
        "Writes a value as JSON.",
    ),
];

fn jsonencode(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let value = arguments.value(0);
    if !value.is_wholly_known() {
        return Ok(unknown_json(value));
    }
    let mut json = String::new();
    write_simple_json(&mut json, value)
        .map_err(|_| FunctionError::new("cannot serialize infinity as JSON"))?;
    Ok(Value::string(json))
}

/// Returns what is known about the JSON of a value that is not wholly known: how it starts.
fn unknown_json(value: &Value) -> Value {
    let start = match value.ty() {
        _ if !value.is_definitely_not_null() => "",
        Type::String => "\"",
        Type::Object(_) | Type::Map(_) => "{",
        Type::List(_) | Type::Set(_) | Type::Tuple(_) => "[",
        Type::Dynamic | Type::Bool | Type::Number => "",
    };
    let refinement = Refinement { string_prefix: start.into(), ..Refinement::not_null() };
    Value::refined_unknown(Type::String, refinement)
}

/// Returns the type of a text that is not known yet, as far as its beginning tells.
fn decoded_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    let Some(unknown) = arguments.value(0).as_unknown() else { return Ok(Type::Dynamic) };
    match unknown.refinement.string_prefix.trim().chars().next() {
        None | Some('{' | '[' | 'n') => Ok(Type::Dynamic),
        Some('"') => Ok(Type::String),
        Some('t' | 'f') => Ok(Type::Bool),
        Some('-' | '0'..='9' | '.') => Ok(Type::Number),
        Some(char) => {
            let char = quote_char(char);
            let message = format!("a JSON document cannot begin with the character {char}");
            Err(FunctionError::argument(0, message))
        }
    }
}

//! The functions of the built-in provider `terraform.io/builtin/terraform`: values as the language writes
//! them, in expressions and in files of variables.
//!
//! They take arguments as the provider's signatures describe them: one, converted, unmarked and not null.

use terrane_model::unknown::Refinement;
use terrane_model::{Diagnostics, SourceMap, Str, Type, Value};

use super::FunctionError;
use super::hcl_text::{arguments_text, expression_text};
use super::quote::quote;
use crate::config::ConstantScope;
use crate::evaluate::evaluate;
use crate::syntax::identifiers::is_valid_identifier;
use crate::syntax::{ConfigBody, parse_file};

/// What messages call the text that is decoded.
const FILE_NAME: &str = "<decode_tfvars argument>";

/// Writes a value as an expression.
///
/// # Errors
/// If there is no argument.
pub fn encode_expr(arguments: &[Value]) -> Result<Value, FunctionError> {
    let value = first(arguments)?;
    if value.is_wholly_known() {
        return Ok(Value::string(expression_text(value)));
    }
    // All but null starts with what its type starts with.
    let is_not_null = value.as_unknown().is_none_or(|unknown| unknown.refinement.not_null);
    let start = match value.ty() {
        Type::Object(_) | Type::Map(_) if is_not_null => "{",
        Type::Tuple(_) | Type::List(_) | Type::Set(_) if is_not_null => "[",
        Type::String if is_not_null => "\"",
        _ => "",
    };
    let refinement = Refinement { string_prefix: start.into(), ..Refinement::not_null() };
    Ok(Value::refined_unknown(Type::String, refinement))
}

/// Writes an object or map as a file that sets a variable to each of its values.
///
/// # Errors
/// If the argument is something else, or has a name that no variable can have.
pub fn encode_tfvars(arguments: &[Value]) -> Result<Value, FunctionError> {
    let value = first(arguments)?;
    if !value.is_wholly_known() {
        return Ok(Value::refined_unknown(Type::String, Refinement::not_null()));
    }
    let entries = value.as_entries().ok_or_else(|| {
        FunctionError::new(
            "invalid value to encode: must be an object whose attribute names will become the encoded \
             variable names",
        )
    })?;
    if let Some((name, _)) = entries.iter().find(|(name, _)| !is_valid_identifier(name)) {
        return Err(FunctionError::new(format!(
            "invalid variable name {}: must be a valid identifier, per Terraform's rules for input variable \
             declarations",
            quote(name)
        )));
    }
    Ok(Value::string(arguments_text(entries)))
}

/// Reads a file of variables.
///
/// # Errors
/// If the text has errors of syntax, blocks, or values that are not written out.
pub fn decode_tfvars(arguments: &[Value]) -> Result<Value, FunctionError> {
    let argument = first(arguments)?;
    let Some(text) = argument.as_str() else { return Ok(Value::unknown(Type::Dynamic)) };
    let mut sources = SourceMap::new();
    let file = sources.add(FILE_NAME, text.as_str());
    let check = |problem: &str, found: Diagnostics| match describe(&found, &sources) {
        Some(error) => Err(FunctionError::new(format!("{problem}: {error}"))),
        None => Ok(()),
    };
    let (body, problems) = parse_file(file, text);
    check("invalid tfvars syntax", problems)?;
    let (attributes, problems) = ConfigBody::from_native(body).just_attributes();
    check("invalid tfvars content", problems)?;
    let mut variables: Vec<(Str, Value)> = Vec::new();
    for attribute in attributes {
        let name = attribute.name.name;
        let (value, problems) = evaluate(&attribute.expression, &ConstantScope);
        check(&format!("invalid expression for variable {}", quote(&name)), problems)?;
        variables.push((name, value));
    }
    Ok(Value::object(variables))
}

fn first(arguments: &[Value]) -> Result<&Value, FunctionError> {
    arguments.first().ok_or_else(|| FunctionError::new("exactly one argument is required"))
}

/// Puts the first error into one line, and how many there are besides.
fn describe(found: &Diagnostics, sources: &SourceMap) -> Option<String> {
    let error = found.iter().find(|diagnostic| diagnostic.is_error())?;
    let place = error.subject.map(|span| format!("{}: ", sources.describe(span))).unwrap_or_default();
    let others = match found.len() {
        1 => String::new(),
        count => format!(", and {} other diagnostic(s)", count - 1),
    };
    Some(format!("{place}{}; {}{others}", error.summary, error.detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(result: Result<Value, FunctionError>) -> String {
        match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("error: {}", error.message),
        }
    }

    #[test]
    fn files_of_variables_are_read() {
        for (text, expected) in [
            ("", "{}"),
            ("a = 1\nb = { c = [for x in [1, 2] : x] } # d\n", r#"{"a": 1, "b": {"c": [1, 2]}}"#),
            (
                "a = b",
                "error: invalid expression for variable \"a\": <decode_tfvars argument>:1,5-6: Variables not \
                 allowed; Variables may not be used here.",
            ),
            (
                "x = 1\na = f(1)",
                "error: invalid expression for variable \"a\": <decode_tfvars argument>:2,5-9: Function calls \
                 not allowed; Functions may not be called here.",
            ),
            (
                "a = [",
                "error: invalid tfvars syntax: <decode_tfvars argument>:1,6-6: Missing expression; Expected \
                 the start of an expression, but found the end of the file.",
            ),
            (
                "a {}\nb = 1\nc {}",
                "error: invalid tfvars content: <decode_tfvars argument>:1,1-2: Unexpected \"a\" block; \
                 Blocks are not allowed here.",
            ),
        ] {
            assert_eq!(check(decode_tfvars(&[text.into()])), expected, "{text}");
        }
        assert_eq!(check(decode_tfvars(&[Value::unknown(Type::String)])), "unknown(any)");
    }

    #[test]
    fn files_of_variables_are_written() {
        let value = Value::object(vec![("b", true.into()), ("a-b", Value::tuple(vec![]))]);
        assert_eq!(encode_tfvars(&[value]).unwrap(), "a-b = []\nb   = true\n".into());
        let value = Value::object(vec![("a b", true.into())]);
        assert_eq!(
            check(encode_tfvars(&[value])),
            "error: invalid variable name \"a b\": must be a valid identifier, per Terraform's rules for \
             input variable declarations"
        );
        assert!(check(encode_tfvars(&[true.into()])).starts_with("error: invalid value to encode"));
    }

    #[test]
    fn unknown_values_have_a_known_start() {
        let unknown = Value::object(vec![("a", Value::unknown(Type::String))]);
        let prefix = |value: &Value| {
            let result = encode_expr(std::slice::from_ref(value)).unwrap();
            result.as_unknown().unwrap().refinement.string_prefix.clone()
        };
        assert_eq!(prefix(&unknown), "{");
        assert_eq!(prefix(&Value::tuple(vec![unknown.clone()])), "[");
        assert_eq!(prefix(&Value::unknown(Type::String)), "");
        assert_eq!(prefix(&Value::refined_unknown(Type::String, Refinement::not_null())), "\"");
        assert!(encode_tfvars(&[unknown]).unwrap().as_unknown().unwrap().refinement.not_null);
    }
}

//! Functions that decide: the first useful value, all or any of several truths.

use terrane_model::convert::convert;
use terrane_model::{Type, Value, unify};

use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const BOOL: Returns = Returns::Always(ParameterType::Bool);
const BOOLS: &[Parameter] = &[Parameter::new("list", ParameterType::List(&ParameterType::Bool))];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("alltrue", BOOLS, BOOL, alltrue, "Tells whether all elements are true."),
    Function::new("anytrue", BOOLS, BOOL, anytrue, "Tells whether at least one element is true."),
    Function::on_expressions(
        "can",
        &[Parameter::any("expression")],
        Returns::Computed { shown: ParameterType::Bool, rule: |_| Ok(Type::Bool) },
        "Tells whether an expression can be evaluated without an error.",
    ),
    Function::new(
        "coalesce",
        &[],
        Returns::Computed { shown: ParameterType::Any, rule: coalesce_type },
        coalesce,
        "Returns the first value that is neither null nor empty text.",
    )
    .variadic(Parameter::any("vals").or_unknown().or_dynamic().or_null()),
    Function::new(
        "list",
        &[],
        REMOVED,
        |_| Err(removed("list", "tolist([ ... ]) syntax to write a literal list")),
        "Was removed; write `tolist([ ... ])`.",
    )
    .variadic(Parameter::any("vals").or_unknown().or_dynamic().or_null()),
    Function::new(
        "map",
        &[],
        REMOVED,
        |_| Err(removed("map", "tomap({ ... }) syntax to write a literal map")),
        "Was removed; write `tomap({ ... })`.",
    )
    .variadic(Parameter::any("vals").or_unknown().or_dynamic().or_null()),
    Function::on_expressions(
        "try",
        &[],
        Returns::Always(ParameterType::Any),
        "Returns the value of the first expression that can be evaluated without an error.",
    )
    .variadic(Parameter::any("expressions")),
];

const REMOVED: Returns = Returns::Always(ParameterType::Any);

fn removed(name: &str, instead: &str) -> FunctionError {
    FunctionError::new(format!(
        "the \"{name}\" function was deprecated in Terraform v0.12 and is no longer available; use {instead}"
    ))
}

fn alltrue(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    for element in arguments.elements(0) {
        match element {
            Value::Unknown(_) => return Ok(Value::unknown(Type::Bool)),
            Value::Bool(true) => {}
            _ => return Ok(false.into()),
        }
    }
    Ok(true.into())
}

fn anytrue(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let elements = arguments.elements(0);
    if elements.iter().any(|element| element.as_bool() == Some(true)) {
        return Ok(true.into());
    }
    let is_open = elements.iter().any(|element| !element.is_known());
    Ok(if is_open { Value::unknown(Type::Bool) } else { false.into() })
}

fn coalesce_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    let types: Vec<Type> = arguments.values.iter().map(Value::ty).collect();
    let mixed = || FunctionError::new("all arguments must have the same type");
    if types.is_empty() { Err(mixed()) } else { unify(&types).ok_or_else(mixed) }
}

fn coalesce(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let ty = coalesce_type(arguments)?;
    for (index, value) in arguments.values.iter().enumerate() {
        let value = convert(value, &ty).map_err(|error| FunctionError::argument(index, error.message))?;
        if !value.is_known() {
            return Ok(Value::unknown(ty));
        }
        let is_empty_text = ty == Type::String && value.as_str().is_some_and(|text| text.is_empty());
        if !value.is_null() && !is_empty_text {
            return Ok(value);
        }
    }
    Err(FunctionError::new("no non-null, non-empty-string arguments"))
}

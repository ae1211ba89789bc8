//! Functions that convert to a type: `tostring`, `tolist` and their like.

use terrane_model::Value;
use terrane_model::convert::{can_convert, convert};

use super::quote::quote;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const VALUE: &[Parameter] = &[Parameter::any("v").or_null().or_marked().or_dynamic().or_unknown()];
const LIST: ParameterType = ParameterType::LIST_OF_ANY;
const SET: ParameterType = ParameterType::SET_OF_ANY;
const MAP: ParameterType = ParameterType::Map(&ParameterType::Any);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::on_expressions(
        "convert",
        &[Parameter::any("value").or_null(), Parameter::any("type")],
        Returns::Always(ParameterType::Any),
        "Converts a value to a type that is written as the type of a variable is.",
    ),
    to(
        "tobool",
        ParameterType::Bool,
        |arguments| to_type(arguments, ParameterType::Bool),
        "Converts a value to bool.",
    ),
    to("tolist", LIST, |arguments| to_type(arguments, LIST), "Converts a value to a list."),
    to("tomap", MAP, |arguments| to_type(arguments, MAP), "Converts a value to a map."),
    to(
        "tonumber",
        ParameterType::Number,
        |arguments| to_type(arguments, ParameterType::Number),
        "Converts a value to a number.",
    ),
    to("toset", SET, |arguments| to_type(arguments, SET), "Converts a value to a set."),
    to(
        "tostring",
        ParameterType::String,
        |arguments| to_type(arguments, ParameterType::String),
        "Converts a value to a string.",
    ),
];

const fn to(
    name: &'static str,
    ty: ParameterType,
    rule: fn(&Arguments<'_>) -> Result<Value, FunctionError>,
    description: &'static str,
) -> Function {
    Function::new(name, VALUE, Returns::Always(ty), rule, description).result_may_be_null()
}

fn to_type(arguments: &Arguments<'_>, wanted: ParameterType) -> Result<Value, FunctionError> {
    let value = arguments.value(0);
    let wanted_type = wanted.to_type();
    if let Some(unknown) = value.as_unknown() {
        if can_convert(&unknown.ty, &wanted_type) {
            return Ok(Value::unknown(wanted_type).with_marks(value.marks()));
        }
    } else if let Ok(converted) = convert(value, &wanted_type) {
        return Ok(converted);
    }
    let ty = value.ty();
    let (from, to) = (ty.friendly_name(), wanted_type.friendly_constraint_name());
    let message = match (value.as_str(), wanted) {
        _ if !can_convert(&ty, &wanted_type) => format!("cannot convert {from} to {to}"),
        _ if value.deep_marks().is_sensitive() => format!("cannot convert this sensitive {from} to {to}"),
        (Some(text), ParameterType::Bool) => {
            let text = quote(text);
            format!("cannot convert {text} to bool; only the strings \"true\" or \"false\" are allowed")
        }
        (Some(text), ParameterType::Number) => {
            let text = quote(text);
            format!(
                "cannot convert {text} to number; given string must be a decimal representation of a number"
            )
        }
        _ => format!("cannot convert {from} to {to}"),
    };
    Err(FunctionError::argument(0, message))
}

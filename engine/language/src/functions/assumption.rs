//! Functions by which the author promises something about a value that is not known yet: OpenTofu's
//! `assume…`. A promise that turns out wrong is an error.

use terrane_model::convert::convert;
use terrane_model::{Number, Refinement, Type, Value};

use super::known_prefix::known_prefix;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const ANY_VALUE: Parameter = Parameter::any("value").or_null().or_unknown().or_dynamic();
const EITHER: Parameter = Parameter::any("actual_value").or_null().or_unknown().or_dynamic().or_marked();
const MIN: Parameter = Parameter::number("min_length");
const MAX: Parameter = Parameter::number("max_length");
const MAP_OF_ANY: ParameterType = ParameterType::Map(&ParameterType::Any);

const fn collection(ty: ParameterType) -> Parameter {
    Parameter::new("value", ty).or_null().or_unknown().or_dynamic()
}

const LIST: Parameter = collection(ParameterType::LIST_OF_ANY);
const SET: Parameter = collection(ParameterType::SET_OF_ANY);
const MAP: Parameter = collection(MAP_OF_ANY);

const fn length(
    name: &'static str,
    parameters: &'static [Parameter],
    rule: fn(&Arguments<'_>) -> Result<Value, FunctionError>,
    description: &'static str,
) -> Function {
    let returns = Returns::Computed {
        shown: parameters[0].ty,
        rule: |arguments: &Arguments<'_>| Ok(arguments.value(0).ty()),
    };
    Function::new(name, parameters, returns, rule, description).result_may_be_null()
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "assumeequal",
        &[EITHER, Parameter { name: "expected_value", ..EITHER }],
        Returns::Computed {
            shown: ParameterType::Any,
            rule: |arguments: &Arguments<'_>| Ok(arguments.value(1).ty()),
        },
        assumeequal,
        "Returns the second value, which the first is promised to equal.",
    )
    .result_may_be_null(),
    length("assumelistlength", &[LIST, MIN, MAX], between, "Promises how long a list will be."),
    length("assumelistlengthmax", &[LIST, MAX], at_most, "Promises how long a list will be at most."),
    length("assumelistlengthmin", &[LIST, MIN], at_least, "Promises how long a list will be at least."),
    length("assumemaplength", &[MAP, MIN, MAX], between, "Promises how many elements a map will have."),
    length("assumemaplengthmax", &[MAP, MAX], at_most, "Promises how many elements a map will have at most."),
    length(
        "assumemaplengthmin",
        &[MAP, MIN],
        at_least,
        "Promises how many elements a map will have at least.",
    ),
    Function::new(
        "assumenotnull",
        &[ANY_VALUE],
        Returns::Computed { shown: ParameterType::Any, rule: |arguments| Ok(arguments.value(0).ty()) },
        assumenotnull,
        "Promises that a value will not be null.",
    )
    .result_may_be_null(),
    length("assumesetlength", &[SET, MIN, MAX], between, "Promises how many elements a set will have."),
    length("assumesetlengthmax", &[SET, MAX], at_most, "Promises how many elements a set will have at most."),
    length(
        "assumesetlengthmin",
        &[SET, MIN],
        at_least,
        "Promises how many elements a set will have at least.",
    ),
    Function::new(
        "assumestringprefix",
        &[
            Parameter::new("value", ParameterType::String).or_null().or_unknown().or_dynamic(),
            Parameter::string("prefix"),
        ],
        Returns::Always(ParameterType::String),
        assumestringprefix,
        "Promises what a text will start with.",
    )
    .result_may_be_null(),
];

fn broken() -> FunctionError {
    FunctionError::argument(0, "assumption was not upheld")
}

fn assumeequal(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (actual, expected) = (arguments.value(0), arguments.value(1));
    let expected_type = expected.ty();
    let converted = convert(actual, &expected_type).map_err(|_| {
        let (actual, expected) = (actual.ty().friendly_name(), expected_type.friendly_name());
        let message = format!("actual value type {actual} does not match assumed value type {expected}");
        FunctionError::argument(0, message)
    })?;
    if converted.equals(expected).as_bool() == Some(false) {
        return Err(FunctionError::argument(0, "the actual value does not match the assumed value"));
    }
    Ok(expected.clone())
}

fn assumenotnull(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let value = arguments.value(0);
    match value {
        Value::Null(Type::Dynamic) => {}
        Value::Unknown(unknown) if unknown.ty == Type::Dynamic => {}
        Value::Null(_) => return Err(broken()),
        Value::Unknown(unknown) => {
            let refinement = Refinement { not_null: true, ..unknown.refinement.clone() };
            return Ok(Value::refined(unknown.ty.clone(), refinement));
        }
        known => return Ok(known.clone()),
    }
    let message = "given value must have a known type; consider using the \"convert\" function to specify a \
                   type to assume";
    Err(FunctionError::argument(0, message))
}

fn assumestringprefix(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (value, prefix) = (arguments.value(0), arguments.text(1));
    let Some(unknown) = value.as_unknown() else {
        let is_upheld = value.as_str().is_none_or(|text| text.starts_with(prefix));
        return if is_upheld { Ok(value.clone()) } else { Err(broken()) };
    };
    let (known, promised) = (&unknown.refinement.string_prefix, known_prefix(prefix));
    let string_prefix = if known.starts_with(promised.as_str()) {
        known.clone()
    } else if promised.starts_with(known.as_str()) {
        promised
    } else {
        return Err(broken());
    };
    Ok(Value::refined(Type::String, Refinement { string_prefix, ..unknown.refinement.clone() }))
}

fn between(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    with_length(arguments, Some(bound(arguments, 1)?), Some(bound(arguments, 2)?))
}

fn at_least(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    with_length(arguments, Some(bound(arguments, 1)?), None)
}

fn at_most(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    with_length(arguments, None, Some(bound(arguments, 1)?))
}

fn bound(arguments: &Arguments<'_>, index: usize) -> Result<usize, FunctionError> {
    let number: &Number = arguments.number(index);
    number.to_usize().ok_or_else(|| {
        let message = format!("must be a whole number between 0 and {}", i64::MAX);
        FunctionError::argument(index, message)
    })
}

fn with_length(
    arguments: &Arguments<'_>,
    least: Option<usize>,
    most: Option<usize>,
) -> Result<Value, FunctionError> {
    let value = arguments.value(0);
    let Some(unknown) = value.as_unknown() else {
        let fits = |count| least.is_none_or(|least| count >= least) && most.is_none_or(|most| count <= most);
        // Elements of a set that are not known yet may turn out to be equal.
        let is_open = matches!(value, Value::Set(_)) && !value.is_wholly_known();
        let is_upheld = value.element_count().is_none_or(|count| fits(count) || is_open);
        return if is_upheld { Ok(value.clone()) } else { Err(broken()) };
    };
    let known = &unknown.refinement;
    let length_min = known.length_min.max(least.unwrap_or(0));
    let length_max = match (known.length_max, most) {
        (Some(known), Some(most)) => Some(known.min(most)),
        (known, most) => known.or(most),
    };
    if length_max.is_some_and(|most| most < length_min) {
        return Err(broken());
    }
    Ok(Value::refined(unknown.ty.clone(), Refinement { length_min, length_max, ..known.clone() }))
}

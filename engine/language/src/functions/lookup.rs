//! Functions that look at one place of a collection: how long it is, what stands where.
//!
//! None of them walks its argument or asks for its type, so that a call costs the same for a collection of
//! any size; searching ones stop at the first hit.

use terrane_model::convert::convert;
use terrane_model::{Number, Refinement, Type, Unknown, Value};

use super::graphemes;
use super::number::whole;
use super::quote::{quote, redact};
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const ANY: ParameterType = ParameterType::Any;
const LIST: Parameter = Parameter::any("list");

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "contains",
        &[LIST, Parameter::any("value").or_null().or_dynamic()],
        Returns::Always(ParameterType::Bool),
        contains,
        "Tells whether a list, set or tuple has an element that equals the value.",
    ),
    Function::new(
        "element",
        &[LIST.or_marked(), Parameter::number("index")],
        Returns::Computed { shown: ANY, rule: element_type },
        element,
        "Returns one element of a list; an index beyond either end starts over from the other.",
    )
    .result_may_be_null(),
    Function::new(
        "index",
        &[LIST, Parameter::any("value")],
        Returns::Always(ParameterType::Number),
        index,
        "Returns the position of the first element that equals the value.",
    ),
    Function::new(
        "length",
        &[Parameter::any("value").or_dynamic().or_unknown().or_marked()],
        Returns::Always(ParameterType::Number),
        length,
        "Returns the number of elements, attributes or, of text, characters.",
    ),
    Function::new(
        "lookup",
        &[
            Parameter::any("inputMap").or_marked().or_unknown(),
            Parameter::string("key").or_marked().or_unknown(),
        ],
        Returns::Computed { shown: ANY, rule: |_| Ok(Type::Dynamic) },
        lookup,
        "Returns the element of a map under a key, or the default where there is none.",
    )
    .variadic(Parameter::any("default").or_unknown().or_dynamic().or_null().or_marked())
    .result_may_be_null(),
    Function::new(
        "one",
        &[LIST],
        Returns::Computed { shown: ANY, rule: one_type },
        one,
        "Returns the only element of a list, set or tuple, or null where it is empty.",
    )
    .result_may_be_null(),
];

fn contains(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (list, wanted) = (arguments.value(0), arguments.value(1));
    let Some(elements) = list.as_sequence() else {
        return Err(FunctionError::new("argument must be list, tuple, or set"));
    };
    if elements.is_empty() {
        return Ok(false.into());
    }
    if !wanted.is_known() {
        return Ok(Value::unknown(Type::Bool));
    }
    let mut may_contain = false;
    for element in elements {
        match wanted.equals(element).as_bool() {
            Some(true) => return Ok(true.into()),
            Some(false) => {}
            None => may_contain = true,
        }
    }
    Ok(if may_contain { Value::unknown(Type::Bool) } else { false.into() })
}

fn index(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (list, wanted) = (arguments.value(0), arguments.value(1));
    let elements = match list {
        Value::List(list) => list.elements(),
        Value::Tuple(tuple) => tuple.elements(),
        _ => return Err(FunctionError::new("argument must be a list or tuple")),
    };
    if elements.is_empty() {
        return Err(FunctionError::new("cannot search an empty list"));
    }
    for (position, element) in elements.iter().enumerate() {
        match element.equals(wanted).as_bool() {
            Some(true) => return Ok(Value::number(position)),
            Some(false) => {}
            None => return Ok(Value::unknown(Type::Number)),
        }
    }
    Err(FunctionError::new("item not found"))
}

fn element(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let list = arguments.value(0);
    let elements = match list.unmarked() {
        Value::List(list) => list.elements(),
        Value::Tuple(tuple) => tuple.elements(),
        other => return Err(no_elements_to_read(&other.ty())),
    };
    let position = wrapped_index(arguments.number(1), elements.len())?;
    Ok(elements[position].clone().with_marks(list.marks()))
}

fn element_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    let index = arguments.value(1).as_number();
    match (arguments.value(0).ty(), index) {
        (Type::List(element), _) => Ok((*element).clone()),
        (Type::Tuple(_), None) => Ok(Type::Dynamic),
        (Type::Tuple(elements), Some(index)) => Ok(elements[wrapped_index(index, elements.len())?].clone()),
        (other, _) => Err(no_elements_to_read(&other)),
    }
}

fn no_elements_to_read(ty: &Type) -> FunctionError {
    FunctionError::new(format!("cannot read elements from {}", ty.friendly_name()))
}

fn wrapped_index(index: &Number, length: usize) -> Result<usize, FunctionError> {
    let index = whole(index).map_err(|message| FunctionError::new(format!("invalid index: {message}")))?;
    let empty = || FunctionError::new("cannot use element function with an empty list");
    let length = i64::try_from(length).ok().filter(|length| *length > 0).ok_or_else(empty)?;
    usize::try_from(index.rem_euclid(length)).map_err(|_| empty())
}

fn length(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let value = arguments.value(0);
    let wrong = || FunctionError::new("argument must be a string, a collection type, or a structural type");
    let length = match value.unmarked() {
        Value::String(text) => Value::number(graphemes::count(text)),
        Value::Unknown(unknown) => unknown_length(unknown).ok_or_else(wrong)?,
        Value::Set(set) if set.elements().len() > 1 && !value.is_wholly_known() => {
            // Elements that are not known yet may turn out to be equal to others.
            let most = Number::from(set.elements().len());
            unknown_number_between(Number::from(1i64), most)
        }
        known => Value::number(known.element_count().ok_or_else(wrong)?),
    };
    Ok(length.with_marks(value.marks()))
}

/// Returns what is known about the length of an unknown value; nothing for types that have none.
fn unknown_length(unknown: &Unknown) -> Option<Value> {
    match &unknown.ty {
        Type::Dynamic => Some(Value::unknown(Type::Number)),
        Type::Tuple(elements) => Some(Value::number(elements.len())),
        Type::Object(object) => Some(Value::number(object.attributes().len())),
        Type::String => {
            let fewest = Number::from(graphemes::count(&unknown.refinement.string_prefix));
            let refinement = Refinement { number_min: Some((fewest, true)), ..Refinement::not_null() };
            Some(Value::refined_unknown(Type::Number, refinement))
        }
        Type::List(_) | Type::Set(_) | Type::Map(_) => {
            let most = unknown.refinement.length_max.map_or(Number::from(i64::MAX), Number::from);
            Some(unknown_number_between(Number::from(unknown.refinement.length_min), most))
        }
        Type::Bool | Type::Number => None,
    }
}

fn unknown_number_between(least: Number, most: Number) -> Value {
    let (number_min, number_max) = (Some((least, true)), Some((most, true)));
    Value::refined(Type::Number, Refinement { number_min, number_max, ..Refinement::not_null() })
}

fn lookup(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    if arguments.values.len() > 3 {
        let count = arguments.values.len();
        return Err(FunctionError::new(format!("lookup() takes two or three arguments, got {count}")));
    }
    let (map, key, default) = (arguments.value(0), arguments.value(1), arguments.values.get(2));
    let marks = map.marks() | key.marks();
    let map_type = match map.unmarked() {
        Value::Map(map) => Type::Map(std::sync::Arc::new(map.element_type().clone())),
        Value::Object(_) => return lookup_in_object(map, key, default).map(|value| value.with_marks(marks)),
        other => other.ty(),
    };
    match map_type {
        Type::Map(element) => lookup_in_map(map, key, default, &element).map(|value| value.with_marks(marks)),
        Type::Object(object) => {
            let ty = match (key.as_str(), default) {
                (None, _) => Type::Dynamic,
                (Some(name), default) => match (object.attribute(name), default) {
                    (Some(ty), _) => ty.clone(),
                    (None, Some(default)) => default.ty(),
                    (None, None) => return Err(no_attribute(name, key)),
                },
            };
            Ok(Value::unknown(ty).with_marks(marks))
        }
        _ => Err(FunctionError::argument(0, "lookup() requires a map as the first argument")),
    }
}

fn no_attribute(name: &str, key: &Value) -> FunctionError {
    FunctionError::argument(0, format!("the given object has no attribute {}", redact(quote(name), key)))
}

fn lookup_in_object(object: &Value, key: &Value, default: Option<&Value>) -> Result<Value, FunctionError> {
    let Some(name) = key.as_str() else { return Ok(Value::dynamic()) };
    let found = object.get(name).or(default).cloned();
    found.ok_or_else(|| no_attribute(name, key))
}

fn lookup_in_map(
    map: &Value,
    key: &Value,
    default: Option<&Value>,
    element_type: &Type,
) -> Result<Value, FunctionError> {
    let default = default.map(|default| {
        convert(default, element_type).map_err(|_| {
            FunctionError::argument(2, "the default value must have the same type as the map elements")
        })
    });
    let default = default.transpose()?;
    let (true, Some(name)) = (map.is_known(), key.as_str()) else {
        return Ok(Value::unknown(element_type.clone()));
    };
    map.get(name)
        .cloned()
        .or(default)
        .ok_or_else(|| FunctionError::new(format!("lookup failed to find key {}", redact(quote(name), key))))
}

const NOT_ONE: &str = "must be a list, set, or tuple value with either zero or one elements";

fn one(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let list = arguments.value(0);
    match (list, list.as_sequence()) {
        (Value::Tuple(_), Some([])) => Ok(Value::dynamic_null()),
        (_, Some([])) => Ok(Value::Null(one_type(arguments)?)),
        (_, Some([only])) => Ok(only.clone()),
        (Value::Set(_), Some(_)) if !list.is_wholly_known() => Ok(Value::unknown(one_type(arguments)?)),
        _ => Err(FunctionError::argument(0, NOT_ONE)),
    }
}

fn one_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    match arguments.value(0).ty() {
        Type::List(element) | Type::Set(element) => Ok((*element).clone()),
        Type::Tuple(elements) if elements.len() < 2 => Ok(elements.first().cloned().unwrap_or(Type::Dynamic)),
        _ => Err(FunctionError::argument(0, NOT_ONE)),
    }
}

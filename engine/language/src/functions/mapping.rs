//! Functions that make or take apart maps and objects.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use terrane_model::{Marks, Str, Type, Value};

use super::quote::quote;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const ANY: ParameterType = ParameterType::Any;
const MAP_OF_LISTS: ParameterType = ParameterType::Map(&ParameterType::LIST_OF_STRING);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "keys",
        &[Parameter::any("inputMap").or_unknown().or_marked()],
        Returns::Computed { shown: ANY, rule: |_| Ok(Type::Dynamic) },
        keys,
        "Returns the keys of a map or the attribute names of an object, sorted.",
    ),
    Function::new(
        "merge",
        &[],
        Returns::Computed { shown: ANY, rule: merge_type },
        merge,
        "Puts maps or objects together; of equal keys the last one counts.",
    )
    .variadic(Parameter::any("maps").or_dynamic().or_null().or_marked()),
    Function::new(
        "transpose",
        &[Parameter::new("values", MAP_OF_LISTS)],
        Returns::Always(MAP_OF_LISTS),
        transpose,
        "Exchanges keys and elements of a map of lists.",
    ),
    Function::new(
        "values",
        &[Parameter::any("mapping").or_marked()],
        Returns::Computed { shown: ANY, rule: values_type },
        values,
        "Returns the elements of a map or the attributes of an object in the order of their keys.",
    ),
    Function::new(
        "zipmap",
        &[
            Parameter::new("keys", ParameterType::LIST_OF_STRING).or_marked(),
            Parameter::any("values").or_marked(),
        ],
        Returns::Computed { shown: ANY, rule: zipmap_type },
        zipmap,
        "Makes a map or object from keys and the values at the same positions.",
    ),
];

fn keys(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let map = arguments.value(0);
    let wrong = || FunctionError::argument(0, "must have map or object type");
    let names = |names: &mut dyn Iterator<Item = &Str>| -> Vec<Value> {
        names.map(|name| Value::String(name.clone())).collect()
    };
    let keys = match map.unmarked() {
        Value::Map(map) => Value::list(Type::String, names(&mut map.entries().iter().map(|(key, _)| key))),
        Value::Object(object) => Value::tuple(names(&mut object.attributes().iter().map(|(name, _)| name))),
        Value::Unknown(unknown) => match &unknown.ty {
            Type::Map(_) => Value::unknown(Type::list(Type::String)),
            Type::Object(object) => {
                Value::tuple(names(&mut object.attributes().iter().map(|(name, _)| name)))
            }
            _ => return Err(wrong()),
        },
        _ => return Err(wrong()),
    };
    Ok(keys.with_marks(map.marks()))
}

fn values(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let map = arguments.value(0);
    let values = match map.unmarked() {
        Value::Map(map) => {
            let elements: Vec<Value> = map.entries().iter().map(|(_, element)| element.clone()).collect();
            Value::list(map.element_type().clone(), elements)
        }
        Value::Object(object) => {
            let attributes = object.attributes().iter().map(|(_, attribute)| attribute.clone());
            Value::tuple(attributes.collect::<Vec<_>>())
        }
        _ => return Err(FunctionError::new("values() requires a map as the first argument")),
    };
    Ok(values.with_marks(map.marks()))
}

fn values_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    match arguments.value(0).ty() {
        Type::Map(element) => Ok(Type::List(element)),
        Type::Object(object) => Ok(Type::tuple(object.attributes().iter().map(|(_, ty)| ty.clone()))),
        _ => Err(FunctionError::new("values() requires a map as the first argument")),
    }
}

fn not_a_map(value: &Value) -> FunctionError {
    let kind = quote(&value.ty().friendly_name());
    FunctionError::new(format!("arguments must be maps or objects, got {kind}"))
}

/// What merging makes of one argument, as far as its type says.
enum Mapping<'a> {
    Map(&'a Type),
    Object,
    /// A null whose type is not known; it leaves the type of the result to the content.
    OpenNull,
}

fn mapping_kind(value: &Value) -> Result<Mapping<'_>, FunctionError> {
    match value.unmarked() {
        Value::Map(map) => Ok(Mapping::Map(map.element_type())),
        Value::Object(_) => Ok(Mapping::Object),
        Value::Null(Type::Map(element)) => Ok(Mapping::Map(element)),
        Value::Null(Type::Object(_)) => Ok(Mapping::Object),
        Value::Null(Type::Dynamic) => Ok(Mapping::OpenNull),
        other => Err(not_a_map(other)),
    }
}

fn merge(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let marks: Marks = arguments.values.iter().filter(|value| !value.is_null()).map(Value::marks).collect();
    // The result is a map only where all arguments are maps of one type.
    let mut element_type = None;
    let mut all_alike = !arguments.values.is_empty();
    for value in arguments.values {
        match (mapping_kind(value)?, element_type) {
            (Mapping::Map(element), None) => element_type = Some(element),
            (Mapping::Map(element), Some(first)) => all_alike &= element == first,
            (Mapping::Object | Mapping::OpenNull, _) => all_alike = false,
        }
    }
    let entries = arguments.values.iter().filter_map(Value::as_entries);
    let merged = match arguments.values {
        [only] if !only.is_null() => return Ok(only.clone()),
        // Sorting all entries at once keeps the last of equal keys and is not quadratic in the maps.
        _ => entries.flat_map(|entries| entries.iter().cloned()),
    };
    let merged = match element_type {
        Some(element) if all_alike => Value::map(element.clone(), merged),
        _ => Value::object(merged),
    };
    Ok(merged.with_marks(marks))
}

fn merge_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    let mut attributes: BTreeMap<Str, Type> = BTreeMap::new();
    let mut first: Option<Type> = None;
    let (mut all_alike, mut all_names_known) = (true, true);
    for value in arguments.values {
        let ty = match (value.ty(), value.is_null()) {
            (Type::Dynamic, _) => return Ok(Type::Dynamic),
            (Type::Object(_), true) => Type::object::<&str>([]),
            (ty, _) => ty,
        };
        match &ty {
            Type::Object(object) => attributes.extend(object.attributes().iter().cloned()),
            Type::Map(_) if value.is_null() => {}
            Type::Map(element) => match value.as_entries() {
                Some(entries) => {
                    attributes.extend(entries.iter().map(|(key, _)| (key.clone(), (**element).clone())));
                }
                None => all_names_known = false,
            },
            _ => return Err(not_a_map(value)),
        }
        all_alike &= first.as_ref().is_none_or(|first| *first == ty);
        first.get_or_insert(ty);
    }
    match first {
        Some(ty) if all_alike => Ok(ty),
        _ if !all_names_known => Ok(Type::Dynamic),
        _ => Ok(Type::object(attributes)),
    }
}

fn transpose(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let map = arguments.value(0);
    let list_type = Type::list(Type::String);
    if !map.is_wholly_known() {
        return Ok(Value::unknown(Type::map(list_type)));
    }
    // Keys come in their order, so the new lists are sorted by themselves.
    let mut transposed: FxHashMap<Str, Vec<Value>> = FxHashMap::default();
    for (key, list) in map.as_entries().unwrap_or_default() {
        let elements =
            list.as_sequence().ok_or_else(|| FunctionError::new("input must not contain null list"))?;
        for element in elements {
            let text = element
                .as_str()
                .ok_or_else(|| FunctionError::new("input list must not contain null string"))?;
            transposed.entry(text.clone()).or_default().push(Value::String(key.clone()));
        }
    }
    let entries: Vec<(Str, Value)> =
        transposed.into_iter().map(|(key, keys)| (key, Value::list(Type::String, keys))).collect();
    Ok(Value::map(list_type, entries))
}

fn zipmap(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (keys, values) = (arguments.value(0), arguments.value(1));
    let key_elements = keys.as_sequence().unwrap_or_default();
    let mut marks = keys.marks() | values.marks();
    if !keys.is_wholly_known() {
        return Ok(Value::unknown(zipmap_type(arguments)?).with_marks(marks));
    }
    let elements = match values.unmarked() {
        Value::List(list) => list.elements(),
        Value::Tuple(tuple) => tuple.elements(),
        _ => return Err(FunctionError::new("values argument must be a list or tuple value")),
    };
    check_same_length(key_elements.len(), elements.len())?;
    let mut entries = Vec::with_capacity(elements.len());
    for (index, (key, value)) in key_elements.iter().zip(elements).enumerate() {
        let name = key.as_str().ok_or_else(|| null_key(index))?;
        marks |= key.marks();
        entries.push((name.clone(), value.clone()));
    }
    let zipped = match values.unmarked() {
        Value::List(list) => Value::map(list.element_type().clone(), entries),
        _ => Value::object(entries),
    };
    Ok(zipped.with_marks(marks))
}

fn check_same_length(keys: usize, values: usize) -> Result<(), FunctionError> {
    if keys == values {
        return Ok(());
    }
    Err(FunctionError::new(format!("number of keys ({keys}) does not match number of values ({values})")))
}

fn null_key(index: usize) -> FunctionError {
    FunctionError::new(format!("keys list has null value at index {index}"))
}

fn zipmap_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    let keys = arguments.value(0);
    match arguments.value(1).ty() {
        Type::List(element) => Ok(Type::Map(element)),
        Type::Tuple(_) if !keys.is_wholly_known() => Ok(Type::Dynamic),
        Type::Tuple(types) => {
            let keys = keys.as_sequence().unwrap_or_default();
            check_same_length(keys.len(), types.len())?;
            let named = keys.iter().zip(types.iter()).enumerate().map(|(index, (key, ty))| {
                key.as_str().map(|name| (name.clone(), ty.clone())).ok_or_else(|| null_key(index))
            });
            Ok(Type::object(named.collect::<Result<Vec<_>, _>>()?))
        }
        _ => Err(FunctionError::new("values argument must be a list or tuple value")),
    }
}

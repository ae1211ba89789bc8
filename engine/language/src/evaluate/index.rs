//! Steps into values: `.name` and `[key]`, with the errors that Terraform gives.

use terrane_model::convert::convert;
use terrane_model::{Diagnostic, Marks, Number, Str, Type, Value};

const BAD_KEY: &str = "The given key does not identify an element in this collection value";

/// Returns the attribute of an object, or the element of a map. `goes_on` tells whether more steps follow.
///
/// # Errors
/// With a diagnostic that still lacks its place.
pub(super) fn attribute(value: &Value, name: &Str) -> Result<Value, Diagnostic> {
    let marks = value.marks();
    let value = value.unmarked();
    let unsupported = |detail: String| Err(Diagnostic::error("Unsupported attribute", detail));
    if value.is_null() {
        let detail = "This value is null, so it does not have any attributes.";
        return Err(Diagnostic::error("Attempt to get attribute from null value", detail));
    }
    let no_such_attribute = || format!("This object does not have an attribute named {name:?}.");
    if let Some(unknown) = value.as_unknown() {
        return match &unknown.ty {
            Type::Dynamic => Ok(Value::dynamic().with_marks(marks)),
            Type::Object(object) => match object.attribute(name) {
                Some(ty) => Ok(Value::unknown(ty.clone()).with_marks(marks)),
                None => unsupported(no_such_attribute()),
            },
            Type::Map(element) => Ok(Value::unknown((**element).clone()).with_marks(marks)),
            ty => unsupported(no_attributes(ty, name)),
        };
    }
    match value {
        Value::Object(object) => match object.get(name) {
            Some(attribute) => Ok(attribute.clone().with_marks(marks)),
            None => unsupported(no_such_attribute()),
        },
        Value::Map(map) => match map.get(name) {
            Some(element) => Ok(element.clone().with_marks(marks)),
            None => {
                let detail = format!("This map does not have an element with the key {name:?}.");
                Err(Diagnostic::error("Missing map element", detail))
            }
        },
        value => unsupported(no_attributes(&value.ty(), name)),
    }
}

fn no_attributes(ty: &Type, name: &str) -> String {
    let hint = |kind: &str| {
        let example = format!("{name:?} for");
        format!(
            "Can't access attributes on a {kind} of objects. Did you mean to access attribute {example} a specific \
             element of the {kind}, or across all elements of the {kind}?"
        )
    };
    match ty {
        Type::List(element) if matches!(**element, Type::Object(_)) => hint("list"),
        Type::Set(element) if matches!(**element, Type::Object(_)) => {
            "Can't access attributes on a set of objects. Did you mean to access an attribute across all elements \
             of the set?"
                .to_owned()
        }
        ty if ty.is_primitive() => {
            format!("Can't access attributes on a primitive-typed value ({}).", ty.friendly_name())
        }
        _ => "This value does not have any attributes.".to_owned(),
    }
}

/// Returns the element under a key.
///
/// # Errors
/// With a diagnostic that still lacks its place.
pub(super) fn index(collection: &Value, key: &Value) -> Result<Value, Diagnostic> {
    let marks = collection.marks() | key.marks();
    let (collection, key) = (collection.unmarked(), key.unmarked());
    let invalid = |detail: String| Err(Diagnostic::error("Invalid index", detail));
    if collection.is_null() {
        let detail = "This value is null, so it does not have any indices.";
        return Err(Diagnostic::error("Attempt to index null value", detail));
    }
    if key.is_null() {
        return invalid("Can't use a null value as an indexing key.".to_owned());
    }
    if let Some(unknown) = collection.as_unknown()
        && unknown.ty == Type::Dynamic
    {
        return Ok(Value::dynamic().with_marks(marks));
    }
    match kind_of(collection) {
        Kind::Sequence => index_sequence(collection, key, marks),
        Kind::Map => index_map(collection, key, marks),
        Kind::Object => index_object(collection, key, marks),
        Kind::Set => invalid(
            "Elements of a set are identified only by their value and don't have any separate index or key to select \
             with, so it's only possible to perform operations across all elements of the set."
                .to_owned(),
        ),
        Kind::Other => invalid("This value does not have any indices.".to_owned()),
    }
}

enum Kind {
    Sequence,
    Set,
    Map,
    Object,
    Other,
}

fn kind_of(value: &Value) -> Kind {
    match value {
        Value::List(_) | Value::Tuple(_) => Kind::Sequence,
        Value::Set(_) => Kind::Set,
        Value::Map(_) => Kind::Map,
        Value::Object(_) => Kind::Object,
        Value::Unknown(unknown) => match unknown.ty {
            Type::List(_) | Type::Tuple(_) => Kind::Sequence,
            Type::Set(_) => Kind::Set,
            Type::Map(_) => Kind::Map,
            Type::Object(_) => Kind::Object,
            _ => Kind::Other,
        },
        _ => Kind::Other,
    }
}

fn convert_key(key: &Value, wanted: &Type) -> Result<Value, Diagnostic> {
    convert(key, wanted).map_err(|error| Diagnostic::error("Invalid index", format!("{BAD_KEY}: {error}.")))
}

fn index_sequence(collection: &Value, key: &Value, marks: Marks) -> Result<Value, Diagnostic> {
    let invalid = |why: &str| Err(Diagnostic::error("Invalid index", format!("{BAD_KEY}: {why}.")));
    let key = convert_key(key, &Type::Number)?;
    let ty = collection.as_unknown().map(|unknown| unknown.ty.clone());
    let Some(number) = key.as_number() else {
        // The element type of a list is known even when the position is not.
        let element = match (&ty, collection) {
            (Some(Type::List(element)), _) => (**element).clone(),
            (_, Value::List(list)) => list.element_type().clone(),
            _ => Type::Dynamic,
        };
        return Ok(Value::unknown(element).with_marks(marks));
    };
    let position = position(number).or_else(|why| invalid(why).map(|_: Value| 0))?;
    let too_large = "the given index is greater than or equal to the length of the collection";
    match (ty, collection) {
        (Some(Type::List(element)), _) => Ok(Value::unknown((*element).clone()).with_marks(marks)),
        (Some(Type::Tuple(elements)), _) => match elements.get(position) {
            Some(element) => Ok(Value::unknown(element.clone()).with_marks(marks)),
            None => invalid(too_large),
        },
        (_, known) => {
            let elements = known.as_sequence().unwrap_or_default();
            match elements.get(position) {
                Some(element) => Ok(element.clone().with_marks(marks)),
                None if elements.is_empty() => invalid("the collection has no elements"),
                None => invalid(too_large),
            }
        }
    }
}

fn position(number: &Number) -> Result<usize, &'static str> {
    if number.is_negative() && !number.is_zero() {
        return Err("a negative number is not a valid index for a sequence");
    }
    if !number.is_whole() && !number.is_infinite() {
        return Err("indexing a sequence requires a whole number, but the given index has a fractional part");
    }
    Ok(number.to_usize().unwrap_or(usize::MAX))
}

fn index_map(collection: &Value, key: &Value, marks: Marks) -> Result<Value, Diagnostic> {
    let key = convert_key(key, &Type::String)?;
    let element = match collection {
        Value::Map(map) => {
            if let Some(key) = key.as_str() {
                let element = map.get(key).cloned();
                return element
                    .map(|element| element.with_marks(marks))
                    .ok_or_else(|| Diagnostic::error("Invalid index", format!("{BAD_KEY}.")));
            }
            map.element_type().clone()
        }
        other => other.ty().element().cloned().unwrap_or(Type::Dynamic),
    };
    Ok(Value::unknown(element).with_marks(marks))
}

fn index_object(collection: &Value, key: &Value, marks: Marks) -> Result<Value, Diagnostic> {
    let was_number = matches!(key, Value::Number(_));
    let key = convert_key(key, &Type::String)?;
    let Some(name) = key.as_str() else { return Ok(Value::dynamic().with_marks(marks)) };
    let attribute = match collection {
        Value::Object(object) => object.get(name).cloned(),
        other => match other.ty() {
            Type::Object(object) => object.attribute(name).cloned().map(Value::unknown),
            _ => None,
        },
    };
    attribute.map(|attribute| attribute.with_marks(marks)).ok_or_else(|| {
        let hint = if was_number {
            " An object only supports looking up attributes by name, not by numeric index."
        } else {
            ""
        };
        Diagnostic::error("Invalid index", format!("{BAD_KEY}.{hint}"))
    })
}

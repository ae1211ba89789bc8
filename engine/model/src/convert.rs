//! Conversion of values from one type to another, by the language's rules.
//!
//! Numbers and bools convert to strings always and back where the text allows; sequences convert to each
//! other, objects to maps, maps to objects; [`Type::Dynamic`] in the wanted type means "one type for all,
//! whichever fits". The rules, and the wording of errors, are those of `cty`'s `convert` package.

use crate::unify::unify;
use crate::{AttributePath, IndexKey, Number, ObjectType, PathStep, Refinement, Str, Type, Unknown, Value};

/// Why a value has no counterpart in the wanted type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionError {
    /// Which part of the value is to blame.
    pub path: AttributePath,
    /// What is required there, such as `a number is required`.
    pub message: String,
}

impl ConversionError {
    fn new(message: impl Into<String>) -> Self {
        Self { path: AttributePath::root(), message: message.into() }
    }

    fn within(mut self, step: PathStep) -> Self {
        self.path.0.insert(0, step);
        self
    }
}

impl std::fmt::Display for ConversionError {
    /// Writes the message with the path in front, such as `.ports[0]: a number is required`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.path.is_root() {
            write!(formatter, "{}: ", self.path)?;
        }
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ConversionError {}

/// Converts a value.
///
/// # Errors
/// When the types do not go together, or a text does not read as what is wanted.
pub fn convert(value: &Value, wanted: &Type) -> Result<Value, ConversionError> {
    convert_part(value, wanted).map_err(|error| {
        // Types that never go together are explained as a whole, not by the first element that fails.
        let ty = value.ty();
        if can_convert(&ty, wanted) { error } else { ConversionError::new(mismatch_message(&ty, wanted)) }
    })
}

fn convert_part(value: &Value, wanted: &Type) -> Result<Value, ConversionError> {
    match value {
        Value::Marked(marked) => Ok(convert_part(marked.value(), wanted)?.with_marks(marked.marks())),
        Value::Null(ty) => convert_typed(ty, wanted, Value::Null),
        Value::Unknown(unknown) => convert_typed(&unknown.ty, wanted, |ty| {
            Value::refined(ty.clone(), converted_refinement(unknown, &ty))
        }),
        value => convert_known(value, wanted),
    }
}

/// Converts what has a type but no content.
fn convert_typed(
    from: &Type,
    wanted: &Type,
    make: impl FnOnce(Type) -> Value,
) -> Result<Value, ConversionError> {
    if can_convert(from, wanted) {
        return Ok(make(resolve_dynamic(from, wanted)));
    }
    Err(ConversionError::new(mismatch_message(from, wanted)))
}

/// Promises that survive a change of type.
fn converted_refinement(unknown: &Unknown, to: &Type) -> Refinement {
    if unknown.ty == *to {
        return unknown.refinement.clone();
    }
    let mut refinement = Refinement { not_null: unknown.refinement.not_null, ..Refinement::default() };
    if !to.is_collection() {
        return refinement;
    }
    (refinement.length_min, refinement.length_max) = match &unknown.ty {
        Type::Tuple(elements) => (elements.len(), Some(elements.len())),
        Type::Object(object) => (object.attributes().len(), Some(object.attributes().len())),
        _ => (unknown.refinement.length_min, unknown.refinement.length_max),
    };
    if matches!(to, Type::Set(_)) {
        // Elements may turn out to be equal, but never all of them vanish.
        refinement.length_min = refinement.length_min.min(1);
    }
    refinement
}

fn convert_known(value: &Value, wanted: &Type) -> Result<Value, ConversionError> {
    match (value, wanted) {
        (value, Type::Dynamic) => Ok(value.clone()),
        (Value::String(_), Type::String)
        | (Value::Number(_), Type::Number)
        | (Value::Bool(_), Type::Bool) => Ok(value.clone()),
        (Value::Number(number), Type::String) => Ok(Value::String(number.to_string().into())),
        (Value::Bool(bool), Type::String) => Ok(Value::String(if *bool { "true" } else { "false" }.into())),
        (Value::String(text), Type::Number) => string_to_number(text),
        (Value::String(text), Type::Bool) => string_to_bool(text),
        (Value::List(list), Type::List(element))
            if list.element_type() == &**element && !has_optional(element) =>
        {
            Ok(value.clone())
        }
        (Value::Set(set), Type::Set(element))
            if set.element_type() == &**element && !has_optional(element) =>
        {
            Ok(value.clone())
        }
        (Value::Map(map), Type::Map(element))
            if map.element_type() == &**element && !has_optional(element) =>
        {
            Ok(value.clone())
        }
        (Value::Set(set), Type::List(_)) if set.elements().len() > 1 && !value.is_wholly_known() => {
            // How many elements there will be is open: those not known yet may equal others.
            convert_typed(&value.ty(), wanted, Value::unknown)
        }
        (Value::List(_) | Value::Set(_) | Value::Tuple(_), Type::List(element)) => {
            let (element, elements) = convert_elements(value, element, "list")?;
            Ok(Value::list(element, elements))
        }
        (Value::List(_) | Value::Set(_) | Value::Tuple(_), Type::Set(element)) => {
            let (element, elements) = convert_elements(value, element, "set")?;
            Ok(Value::set(element, elements))
        }
        (Value::Map(_) | Value::Object(_), Type::Map(element)) => convert_to_map(value, element),
        (Value::Map(_) | Value::Object(_), Type::Object(object)) => convert_to_object(value, object),
        (Value::Tuple(tuple), Type::Tuple(types)) if tuple.elements().len() == types.len() => {
            let converted =
                tuple.elements().iter().zip(types.iter()).enumerate().map(|(position, (element, ty))| {
                    convert_part(element, ty)
                        .map_err(|error| error.within(PathStep::Index(IndexKey::Position(position))))
                });
            Ok(Value::tuple(converted.collect::<Result<Vec<_>, _>>()?))
        }
        (value, wanted) => Err(ConversionError::new(mismatch_message(&value.ty(), wanted))),
    }
}

fn has_optional(ty: &Type) -> bool {
    match ty {
        Type::Dynamic | Type::Bool | Type::Number | Type::String => false,
        Type::List(element) | Type::Set(element) | Type::Map(element) => has_optional(element),
        Type::Tuple(elements) => elements.iter().any(has_optional),
        Type::Object(object) => {
            object.has_optional() || object.attributes().iter().any(|(_, ty)| has_optional(ty))
        }
    }
}

fn string_to_number(text: &str) -> Result<Value, ConversionError> {
    // Go's reader of numbers knows infinity by these words, and so does Terraform.
    let infinity = match text {
        "inf" | "Inf" | "+inf" | "+Inf" => Some(Number::INFINITY),
        "-inf" | "-Inf" => Some(Number::INFINITY.negate()),
        _ => None,
    };
    let number = infinity.or_else(|| Number::parse(text));
    number.map(Value::Number).ok_or_else(|| ConversionError::new("a number is required"))
}

fn string_to_bool(text: &str) -> Result<Value, ConversionError> {
    match text {
        "true" | "1" => Ok(Value::Bool(true)),
        "false" | "0" => Ok(Value::Bool(false)),
        _ => {
            let hint = match text.to_ascii_lowercase().as_str() {
                lower @ ("true" | "false") => format!("; to convert from string, use lowercase \"{lower}\""),
                _ => String::new(),
            };
            Err(ConversionError::new(format!("a bool is required{hint}")))
        }
    }
}

fn convert_elements(value: &Value, wanted: &Type, kind: &str) -> Result<(Type, Vec<Value>), ConversionError> {
    let elements = value.as_sequence().unwrap_or_default();
    if elements.is_empty() {
        check_element_type(value, wanted, kind)?;
    }
    let element_error = |position: usize, error: ConversionError| {
        let key = match value {
            Value::Set(set) => IndexKey::Element(set.elements()[position].clone()),
            _ => IndexKey::Position(position),
        };
        error.within(PathStep::Index(key))
    };
    let converted = elements
        .iter()
        .enumerate()
        .map(|(position, element)| {
            convert_part(element, wanted).map_err(|error| element_error(position, error))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let fallback = || match value {
        Value::List(list) => resolve_dynamic(list.element_type(), wanted),
        Value::Set(set) => resolve_dynamic(set.element_type(), wanted),
        _ => wanted.without_optional(),
    };
    unify_elements(converted, wanted, fallback, kind)
}

/// Refuses empty collections of what could not be converted.
fn check_element_type(value: &Value, wanted: &Type, kind: &str) -> Result<(), ConversionError> {
    let ty = value.ty();
    let Some(element) = ty.element().filter(|element| !can_convert(element, wanted)) else { return Ok(()) };
    let message = mismatch_message(element, wanted);
    Err(ConversionError::new(format!("incorrect {kind} element type: {message}")))
}

/// Brings elements that satisfy a constraint to one type.
fn unify_elements(
    elements: Vec<Value>,
    wanted: &Type,
    type_of_none: impl FnOnce() -> Type,
    kind: &str,
) -> Result<(Type, Vec<Value>), ConversionError> {
    if !wanted.has_dynamic() {
        return Ok((wanted.without_optional(), elements));
    }
    if elements.is_empty() {
        return Ok((type_of_none(), elements));
    }
    let types: Vec<Type> = elements.iter().map(Value::ty).collect();
    let unified = unify(&types)
        .ok_or_else(|| ConversionError::new(format!("all {kind} elements must have the same type")))?;
    let unified = if unified == Type::Dynamic { settle_open_type(&types, kind)? } else { unified };
    let elements: Vec<Value> =
        elements.iter().map(|element| convert_part(element, &unified)).collect::<Result<_, _>>()?;
    if unified.has_dynamic() && first_known_type(elements.iter().map(Value::ty)).is_none() {
        return Err(ConversionError::new(format!("element types must all match for conversion to {kind}")));
    }
    Ok((unified, elements))
}

/// Decides what elements are whose unification was left open, because some are of a type that is not known yet.
/// A map takes the type of those that are known, where it is one; lists and sets take no such mixture.
fn settle_open_type(types: &[Type], kind: &str) -> Result<Type, ConversionError> {
    let one = first_known_type(types.iter().cloned());
    one.filter(|ty| kind == "map" || *ty == Type::Dynamic)
        .ok_or_else(|| ConversionError::new(format!("all {kind} elements must have the same type")))
}

/// Returns the one type of all that are known, `Dynamic` where none is, nothing where they differ.
fn first_known_type(types: impl Iterator<Item = Type>) -> Option<Type> {
    let mut known = types.filter(|ty| *ty != Type::Dynamic);
    let Some(first) = known.next() else { return Some(Type::Dynamic) };
    known.all(|ty| ty == first).then_some(first)
}

fn convert_to_map(value: &Value, wanted: &Type) -> Result<Value, ConversionError> {
    let entries = value.as_entries().unwrap_or_default();
    if entries.is_empty() {
        check_element_type(value, wanted, "map")?;
    }
    let converted = entries
        .iter()
        .map(|(key, element)| {
            let step = || match value {
                Value::Object(_) => PathStep::Attribute(key.clone()),
                _ => PathStep::Index(IndexKey::Key(key.clone())),
            };
            convert_part(element, wanted).map_err(|error| error.within(step()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let type_of_none = || match value {
        Value::Map(map) => resolve_dynamic(map.element_type(), wanted),
        _ => wanted.without_optional(),
    };
    let (element_type, elements) = unify_elements(converted, wanted, type_of_none, "map")?;
    Ok(Value::map(element_type, entries.iter().map(|(key, _)| key.clone()).zip(elements)))
}

fn convert_to_object(value: &Value, wanted: &ObjectType) -> Result<Value, ConversionError> {
    let missing: Vec<&Str> = wanted
        .attributes()
        .iter()
        .map(|(name, _)| name)
        .filter(|name| value.get(name).is_none() && !wanted.is_optional(name))
        .collect();
    if !missing.is_empty() {
        return Err(ConversionError::new(missing_attributes_message(&missing)));
    }
    let attributes = wanted.attributes().iter().map(|(name, ty)| {
        let attribute = match value.get(name) {
            Some(attribute) => convert_part(attribute, ty),
            None => Ok(Value::Null(ty.without_optional())),
        };
        let step = || match value {
            Value::Map(_) => PathStep::Index(IndexKey::Key(name.clone())),
            _ => PathStep::Attribute(name.clone()),
        };
        attribute.map(|attribute| (name.clone(), attribute)).map_err(|error| error.within(step()))
    });
    Ok(Value::object(attributes.collect::<Result<Vec<_>, _>>()?))
}

/// Tells whether values of one type may be convertible to another; the content of a value may still
/// stand against it.
pub fn can_convert(from: &Type, wanted: &Type) -> bool {
    match (from, wanted) {
        (_, Type::Dynamic) | (Type::Dynamic, _) => true,
        (a, b) if a == b => true,
        (Type::Number | Type::Bool, Type::String) | (Type::String, Type::Number | Type::Bool) => true,
        (Type::List(from) | Type::Set(from), Type::List(wanted) | Type::Set(wanted))
        | (Type::Map(from), Type::Map(wanted)) => can_convert(from, wanted),
        (Type::Tuple(elements), Type::List(wanted) | Type::Set(wanted)) => {
            elements.iter().all(|element| can_convert(element, wanted))
                && elements_unify(elements.iter(), wanted, "list")
        }
        (Type::Tuple(from), Type::Tuple(wanted)) => {
            from.len() == wanted.len()
                && from.iter().zip(wanted.iter()).all(|(from, wanted)| can_convert(from, wanted))
        }
        (Type::Object(from), Type::Map(wanted)) => {
            let types = || from.attributes().iter().map(|(_, ty)| ty);
            types().all(|ty| can_convert(ty, wanted)) && elements_unify(types(), wanted, "map")
        }
        (Type::Object(from), Type::Object(wanted)) => {
            wanted.attributes().iter().all(|(name, wanted_attribute)| match from.attribute(name) {
                Some(attribute) => can_convert(attribute, wanted_attribute),
                None => wanted.is_optional(name),
            })
        }
        (Type::Map(from), Type::Object(wanted)) => {
            wanted.attributes().iter().all(|(_, attribute)| can_convert(from, attribute))
        }
        _ => false,
    }
}

fn elements_unify<'a>(types: impl Iterator<Item = &'a Type>, wanted: &Type, kind: &str) -> bool {
    if !wanted.has_dynamic() {
        return true;
    }
    let resolved: Vec<Type> = types.map(|ty| resolve_dynamic(ty, wanted)).collect();
    let open = || settle_open_type(&resolved, kind).is_ok();
    resolved.is_empty() || unify(&resolved).is_some_and(|ty| ty != Type::Dynamic || open())
}

/// Returns the type that a convertible value of type `from` gets: the wanted one, with every part that
/// was left open taken from `from`.
pub(crate) fn resolve_dynamic(from: &Type, wanted: &Type) -> Type {
    if !wanted.has_dynamic() {
        return wanted.without_optional();
    }
    let common = |types: Vec<Type>| unify(&types).unwrap_or(Type::Dynamic);
    match (from, wanted) {
        (from, Type::Dynamic) => from.clone(),
        (Type::List(from) | Type::Set(from), Type::List(wanted)) => Type::list(resolve_dynamic(from, wanted)),
        (Type::List(from) | Type::Set(from), Type::Set(wanted)) => Type::set(resolve_dynamic(from, wanted)),
        (Type::Map(from), Type::Map(wanted)) => Type::map(resolve_dynamic(from, wanted)),
        (Type::Tuple(elements), Type::List(wanted)) => {
            Type::list(common(elements.iter().map(|element| resolve_dynamic(element, wanted)).collect()))
        }
        (Type::Tuple(elements), Type::Set(wanted)) => {
            Type::set(common(elements.iter().map(|element| resolve_dynamic(element, wanted)).collect()))
        }
        (Type::Object(from), Type::Map(wanted)) => {
            let types = from.attributes().iter().map(|(_, ty)| resolve_dynamic(ty, wanted));
            Type::map(common(types.collect()))
        }
        (Type::Tuple(from), Type::Tuple(wanted)) if from.len() == wanted.len() => {
            Type::tuple(from.iter().zip(wanted.iter()).map(|(from, wanted)| resolve_dynamic(from, wanted)))
        }
        (Type::Object(from), Type::Object(wanted)) => {
            Type::object(wanted.attributes().iter().map(|(name, wanted)| {
                let resolved = from.attribute(name).map(|from| resolve_dynamic(from, wanted));
                (name.clone(), resolved.unwrap_or_else(|| wanted.without_optional()))
            }))
        }
        (Type::Map(from), Type::Object(wanted)) => Type::object(
            wanted.attributes().iter().map(|(name, wanted)| (name.clone(), resolve_dynamic(from, wanted))),
        ),
        _ => wanted.without_optional(),
    }
}

/// Says why values of type `got` cannot become `wanted`, as `cty` says it.
pub fn mismatch_message(got: &Type, wanted: &Type) -> String {
    let required = || format!("{} required", wanted.friendly_constraint_name());
    match (got, wanted) {
        (Type::Object(got), Type::Object(wanted)) => object_mismatch_message(got, wanted),
        (Type::Tuple(_), Type::List(element)) if **element == Type::Dynamic => {
            "all list elements must have the same type".to_owned()
        }
        (Type::Tuple(_), Type::Set(element)) if **element == Type::Dynamic => {
            "all set elements must have the same type".to_owned()
        }
        (Type::Object(_), Type::Map(element)) if **element == Type::Dynamic => {
            "all map elements must have the same type".to_owned()
        }
        (Type::Tuple(elements), Type::List(wanted) | Type::Set(wanted)) => {
            let bad = elements.iter().enumerate().find(|(_, element)| !can_convert(element, wanted));
            match bad {
                Some((position, element)) => {
                    format!("element {position}: {}", mismatch_message(element, wanted))
                }
                None => format!("all elements must be {}", wanted.friendly_constraint_name()),
            }
        }
        (Type::Object(object), Type::Map(wanted)) => {
            let bad = object.attributes().iter().find(|(_, ty)| !can_convert(ty, wanted));
            match bad {
                Some((name, ty)) => format!("element {name:?}: {}", mismatch_message(ty, wanted)),
                None => format!("all elements must be {}", wanted.friendly_constraint_name()),
            }
        }
        (Type::List(got) | Type::Set(got), Type::List(wanted)) => {
            format!("incorrect list element type: {}", mismatch_message(got, wanted))
        }
        (Type::List(got) | Type::Set(got), Type::Set(wanted)) => {
            format!("incorrect set element type: {}", mismatch_message(got, wanted))
        }
        (Type::Map(got), Type::Map(wanted)) => {
            format!("incorrect map element type: {}", mismatch_message(got, wanted))
        }
        _ => required(),
    }
}

fn object_mismatch_message(got: &ObjectType, wanted: &ObjectType) -> String {
    let names = wanted.attributes().iter().map(|(name, _)| name);
    let missing: Vec<&Str> =
        names.filter(|name| got.attribute(name).is_none() && !wanted.is_optional(name)).collect();
    if !missing.is_empty() {
        return missing_attributes_message(&missing);
    }
    let mismatch = wanted.attributes().iter().find_map(|(name, wanted)| {
        let got = got.attribute(name)?;
        (!can_convert(got, wanted)).then(|| format!("attribute {name:?}: {}", mismatch_message(got, wanted)))
    });
    mismatch.unwrap_or_else(|| "object attributes are not suitable".to_owned())
}

fn missing_attributes_message(missing: &[&Str]) -> String {
    match missing {
        [one] => format!("attribute {one:?} is required"),
        [one, two] => format!("attributes {one:?} and {two:?} are required"),
        [first @ .., last] => {
            let first = first.iter().map(|name| format!("{name:?}, ")).collect::<String>();
            format!("attributes {first}and {last:?} are required")
        }
        [] => "object attributes are not suitable".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(value: &Value, wanted: &Type) -> String {
        convert(value, wanted).unwrap_err().to_string()
    }

    #[test]
    fn primitives_convert_through_text() {
        let cases: [(Value, Type, Value); 8] = [
            (5.into(), Type::String, "5".into()),
            (true.into(), Type::String, "true".into()),
            ("1.50".into(), Type::Number, Value::Number(Number::parse("1.5").unwrap())),
            ("0".into(), Type::Bool, false.into()),
            ("true".into(), Type::Bool, true.into()),
            (Value::Null(Type::Dynamic), Type::Bool, Value::Null(Type::Bool)),
            (Value::Null(Type::String), Type::Number, Value::Null(Type::Number)),
            (Value::unknown(Type::Number), Type::String, Value::unknown(Type::String)),
        ];
        for (value, wanted, expected) in cases {
            assert_eq!(convert(&value, &wanted).unwrap(), expected);
        }
        assert_eq!(
            message(&"True".into(), &Type::Bool),
            "a bool is required; to convert from string, use lowercase \"true\""
        );
        assert_eq!(message(&"0x1".into(), &Type::Number), "a number is required");
        assert_eq!(message(&"infinity".into(), &Type::Number), "a number is required");
        assert_eq!(convert(&"inf".into(), &Type::Number).unwrap(), Value::Number(Number::INFINITY));
        assert_eq!(message(&true.into(), &Type::Number), "number required");
    }

    #[test]
    fn structures_convert_to_collections_of_one_type() {
        let tuple = Value::tuple([1.into(), "a".into()]);
        let list = convert(&tuple, &Type::list(Type::Dynamic)).unwrap();
        assert_eq!(list, Value::list_of_strings(["1", "a"]));
        let objects = Value::tuple([Value::object([("a", 1.into())]), Value::object([("b", 2.into())])]);
        let maps = convert(&objects, &Type::list(Type::Dynamic)).unwrap();
        assert_eq!(maps.ty(), Type::list(Type::map(Type::Number)));
        let mixed = Value::tuple([1.into(), Value::tuple([])]);
        assert_eq!(message(&mixed, &Type::list(Type::Dynamic)), "all list elements must have the same type");
        let set =
            convert(&Value::tuple(["b".into(), "a".into(), "b".into()]), &Type::set(Type::String)).unwrap();
        assert_eq!(set.as_sequence().unwrap(), ["a".into(), "b".into()]);
    }

    #[test]
    fn untyped_nulls_mix_with_primitives_and_in_maps_only() {
        let object = || Value::object([("a", 1.into())]);
        let null = || Value::Null(Type::Dynamic);
        let list = Type::list(Type::Dynamic);
        let cases = [
            (Value::tuple([null(), "a".into()]), Ok(Type::list(Type::String))),
            (Value::tuple([null(), Value::unknown(Type::Dynamic)]), Ok(list.clone())),
            (Value::tuple([object(), null()]), Err("all list elements must have the same type")),
            (
                Value::tuple([
                    Value::object([("a", null())]),
                    Value::object([("a", Value::tuple([1.into()]))]),
                ]),
                Err("element types must all match for conversion to list"),
            ),
        ];
        for (value, expected) in cases {
            let found = convert(&value, &list).map(|list| list.ty());
            assert_eq!(
                found.map_err(|error| error.to_string()),
                expected.map_err(str::to_owned),
                "{value:?}"
            );
        }
        let map =
            convert(&Value::object([("x", object()), ("y", null())]), &Type::map(Type::Dynamic)).unwrap();
        assert_eq!(map.get("y"), Some(&Value::Null(object().ty())));
    }

    #[test]
    fn objects_lose_extra_and_need_missing_attributes() {
        let wanted = Type::object([("a", Type::String), ("b", Type::Number)]);
        let value = Value::object([("a", 1.into()), ("b", "2".into()), ("c", true.into())]);
        assert_eq!(convert(&value, &wanted).unwrap(), Value::object([("a", "1".into()), ("b", 2.into())]));
        assert_eq!(message(&Value::empty_object(), &wanted), "attributes \"a\" and \"b\" are required");
        let nested = Value::object([("a", Value::tuple([])), ("b", 1.into())]);
        assert_eq!(message(&nested, &wanted), "attribute \"a\": string required");
        let deep = Type::list(wanted);
        let bad = Value::tuple([Value::object([("a", "".into()), ("b", "x".into())])]);
        assert_eq!(message(&bad, &deep), "[0].b: a number is required");
    }

    #[test]
    fn optional_attributes_become_null() {
        let object =
            ObjectType::with_optional([("a".into(), Type::String), ("b".into(), Type::Bool)], ["b".into()]);
        let wanted = Type::Object(std::sync::Arc::new(object));
        let converted = convert(&Value::object([("a", "x".into())]), &wanted).unwrap();
        assert_eq!(converted, Value::object([("a", "x".into()), ("b", Value::Null(Type::Bool))]));
        assert!(!has_optional(&converted.ty()));
    }

    #[test]
    fn empty_collections_keep_to_their_type() {
        let empty = Value::map::<&str>(Type::String, []);
        let wanted = Type::map(Type::list(Type::String));
        assert_eq!(message(&empty, &wanted), "incorrect map element type: list of string required");
        let open = Value::list(Type::Dynamic, []);
        assert_eq!(convert(&open, &Type::list(Type::Bool)).unwrap(), Value::list(Type::Bool, []));
    }

    #[test]
    fn unknown_structures_promise_the_length_of_collections() {
        let pair = Value::unknown_not_null(Type::tuple([Type::String, Type::String]));
        assert_eq!(convert(&pair, &Type::list(Type::String)).unwrap().element_count(), Some(2));
        let set = convert(&pair, &Type::set(Type::String)).unwrap();
        let refinement = &set.as_unknown().unwrap().refinement;
        assert_eq!((refinement.length_min, refinement.length_max), (1, Some(2)));
    }

    #[test]
    fn sets_with_open_elements_have_no_known_length() {
        let set = Value::set(Type::String, ["a".into(), Value::unknown(Type::String)]);
        let list = Type::list(Type::String);
        assert_eq!(convert(&set, &list).unwrap(), Value::unknown(list.clone()));
        let one = Value::set(Type::String, [Value::unknown(Type::String)]);
        assert_eq!(convert(&one, &list).unwrap().element_count(), Some(1));
    }

    #[test]
    fn marks_stay_where_they_are() {
        let value = Value::tuple([Value::from("1").sensitive(), "2".into()]);
        let list = convert(&value, &Type::list(Type::Number)).unwrap();
        assert_eq!(list, Value::list(Type::Number, [Value::from(1).sensitive(), 2.into()]));
        let set = convert(&value, &Type::set(Type::Number)).unwrap();
        assert!(set.marks().is_sensitive() && !set.as_sequence().unwrap()[0].contains_marks());
    }
}

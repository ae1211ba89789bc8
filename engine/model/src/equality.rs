//! When two values are the same, and when the language says that they are equal.

use crate::{Marks, Refinement, Type, Value};

impl Value {
    /// Tells whether both are the same value: same type, same parts, same marks, same unknowns.
    pub fn raw_equals(&self, other: &Self) -> bool {
        let all_equal =
            |a: &[Self], b: &[Self]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.raw_equals(b));
        let entries_equal = |a: &[(_, Self)], b: &[(_, Self)]| {
            a.len() == b.len()
                && a.iter().zip(b).all(|((key_a, a), (key_b, b))| key_a == key_b && a.raw_equals(b))
        };
        match (self, other) {
            (Self::Null(a), Self::Null(b)) => a == b,
            (Self::Unknown(a), Self::Unknown(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.element_type() == b.element_type() && all_equal(a.elements(), b.elements())
            }
            (Self::Set(a), Self::Set(b)) => {
                a.element_type() == b.element_type() && all_equal(a.elements(), b.elements())
            }
            (Self::Map(a), Self::Map(b)) => {
                a.element_type() == b.element_type() && entries_equal(a.entries(), b.entries())
            }
            (Self::Tuple(a), Self::Tuple(b)) => all_equal(a.elements(), b.elements()),
            (Self::Object(a), Self::Object(b)) => entries_equal(a.attributes(), b.attributes()),
            (Self::Marked(a), Self::Marked(b)) => a.marks() == b.marks() && a.value().raw_equals(b.value()),
            _ => false,
        }
    }

    /// Compares as `==` does: the result is a bool, unknown while it depends on what is not known, and
    /// carries all marks of both sides. Values of different types are not equal; nulls of any type are.
    #[must_use]
    pub fn equals(&self, other: &Self) -> Self {
        let marks = self.deep_marks() | other.deep_marks();
        match known_equality(self, other) {
            Some(equal) => Self::Bool(equal),
            None => Self::refined_unknown(Type::Bool, Refinement::not_null()),
        }
        .with_marks(marks)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.raw_equals(other)
    }
}

impl Eq for Value {}

impl std::hash::Hash for Value {
    /// Hashes what equal values share; marks and element types are left out.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Self::Null(_) => state.write_u8(0),
            Self::Unknown(_) => state.write_u8(1),
            Self::Bool(bool) => bool.hash(state),
            Self::Number(number) => number.hash(state),
            Self::String(text) => text.hash(state),
            Self::Marked(marked) => marked.value().hash(state),
            value => {
                state.write_usize(value.element_count().unwrap_or(0));
                value.as_sequence().into_iter().flatten().for_each(|element| element.hash(state));
                for (key, entry) in value.as_entries().into_iter().flatten() {
                    key.hash(state);
                    entry.hash(state);
                }
            }
        }
    }
}

/// Returns whether the values are equal, or nothing while that cannot be said.
fn known_equality(a: &Value, b: &Value) -> Option<bool> {
    let (a, b) = (a.unmarked(), b.unmarked());
    match (a, b) {
        (Value::Null(_), Value::Null(_)) => Some(true),
        (Value::Null(_), other) | (other, Value::Null(_)) => other.is_definitely_not_null().then_some(false),
        (Value::Unknown(unknown), other) | (other, Value::Unknown(unknown)) => {
            contradicts(&unknown.ty, &unknown.refinement, other).then_some(false)
        }
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Number(a), Value::Number(b)) => Some(a == b),
        (Value::String(a), Value::String(b)) => Some(a == b),
        (Value::List(a), Value::List(b)) => all_equal(a.elements(), b.elements()),
        (Value::Tuple(a), Value::Tuple(b)) => all_equal(a.elements(), b.elements()),
        (Value::Map(a), Value::Map(b)) => entries_equal(a.entries(), b.entries()),
        (Value::Object(a), Value::Object(b)) => entries_equal(a.attributes(), b.attributes()),
        (Value::Set(_), Value::Set(_)) if !(a.is_wholly_known() && b.is_wholly_known()) => None,
        (Value::Set(a), Value::Set(b)) => all_equal(a.elements(), b.elements()),
        _ => Some(false),
    }
}

fn all_equal(a: &[Value], b: &[Value]) -> Option<bool> {
    if a.len() != b.len() {
        return Some(false);
    }
    conjunction(a.iter().zip(b).map(|(a, b)| known_equality(a, b)))
}

fn entries_equal<K: PartialEq>(a: &[(K, Value)], b: &[(K, Value)]) -> Option<bool> {
    if a.len() != b.len() || a.iter().zip(b).any(|((key_a, _), (key_b, _))| key_a != key_b) {
        return Some(false);
    }
    conjunction(a.iter().zip(b).map(|((_, a), (_, b))| known_equality(a, b)))
}

/// The first part that is not equal for certain decides, as Terraform has it: unknown when it is unknown, although
/// a later part may differ.
fn conjunction(mut parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    parts.find(|part| *part != Some(true)).unwrap_or(Some(true))
}

/// Tells whether an unknown of this type and refinement can never become equal to the known `value`.
fn contradicts(ty: &Type, refinement: &Refinement, value: &Value) -> bool {
    match value {
        Value::Unknown(other) => match (ty, &other.ty) {
            (Type::Dynamic, _) | (_, Type::Dynamic) => false,
            (a, b) => {
                a != b
                    && refinement.not_null
                    && other.refinement.not_null
                    && !(a.has_dynamic() || b.has_dynamic())
            }
        },
        Value::String(text) if *ty == Type::String => !text.starts_with(refinement.string_prefix.as_str()),
        Value::Number(number) if *ty == Type::Number => {
            let below =
                refinement.number_min.as_ref().is_some_and(|(min, ok)| number < min || number == min && !ok);
            let above =
                refinement.number_max.as_ref().is_some_and(|(max, ok)| number > max || number == max && !ok);
            below || above
        }
        Value::List(_) | Value::Set(_) | Value::Map(_) if ty.is_collection() && value.is_wholly_known() => {
            let count = value.element_count().unwrap_or(0);
            let is_too_long = refinement.length_max.is_some_and(|max| count > max);
            count < refinement.length_min || is_too_long || has_other_type(value, ty)
        }
        _ => *ty != Type::Dynamic && has_other_type(value, ty),
    }
}

/// Tells whether a known value is of another type; parts that are left open may still turn out the same.
fn has_other_type(value: &Value, ty: &Type) -> bool {
    let value_type = value.ty();
    let is_other_kind = std::mem::discriminant(&value_type) != std::mem::discriminant(ty);
    is_other_kind || !value_type.has_dynamic() && !ty.has_dynamic() && value_type != *ty
}

/// Marks of several values together.
pub fn marks_of<'a>(values: impl IntoIterator<Item = &'a Value>) -> Marks {
    values.into_iter().map(Value::marks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_another_type_never_become_equal() {
        let unknown = Value::unknown(Type::list(Type::String));
        let open_tuple = Value::tuple([Value::dynamic_null()]);
        for other in [Value::tuple(["a".into()]), Value::from(true), Value::list(Type::Bool, []), open_tuple]
        {
            assert_eq!(unknown.equals(&other), false.into(), "{other:?}");
            assert_eq!(other.equals(&unknown), false.into(), "{other:?}");
        }
        for other in [Value::list_of_strings(["a"]), Value::dynamic(), Value::dynamic_null()] {
            assert_eq!(unknown.equals(&other), Value::unknown_not_null(Type::Bool), "{other:?}");
        }
    }
}

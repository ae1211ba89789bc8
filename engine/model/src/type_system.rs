//! The types of the language: primitives, collections of one element type, and structures.
//!
//! Semantics are those of `cty`, the type system that Terraform's language, state and plugins share.

use std::fmt::Write;
use std::sync::Arc;

use crate::Str;

/// A type, or with [`Type::Dynamic`] inside it, a constraint on types.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// Not known yet, or in a constraint: any type.
    Dynamic,
    /// `true` or `false`.
    Bool,
    /// An exact number.
    Number,
    /// Unicode text in NFC.
    String,
    /// A sequence of values of one type.
    List(Arc<Type>),
    /// An unordered collection of unique values of one type.
    Set(Arc<Type>),
    /// Values of one type under string keys.
    Map(Arc<Type>),
    /// A sequence of fixed length with a type per element.
    Tuple(Arc<[Type]>),
    /// Named attributes with a type each.
    Object(Arc<ObjectType>),
}

/// The attributes of an object type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ObjectType {
    /// Sorted by name.
    attributes: Vec<(Str, Type)>,
    /// Names that may be left out of what is converted to this type; sorted. Empty for types of values.
    optional: Vec<Str>,
}

impl ObjectType {
    /// Makes a type without optional attributes; of equal names the last counts.
    pub fn new(attributes: impl IntoIterator<Item = (Str, Type)>) -> Self {
        Self::with_optional(attributes, [])
    }

    /// Makes a constraint in which the attributes named in `optional` may be left out.
    pub fn with_optional(
        attributes: impl IntoIterator<Item = (Str, Type)>,
        optional: impl IntoIterator<Item = Str>,
    ) -> Self {
        let attributes = sort_unique(attributes.into_iter().collect());
        let mut optional: Vec<Str> = optional.into_iter().collect();
        optional.sort_unstable();
        optional.dedup();
        Self { attributes, optional }
    }

    /// Returns names and types in the order of names.
    pub fn attributes(&self) -> &[(Str, Type)] {
        &self.attributes
    }

    /// Returns the type of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&Type> {
        let index = self.attributes.binary_search_by(|(candidate, _)| candidate.as_str().cmp(name)).ok()?;
        Some(&self.attributes[index].1)
    }

    /// Tells whether an attribute may be left out.
    pub fn is_optional(&self, name: &str) -> bool {
        self.optional.binary_search_by(|candidate| candidate.as_str().cmp(name)).is_ok()
    }

    /// Tells whether any attribute may be left out.
    pub fn has_optional(&self) -> bool {
        !self.optional.is_empty()
    }
}

/// Sorts by key; of equal keys the last is kept.
pub(crate) fn sort_unique<T>(mut entries: Vec<(Str, T)>) -> Vec<(Str, T)> {
    if entries.is_sorted_by(|(a, _), (b, _)| a < b) {
        return entries;
    }
    // A stable sort of the reversed list puts the last of equal keys first, where `dedup` keeps it.
    entries.reverse();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    entries.dedup_by(|(later, _), (kept, _)| later == kept);
    entries
}

impl Type {
    /// Makes the type of a list.
    pub fn list(element: Self) -> Self {
        Self::List(Arc::new(element))
    }

    /// Makes the type of a set.
    pub fn set(element: Self) -> Self {
        Self::Set(Arc::new(element))
    }

    /// Makes the type of a map.
    pub fn map(element: Self) -> Self {
        Self::Map(Arc::new(element))
    }

    /// Makes the type of a tuple.
    pub fn tuple(elements: impl IntoIterator<Item = Self>) -> Self {
        Self::Tuple(elements.into_iter().collect())
    }

    /// Makes the type of an object without optional attributes.
    pub fn object<N: Into<Str>>(attributes: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Object(Arc::new(ObjectType::new(attributes.into_iter().map(|(name, ty)| (name.into(), ty)))))
    }

    /// Tells whether this is bool, number or string.
    pub fn is_primitive(&self) -> bool {
        matches!(self, Self::Bool | Self::Number | Self::String)
    }

    /// Tells whether this is a list, set or map.
    pub fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Set(_) | Self::Map(_))
    }

    /// Returns the element type of a list, set or map.
    pub fn element(&self) -> Option<&Self> {
        match self {
            Self::List(element) | Self::Set(element) | Self::Map(element) => Some(element),
            _ => None,
        }
    }

    /// Tells whether [`Type::Dynamic`] stands anywhere inside.
    pub fn has_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_dynamic(),
            Self::Tuple(elements) => elements.iter().any(Self::has_dynamic),
            Self::Object(object) => object.attributes.iter().any(|(_, ty)| ty.has_dynamic()),
        }
    }

    /// Returns the type without the marks that make attributes optional.
    #[must_use]
    pub fn without_optional(&self) -> Self {
        match self {
            Self::Dynamic | Self::Bool | Self::Number | Self::String => self.clone(),
            Self::List(element) => Self::list(element.without_optional()),
            Self::Set(element) => Self::set(element.without_optional()),
            Self::Map(element) => Self::map(element.without_optional()),
            Self::Tuple(elements) => Self::tuple(elements.iter().map(Self::without_optional)),
            Self::Object(object) => {
                Self::object(object.attributes.iter().map(|(name, ty)| (name.clone(), ty.without_optional())))
            }
        }
    }

    /// Tells whether a value of type `actual` already satisfies this constraint as it is.
    pub fn admits(&self, actual: &Self) -> bool {
        match (self, actual) {
            (Self::Dynamic, _) => true,
            (Self::List(wanted), Self::List(actual))
            | (Self::Set(wanted), Self::Set(actual))
            | (Self::Map(wanted), Self::Map(actual)) => wanted.admits(actual),
            (Self::Tuple(wanted), Self::Tuple(actual)) => {
                wanted.len() == actual.len() && wanted.iter().zip(actual.iter()).all(|(a, b)| a.admits(b))
            }
            (Self::Object(wanted), Self::Object(actual)) => {
                wanted.attributes.len() == actual.attributes.len()
                    && wanted
                        .attributes
                        .iter()
                        .zip(&actual.attributes)
                        .all(|((name_a, a), (name_b, b))| name_a == name_b && a.admits(b))
            }
            _ => self == actual,
        }
    }

    /// Returns the name that messages use, such as `list of string` or `object`.
    pub fn friendly_name(&self) -> String {
        self.named("dynamic")
    }

    /// Returns the name that messages about what is allowed use: [`Type::Dynamic`] is `any type`.
    pub fn friendly_constraint_name(&self) -> String {
        self.named("any type")
    }

    fn named(&self, dynamic: &str) -> String {
        let of = |kind: &str, element: &Self| match element {
            Self::Dynamic => {
                format!("{kind} of {}", if dynamic == "dynamic" { "dynamic" } else { "any single type" })
            }
            element => format!("{kind} of {}", element.named(dynamic)),
        };
        match self {
            Self::Dynamic => dynamic.to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Number => "number".to_owned(),
            Self::String => "string".to_owned(),
            Self::List(element) => of("list", element),
            Self::Set(element) => of("set", element),
            Self::Map(element) => of("map", element),
            Self::Tuple(_) => "tuple".to_owned(),
            Self::Object(_) => "object".to_owned(),
        }
    }
}

impl std::fmt::Debug for Type {
    /// Prints the type as the language writes it, on one line.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dynamic => formatter.write_str("any"),
            Self::Bool | Self::Number | Self::String => formatter.write_str(&self.friendly_name()),
            Self::List(element) => write!(formatter, "list({element:?})"),
            Self::Set(element) => write!(formatter, "set({element:?})"),
            Self::Map(element) => write!(formatter, "map({element:?})"),
            Self::Tuple(elements) => write!(formatter, "tuple({elements:?})"),
            Self::Object(object) => {
                formatter.write_str("object({")?;
                for (index, (name, ty)) in object.attributes.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    if object.is_optional(name) {
                        write!(formatter, "{separator}{name} = optional({ty:?})")?;
                    } else {
                        write!(formatter, "{separator}{name} = {ty:?}")?;
                    }
                }
                formatter.write_char('}')?;
                formatter.write_char(')')
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_terraform() {
        let list = Type::list(Type::map(Type::String));
        assert_eq!(list.friendly_name(), "list of map of string");
        assert_eq!(Type::map(Type::Dynamic).friendly_constraint_name(), "map of any single type");
        assert_eq!(Type::Dynamic.friendly_constraint_name(), "any type");
        assert_eq!(
            format!("{:?}", Type::object([("a", list), ("b", Type::Bool)])),
            "object({a = list(map(string)), b = bool})"
        );
    }

    #[test]
    fn object_attributes_are_sorted_and_unique() {
        let object =
            ObjectType::new([("b".into(), Type::Bool), ("a".into(), Type::Bool), ("b".into(), Type::String)]);
        assert_eq!(object.attributes().len(), 2);
        assert_eq!(object.attribute("b"), Some(&Type::String));
        assert_eq!(object.attribute("c"), None);
    }

    #[test]
    fn constraints_admit_what_fits_without_conversion() {
        assert!(Type::list(Type::Dynamic).admits(&Type::list(Type::String)));
        assert!(!Type::list(Type::String).admits(&Type::set(Type::String)));
        let constraint = Type::object([("a", Type::Dynamic)]);
        assert!(constraint.admits(&Type::object([("a", Type::Number)])));
        assert!(!constraint.admits(&Type::object([("a", Type::Number), ("b", Type::Number)])));
    }
}

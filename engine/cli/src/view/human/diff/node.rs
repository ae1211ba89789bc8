//! Values and JSON text as one kind of tree, reduced to what differences are made of.

use std::borrow::Cow;
use std::fmt::Write;

use terrane_model::{Type, Value};

/// One part of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node<'v> {
    /// Whether it is never shown.
    pub(super) sensitive: bool,
    /// What it is.
    pub(super) kind: Kind<'v>,
}

/// What a part of a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind<'v> {
    /// Nothing; of a declared type or of any.
    Null {
        typed: bool,
    },
    Unknown,
    Bool(bool),
    /// In decimal digits, or as it is written in a JSON text.
    Number(Cow<'v, str>),
    Text(Cow<'v, str>),
    List(Vec<Node<'v>>, Alignment),
    Set(Vec<Node<'v>>),
    /// Elements of one type by key.
    Map(Vec<Entry<'v>>),
    /// Attributes by name.
    Object(Vec<Entry<'v>>, Nulls),
}

/// One element of a map or attribute of an object; sorted by name.
pub(super) type Entry<'v> = (Cow<'v, str>, Node<'v>);

/// How the elements of two lists are lined up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alignment {
    /// By content; elements that differ are different elements.
    Content,
    /// By content; elements that differ but stand at the same place are one that changes.
    ContentThenPlace,
    /// By content; objects that differ but stand at the same place are one that changes.
    ContentThenPlaceOfObjects,
    /// By position.
    Position,
}

/// What a null attribute of an object means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// The attribute is not set, as in objects of a declared type.
    Absent,
    /// The attribute is set to null, as in objects without a declared type.
    Values,
}

impl<'v> Node<'v> {
    /// Takes a value apart. Where no type is declared, sets look like lists and maps like objects, since that
    /// is all that the plan's JSON form, after which Terraform's layout goes, can say about them.
    pub(super) fn of_value(value: &'v Value, declared: &Type) -> Self {
        let marks = value.marks();
        let sensitive = marks.is_sensitive() || marks.is_ephemeral();
        Self { sensitive, kind: Kind::of_value(value.unmarked(), declared) }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null { .. })
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self.kind, Kind::Object(..))
    }

    /// Returns a text that is the same for what counts as the same element of a list or set: marks do not
    /// count, nor does what is not known.
    pub(super) fn identity(&self) -> String {
        let mut text = String::new();
        self.write_identity(&mut text);
        text
    }

    fn write_identity(&self, text: &mut String) {
        match &self.kind {
            Kind::Null { .. } | Kind::Unknown => text.push('~'),
            Kind::Bool(bool) => text.push(if *bool { 'T' } else { 'F' }),
            Kind::Number(number) => text.push_str(number),
            Kind::Text(content) => write_length_prefixed(text, content),
            Kind::List(elements, _) | Kind::Set(elements) => {
                text.push('[');
                for element in elements {
                    element.write_identity(text);
                    text.push(',');
                }
                text.push(']');
            }
            Kind::Map(entries) | Kind::Object(entries, _) => {
                text.push('{');
                for (name, entry) in entries.iter().filter(|(_, entry)| entry.kind != Kind::Unknown) {
                    write_length_prefixed(text, name);
                    entry.write_identity(text);
                    text.push(',');
                }
                text.push('}');
            }
        }
    }
}

/// No text can be mistaken for two others in a row.
fn write_length_prefixed(out: &mut String, text: &str) {
    let _ = write!(out, "{}:{text}", text.len());
}

impl<'v> Kind<'v> {
    fn of_value(value: &'v Value, declared: &Type) -> Self {
        match (value, declared) {
            // Marks were taken off, and never lie on one another.
            (Value::Null(_) | Value::Marked(_), _) => Self::Null { typed: *declared != Type::Dynamic },
            (Value::Unknown(_), _) => Self::Unknown,
            (Value::Bool(bool), _) => Self::Bool(*bool),
            (Value::Number(number), _) => Self::Number(number.to_string().into()),
            (Value::String(text), _) => Self::Text(text.as_str().into()),
            (Value::List(list), Type::List(element)) => {
                let is_object = matches!(**element, Type::Object(_));
                let alignment = if is_object { Alignment::ContentThenPlace } else { Alignment::Content };
                Self::List(nodes(list.elements(), |_| element), alignment)
            }
            (Value::Set(set), Type::Set(element)) => Self::Set(nodes(set.elements(), |_| element)),
            (Value::Tuple(tuple), Type::Tuple(types)) => {
                let declared = |position: usize| types.get(position).unwrap_or(&Type::Dynamic);
                Self::List(nodes(tuple.elements(), declared), Alignment::Position)
            }
            (Value::List(_) | Value::Set(_) | Value::Tuple(_), _) => {
                let elements = value.as_sequence().unwrap_or_default();
                Self::List(nodes(elements, |_| &Type::Dynamic), Alignment::ContentThenPlaceOfObjects)
            }
            (Value::Map(map), Type::Map(element)) => Self::Map(entries(map.entries(), |_| element)),
            (Value::Object(object), Type::Object(types)) => {
                let declared = |name: &str| types.attribute(name).unwrap_or(&Type::Dynamic);
                Self::Object(entries(object.attributes(), declared), Nulls::Absent)
            }
            (Value::Map(_) | Value::Object(_), _) => {
                let attributes = value.as_entries().unwrap_or_default();
                Self::Object(entries(attributes, |_| &Type::Dynamic), Nulls::Values)
            }
        }
    }
}

fn nodes<'v, 't>(elements: &'v [Value], declared: impl Fn(usize) -> &'t Type) -> Vec<Node<'v>> {
    let elements = elements.iter().enumerate();
    elements.map(|(position, element)| Node::of_value(element, declared(position))).collect()
}

fn entries<'v, 't>(
    entries: &'v [(terrane_model::Str, Value)],
    declared: impl Fn(&str) -> &'t Type,
) -> Vec<Entry<'v>> {
    let nodes = entries.iter().map(|(name, entry)| (name.as_str(), Node::of_value(entry, declared(name))));
    nodes.map(|(name, node)| (Cow::Borrowed(name), node)).collect()
}

//! What a body holds, once somebody says what may be in it.
//!
//! Native and JSON syntax answer the same questions here, so nobody else needs to know which one a file
//! was written in. All parts are shared: asking is cheap and may be repeated.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use terrane_model::{Diagnostic, Diagnostics, Span, Str};

use super::json::JsonValue;
use super::merged_body::merged_content;
use super::tree::{Attribute, Body, Identifier};
use super::{json_body, native_body};

/// How many things that are not expected are reported for one body.
pub(super) const ERRORS_MAX: usize = 1000;

/// What may be in a body.
#[derive(Debug, Clone, Copy)]
pub struct BodySchema<'a> {
    /// The arguments that may be set.
    pub attributes: &'a [AttributeSchema<'a>],
    /// The blocks that may stand inside.
    pub blocks: &'a [BlockSchema<'a>],
}

/// An argument that may be set.
#[derive(Debug, Clone, Copy)]
pub struct AttributeSchema<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether leaving it out is an error.
    pub required: bool,
}

/// Blocks that may stand in a body, any number of times.
#[derive(Debug, Clone, Copy)]
pub struct BlockSchema<'a> {
    /// Their type.
    pub block_type: &'a str,
    /// What their labels are called in messages; each must be given.
    pub labels: &'a [&'a str],
}

impl<'a> AttributeSchema<'a> {
    /// Makes the schema of an argument that must be set.
    pub const fn required(name: &'a str) -> Self {
        Self { name, required: true }
    }

    /// Makes the schema of an argument that may be left out.
    pub const fn optional(name: &'a str) -> Self {
        Self { name, required: false }
    }
}

/// A body of either syntax, or of two files of which one overrides the other. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigBody {
    pub(super) source: Source,
    /// What somebody asked for already; it is no longer there.
    pub(super) taken: Arc<Taken>,
}

/// Names that somebody asked for already.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Taken {
    attributes: FxHashSet<Str>,
    block_types: FxHashSet<Str>,
}

impl Taken {
    pub(super) fn has_attribute(&self, name: &str) -> bool {
        self.attributes.contains(name)
    }

    pub(super) fn has_block_type(&self, block_type: &str) -> bool {
        self.block_types.contains(block_type)
    }

    fn with(&self, schema: &BodySchema<'_>) -> Self {
        let mut taken = self.clone();
        taken.attributes.extend(schema.attributes.iter().map(|attribute| Str::from(attribute.name)));
        taken.block_types.extend(schema.blocks.iter().map(|block| Str::from(block.block_type)));
        taken
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    Native(Arc<Body>),
    Json(JsonValue),
    Merged { base: Box<ConfigBody>, overriding: Box<ConfigBody> },
}

/// What was found in a body.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyContent {
    /// The arguments that are set.
    pub attributes: Attributes,
    /// The blocks, in the order in which they were written.
    pub blocks: Vec<BlockContent>,
    /// Where something that is missing is blamed on.
    pub missing: Span,
}

/// A block that was found in a body.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockContent {
    /// The type.
    pub block_type: Identifier,
    /// As many labels as the schema wants.
    pub labels: Vec<Identifier>,
    /// What is inside.
    pub body: ConfigBody,
    /// What errors about the whole block underline: the type and labels, or JSON's opening bracket.
    pub header: Span,
}

impl ConfigBody {
    /// Makes a body of native syntax.
    pub fn from_native(body: impl Into<Arc<Body>>) -> Self {
        Self { source: Source::Native(body.into()), taken: Arc::default() }
    }

    /// Makes a body of a JSON value, which should be an object or an array of objects.
    pub fn from_json(value: JsonValue) -> Self {
        Self { source: Source::Json(value), taken: Arc::default() }
    }

    /// Makes a body in which arguments of another one replace those with the same name, and its blocks
    /// replace all blocks of the same type. Override files mean this.
    #[must_use]
    pub fn overridden_by(self, overriding: Self) -> Self {
        let source = Source::Merged { base: Box::new(self), overriding: Box::new(overriding) };
        Self { source, taken: Arc::default() }
    }

    /// Returns the tree of a body of native syntax.
    pub fn as_native(&self) -> Option<&Arc<Body>> {
        match &self.source {
            Source::Native(body) => Some(body),
            Source::Json(_) | Source::Merged { .. } => None,
        }
    }

    /// Tells whether the body, or the first part of a merged one, was written in JSON syntax.
    pub fn is_json(&self) -> bool {
        match &self.source {
            Source::Native(_) => false,
            Source::Json(_) => true,
            Source::Merged { base, .. } => base.is_json(),
        }
    }

    /// Returns where something that is missing is blamed on.
    pub fn missing_span(&self) -> Span {
        match &self.source {
            Source::Native(body) => body.start,
            Source::Json(value) => json_body::missing_span(value),
            Source::Merged { base, .. } => base.missing_span(),
        }
    }

    /// Returns what is in the body. Everything that the schema does not list is an error.
    pub fn content(&self, schema: &BodySchema<'_>) -> (BodyContent, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let content = self.content_into(schema, &mut diagnostics);
        (content, diagnostics)
    }

    pub(super) fn content_into(&self, schema: &BodySchema<'_>, diagnostics: &mut Diagnostics) -> BodyContent {
        let taken = self.taken.as_ref();
        match &self.source {
            Source::Native(body) => {
                let content = native_body::partial_content(body, taken, schema, diagnostics);
                native_body::report_unexpected(body, taken, schema, &content, diagnostics);
                content
            }
            Source::Json(value) => {
                let content = json_body::partial_content(value, taken, schema, diagnostics);
                json_body::report_unexpected(value, taken, schema, &content, diagnostics);
                content
            }
            Source::Merged { base, overriding } => {
                merged_content(schema, self.missing_span(), diagnostics, |schema, diagnostics| {
                    (base.content_into(schema, diagnostics), overriding.content_into(schema, diagnostics))
                })
            }
        }
    }

    /// Returns what the schema lists, and a body with the rest.
    pub fn partial_content(&self, schema: &BodySchema<'_>) -> (BodyContent, Self, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let taken = self.taken.as_ref();
        let content = match &self.source {
            Source::Native(body) => native_body::partial_content(body, taken, schema, &mut diagnostics),
            Source::Json(value) => json_body::partial_content(value, taken, schema, &mut diagnostics),
            Source::Merged { base, overriding } => {
                let mut rest = None;
                let content =
                    merged_content(schema, self.missing_span(), &mut diagnostics, |schema, diagnostics| {
                        let (base_content, base_rest, found) = base.partial_content(schema);
                        diagnostics.extend(found);
                        let (content, overriding_rest, found) = overriding.partial_content(schema);
                        diagnostics.extend(found);
                        rest = Some(base_rest.overridden_by(overriding_rest));
                        (base_content, content)
                    });
                let rest = rest.unwrap_or_else(|| self.clone());
                return (content, rest, diagnostics);
            }
        };
        let rest = Self { source: self.source.clone(), taken: Arc::new(taken.with(schema)) };
        (content, rest, diagnostics)
    }

    /// Returns all arguments, whatever their names. Blocks are errors.
    pub fn just_attributes(&self) -> (Attributes, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let taken = self.taken.as_ref();
        let attributes = match &self.source {
            Source::Native(body) => native_body::just_attributes(body, taken, &mut diagnostics),
            Source::Json(value) => json_body::just_attributes(value, taken, &mut diagnostics),
            Source::Merged { base, overriding } => {
                let (mut attributes, found) = base.just_attributes();
                diagnostics.extend(found);
                let (others, found) = overriding.just_attributes();
                diagnostics.extend(found);
                for attribute in others {
                    attributes.replace(attribute);
                }
                attributes
            }
        };
        (attributes, diagnostics)
    }
}

/// From how many arguments on it pays to look names up in a map.
const INDEX_MIN: usize = 16;

/// Arguments by name, in the order in which they were written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes {
    list: Vec<Attribute>,
    /// Positions by name; empty while there are few.
    index: FxHashMap<Str, usize>,
}

impl Attributes {
    /// Returns the argument with this name, if it is set.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.position_of(name).map(|position| &self.list[position])
    }

    /// Tells whether an argument is set.
    pub fn contains(&self, name: &str) -> bool {
        self.position_of(name).is_some()
    }

    /// Returns the arguments.
    pub fn iter(&self) -> std::slice::Iter<'_, Attribute> {
        self.list.iter()
    }

    /// Returns the number of arguments.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Tells whether no argument is set.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds an argument, in the place of another one with the same name if there is one.
    pub(super) fn replace(&mut self, attribute: Attribute) {
        match self.position_of(&attribute.name.name) {
            Some(position) => self.list[position] = attribute,
            None => self.push(attribute),
        }
    }

    /// Adds an argument whose name is not there yet.
    pub(super) fn push(&mut self, attribute: Attribute) {
        self.list.push(attribute);
        let count = self.list.len();
        let new = if count == INDEX_MIN { 0..count } else { count - 1..count };
        if count >= INDEX_MIN {
            self.index.extend(new.map(|position| (self.list[position].name.name.clone(), position)));
        }
    }

    fn position_of(&self, name: &str) -> Option<usize> {
        if self.list.len() < INDEX_MIN {
            self.list.iter().position(|attribute| attribute.name.name == name)
        } else {
            self.index.get(name).copied()
        }
    }
}

impl IntoIterator for Attributes {
    type Item = Attribute;
    type IntoIter = std::vec::IntoIter<Attribute>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = &'a Attribute;
    type IntoIter = std::slice::Iter<'a, Attribute>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

/// Complains about the arguments that must be set and are not.
pub(super) fn report_missing(
    schema: &BodySchema<'_>,
    attributes: &Attributes,
    missing: Span,
    diagnostics: &mut Diagnostics,
) {
    let required = schema.attributes.iter().filter(|attribute| attribute.required);
    for attribute in required.filter(|attribute| !attributes.contains(attribute.name)) {
        let detail = format!("The argument \"{}\" is required, but no definition was found.", attribute.name);
        diagnostics.push(Diagnostic::error("Missing required argument", detail).at(missing));
    }
}

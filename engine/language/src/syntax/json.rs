//! JSON with places: what `.tf.json` files hold before anybody has said what should be in them.

use std::sync::{Arc, OnceLock};

use terrane_model::{Diagnostics, FileId, Span, Str};

use super::body_content::ConfigBody;
use super::read_json::read_json;
use super::tree::Expression;

/// A JSON value and where it stands. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonValue {
    /// What kind it is.
    pub kind: JsonKind,
    /// All of it.
    pub span: Span,
}

/// Every kind of JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(Str),
    /// A string: its text after escapes.
    String(Str),
    /// `[ ... ]`.
    Array(Arc<[JsonValue]>),
    /// `{ ... }`, with repeated names.
    Object(Arc<[JsonProperty]>),
    /// Stands where a value could not be read; an error was reported.
    Invalid,
}

/// `"name": value` of a JSON object.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonProperty {
    /// The name, after escapes.
    pub name: Str,
    /// Where the name stands, with its quotes.
    pub name_span: Span,
    /// The value.
    pub value: JsonValue,
    /// The value as an expression, once somebody has asked for it.
    pub(super) expression: OnceLock<Arc<Expression>>,
}

impl JsonValue {
    /// Returns the place of the first character, which is what errors about the kind of value underline.
    pub fn start_span(&self) -> Span {
        match self.kind {
            JsonKind::Array(_) | JsonKind::Object(_) => {
                Span { end: self.span.end.min(self.span.start + 1), ..self.span }
            }
            _ => self.span,
        }
    }

    /// Returns the place of the last character, such as a closing brace.
    pub fn end_span(&self) -> Span {
        Span { start: self.span.start.max(self.span.end.saturating_sub(1)), ..self.span }
    }
}

/// Parses the text of a configuration file in JSON syntax.
///
/// The body holds whatever could be understood; each error that was found is among the diagnostics.
pub fn parse_json_file(file: FileId, text: &str) -> (ConfigBody, Diagnostics) {
    let (mut root, mut diagnostics) = read_json(file, text);
    if !matches!(root.kind, JsonKind::Object(_) | JsonKind::Array(_)) {
        diagnostics.push(
            terrane_model::Diagnostic::error(
                "Root value must be object",
                "The root value in a JSON-based configuration must be either a JSON object or a JSON array \
                 of objects.",
            )
            .at(root.start_span()),
        );
        // An empty object, so that nobody complains about the same thing again.
        root = JsonValue { kind: JsonKind::Object(Arc::new([])), span: Span::new(file, 0, 0) };
    }
    (ConfigBody::from_json(root), diagnostics)
}

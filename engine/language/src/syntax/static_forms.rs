//! Expressions that are not evaluated but taken for what they look like: keywords, addresses, calls and
//! lists. In JSON syntax, strings hold the text of such forms.

use std::borrow::Cow;

use super::identifiers::{is_valid_identifier, normalize};
use super::parse::{parse_expression, parse_traversal};
use super::parser::TextOrigin;
use super::tree::{Call, Expression, ExpressionKind, Identifier, ObjectItem, Traversal};

impl Expression {
    /// Returns the expression as a bare name, such as a type or `ignore_changes = all`.
    pub fn as_keyword(&self) -> Option<&str> {
        match &self.kind {
            ExpressionKind::Traversal(traversal) if traversal.steps.is_empty() => Some(&traversal.root.name),
            ExpressionKind::JsonString(string) => {
                let text = string.text.trim_matches([' ', '\t', '\r', '\n']);
                is_valid_identifier(text).then_some(text)
            }
            kind => constant_keyword(kind),
        }
    }

    /// Returns the expression as a name with constant steps, such as an address.
    pub fn as_traversal(&self) -> Option<Cow<'_, Traversal>> {
        match &self.kind {
            ExpressionKind::Traversal(traversal) => Some(Cow::Borrowed(traversal)),
            ExpressionKind::JsonString(string) => {
                parse_traversal(&string.text, TextOrigin::Derived(self.span)).ok().map(Cow::Owned)
            }
            kind => constant_keyword(kind).map(|word| {
                let root = Identifier { name: normalize(word), span: self.span };
                Cow::Owned(Traversal { root, steps: Vec::new() })
            }),
        }
    }

    /// Returns the expression as a function call that is read rather than made, such as `list(string)`.
    pub fn as_static_call(&self) -> Option<Cow<'_, Call>> {
        match &self.kind {
            ExpressionKind::Call(call) => Some(Cow::Borrowed(call)),
            ExpressionKind::JsonString(string) => {
                let (expression, errors) = parse_expression(&string.text, TextOrigin::Derived(self.span));
                match expression.kind {
                    ExpressionKind::Call(call) if !errors.has_errors() => Some(Cow::Owned(*call)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Returns the expression that a string of JSON syntax is the text of, and any other expression as it is.
    ///
    /// # Errors
    /// When the text is no expression.
    pub fn as_written(&self) -> Result<Cow<'_, Expression>, terrane_model::Diagnostics> {
        let ExpressionKind::JsonString(string) = &self.kind else { return Ok(Cow::Borrowed(self)) };
        let (expression, problems) = parse_expression(&string.text, TextOrigin::Derived(self.span));
        if problems.has_errors() { Err(problems) } else { Ok(Cow::Owned(expression)) }
    }

    /// Returns the text of a string that is written out.
    pub fn as_literal_string(&self) -> Option<&str> {
        match &self.kind {
            ExpressionKind::String(text) => Some(text),
            ExpressionKind::JsonString(string) => Some(&string.text),
            _ => None,
        }
    }

    /// Returns the elements of a list that is written out.
    pub fn as_list(&self) -> Option<&[Expression]> {
        match &self.kind {
            ExpressionKind::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// Returns the items of an object that is written out.
    pub fn as_object(&self) -> Option<&[ObjectItem]> {
        match &self.kind {
            ExpressionKind::Object(items) => Some(items),
            _ => None,
        }
    }
}

/// Returns the word that a constant consists of; where names are wanted, it is one.
pub(super) fn constant_keyword(kind: &ExpressionKind) -> Option<&'static str> {
    match kind {
        ExpressionKind::Bool(true) => Some("true"),
        ExpressionKind::Bool(false) => Some("false"),
        ExpressionKind::Null => Some("null"),
        _ => None,
    }
}

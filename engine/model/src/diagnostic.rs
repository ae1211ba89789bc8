//! Messages to the user about what they wrote or what a provider answered.
//!
//! Rules: the summary is a fixed short phrase without names ("Invalid index"); the detail says in full
//! sentences what is wrong, why, and what to do. Where Terraform has a text for the case, it is ours too.
//! Functions that can go on after an error return their best result together with [`Diagnostics`].

use crate::AttributePath;
use crate::source_span::Span;

/// How bad a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The operation cannot succeed.
    Error,
    /// The operation goes on; the user should know.
    Warning,
}

/// The value of a reference at the time of an error, as shown under the snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceValue {
    /// The reference as written, such as `var.size`.
    pub traversal: String,
    /// What it was, such as `is 3` or `is a string`; never a sensitive value.
    pub statement: String,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Fixed short phrase.
    pub summary: String,
    /// Full sentences.
    pub detail: String,
    /// The resource instance or object concerned, as an address.
    pub address: Option<String>,
    /// What to underline.
    pub subject: Option<Span>,
    /// The surrounding construct, which contains `subject`.
    pub context: Option<Span>,
    /// Values of the references inside `subject`.
    pub values: Vec<ReferenceValue>,
    /// The name of the function whose call failed, for the snippet's footer.
    pub function_call: Option<String>,
    /// The part of a block's value that a provider blames; the engine finds its place in the source.
    pub attribute: Option<AttributePath>,
    /// The condition that does not hold, by the place of its block.
    pub rule: Option<Span>,
}

impl Diagnostic {
    /// Makes an error without a place.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Error, summary.into(), detail.into())
    }

    /// Makes a warning without a place.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Warning, summary.into(), detail.into())
    }

    fn new(severity: Severity, summary: String, detail: String) -> Self {
        Self {
            severity,
            summary,
            detail,
            address: None,
            subject: None,
            context: None,
            values: Vec::new(),
            function_call: None,
            attribute: None,
            rule: None,
        }
    }

    /// Sets what to underline.
    #[must_use]
    pub fn at(mut self, subject: Span) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Sets what to underline, if it is known.
    #[must_use]
    pub fn at_maybe(mut self, subject: Option<Span>) -> Self {
        self.subject = subject.or(self.subject);
        self
    }

    /// Sets the surrounding construct.
    #[must_use]
    pub fn within(mut self, context: Span) -> Self {
        self.context = Some(context);
        self
    }

    /// Sets the object concerned.
    #[must_use]
    pub fn about(mut self, address: impl ToString) -> Self {
        self.address = Some(address.to_string());
        self
    }

    /// Sets the part of the block's value to blame.
    #[must_use]
    pub fn on_attribute(mut self, path: AttributePath) -> Self {
        self.attribute = Some(path);
        self
    }

    /// Tells whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Messages in the order in which they came up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Makes an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one message.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Tells whether there is an error among the messages.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// Tells whether there is no message at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of messages.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Drops all messages behind the first `length`.
    pub fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// Returns the messages.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Returns the messages for changing them.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.0.iter_mut()
    }

    /// Returns `value` when no message is an error, and moves all messages into `sink` either way.
    pub fn unless_errors<T>(self, value: T, sink: &mut Diagnostics) -> Option<T> {
        let failed = self.has_errors();
        sink.extend(self);
        (!failed).then_some(value)
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        self.0.extend(diagnostics);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        Self(diagnostics.into_iter().collect())
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

/// Returns an error with its causes, each said once.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

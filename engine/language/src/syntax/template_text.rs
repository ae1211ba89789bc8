//! Literal text of a template between two sequences.

use std::borrow::Cow;

use terrane_model::Span;

/// Text put together from what several tokens mean.
///
/// Tokens end where lines end. A strip mark reaches as far back as the last token goes.
pub(super) struct TemplateText<'a> {
    text: Cow<'a, str>,
    /// Where the part of the last token starts.
    last: usize,
    /// What all tokens cover.
    pub(super) span: Span,
}

impl<'a> TemplateText<'a> {
    pub(super) fn new(text: Cow<'a, str>, span: Span) -> Self {
        Self { text, last: 0, span }
    }

    /// Adds the meaning of one more token.
    pub(super) fn push(&mut self, text: Cow<'a, str>, span: Span) {
        self.last = self.text.len();
        self.text.to_mut().push_str(&text);
        self.span = self.span.to(span);
    }

    /// Strips white space off the end, but only what stems from the last token.
    pub(super) fn trim_end(&mut self) {
        let length = self.last + self.text[self.last..].trim_end().len();
        match &mut self.text {
            Cow::Borrowed(text) => *text = &text[..length],
            Cow::Owned(text) => text.truncate(length),
        }
    }

    /// Returns the text.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Replaces the text; nothing may be added or stripped behind this.
    pub(super) fn replace(&mut self, text: String) {
        self.text = Cow::Owned(text);
    }
}

//! What the views of values need to know about where their text is shown, and the colours of changes.

use crate::terminal::{Style, Terminal};

/// Colours and width of what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// Whether colours may be used.
    pub color: bool,
    /// Columns to wrap long texts at.
    pub columns: usize,
}

impl Paint {
    /// Takes over what a terminal offers.
    pub fn of(terminal: &Terminal) -> Self {
        Self { color: terminal.color, columns: terminal.columns }
    }

    /// Puts text in a style, where colours may be used.
    pub fn style(self, style: Style, text: &str) -> String {
        if self.color { style.apply(text) } else { text.to_owned() }
    }

    /// Puts text in bold, and a word of it in a colour of its own.
    pub fn bold(self, text: &str) -> String {
        self.style(Style::Bold, text)
    }
}

//! The streams that commands write to. Nothing else in the program prints.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;

/// Standard output and standard error, and how to write to them.
pub struct Terminal {
    /// Whether colours may be used.
    pub color: bool,
    /// Columns to wrap long texts at.
    pub columns: usize,
    /// Whether standard output is a terminal.
    pub interactive: bool,
    lock: Mutex<()>,
}

/// Columns where the width of the terminal is not known.
const COLUMNS_DEFAULT: usize = 78;

impl Terminal {
    /// Makes a terminal of the process's own streams.
    pub fn of_process(no_color: bool) -> Self {
        let interactive = std::io::stdout().is_terminal();
        let color = interactive && !no_color;
        let columns = std::env::var("COLUMNS").ok().filter(|_| interactive);
        let columns = columns.and_then(|columns| columns.parse().ok()).unwrap_or(COLUMNS_DEFAULT);
        Self { color, columns, interactive, lock: Mutex::new(()) }
    }

    /// Makes a terminal for text that goes elsewhere: without color, of the usual width.
    pub fn plain() -> Self {
        Self { color: false, columns: COLUMNS_DEFAULT, interactive: false, lock: Mutex::new(()) }
    }

    /// Writes a line to standard output. Nobody may be left to read it; that is no error.
    pub fn line(&self, text: &str) {
        self.write(text, true, false);
    }

    /// Writes text without a line end to standard output.
    pub fn text(&self, text: &str) {
        self.write(text, false, false);
    }

    /// Writes a line to standard error.
    pub fn error_line(&self, text: &str) {
        self.write(text, true, true);
    }

    fn write(&self, text: &str, newline: bool, to_error: bool) {
        let _guard = self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut bytes = text.as_bytes().to_vec();
        if newline {
            bytes.push(b'\n');
        }
        let _ = if to_error {
            std::io::stderr().write_all(&bytes)
        } else {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(&bytes).and_then(|()| stdout.flush())
        };
    }

    /// Puts text in a style, where colours may be used.
    pub fn style(&self, style: Style, text: &str) -> String {
        if self.color { style.apply(text) } else { text.to_owned() }
    }
}

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Bold,
    Dim,
    Red,
    BoldRed,
    Green,
    BoldGreen,
    Yellow,
    BoldYellow,
    Cyan,
    BoldCyan,
    Underline,
}

impl Style {
    /// Puts text in this style.
    pub fn apply(self, text: &str) -> String {
        format!("{}{text}\u{1b}[0m", self.escape())
    }

    fn escape(self) -> &'static str {
        match self {
            Self::Bold => "\u{1b}[1m",
            Self::Dim => "\u{1b}[90m",
            Self::Red => "\u{1b}[31m",
            Self::BoldRed => "\u{1b}[1m\u{1b}[31m",
            Self::Green => "\u{1b}[32m",
            Self::BoldGreen => "\u{1b}[1m\u{1b}[32m",
            Self::Yellow => "\u{1b}[33m",
            Self::BoldYellow => "\u{1b}[1m\u{1b}[33m",
            Self::Cyan => "\u{1b}[36m",
            Self::BoldCyan => "\u{1b}[1m\u{1b}[36m",
            Self::Underline => "\u{1b}[4m",
        }
    }
}

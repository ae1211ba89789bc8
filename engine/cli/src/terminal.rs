//! The streams that commands write to. Nothing else in the program prints.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

/// Standard output and standard error, and how to write to them.
pub struct Terminal {
    /// Whether colours may be used.
    pub color: bool,
    /// Columns to wrap long texts at.
    pub columns: usize,
    /// Whether lines may be written that are replaced later.
    pub shows_live: bool,
    /// The lines that are shown below everything else until they are replaced.
    live: Mutex<Vec<String>>,
}

/// Columns where the width of the terminal is not known.
const COLUMNS_DEFAULT: usize = 78;

impl Terminal {
    /// Makes a terminal of the process's own streams.
    pub fn of_process(no_color: bool) -> Self {
        let interactive = std::io::stdout().is_terminal();
        let color = interactive && !no_color;
        let columns = if interactive { columns() } else { None }.unwrap_or(COLUMNS_DEFAULT);
        // Logs of runs without a person are read as text, even where they come from a terminal.
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let shows_live = color && !is_dumb && !is_set("TF_IN_AUTOMATION") && !is_set("CI");
        Self { color, columns, shows_live, live: Mutex::default() }
    }

    /// Makes a terminal for text that goes elsewhere: without color, of the usual width.
    pub fn plain() -> Self {
        Self { color: false, columns: COLUMNS_DEFAULT, shows_live: false, live: Mutex::default() }
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

    /// Tells whether there are lines below everything else.
    pub fn is_live(&self) -> bool {
        !self.live.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Replaces the lines that are shown below everything else, where the terminal can do that. Each must fit into
    /// one line of the terminal.
    pub fn show_live(&self, lines: Vec<String>) {
        if !self.shows_live {
            return;
        }
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if *live == lines {
            return;
        }
        let mut bytes = erasing(&live);
        *live = lines;
        bytes.extend(drawing(&live));
        let _ = to_stdout(&bytes);
    }

    fn write(&self, text: &str, newline: bool, to_error: bool) {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = erasing(&live);
        if to_error && !live.is_empty() {
            let _ = to_stdout(&std::mem::take(&mut bytes));
        }
        bytes.extend(text.as_bytes());
        if newline {
            bytes.push(b'\n');
        }
        if to_error {
            let _ = std::io::stderr().write_all(&std::mem::take(&mut bytes));
        }
        bytes.extend(drawing(&live));
        if !bytes.is_empty() {
            let _ = to_stdout(&bytes);
        }
    }

    /// Puts text in a style, where colours may be used.
    pub fn style(&self, style: Style, text: &str) -> String {
        if self.color { style.apply(text) } else { text.to_owned() }
    }
}

/// Returns the width of the terminal.
fn columns() -> Option<usize> {
    let given = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let size = || rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    given.or_else(|| Some(usize::from(size()?.ws_col))).filter(|columns| *columns > 0)
}

/// Returns what takes lines back: up to the first of them, then everything below the cursor goes.
fn erasing(lines: &[String]) -> Vec<u8> {
    if lines.is_empty() { Vec::new() } else { format!("\u{1b}[{}A\u{1b}[J", lines.len()).into_bytes() }
}

fn drawing(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.bytes().chain([b'\n'])).collect()
}

fn to_stdout(bytes: &[u8]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
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

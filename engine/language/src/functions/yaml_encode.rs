//! Writing YAML as Terraform's writer, a descendant of libyaml, does: block style, text in double quotes
//! or, with line ends, as a literal block, lines of quoted text folded behind column 80.

use std::fmt::Write;

use terrane_model::Value;

/// Behind this column a quoted text goes on in the next line at its next space.
const WIDTH: usize = 80;

/// The longest key, in bytes, that may stand on one line with its value.
const SIMPLE_KEY_MAX: usize = 128;

/// Columns that one level is indented by.
const INDENT: usize = 2;

/// Writes a wholly known value; marks are looked through.
pub(super) fn encode(value: &Value) -> String {
    let mut writer = Writer { text: String::new(), column: 0, is_open_ended: false };
    writer.node(value, Place { indent: 0, is_root: true, in_mapping: false, is_line_start: true });
    if writer.column > 0 {
        writer.end_line();
    }
    if writer.is_open_ended {
        writer.text.push_str("...\n");
    }
    writer.text
}

/// Where a value is written.
#[derive(Clone, Copy)]
struct Place {
    /// The column of what belongs to the value in further lines.
    indent: usize,
    is_root: bool,
    in_mapping: bool,
    /// Whether nothing but indentation and dashes stands before it on the line.
    is_line_start: bool,
}

struct Writer {
    text: String,
    column: usize,
    /// Whether a reader cannot tell the end of the document without a mark.
    is_open_ended: bool,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    fn end_line(&mut self) {
        self.text.push('\n');
        self.column = 0;
    }

    /// Goes to a column: of this line where that is still empty up to there, else of the next.
    fn indent(&mut self, column: usize) {
        if self.column > column || self.column == column && !self.is_blank_line() {
            self.end_line();
        }
        let missing = column - self.column;
        self.push(&" ".repeat(missing));
    }

    /// Tells whether only indentation and dashes stand on the line so far.
    fn is_blank_line(&self) -> bool {
        let line = self.text.rsplit('\n').next().unwrap_or_default();
        line.ends_with(' ') || line.is_empty()
    }

    fn node(&mut self, value: &Value, place: Place) {
        let value = value.unmarked();
        match value {
            Value::Null(_) | Value::Unknown(_) => self.plain("null", place),
            Value::Bool(bool) => self.plain(if *bool { "true" } else { "false" }, place),
            Value::Number(number) => self.plain(&number.to_string(), place),
            Value::String(text) => self.string(text, place),
            Value::List(_) | Value::Set(_) | Value::Tuple(_) => {
                self.sequence(value.as_sequence().unwrap_or_default(), place);
            }
            _ => self.mapping(value, place),
        }
    }

    fn plain(&mut self, text: &str, place: Place) {
        self.space(place);
        self.push(text);
        self.is_open_ended = place.is_root;
    }

    /// Parts a value from the colon before it.
    fn space(&mut self, place: Place) {
        if !place.is_line_start {
            self.push(" ");
        }
    }

    fn string(&mut self, text: &str, place: Place) {
        self.space(place);
        self.is_open_ended = false;
        let indent = if place.is_root { INDENT } else { place.indent };
        if may_be_block(text) {
            self.literal(text, indent);
        } else {
            self.quoted(text, Some(indent));
        }
    }

    fn sequence(&mut self, elements: &[Value], place: Place) {
        if elements.is_empty() {
            self.space(place);
            self.push("[]");
            self.is_open_ended = false;
            return;
        }
        // Below a key, dashes stand under the key.
        let column =
            if place.in_mapping && !place.is_line_start { place.indent - INDENT } else { place.indent };
        for element in elements {
            self.indent(column);
            self.push("- ");
            let indent = column + INDENT;
            self.node(element, Place { indent, is_root: false, in_mapping: false, is_line_start: true });
        }
    }

    fn mapping(&mut self, value: &Value, place: Place) {
        let entries = value.as_entries().unwrap_or_default();
        if entries.is_empty() {
            self.space(place);
            self.push("{}");
            self.is_open_ended = false;
            return;
        }
        let column = place.indent;
        let inner = Place { indent: column + INDENT, is_root: false, in_mapping: true, is_line_start: false };
        for (key, entry) in entries {
            self.indent(column);
            if key.len() <= SIMPLE_KEY_MAX && !key.contains(is_break) {
                self.quoted(key, None);
                self.push(":");
                self.node(entry, inner);
            } else {
                let place = Place { in_mapping: false, is_line_start: true, ..inner };
                self.push("? ");
                self.string(key, place);
                self.indent(column);
                self.push(": ");
                self.node(entry, place);
            }
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.push("|");
        if text.starts_with([' ', '\n']) {
            self.push(&INDENT.to_string());
        }
        if !text.ends_with('\n') {
            self.push("-");
        } else if text == "\n" || text.ends_with("\n\n") {
            self.push("+");
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.end_line();
            if !line.is_empty() {
                self.push(&" ".repeat(indent));
                self.push(line);
            }
        }
        if self.column == 0 {
            self.end_line();
        }
    }

    /// Writes text in double quotes, folded where an indentation for further lines is given.
    fn quoted(&mut self, text: &str, indent: Option<usize>) {
        self.push("\"");
        let mut after_space = false;
        let mut chars = text.char_indices().peekable();
        while let Some((offset, char)) = chars.next() {
            if char != ' ' {
                self.quoted_char(char);
                after_space = false;
                continue;
            }
            let is_inside = offset > 0 && chars.peek().is_some();
            match indent {
                Some(indent) if is_inside && !after_space && self.column > WIDTH => {
                    self.end_line();
                    self.push(&" ".repeat(indent));
                    if chars.peek().is_some_and(|(_, next)| *next == ' ') {
                        self.push("\\");
                    }
                }
                _ => self.push(" "),
            }
            after_space = true;
        }
        self.push("\"");
    }

    fn quoted_char(&mut self, char: char) {
        if is_printable(char) && !matches!(char, '"' | '\\' | '\u{feff}') && !is_break(char) {
            self.push(char.encode_utf8(&mut [0; 4]));
            return;
        }
        let short = match char {
            '\0' => "\\0",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{b}' => "\\v",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            '\u{1b}' => "\\e",
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{85}' => "\\N",
            '\u{a0}' => "\\_",
            '\u{2028}' => "\\L",
            '\u{2029}' => "\\P",
            _ => "",
        };
        if !short.is_empty() {
            self.push(short);
            return;
        }
        let mut escape = String::new();
        // Writing into a string cannot fail.
        let _ = match u32::from(char) {
            code @ 0..=0xff => write!(escape, "\\x{code:02X}"),
            code @ 0x100..=0xffff => write!(escape, "\\u{code:04X}"),
            code => write!(escape, "\\U{code:08X}"),
        };
        self.push(&escape);
    }
}

/// Tells whether a text with line ends can be written line by line.
fn may_be_block(text: &str) -> bool {
    let has_odd = text.chars().any(|char| !is_printable(char) || char == '\u{feff}');
    let has_space_before_break = text.split(is_break).rev().skip(1).any(|line| line.ends_with(' '));
    text.contains('\n') && !has_odd && !has_space_before_break && !text.ends_with(' ')
}

fn is_break(char: char) -> bool {
    matches!(char, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Tells whether libyaml writes a character as it is; it knows none beyond 16 bits.
fn is_printable(char: char) -> bool {
    matches!(char, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && char != '\u{feff}'
}

//! Scalars of YAML: plain ones, quoted ones, and blocks of text.

use super::yaml_cursor::{is_blank, is_break};
use super::yaml_scalar::Style;
use super::yaml_scan::{Scanner, TokenKind};

/// Which line breaks at the end of a block of text stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// What separates two words of a scalar that may go over several lines.
#[derive(Debug, Default)]
struct Gap {
    /// Whether a line ended.
    is_folded: bool,
    first_break: String,
    more_breaks: String,
    blanks: String,
}

impl Gap {
    /// Writes what the gap stands for: blanks within a line as they are, one line break as a space, and of
    /// more of them all but the first.
    fn write(&mut self, text: &mut String) {
        if !self.is_folded {
            text.push_str(&self.blanks);
        } else if !self.first_break.starts_with('\n') {
            text.push_str(&self.first_break);
            text.push_str(&self.more_breaks);
        } else if self.more_breaks.is_empty() {
            text.push(' ');
        } else {
            text.push_str(&self.more_breaks);
        }
        *self = Self::default();
    }
}

impl Scanner<'_> {
    /// Reads the blanks and line breaks that come.
    ///
    /// # Errors
    /// If there is a tab to the left of the column in a line that starts here.
    fn scan_gap(&mut self, gap: &mut Gap, first_column: usize) -> Result<(), String> {
        while let Some(character) = self.cursor.peek() {
            if is_break(character) {
                let breaks = if gap.is_folded { &mut gap.more_breaks } else { &mut gap.first_break };
                self.cursor.read_break(breaks);
                gap.is_folded = true;
            } else if !is_blank(character) {
                break;
            } else if !gap.is_folded {
                self.cursor.read(&mut gap.blanks);
            } else if character == '\t' && self.cursor.mark.column < first_column {
                return self.error("found a tab character that violates indentation");
            } else {
                self.cursor.skip();
            }
        }
        Ok(())
    }

    /// Reads a scalar without quotes.
    pub(super) fn scan_plain_scalar(&mut self) -> Result<(), String> {
        self.note_key()?;
        self.is_key_allowed = false;
        let start = self.cursor.mark;
        let first_column = self.indent().map_or(0, |indent| indent + 1);
        let mut text = String::new();
        let mut gap = Gap::default();
        while !self.cursor.at_document_indicator() && !self.cursor.at('#') {
            while !self.cursor.at_blank_or_end() && !self.at_end_of_plain() {
                gap.write(&mut text);
                self.cursor.read(&mut text);
            }
            if !self.cursor.at_blank() && !self.cursor.at_break() {
                break;
            }
            self.scan_gap(&mut gap, first_column)?;
            if self.flow_level == 0 && self.cursor.mark.column < first_column {
                break;
            }
        }
        if gap.is_folded {
            self.is_key_allowed = true;
        }
        self.push(TokenKind::Scalar(text, Style::Plain), start);
        Ok(())
    }

    fn at_end_of_plain(&self) -> bool {
        let ends_in_flow = |character| matches!(character, ',' | '?' | '[' | ']' | '{' | '}');
        self.cursor.at_word(":") || (self.flow_level > 0 && self.cursor.peek().is_some_and(ends_in_flow))
    }

    /// Reads a scalar in quotes.
    pub(super) fn scan_quoted_scalar(&mut self, quote: char) -> Result<(), String> {
        self.note_key()?;
        self.is_key_allowed = false;
        let start = self.cursor.mark;
        self.cursor.skip();
        let mut text = String::new();
        let mut gap = Gap::default();
        loop {
            if self.cursor.at_document_indicator() {
                return self.error("found unexpected document indicator");
            }
            if self.cursor.peek().is_none() {
                return self.error("found unexpected end of stream");
            }
            self.scan_quoted_word(quote, &mut text, &mut gap)?;
            if self.cursor.at(quote) {
                break;
            }
            self.scan_gap(&mut gap, 0)?;
            gap.write(&mut text);
        }
        self.cursor.skip();
        self.push(TokenKind::Scalar(text, Style::Quoted), start);
        Ok(())
    }

    /// Reads up to a blank, a line break or the end of the scalar.
    fn scan_quoted_word(&mut self, quote: char, text: &mut String, gap: &mut Gap) -> Result<(), String> {
        while !self.cursor.at_blank_or_end() {
            let rest = self.cursor.rest();
            if quote == '\'' && rest.starts_with("''") {
                self.cursor.skip();
                self.cursor.read(text);
            } else if rest.starts_with(quote) {
                break;
            } else if quote == '"' && rest.starts_with('\\') {
                self.cursor.skip();
                if self.cursor.at_break() {
                    // The line break is not part of the text, nor are the blanks of the next line.
                    self.cursor.skip_break();
                    gap.is_folded = true;
                    break;
                }
                let character = self.scan_escape()?;
                text.push(character);
            } else {
                self.cursor.read(text);
            }
        }
        Ok(())
    }

    /// Reads what is behind a backslash.
    fn scan_escape(&mut self) -> Result<char, String> {
        let Some(letter) = self.cursor.peek() else {
            return self.error("found unknown escape character");
        };
        let length = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let character = match letter {
            _ if length > 0 => '\0',
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            'e' => '\u{1b}',
            ' ' | '"' | '\'' | '\\' => letter,
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            _ => return self.error("found unknown escape character"),
        };
        self.cursor.skip();
        if length == 0 {
            return Ok(character);
        }
        let mut code = 0;
        for _ in 0..length {
            let Some(digit) = self.cursor.peek().and_then(|character| character.to_digit(16)) else {
                return self.error("did not find expected hexdecimal number");
            };
            code = code << 4 | digit;
            self.cursor.skip();
        }
        match char::from_u32(code) {
            Some(character) => Ok(character),
            None => self.error("found invalid Unicode character escape code"),
        }
    }

    /// Reads a block of text, whose line breaks count or are folded into spaces.
    pub(super) fn scan_block_scalar(&mut self, is_folding: bool) -> Result<(), String> {
        self.forget_key()?;
        self.is_key_allowed = true;
        let start = self.cursor.mark;
        self.cursor.skip();
        let (chomping, increment) = self.block_header()?;
        self.finish_line()?;
        let mut indent = increment.map(|increment| self.indent().unwrap_or(0) + increment);
        let mut text = String::new();
        let mut first_break = String::new();
        let mut more_breaks = String::new();
        let mut last_line_starts_blank = false;
        let mut column = self.block_breaks(&mut indent, &mut more_breaks)?;
        while self.cursor.mark.column == column && self.cursor.peek().is_some() {
            let starts_blank = self.cursor.at_blank();
            let is_joined =
                is_folding && !last_line_starts_blank && !starts_blank && first_break.starts_with('\n');
            if !is_joined {
                text.push_str(&first_break);
            } else if more_breaks.is_empty() {
                text.push(' ');
            }
            text.push_str(&more_breaks);
            first_break.clear();
            more_breaks.clear();
            last_line_starts_blank = starts_blank;
            text.push_str(self.cursor.take_while(|character| !is_break(character)));
            self.cursor.read_break(&mut first_break);
            column = self.block_breaks(&mut indent, &mut more_breaks)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(&first_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&more_breaks);
        }
        self.push(TokenKind::Scalar(text, Style::Block), start);
        Ok(())
    }

    /// Reads what may be behind `|` and `>`: how to chomp, and how far the block is indented.
    fn block_header(&mut self) -> Result<(Chomping, Option<usize>), String> {
        let mut chomping = None;
        let mut increment = None;
        loop {
            match self.cursor.peek() {
                Some('+') if chomping.is_none() => chomping = Some(Chomping::Keep),
                Some('-') if chomping.is_none() => chomping = Some(Chomping::Strip),
                Some('0') if increment.is_none() => {
                    return self.error("found an indentation indicator equal to 0");
                }
                Some(digit @ '1'..='9') if increment.is_none() => {
                    increment = digit.to_digit(10).map(|digit| digit as usize);
                }
                _ => return Ok((chomping.unwrap_or(Chomping::Clip), increment)),
            }
            self.cursor.skip();
        }
    }

    /// Steps over indentation and empty lines, and gives the column where the lines of the block start,
    /// which the first line with text tells unless the header did.
    fn block_breaks(&mut self, indent: &mut Option<usize>, breaks: &mut String) -> Result<usize, String> {
        let mut widest = 0;
        loop {
            while self.cursor.at(' ') && indent.is_none_or(|indent| self.cursor.mark.column < indent) {
                self.cursor.skip();
            }
            widest = widest.max(self.cursor.mark.column);
            if self.cursor.at('\t') && indent.is_none_or(|indent| self.cursor.mark.column < indent) {
                return self.error("found a tab character where an indentation space is expected");
            }
            if !self.cursor.at_break() {
                break;
            }
            self.cursor.read_break(breaks);
        }
        let least = self.indent().map_or(1, |indent| indent + 1);
        Ok(*indent.get_or_insert(widest.max(least)))
    }
}

//! A place in a YAML text, and the characters that YAML gives a meaning.

/// A place; everything is counted in characters from zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) line: usize,
    pub(super) column: usize,
    /// Since the start of the text.
    pub(super) index: usize,
}

impl Mark {
    /// The place behind the character here.
    pub(super) fn next_column(self) -> Self {
        Self { column: self.column + 1, index: self.index + 1, ..self }
    }

    /// Adds the place to a message. The first line is not worth naming; the others are counted from zero,
    /// as Terraform does.
    pub(super) fn describe(self, message: &str) -> String {
        match self.line {
            0 => message.to_owned(),
            line => format!("on line {line}, column {}: {message}", self.column + 1),
        }
    }
}

/// What is left of a text.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
    pub(super) mark: Mark,
}

pub(super) fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

pub(super) fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether nothing comes, or a blank or a line break.
fn is_blank_or_end(rest: &str) -> bool {
    rest.chars().next().is_none_or(|character| is_blank(character) || is_break(character))
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, mark: Mark::default() }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn at(&self, character: char) -> bool {
        self.rest.starts_with(character)
    }

    pub(super) fn at_blank(&self) -> bool {
        self.peek().is_some_and(is_blank)
    }

    pub(super) fn at_break(&self) -> bool {
        self.peek().is_some_and(is_break)
    }

    pub(super) fn at_break_or_end(&self) -> bool {
        self.peek().is_none_or(is_break)
    }

    pub(super) fn at_blank_or_end(&self) -> bool {
        is_blank_or_end(self.rest)
    }

    /// Whether this comes, and behind it a blank, a line break or the end.
    pub(super) fn at_word(&self, word: &str) -> bool {
        self.rest.strip_prefix(word).is_some_and(is_blank_or_end)
    }

    /// Whether `---` or `...` comes, alone at the start of a line.
    pub(super) fn at_document_indicator(&self) -> bool {
        self.mark.column == 0 && (self.at_word("---") || self.at_word("..."))
    }

    /// Steps over a character that is no line break.
    pub(super) fn skip(&mut self) {
        let mut characters = self.rest.chars();
        if characters.next().is_some() {
            self.rest = characters.as_str();
            self.mark = self.mark.next_column();
        }
    }

    pub(super) fn skip_while(&mut self, is_wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&is_wanted) {
            self.skip();
        }
    }

    /// Steps over a character that is no line break, and keeps it.
    pub(super) fn read(&mut self, text: &mut String) {
        text.extend(self.peek());
        self.skip();
    }

    /// Steps over characters that are no line breaks.
    pub(super) fn take_while(&mut self, is_wanted: impl Fn(char) -> bool) -> &'a str {
        let before = self.rest;
        self.skip_while(is_wanted);
        &before[..before.len() - self.rest.len()]
    }

    /// Steps over a line break, and keeps it in its normal form.
    pub(super) fn read_break(&mut self, text: &mut String) {
        let Some(character) = self.peek() else { return };
        let length = if self.rest.starts_with("\r\n") { 2 } else { character.len_utf8() };
        self.rest = &self.rest[length..];
        self.mark = Mark { line: self.mark.line + 1, column: 0, index: self.mark.index + 1 };
        text.push(if matches!(character, '\u{2028}' | '\u{2029}') { character } else { '\n' });
    }

    pub(super) fn skip_break(&mut self) {
        self.read_break(&mut String::new());
    }

    /// Steps over a comment, if there is one, up to the end of its line.
    pub(super) fn skip_comment(&mut self) {
        if self.at('#') {
            self.skip_while(|character| !is_break(character));
        }
    }
}

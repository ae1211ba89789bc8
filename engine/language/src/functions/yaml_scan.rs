//! Cutting a YAML text into tokens.
//!
//! Where mappings and sequences in blocks begin and end shows from indentation alone, and that a mapping
//! begins shows only from the `:` behind its first key. So tokens wait in a queue as long as a key may still
//! turn out to be before them. The rules, and the messages, are those of libyaml, which reads YAML 1.1.

use std::collections::VecDeque;

use super::yaml_cursor::{Cursor, Mark, is_blank};
use super::yaml_scalar::Style;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    StreamEnd,
    VersionDirective { major: u32, minor: u32 },
    TagDirective { handle: String, prefix: String },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag { handle: String, suffix: String },
    Scalar(String, Style),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: Mark,
}

/// How far a key on one line may reach.
const KEY_LENGTH_MAX: usize = 1024;

/// A token that may turn out to be a key, should a `:` follow.
#[derive(Debug)]
struct PossibleKey {
    flow_level: usize,
    /// Which token it is, counted from the first of the text.
    token_number: usize,
    /// Nothing else can be at this place of a block.
    is_required: bool,
    mark: Mark,
}

pub(super) struct Scanner<'a> {
    pub(super) cursor: Cursor<'a>,
    /// Tokens not yet handed out.
    tokens: VecDeque<Token>,
    handed_out: usize,
    /// Columns of the blocks around the cursor, innermost last.
    indents: Vec<usize>,
    /// How many brackets and braces are open.
    pub(super) flow_level: usize,
    pub(super) is_key_allowed: bool,
    /// One at most for each flow level, outermost first, which is also the order of the text.
    possible_keys: VecDeque<PossibleKey>,
}

impl<'a> Scanner<'a> {
    /// Starts to read a text.
    ///
    /// # Errors
    /// If the text has characters that YAML does not allow.
    pub(super) fn new(text: &'a str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if !text.chars().all(is_allowed) {
            return Err("control characters are not allowed".to_owned());
        }
        Ok(Self {
            cursor: Cursor::new(text),
            tokens: VecDeque::new(),
            handed_out: 0,
            indents: Vec::new(),
            flow_level: 0,
            is_key_allowed: true,
            possible_keys: VecDeque::new(),
        })
    }

    /// The next token, which stays the next. Behind the end of the text comes its end, again and again.
    ///
    /// # Errors
    /// If no token can be read.
    pub(super) fn peek(&mut self) -> Result<&Token, String> {
        while self.needs_more()? {
            self.fetch()?;
        }
        self.tokens.front().ok_or_else(|| "invalid YAML syntax".to_owned())
    }

    /// Steps over the token that `peek` gives.
    ///
    /// # Errors
    /// If no token can be read.
    pub(super) fn next(&mut self) -> Result<Token, String> {
        self.peek()?;
        self.handed_out += 1;
        self.tokens.pop_front().ok_or_else(|| "invalid YAML syntax".to_owned())
    }

    /// A message with the place that Terraform's YAML reader would name.
    pub(super) fn error<T>(&self, message: &str) -> Result<T, String> {
        match self.cursor.mark.line {
            0 => Err(message.to_owned()),
            line => Err(format!("on line {}, column 1: {message}", line + 1)),
        }
    }

    /// The column of the block around the cursor.
    pub(super) fn indent(&self) -> Option<usize> {
        self.indents.last().copied()
    }

    fn needs_more(&mut self) -> Result<bool, String> {
        if self.tokens.is_empty() {
            return Ok(true);
        }
        self.drop_stale_keys()?;
        Ok(self.possible_keys.front().is_some_and(|key| key.token_number == self.handed_out))
    }

    fn fetch(&mut self) -> Result<(), String> {
        self.skip_to_token();
        self.drop_stale_keys()?;
        self.close_blocks(Some(self.cursor.mark.column));
        let Some(character) = self.cursor.peek() else { return self.fetch_end() };
        let is_indicator = self.flow_level > 0 || self.cursor.at_word("?") || self.cursor.at_word(":");
        if self.cursor.mark.column == 0 && character == '%' {
            self.leave_document()?;
            return self.scan_directive();
        }
        if self.cursor.at_document_indicator() {
            return self.fetch_document_indicator(character);
        }
        match character {
            '[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            '{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            ']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            '}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            ',' => self.fetch_flow_entry(),
            '-' if self.cursor.at_word("-") => self.fetch_block_entry(),
            '?' if is_indicator => self.fetch_key(),
            ':' if is_indicator => self.fetch_value(),
            '*' => self.scan_anchor(TokenKind::Alias),
            '&' => self.scan_anchor(TokenKind::Anchor),
            '!' => self.scan_tag(),
            '|' if self.flow_level == 0 => self.scan_block_scalar(false),
            '>' if self.flow_level == 0 => self.scan_block_scalar(true),
            '\'' | '"' => self.scan_quoted_scalar(character),
            '#' | '|' | '>' | '%' | '@' | '`' | '\t' => {
                self.error("found character that cannot start any token")
            }
            _ => self.scan_plain_scalar(),
        }
    }

    /// Steps over blanks, comments and line breaks.
    fn skip_to_token(&mut self) {
        loop {
            let is_tab_blank = self.flow_level > 0 || !self.is_key_allowed;
            self.cursor.skip_while(|character| character == ' ' || (is_tab_blank && character == '\t'));
            self.cursor.skip_comment();
            if !self.cursor.at_break() {
                return;
            }
            self.cursor.skip_break();
            if self.flow_level == 0 {
                self.is_key_allowed = true;
            }
        }
    }

    pub(super) fn push(&mut self, kind: TokenKind, start: Mark) {
        self.tokens.push_back(Token { kind, start });
    }

    /// Makes a token of the one character here.
    fn push_indicator(&mut self, kind: TokenKind) {
        let start = self.cursor.mark;
        self.cursor.skip();
        self.push(kind, start);
    }

    /// Forgets keys that have become too long to be one.
    fn drop_stale_keys(&mut self) -> Result<(), String> {
        let here = self.cursor.mark;
        while let Some(key) = self.possible_keys.front() {
            if key.mark.line == here.line && key.mark.index + KEY_LENGTH_MAX >= here.index {
                break;
            }
            if key.is_required {
                return self.error("could not find expected ':'");
            }
            self.possible_keys.pop_front();
        }
        Ok(())
    }

    /// Notes that the token to come may be a key.
    pub(super) fn note_key(&mut self) -> Result<(), String> {
        if self.is_key_allowed {
            self.forget_key()?;
            self.possible_keys.push_back(PossibleKey {
                flow_level: self.flow_level,
                token_number: self.handed_out + self.tokens.len(),
                is_required: self.flow_level == 0 && self.indent() == Some(self.cursor.mark.column),
                mark: self.cursor.mark,
            });
        }
        Ok(())
    }

    fn take_key(&mut self) -> Option<PossibleKey> {
        let is_here = self.possible_keys.back().is_some_and(|key| key.flow_level == self.flow_level);
        if is_here { self.possible_keys.pop_back() } else { None }
    }

    /// Forgets the key of this flow level.
    pub(super) fn forget_key(&mut self) -> Result<(), String> {
        match self.take_key() {
            Some(key) if key.is_required => self.error("could not find expected ':'"),
            _ => Ok(()),
        }
    }

    /// Opens a block where a column is further to the right than the block around it. Its token goes before
    /// the one with the number, or to the end.
    fn open_block(&mut self, mark: Mark, kind: TokenKind, token_number: Option<usize>) {
        if self.flow_level > 0 || self.indent().is_some_and(|indent| indent >= mark.column) {
            return;
        }
        self.indents.push(mark.column);
        let at = token_number.map_or(self.tokens.len(), |number| number - self.handed_out);
        self.tokens.insert(at, Token { kind, start: mark });
    }

    /// Closes the blocks that are further to the right than a column, or all.
    fn close_blocks(&mut self, column: Option<usize>) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent().is_some_and(|indent| column.is_none_or(|column| indent > column)) {
            self.push(TokenKind::BlockEnd, self.cursor.mark);
            self.indents.pop();
        }
    }

    fn fetch_end(&mut self) -> Result<(), String> {
        if self.cursor.mark.column != 0 {
            self.cursor.mark.column = 0;
            self.cursor.mark.line += 1;
        }
        self.leave_document()?;
        self.push(TokenKind::StreamEnd, self.cursor.mark);
        Ok(())
    }

    fn leave_document(&mut self) -> Result<(), String> {
        self.close_blocks(None);
        self.forget_key()?;
        self.is_key_allowed = false;
        Ok(())
    }

    fn fetch_document_indicator(&mut self, character: char) -> Result<(), String> {
        self.leave_document()?;
        let start = self.cursor.mark;
        self.cursor.skip_while(|next| next == character);
        self.push(if character == '-' { TokenKind::DocumentStart } else { TokenKind::DocumentEnd }, start);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind) -> Result<(), String> {
        self.note_key()?;
        self.flow_level += 1;
        self.is_key_allowed = true;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind) -> Result<(), String> {
        self.forget_key()?;
        self.flow_level = self.flow_level.saturating_sub(1);
        self.is_key_allowed = false;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), String> {
        self.forget_key()?;
        self.is_key_allowed = true;
        self.push_indicator(TokenKind::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), String> {
        if self.flow_level == 0 {
            if !self.is_key_allowed {
                return self.error("block sequence entries are not allowed in this context");
            }
            self.open_block(self.cursor.mark, TokenKind::BlockSequenceStart, None);
        }
        self.forget_key()?;
        self.is_key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), String> {
        if self.flow_level == 0 {
            if !self.is_key_allowed {
                return self.error("mapping keys are not allowed in this context");
            }
            self.open_block(self.cursor.mark, TokenKind::BlockMappingStart, None);
        }
        self.forget_key()?;
        self.is_key_allowed = self.flow_level == 0;
        self.push_indicator(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), String> {
        if let Some(key) = self.take_key() {
            let at = key.token_number - self.handed_out;
            self.tokens.insert(at, Token { kind: TokenKind::Key, start: key.mark });
            self.open_block(key.mark, TokenKind::BlockMappingStart, Some(key.token_number));
            self.is_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.is_key_allowed {
                    return self.error("mapping values are not allowed in this context");
                }
                self.open_block(self.cursor.mark, TokenKind::BlockMappingStart, None);
            }
            self.is_key_allowed = self.flow_level == 0;
        }
        self.push_indicator(TokenKind::Value);
        Ok(())
    }

    /// Steps over blanks and a comment, behind which the line must end, and over its end.
    pub(super) fn finish_line(&mut self) -> Result<(), String> {
        self.cursor.skip_while(is_blank);
        self.cursor.skip_comment();
        if !self.cursor.at_break_or_end() {
            return self.error("did not find expected comment or line break");
        }
        self.cursor.skip_break();
        Ok(())
    }
}

fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

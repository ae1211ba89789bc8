//! The machine under all parts of the parser: reading tokens, reporting, and finding back after errors.
//!
//! The grammar is spread over `parse_*.rs`. Three rules hold everywhere: parsing never fails, it reports
//! and goes on; every reported place is where Terraform reports it; and no tree is higher than
//! [`TREE_HEIGHT_MAX`], so that whoever walks it may recurse.

use std::cell::OnceCell;

use terrane_model::{Diagnostic, Diagnostics, FileId, Span, Str};

use super::identifiers::normalize;
use super::invalid_tokens::find_invalid_tokens;
use super::token::{Token, TokenKind};
use super::tree::{Expression, ExpressionKind, Identifier};

/// How deep blocks, brackets and templates may be nested in each other.
///
/// In a debug build, parsing a level takes up to 8 KiB of the call stack.
pub const NESTING_MAX: usize = 500;

/// How high a tree may be, from a file's body to the last leaf. Besides nesting, every operator of a chain
/// such as `a + b + c` makes the tree higher by one.
pub const TREE_HEIGHT_MAX: usize = 1000;

/// How many errors are kept for one text; what follows is of no use to anybody.
const ERRORS_MAX: usize = 1000;

/// Where the spans of a parsed text point to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextOrigin {
    /// The text stands in a file, from the given offset on.
    File {
        /// Which file.
        file: FileId,
        /// Offset of the text's first byte in the file.
        offset: u32,
    },
    /// The text was derived from what stands here, as a JSON string is from its escaped form: every span
    /// is this one.
    Derived(Span),
}

impl From<FileId> for TextOrigin {
    /// The text is the whole file.
    fn from(file: FileId) -> Self {
        Self::File { file, offset: 0 }
    }
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    tokens: Vec<Token>,
    origin: TextOrigin,
    /// Index behind the last token read.
    position: usize,
    /// The next token that counts, if it was looked for already: its index and what it counts as.
    lookahead: Option<(usize, TokenKind)>,
    /// Whether line ends count as tokens.
    newlines: bool,
    /// Set when tokens were skipped after an error: what is missing now is probably no new error.
    pub(super) recovering: bool,
    /// The position at which skipping after an error ended in front of what should be a new item.
    new_item: Option<usize>,
    /// Set where a string is not closed or a bracket was skipped alone: then what follows may be mistaken
    /// for something else, and no place can be trusted to start a new item.
    distrusts_places: bool,
    /// Set when parsing was given up.
    aborted: bool,
    depth: usize,
    /// Height of the expression that was parsed last; a leaf has zero.
    pub(super) height: usize,
    /// How many errors came up, kept or not.
    errors: usize,
    diagnostics: Diagnostics,
    line_starts: OnceCell<Vec<usize>>,
    /// Elements and arguments of the lists that are being read; the innermost list is at the end. From
    /// here they move to vectors that are just large enough.
    pub(super) pending_elements: Vec<Expression>,
    /// Operands that wait for being combined, in the same manner.
    pub(super) pending_operands: Vec<(Expression, usize)>,
}

/// A moment during parsing, to ask later whether anything failed since.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, tokens: Vec<Token>, origin: TextOrigin) -> Self {
        let mut parser = Self {
            text,
            tokens,
            origin,
            position: 0,
            lookahead: None,
            newlines: true,
            recovering: false,
            new_item: None,
            distrusts_places: false,
            aborted: false,
            depth: 0,
            height: 0,
            errors: 0,
            diagnostics: Diagnostics::new(),
            line_starts: OnceCell::new(),
            pending_elements: Vec::new(),
            pending_operands: Vec::new(),
        };
        parser.report_invalid_tokens();
        parser
    }

    fn report_invalid_tokens(&mut self) {
        let tokens = std::mem::take(&mut self.tokens);
        for invalid in find_invalid_tokens(self.text, &tokens).take(ERRORS_MAX) {
            self.distrusts_places |= invalid.token.kind == TokenKind::QuotedNewline;
            self.report(invalid.summary, invalid.detail, self.token_span(invalid.token), None);
        }
        self.tokens = tokens;
    }

    pub(super) fn into_diagnostics(self) -> Diagnostics {
        self.diagnostics
    }

    // Reading.

    /// Returns the next token that counts, without moving.
    pub(super) fn peek(&mut self) -> Token {
        let (index, kind) = self.find_next();
        Token { kind, ..self.tokens[index] }
    }

    /// Returns the next token that counts and moves behind it. The end can be read again and again.
    pub(super) fn read(&mut self) -> Token {
        let (index, kind) = self.find_next();
        self.position = (index + 1).min(self.tokens.len());
        self.lookahead = None;
        Token { kind, ..self.tokens[index] }
    }

    /// Tells whether the next token that counts is of this kind.
    pub(super) fn at(&mut self, kind: TokenKind) -> bool {
        self.find_next().1 == kind
    }

    /// Returns what the token behind the next one is, whether it counts or not.
    pub(super) fn kind_behind_next(&mut self) -> Option<TokenKind> {
        let (index, _) = self.find_next();
        self.tokens.get(index + 1).map(|token| token.kind)
    }

    /// Counts how often a dot and a name follow each other at the position.
    pub(super) fn count_names_ahead(&self) -> usize {
        let tokens = self.tokens.get(self.position..).unwrap_or_default();
        let is_step = |pair: &&[Token]| {
            pair[0].kind == TokenKind::Dot
                && pair.get(1).is_some_and(|name| name.kind == TokenKind::Identifier)
        };
        tokens.chunks(2).take_while(is_step).count()
    }

    /// Tells whether the next token that counts is this name.
    pub(super) fn at_keyword(&mut self, keyword: &str) -> bool {
        let token = self.peek();
        token.kind == TokenKind::Identifier && token.text(self.text) == keyword
    }

    /// Returns the token in front of the position, whether it counts or not.
    pub(super) fn previous(&mut self) -> Token {
        match self.position.checked_sub(1) {
            Some(index) => self.tokens[index],
            None => self.peek(),
        }
    }

    /// Sets whether line ends count, and returns what held before.
    pub(super) fn set_newlines(&mut self, newlines: bool) -> bool {
        if self.newlines != newlines {
            self.lookahead = None;
        }
        std::mem::replace(&mut self.newlines, newlines)
    }

    fn find_next(&mut self) -> (usize, TokenKind) {
        if let Some(found) = self.lookahead {
            return found;
        }
        let last = self.tokens.len() - 1;
        let mut index = self.position.min(last);
        let kind = loop {
            let token = self.tokens[index];
            match token.kind {
                TokenKind::Newline if self.newlines => break TokenKind::Newline,
                // A comment swallows the end of its line.
                TokenKind::Comment if self.newlines && token.ends_line(self.text) => {
                    break TokenKind::Newline;
                }
                TokenKind::Newline | TokenKind::Comment => index += 1,
                kind => break kind,
            }
        };
        self.lookahead = Some((index, kind));
        (index, kind)
    }

    // Places and names.

    /// Returns the span of a range of the text.
    pub(super) fn span(&self, start: u32, end: u32) -> Span {
        match self.origin {
            TextOrigin::File { file, offset } => {
                Span::new(file, (offset + start) as usize, (offset + end) as usize)
            }
            TextOrigin::Derived(span) => span,
        }
    }

    pub(super) fn token_span(&self, token: Token) -> Span {
        self.span(token.start, token.end)
    }

    /// Returns the span from the start of one token to the end of another.
    pub(super) fn between(&self, first: Token, last: Token) -> Span {
        self.token_span(first).to(self.token_span(last))
    }

    pub(super) fn identifier(&self, token: Token) -> Identifier {
        Identifier { name: self.name(token), span: self.token_span(token) }
    }

    pub(super) fn name(&self, token: Token) -> Str {
        normalize(token.text(self.text))
    }

    /// Says in which line something stands, as part of a sentence: " at line 3". Empty where the text is
    /// not one in which the user can count lines.
    pub(super) fn at_line(&self, token: Token) -> String {
        let TextOrigin::File { offset: 0, .. } = self.origin else { return String::new() };
        let line_starts = self.line_starts.get_or_init(|| {
            let newlines = self.text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
            std::iter::once(0).chain(newlines.map(|(offset, _)| offset + 1)).collect()
        });
        format!(" at line {}", line_starts.partition_point(|&start| start <= token.start as usize))
    }

    // Reporting.

    pub(super) fn mark(&self) -> Mark {
        Mark(self.errors)
    }

    pub(super) fn failed_since(&self, mark: Mark) -> bool {
        self.errors > mark.0
    }

    /// Tells whether there were errors since the mark that left the position in doubt.
    pub(super) fn lost_since(&self, mark: Mark) -> bool {
        self.recovering && self.failed_since(mark)
    }

    pub(super) fn report(
        &mut self,
        summary: impl Into<String>,
        detail: impl Into<String>,
        subject: Span,
        context: Option<Span>,
    ) {
        self.errors += 1;
        if self.aborted || self.errors > ERRORS_MAX {
            return;
        }
        let mut diagnostic = Diagnostic::error(summary, detail).at(subject);
        diagnostic.context = context;
        self.diagnostics.push(diagnostic);
    }

    /// Reports something that may well be the consequence of an earlier error; in that case, does not.
    pub(super) fn report_first(
        &mut self,
        summary: impl Into<String>,
        detail: impl Into<String>,
        subject: Span,
        context: Option<Span>,
    ) {
        if !self.recovering {
            self.report(summary, detail, subject, context);
        }
    }

    // Nesting.

    /// Says how deep the text stands in something else.
    pub(super) fn set_depth(&mut self, depth: usize) {
        self.depth = depth;
    }

    /// Goes one level deeper. Where that is too deep, gives up and returns false.
    pub(super) fn enter(&mut self) -> bool {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            let next = self.peek();
            self.give_up(self.token_span(next), "Nesting too deep", format!(
                "Blocks and expressions may be nested {NESTING_MAX} levels deep at most. Move parts of this \
                 into local values or modules of their own."
            ));
        }
        !self.aborted
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Tells whether parsing was given up, so that nothing more should be put together.
    pub(super) fn has_given_up(&self) -> bool {
        self.aborted
    }

    /// Notes the height of an expression that was put together, and gives up where it is too large.
    pub(super) fn set_height(&mut self, height: usize, span: Span) {
        self.height = height;
        if self.depth + height > TREE_HEIGHT_MAX {
            self.give_up(span, "Expression too long", format!(
                "Operators may follow each other {TREE_HEIGHT_MAX} times at most. Move parts of this into \
                 local values, or use a function that takes a list."
            ));
        }
    }

    fn give_up(&mut self, subject: Span, summary: &'static str, detail: String) {
        self.report(summary, detail, subject, None);
        self.aborted = true;
        self.recovering = true;
        self.position = self.tokens.len() - 1;
        self.lookahead = None;
    }

    /// Makes the expression that stands where none could be read.
    pub(super) fn invalid(&mut self, span: Span) -> Expression {
        self.height = 0;
        Expression { kind: ExpressionKind::Invalid, span }
    }

    // Finding back.

    /// Moves behind the next token of the given kind, or the end. Brackets that are opened on the way are
    /// closed first.
    pub(super) fn recover(&mut self, end: TokenKind) -> Token {
        let opener = end.opener();
        self.recovering = true;
        let mut open = 0_usize;
        loop {
            let token = self.read();
            let kind = match token.kind {
                TokenKind::OpenDirective => TokenKind::OpenInterpolation,
                kind => kind,
            };
            if Some(kind) == opener {
                open += 1;
            } else if kind == end {
                if open == 0 {
                    return token;
                }
                open -= 1;
            } else if kind == TokenKind::End {
                return token;
            }
        }
    }

    /// Moves behind the next parentheses, or to the end.
    pub(super) fn recover_over_parentheses(&mut self) {
        while !matches!(self.read().kind, TokenKind::OpenParenthesis | TokenKind::End) {}
        self.recover(TokenKind::CloseParenthesis);
    }

    /// Takes the position as trustworthy again if skipping ended just there. From here on, errors are
    /// errors of their own. (Terraform stays silent about most of what follows the first error.)
    pub(super) fn resume_at_new_item(&mut self) {
        if self.new_item.take() == Some(self.position) && !self.distrusts_places && !self.aborted {
            self.recovering = false;
        }
    }

    /// Notes that what follows is probably no new item.
    pub(super) fn distrust_places(&mut self) {
        self.distrusts_places = true;
    }

    /// Notes that a new item should start at the position.
    pub(super) fn expect_new_item(&mut self) {
        self.new_item = Some(self.position);
    }

    /// Moves behind the end of the argument or block at the position, which is a line end outside of all
    /// brackets.
    pub(super) fn recover_after_item(&mut self) {
        self.recovering = true;
        let mut open = Vec::new();
        loop {
            let token = self.read();
            match token.kind {
                TokenKind::Newline if open.is_empty() => return self.expect_new_item(),
                TokenKind::End => return,
                TokenKind::OpenDirective => open.push(TokenKind::OpenInterpolation),
                TokenKind::OpenBrace
                | TokenKind::OpenBracket
                | TokenKind::OpenParenthesis
                | TokenKind::OpenQuote
                | TokenKind::OpenHeredoc
                | TokenKind::OpenInterpolation => open.push(token.kind),
                kind => {
                    if let Some(opener) = kind.opener() {
                        // If this ends the body, what follows may belong anywhere.
                        self.distrusts_places |= open.is_empty() && kind == TokenKind::CloseBrace;
                        while open.pop().is_some_and(|kind| kind != opener) {}
                    }
                }
            }
        }
    }
}

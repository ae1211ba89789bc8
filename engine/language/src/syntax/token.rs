//! What the lexer cuts a text into.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "most names say it; the others have a line")]
pub enum TokenKind {
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    OpenParenthesis,
    CloseParenthesis,
    /// The quote mark that starts a template.
    OpenQuote,
    /// The quote mark that ends a template.
    CloseQuote,
    /// `<<NAME` or `<<-NAME` with its line end.
    OpenHeredoc,
    /// The line with the end word of a heredoc, without its line end.
    CloseHeredoc,
    Star,
    Slash,
    Plus,
    Minus,
    Percent,
    Equal,
    EqualEqual,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Not,
    Dot,
    Comma,
    DoubleColon,
    /// `...`.
    Ellipsis,
    /// `=>`.
    FatArrow,
    Question,
    Colon,
    /// `${` or `${~`.
    OpenInterpolation,
    /// `%{` or `%{~`.
    OpenDirective,
    /// The `}` or `~}` that ends an interpolation or directive.
    CloseSequence,
    /// A piece of a quoted template, with escapes.
    QuotedText,
    /// A piece of a heredoc or of a bare template; no piece goes beyond the end of a line.
    PlainText,
    Number,
    Identifier,
    /// A comment; one that starts with `#` or `//` includes its line end.
    Comment,
    Newline,
    /// Line ends inside a quoted template, where they are not allowed.
    QuotedNewline,
    /// `&`, which the language has not.
    BitAnd,
    /// `|`, which the language has not.
    BitOr,
    /// `~`, which the language has not.
    BitNot,
    /// `^`, which the language has not.
    BitXor,
    Apostrophe,
    Backtick,
    Semicolon,
    /// A character that has no meaning where it stands.
    Invalid,
    /// The end of the text; always the last token and always empty.
    End,
}

impl TokenKind {
    /// Tells by how much a token deepens the nesting of brackets and template sequences.
    pub(super) fn bracket_change(self) -> i32 {
        match self {
            Self::OpenBrace
            | Self::OpenBracket
            | Self::OpenParenthesis
            | Self::OpenInterpolation
            | Self::OpenDirective => 1,
            Self::CloseBrace | Self::CloseBracket | Self::CloseParenthesis | Self::CloseSequence => -1,
            _ => 0,
        }
    }

    /// Returns what opens the construct that this token closes.
    pub(super) fn opener(self) -> Option<Self> {
        match self {
            Self::CloseBrace => Some(Self::OpenBrace),
            Self::CloseBracket => Some(Self::OpenBracket),
            Self::CloseParenthesis => Some(Self::OpenParenthesis),
            Self::CloseQuote => Some(Self::OpenQuote),
            Self::CloseHeredoc => Some(Self::OpenHeredoc),
            Self::CloseSequence => Some(Self::OpenInterpolation),
            _ => None,
        }
    }
}

/// A piece of a text. Between tokens there are only spaces and tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Offset of its first byte in the text.
    pub start: u32,
    /// Offset behind its last byte in the text.
    pub end: u32,
}

impl Token {
    /// Returns the token's bytes of the text that it was cut from.
    pub fn text(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Tells whether the token ends a line; a comment up to the end of its line does.
    pub(super) fn ends_line(self, source: &str) -> bool {
        match self.kind {
            TokenKind::Newline => true,
            TokenKind::Comment => {
                source.as_bytes().get((self.end as usize).wrapping_sub(1)).copied() == Some(b'\n')
            }
            _ => false,
        }
    }
}

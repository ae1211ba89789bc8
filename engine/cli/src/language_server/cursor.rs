//! What stands at a place of a text, as far as its tokens tell: the text is being typed, so there may be no tree.

use terrane_language::syntax::lexer::lex;
use terrane_language::syntax::token::{Token, TokenKind};

/// A place of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The blocks around it, outermost first, each by its type and labels.
    pub(super) blocks: Vec<Vec<String>>,
    /// What may stand there.
    pub(super) place: Place,
    /// What was typed of it.
    pub(super) prefix: String,
}

/// What may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The name of an argument or block.
    Name,
    /// A label of a block: its type and the labels before.
    Label(Vec<String>),
    /// An expression, of this argument.
    Expression(Option<String>),
    /// Text that means nothing by itself.
    Text,
}

enum Frame {
    Block(Vec<String>),
    Bracket,
    Quote(usize),
    Sequence,
    Heredoc,
}

#[derive(Default)]
struct Reader {
    frames: Vec<Frame>,
    /// The words of the argument or block that is being read, with whether they are names.
    statement: Vec<(String, bool)>,
    has_equal: bool,
}

/// Finds out what stands at an offset.
pub(super) fn cursor(text: &str, offset: usize) -> Cursor {
    let before = text.get(..offset).unwrap_or(text);
    let tokens = lex(before);
    let mut reader = Reader::default();
    for token in &tokens {
        reader.take(*token, before);
    }
    let last = tokens.iter().rev().find(|token| token.kind != TokenKind::End);
    let place = reader.place(before, last.copied());
    let prefix = match &place {
        Place::Name | Place::Label(_) => trailing(before, is_word),
        Place::Expression(_) => traversal_prefix(before).to_owned(),
        Place::Text => String::new(),
    };
    let blocks = reader.frames.into_iter().filter_map(|frame| match frame {
        Frame::Block(words) => Some(words),
        _ => None,
    });
    Cursor { blocks: blocks.collect(), place, prefix }
}

impl Reader {
    fn is_at_statement(&self) -> bool {
        matches!(self.frames.last(), None | Some(Frame::Block(_)))
    }

    fn end_statement(&mut self) {
        self.statement.clear();
        self.has_equal = false;
    }

    fn take(&mut self, token: Token, source: &str) {
        use TokenKind as Kind;
        let text = token.text(source);
        match token.kind {
            Kind::OpenBrace if self.is_at_statement() && !self.has_equal && !self.statement.is_empty() => {
                let words = self.statement.drain(..).map(|(word, _)| word).collect();
                self.frames.push(Frame::Block(words));
            }
            Kind::OpenBrace | Kind::OpenBracket | Kind::OpenParenthesis => self.frames.push(Frame::Bracket),
            Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParenthesis => {
                if let Some(Frame::Block(_)) = self.frames.pop() {
                    self.end_statement();
                }
            }
            Kind::OpenQuote => self.frames.push(Frame::Quote(token.end as usize)),
            Kind::CloseQuote => {
                if let Some(Frame::Quote(start)) = self.frames.pop()
                    && self.is_at_statement()
                {
                    let content = source.get(start..token.start as usize).unwrap_or_default();
                    self.statement.push((content.to_owned(), false));
                }
            }
            Kind::OpenInterpolation | Kind::OpenDirective => self.frames.push(Frame::Sequence),
            Kind::CloseSequence | Kind::CloseHeredoc => drop(self.frames.pop()),
            Kind::OpenHeredoc => self.frames.push(Frame::Heredoc),
            Kind::Newline if self.is_at_statement() => self.end_statement(),
            Kind::Comment if self.is_at_statement() && text.ends_with('\n') => self.end_statement(),
            Kind::Equal if self.is_at_statement() => self.has_equal = true,
            Kind::Identifier if self.is_at_statement() && !self.has_equal => {
                self.statement.push((text.to_owned(), true));
            }
            _ => {}
        }
    }

    fn place(&self, before: &str, last: Option<Token>) -> Place {
        let is_comment = last.is_some_and(|token| {
            token.kind == TokenKind::Comment && !token.text(before).ends_with(['\n', '/'])
        });
        if is_comment {
            return Place::Text;
        }
        let words = || self.statement.iter().map(|(word, _)| word.clone()).collect::<Vec<_>>();
        match self.frames.last() {
            Some(Frame::Quote(_)) => {
                let outer = &self.frames[..self.frames.len() - 1];
                let is_label = matches!(outer.last(), None | Some(Frame::Block(_))) && !self.has_equal;
                if is_label && !self.statement.is_empty() { Place::Label(words()) } else { Place::Text }
            }
            Some(Frame::Heredoc) => Place::Text,
            Some(Frame::Bracket | Frame::Sequence) => Place::Expression(self.argument()),
            None | Some(Frame::Block(_)) if self.has_equal => Place::Expression(self.argument()),
            None | Some(Frame::Block(_)) => match self.statement.as_slice() {
                [] => Place::Name,
                [_] if before.ends_with(is_word) => Place::Name,
                _ => Place::Label(words()),
            },
        }
    }

    fn argument(&self) -> Option<String> {
        self.statement.first().filter(|_| self.has_equal).map(|(word, _)| word.clone())
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

fn trailing(before: &str, belongs: impl Fn(char) -> bool) -> String {
    let start = before.char_indices().rev().take_while(|(_, character)| belongs(*character)).last();
    start.map_or_else(String::new, |(start, _)| before[start..].to_owned())
}

/// Returns the reference that ends where a text ends, such as `module.a[0].na`.
fn traversal_prefix(before: &str) -> &str {
    let mut start = before.len();
    let mut depth = 0_usize;
    for (index, character) in before.char_indices().rev() {
        match character {
            ']' => depth += 1,
            '[' if depth == 0 => break,
            '[' => depth -= 1,
            '\n' => break,
            _ if depth > 0 => {}
            character if is_word(character) || character == '.' || character == ':' => {}
            _ => break,
        }
        start = index;
    }
    &before[start..]
}

/// Cuts a reference into its names, without keys: `a.b[0].c` is `a`, `b` and `c`.
pub(super) fn names_of(traversal: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut depth = 0_usize;
    for character in traversal.chars() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '.' => names.push(String::new()),
            character => names.last_mut().into_iter().for_each(|name| name.push(character)),
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(marked: &str) -> Cursor {
        let offset = marked.find('|').unwrap_or(marked.len());
        cursor(&marked.replacen('|', "", 1), offset)
    }

    #[test]
    fn places_are_recognized() {
        let name = Place::Name;
        let label = |words: &[&str]| Place::Label(words.iter().map(|word| (*word).to_owned()).collect());
        let expression = |argument: &str| Place::Expression(Some(argument.to_owned()));
        let cases: &[(&str, Place, &str, usize)] = &[
            ("|", name.clone(), "", 0),
            ("res|", name.clone(), "res", 0),
            ("resource \"ter|\" \"x\" {}", label(&["resource"]), "ter", 0),
            ("resource \"a\" \"|", label(&["resource", "a"]), "", 0),
            ("resource \"a\" \"b\" {\n  in|\n}\n", name.clone(), "in", 1),
            ("resource \"a\" \"b\" {\n  input = var.|\n}\n", expression("input"), "var.", 1),
            (
                "resource \"a\" \"b\" {\n  input = \"x${module.m[0].o|}\"\n}\n",
                expression("input"),
                "module.m[0].o",
                1,
            ),
            ("resource \"a\" \"b\" {\n  input = [1,\n  loc|]\n}\n", expression("input"), "loc", 1),
            ("resource \"a\" \"b\" {\n  input = \"tex|t\"\n}\n", Place::Text, "", 1),
            ("resource \"a\" \"b\" {\n  # in|\n}\n", Place::Text, "", 1),
            ("resource \"a\" \"b\" {\n  lifecycle {\n    |\n  }\n}\n", name.clone(), "", 2),
            ("a = 1\n|", name, "", 0),
        ];
        for (text, place, prefix, depth) in cases {
            let found = at(text);
            assert_eq!(
                (&found.place, found.prefix.as_str(), found.blocks.len()),
                (place, *prefix, *depth),
                "{text}"
            );
        }
    }

    #[test]
    fn keys_are_no_names() {
        assert_eq!(names_of("module.a[\"x.y\"].b"), ["module", "a", "b"]);
        assert_eq!(names_of("var."), ["var", ""]);
    }
}

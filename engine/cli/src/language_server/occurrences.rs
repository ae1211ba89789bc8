//! Where the names of variables and local values stand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use terrane_language::syntax::lexer::lex;
use terrane_language::syntax::token::{Token, TokenKind};

use super::cursor::{Place, cursor};

/// Something that a module gives a name to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// A variable.
    Variable(String),
    /// A local value.
    Local(String),
}

impl Name {
    fn text(&self) -> &str {
        match self {
            Self::Variable(name) | Self::Local(name) => name,
        }
    }

    fn root(&self) -> &'static str {
        match self {
            Self::Variable(_) => "var",
            Self::Local(_) => "local",
        }
    }
}

/// Finds out which name stands at an offset, in a declaration or a reference.
pub(super) fn name_at(text: &str, offset: usize) -> Option<(Name, std::ops::Range<usize>)> {
    let tokens = lex(text);
    let touches = |token: &Token| (token.start as usize) <= offset && offset <= token.end as usize;
    let is_word = |token: &Token| matches!(token.kind, TokenKind::Identifier | TokenKind::QuotedText);
    let at = tokens.iter().position(|token| is_word(token) && touches(token))?;
    let token = tokens[at];
    let word = token.text(text);
    let range = token.start as usize..token.end as usize;
    if let [.., root, dot] = &tokens[..at]
        && dot.kind == TokenKind::Dot
        && token.kind == TokenKind::Identifier
    {
        return match root.text(text) {
            "var" => Some((Name::Variable(word.to_owned()), range)),
            "local" => Some((Name::Local(word.to_owned()), range)),
            _ => None,
        };
    }
    let found = cursor(text, token.end as usize);
    match &found.place {
        Place::Label(words) if found.blocks.is_empty() && words.as_slice() == ["variable"] => {
            Some((Name::Variable(word.to_owned()), range))
        }
        Place::Name if is_locals(&found.blocks) => Some((Name::Local(word.to_owned()), range)),
        _ => None,
    }
}

fn is_locals(blocks: &[Vec<String>]) -> bool {
    matches!(blocks, [words] if words.as_slice() == ["locals"])
}

/// Finds all places of a name in the files of a module, with `.tfvars` files where they give a variable its value.
pub(super) fn occurrences<'f>(
    name: &Name,
    files: impl Iterator<Item = (&'f Path, &'f str)>,
) -> BTreeMap<PathBuf, Vec<std::ops::Range<usize>>> {
    let mut found = BTreeMap::new();
    for (path, text) in files {
        let ranges = if path.extension().is_some_and(|ending| ending == "tfvars") {
            if matches!(name, Name::Variable(_)) { arguments(name.text(), text, &[]) } else { Vec::new() }
        } else {
            in_file(name, text)
        };
        if !ranges.is_empty() {
            found.insert(path.to_owned(), ranges);
        }
    }
    found
}

fn in_file(name: &Name, text: &str) -> Vec<std::ops::Range<usize>> {
    let tokens = lex(text);
    let mut ranges = references(name, text, &tokens);
    match name {
        Name::Variable(variable) => ranges.extend(labels(variable, text, &tokens)),
        Name::Local(local) => ranges.extend(arguments(local, text, &["locals"])),
    }
    ranges.sort_by_key(|range| range.start);
    ranges
}

fn references(name: &Name, text: &str, tokens: &[Token]) -> Vec<std::ops::Range<usize>> {
    let is_reference = |position: usize| {
        let [root, dot, word] = &tokens[position..position + 3] else { return false };
        let follows_dot = position > 0 && tokens[position - 1].kind == TokenKind::Dot;
        !follows_dot
            && root.kind == TokenKind::Identifier
            && root.text(text) == name.root()
            && dot.kind == TokenKind::Dot
            && word.text(text) == name.text()
    };
    let positions = (0..tokens.len().saturating_sub(2)).filter(|position| is_reference(*position));
    positions.map(|position| tokens[position + 2].start as usize..tokens[position + 2].end as usize).collect()
}

fn labels(variable: &str, text: &str, tokens: &[Token]) -> Vec<std::ops::Range<usize>> {
    let mut depth = 0_i32;
    let mut ranges = Vec::new();
    for (position, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::OpenBrace => depth += 1,
            TokenKind::CloseBrace => depth -= 1,
            TokenKind::Identifier if depth == 0 && token.text(text) == "variable" => {
                let label = tokens[position + 1..]
                    .iter()
                    .take(2)
                    .find(|token| matches!(token.kind, TokenKind::QuotedText | TokenKind::Identifier));
                if let Some(label) = label.filter(|label| label.text(text) == variable) {
                    ranges.push(label.start as usize..label.end as usize);
                }
            }
            _ => {}
        }
    }
    ranges
}

/// Finds arguments of a name, inside of these blocks and nothing else.
fn arguments(name: &str, text: &str, blocks: &[&str]) -> Vec<std::ops::Range<usize>> {
    let mut stack: Vec<String> = Vec::new();
    let mut words: Vec<Token> = Vec::new();
    let mut ranges = Vec::new();
    let mut has_equal = false;
    for token in lex(text) {
        let is_statement =
            stack.len() == blocks.len() && stack.iter().zip(blocks).all(|(word, block)| word == block);
        match token.kind {
            TokenKind::OpenBrace | TokenKind::OpenBracket | TokenKind::OpenParenthesis => {
                let is_block = token.kind == TokenKind::OpenBrace && !has_equal;
                let word = words.first().filter(|_| is_block).map(|word| word.text(text).to_owned());
                stack.push(word.unwrap_or_default());
                words.clear();
            }
            TokenKind::CloseBrace | TokenKind::CloseBracket | TokenKind::CloseParenthesis => {
                stack.pop();
                words.clear();
            }
            TokenKind::Newline => {
                words.clear();
                has_equal = has_equal && !is_statement;
            }
            TokenKind::Equal => {
                if let ([word], true, false) = (words.as_slice(), is_statement, has_equal)
                    && word.text(text) == name
                {
                    ranges.push(word.start as usize..word.end as usize);
                }
                has_equal = is_statement || has_equal;
            }
            TokenKind::Identifier => words.push(token),
            _ => {}
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
variable "a" { default = 1 }
locals {
  a = var.a
  b = { a = local.a }
  c = "x${var.a}-${local.a}"
}
output "a" { value = module.var.a }
"#;

    fn places(name: &Name) -> Vec<usize> {
        let files = [(Path::new("/main.tf"), TEXT)];
        let found = occurrences(name, files.into_iter());
        let ranges = found.into_values().flatten();
        ranges.map(|range| TEXT[..range.start].lines().count()).collect()
    }

    #[test]
    fn all_places_of_a_name_are_found() {
        assert_eq!(places(&Name::Variable("a".to_owned())), [2, 4, 6]);
        assert_eq!(places(&Name::Local("a".to_owned())), [4, 5, 6]);
        let values = [(Path::new("/x.tfvars"), "b = { a = 1 }\na = 2\n")];
        let found = occurrences(&Name::Variable("a".to_owned()), values.into_iter());
        let starts: Vec<usize> = found.into_values().flatten().map(|range| range.start).collect();
        assert_eq!(starts, [14]);
    }

    #[test]
    fn names_are_found_where_they_stand() {
        let at = |part: &str, skip: usize| {
            let offset = TEXT.find(part).unwrap_or_default() + skip;
            name_at(TEXT, offset).map(|(name, _)| name)
        };
        assert_eq!(at("\"a\" { default", 1), Some(Name::Variable("a".to_owned())));
        assert_eq!(at("a = var.a", 0), Some(Name::Local("a".to_owned())));
        assert_eq!(at("var.a}", 4), Some(Name::Variable("a".to_owned())));
        assert_eq!(at("output", 1), None);
    }
}

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
    /// An output.
    Output(String),
}

impl Name {
    fn text(&self) -> &str {
        match self {
            Self::Variable(name) | Self::Local(name) | Self::Output(name) => name,
        }
    }

    /// What stands before the name in references from inside of the module; nothing where there are none.
    fn root(&self) -> Option<&'static str> {
        match self {
            Self::Variable(_) => Some("var"),
            Self::Local(_) => Some("local"),
            Self::Output(_) => None,
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
        Place::Label(words) if found.blocks.is_empty() && words.as_slice() == ["output"] => {
            Some((Name::Output(word.to_owned()), range))
        }
        Place::Name if is_locals(&found.blocks) => Some((Name::Local(word.to_owned()), range)),
        _ => None,
    }
}

/// Finds out which name of a called module stands at an offset: an argument of the call, or an output in a reference.
/// Returns the call's name with it.
pub(super) fn called_name_at(text: &str, offset: usize) -> Option<(String, Name)> {
    let tokens = lex(text);
    let touches = |token: &Token| (token.start as usize) <= offset && offset <= token.end as usize;
    let at = tokens.iter().position(|token| token.kind == TokenKind::Identifier && touches(token))?;
    let word = tokens[at].text(text).to_owned();
    if let Some(call) = call_of_output(text, &tokens[..at]) {
        return Some((call.to_owned(), Name::Output(word)));
    }
    let found = cursor(text, tokens[at].end as usize);
    match (&found.place, found.blocks.as_slice()) {
        (Place::Name, [words]) if words.len() == 2 && words[0] == "module" => {
            Some((words[1].clone(), Name::Variable(word)))
        }
        _ => None,
    }
}

/// Returns the call's name where tokens end in `module.NAME.` or `module.NAME[KEY].`.
fn call_of_output<'t>(text: &'t str, before: &[Token]) -> Option<&'t str> {
    let (dot, mut rest) = before.split_last()?;
    if dot.kind != TokenKind::Dot {
        return None;
    }
    if rest.last().is_some_and(|token| token.kind == TokenKind::CloseBracket) {
        let open = rest.iter().rposition(|token| token.kind == TokenKind::OpenBracket)?;
        rest = &rest[..open];
    }
    let [.., root, dot, call] = rest else { return None };
    let is_call =
        root.text(text) == "module" && dot.kind == TokenKind::Dot && call.kind == TokenKind::Identifier;
    is_call.then(|| call.text(text))
}

/// Finds the places of a called module's name in a file of the caller: arguments of the call, outputs in references.
pub(super) fn in_call(name: &Name, call: &str, text: &str) -> Vec<std::ops::Range<usize>> {
    let tokens = lex(text);
    match name {
        Name::Local(_) => Vec::new(),
        Name::Variable(variable) => call_arguments(variable, call, text, &tokens),
        Name::Output(output) => {
            let is_output = |position: &usize| {
                tokens[*position].text(text) == output
                    && call_of_output(text, &tokens[..*position]) == Some(call)
            };
            let found = (0..tokens.len()).filter(is_output);
            found.map(|position| tokens[position].start as usize..tokens[position].end as usize).collect()
        }
    }
}

fn call_arguments(name: &str, call: &str, text: &str, tokens: &[Token]) -> Vec<std::ops::Range<usize>> {
    let (mut depth, mut in_call, mut is_line_start) = (0_i32, false, true);
    let (mut words, mut ranges): (Vec<&str>, Vec<std::ops::Range<usize>>) = (Vec::new(), Vec::new());
    let is_argument = |position: usize| {
        let is_set = tokens.get(position + 1).is_some_and(|next| next.kind == TokenKind::Equal);
        is_set && tokens[position].text(text) == name
    };
    for (position, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::OpenBrace | TokenKind::OpenBracket | TokenKind::OpenParenthesis => {
                in_call |= depth == 0 && words == ["module", call];
                depth += 1;
                is_line_start = true;
                continue;
            }
            TokenKind::CloseBrace | TokenKind::CloseBracket | TokenKind::CloseParenthesis => {
                depth -= 1;
                in_call &= depth > 0;
            }
            TokenKind::Newline => {
                words.clear();
                is_line_start = true;
                continue;
            }
            TokenKind::Identifier | TokenKind::QuotedText if depth == 0 => words.push(token.text(text)),
            TokenKind::Identifier if in_call && depth == 1 && is_line_start && is_argument(position) => {
                ranges.push(token.start as usize..token.end as usize);
            }
            _ => {}
        }
        is_line_start = false;
    }
    ranges
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
        Name::Variable(variable) => ranges.extend(labels("variable", variable, text, &tokens)),
        Name::Output(output) => ranges.extend(labels("output", output, text, &tokens)),
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
            && Some(root.text(text)) == name.root()
            && dot.kind == TokenKind::Dot
            && word.text(text) == name.text()
    };
    let positions = (0..tokens.len().saturating_sub(2)).filter(|position| is_reference(*position));
    positions.map(|position| tokens[position + 2].start as usize..tokens[position + 2].end as usize).collect()
}

fn labels(keyword: &str, name: &str, text: &str, tokens: &[Token]) -> Vec<std::ops::Range<usize>> {
    let mut depth = 0_i32;
    let mut ranges = Vec::new();
    for (position, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::OpenBrace => depth += 1,
            TokenKind::CloseBrace => depth -= 1,
            TokenKind::Identifier if depth == 0 && token.text(text) == keyword => {
                let label = tokens[position + 1..]
                    .iter()
                    .take(2)
                    .find(|token| matches!(token.kind, TokenKind::QuotedText | TokenKind::Identifier));
                if let Some(label) = label.filter(|label| label.text(text) == name) {
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
    fn names_of_called_modules_are_found_in_their_callers() {
        let text = "module \"m\" {\n  source = \"./m\"\n  size = { size = 1 }\n}\nmodule \"n\" {\n  size = module.m.size\n}\n\
                    output \"size\" { value = [module.m[0].size, module.m[each.key].size, module.n.size, size] }\n";
        let starts = |name: Name| {
            let ranges = in_call(&name, "m", text);
            ranges.into_iter().map(|range| text[..range.start].lines().count()).collect::<Vec<_>>()
        };
        assert_eq!(starts(Name::Variable("size".to_owned())), [3]);
        assert_eq!(starts(Name::Output("size".to_owned())), [6, 8, 8]);
        let at = |part: &str, skip: usize| called_name_at(text, text.find(part).unwrap_or_default() + skip);
        assert_eq!(at("size = {", 1), Some(("m".to_owned(), Name::Variable("size".to_owned()))));
        assert_eq!(at("m[0].size", 6), Some(("m".to_owned(), Name::Output("size".to_owned()))));
        assert_eq!(at(", size]", 3), None);
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
        assert_eq!(at("\"a\" { value", 1), Some(Name::Output("a".to_owned())));
    }
}

//! The outer form of tables: lines of words, nested by indentation.

use terrane_model::Str;

use crate::table::Generation;

/// A line with the lines below it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Its number, from 1.
    pub(crate) number: usize,
    /// Its words. Parentheses and quotes keep a word together.
    pub(crate) words: Vec<Str>,
    /// The lines that are indented below it.
    pub(crate) children: Vec<Line>,
}

/// What is wrong with a table, and where. Tables are part of the program; a test reads all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(crate) struct TableError {
    /// The line's number, from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) reason: String,
}

impl Line {
    /// Makes an error about this line.
    pub(crate) fn error(&self, reason: impl Into<String>) -> TableError {
        TableError { line: self.number, reason: reason.into() }
    }

    /// Returns a word, or an error that says what is missing.
    pub(crate) fn word(&self, position: usize, what: &str) -> Result<&Str, TableError> {
        self.words.get(position).ok_or_else(|| self.error(format!("{what} is missing")))
    }
}

/// Reads the lines of a table that hold for a generation: those that begin with `@4` or `@5` hold for that
/// one only, with all that is below them.
pub(crate) fn read_lines(text: &str, generation: Generation) -> Result<Vec<Line>, TableError> {
    let mut numbered = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let words = split_words(raw).map_err(|reason| TableError { line: index + 1, reason })?;
        if !words.is_empty() {
            let indent = raw.len() - raw.trim_start_matches(' ').len();
            numbered.push((indent, Line { number: index + 1, words, children: Vec::new() }));
        }
    }
    let mut rest = numbered.into_iter().peekable();
    read_level(&mut rest, 0, generation)
}

fn read_level(
    rest: &mut std::iter::Peekable<std::vec::IntoIter<(usize, Line)>>,
    indent: usize,
    generation: Generation,
) -> Result<Vec<Line>, TableError> {
    let mut level = Vec::new();
    while let Some((next_indent, _)) = rest.peek() {
        if *next_indent < indent {
            break;
        }
        let Some((found, mut line)) = rest.next() else { break };
        if found != indent {
            return Err(line.error(format!("indented by {found} where {indent} is expected")));
        }
        if rest.peek().is_some_and(|(next, _)| *next > indent) {
            line.children = read_level(rest, indent + 2, generation)?;
        }
        let holds = match line.words.first().map(Str::as_str) {
            Some("@4") => Some(Generation::V4),
            Some("@5") => Some(Generation::V5),
            _ => None,
        };
        if holds.is_some() {
            line.words.remove(0);
        }
        if holds.is_none_or(|only| only == generation) {
            level.push(line);
        }
    }
    Ok(level)
}

/// Splits at spaces outside of parentheses and quotes; `#` between words starts a comment.
fn split_words(line: &str) -> Result<Vec<Str>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for character in line.chars() {
        if quoted {
            word.push(character);
            quoted = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '#' if word.is_empty() && depth == 0 => break,
            ' ' if depth == 0 => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word).into());
                }
                continue;
            }
            '"' => quoted = true,
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("a parenthesis is closed that was not opened")?,
            _ => {}
        }
        word.push(character);
    }
    if quoted || depth > 0 {
        return Err("a quote or parenthesis is not closed".to_owned());
    }
    if !word.is_empty() {
        words.push(word.into());
    }
    Ok(words)
}

/// Splits `name(a, "b c", d)` into the name and the arguments; without parentheses there are none.
pub(crate) fn split_call(word: &str) -> (&str, Vec<Str>) {
    let Some((name, rest)) = word.split_once('(') else { return (word, Vec::new()) };
    let inside = rest.strip_suffix(')').unwrap_or(rest);
    let mut arguments = Vec::new();
    let mut argument = String::new();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for character in inside.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                arguments.push(std::mem::take(&mut argument).trim().into());
                continue;
            }
            _ => {}
        }
        argument.push(character);
    }
    if !argument.trim().is_empty() {
        arguments.push(argument.trim().into());
    }
    (name, arguments)
}

/// Takes the quotes off a word, if it has any: `"a\"b"` is `a"b`.
pub(crate) fn unquote(word: &str) -> Str {
    let Some(inside) = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return word.into();
    };
    inside.replace("\\\"", "\"").replace("\\\\", "\\").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_together_by_quotes_and_parentheses() {
        let words = split_words(r#"  name text in("a b", c) pattern("^[a-z(]+ $") # a comment"#).unwrap();
        assert_eq!(words, ["name", "text", r#"in("a b", c)"#, r#"pattern("^[a-z(]+ $")"#]);
        assert!(split_words("in(a").is_err());
        assert!(split_words("a)").is_err());
    }

    #[test]
    fn calls_are_split_into_name_and_arguments() {
        assert_eq!(split_call(r#"in("a, b", c)"#), ("in", vec![r#""a, b""#.into(), "c".into()]));
        assert_eq!(split_call("required"), ("required", vec![]));
        assert_eq!(split_call(r#"with({"a": [1, 2]})"#).1, [r#"{"a": [1, 2]}"#]);
        assert_eq!(unquote(r#""a\\d\"b""#), r#"a\d"b"#);
    }

    #[test]
    fn lines_hold_for_one_generation_or_for_both() {
        let text = "a\n@4 b\n  c\n@5 d\n";
        let four = read_lines(text, Generation::V4).unwrap();
        assert_eq!(four.iter().map(|line| line.words[0].as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(four[1].children.len(), 1);
        let five = read_lines(text, Generation::V5).unwrap();
        assert_eq!(five.iter().map(|line| line.words[0].as_str()).collect::<Vec<_>>(), ["a", "d"]);
        assert!(read_lines("a\n    b\n", Generation::V5).is_err());
    }
}

//! Patterns for one name of a path: `*`, `?`, `[a-z]`, `{one,other}` and `\` before a character meant as
//! itself. Matching takes time in proportion to pattern and name, whatever the pattern.

/// The most alternatives that the braces of one pattern may stand for.
const ALTERNATIVES_MAX: usize = 1024;

/// A pattern that cannot be read, found when a name leads to the place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadPattern;

/// A pattern for one name.
pub(super) struct NamePattern {
    alternatives: Vec<Vec<Token>>,
}

enum Token {
    Char(char),
    AnyChar,
    AnyText,
    Class {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// From here on the pattern makes no sense.
    Bad,
}

impl NamePattern {
    /// Reads a pattern.
    pub(super) fn new(pattern: &str) -> Self {
        let alternatives = expand_braces(pattern).iter().map(|pattern| tokens(pattern)).collect();
        Self { alternatives }
    }

    /// Tells whether the pattern matches a whole name.
    ///
    /// # Errors
    /// When matching comes to a place where the pattern makes no sense.
    pub(super) fn matches(&self, name: &str) -> Result<bool, BadPattern> {
        let name: Vec<char> = name.chars().collect();
        for alternative in &self.alternatives {
            if matches_tokens(alternative, &name)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Tells whether a name of a path has to be looked for.
pub(super) fn has_pattern(name: &str) -> bool {
    name.contains(['*', '?', '[', '{', '\\'])
}

/// Matches with one star open at a time: a later star makes going back to an earlier one needless.
fn matches_tokens(tokens: &[Token], name: &[char]) -> Result<bool, BadPattern> {
    let (mut token, mut position) = (0, 0);
    let mut open_star: Option<(usize, usize)> = None;
    while position < name.len() {
        let char = name[position];
        let fits = match tokens.get(token) {
            Some(Token::AnyText) => {
                token += 1;
                open_star = Some((token, position));
                continue;
            }
            Some(Token::Bad) if open_star.is_none() => return Err(BadPattern),
            Some(Token::Char(wanted)) => *wanted == char,
            Some(Token::AnyChar) => true,
            Some(Token::Class { is_negated, ranges }) => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&char)) != *is_negated
            }
            Some(Token::Bad) | None => false,
        };
        if fits {
            (token, position) = (token + 1, position + 1);
        } else if let Some((after_star, taken)) = open_star {
            (token, position) = (after_star, taken + 1);
            open_star = Some((after_star, taken + 1));
        } else {
            return Ok(false);
        }
    }
    Ok(tokens[token.min(tokens.len())..].iter().all(|token| matches!(token, Token::AnyText)))
}

/// Writes a pattern out for every alternative in its braces; braces do not nest.
fn expand_braces(pattern: &str) -> Vec<String> {
    let mut finished = Vec::new();
    let mut pending = vec![(String::new(), pattern.to_owned())];
    while let Some((done, rest)) = pending.pop() {
        let braces = find_unescaped(&rest, '{')
            .and_then(|open| find_unescaped(&rest[open + 1..], '}').map(|length| (open, open + 1 + length)));
        match braces {
            Some((open, close)) if pending.len() + finished.len() < ALTERNATIVES_MAX => {
                let inside = split_unescaped(&rest[open + 1..close], ',');
                // The last is pushed first, so that alternatives come out in their order.
                for option in inside.iter().rev() {
                    let next = format!("{option}{}", &rest[close + 1..]);
                    pending.push((format!("{done}{}", &rest[..open]), next));
                }
            }
            _ => finished.push(done + &rest),
        }
    }
    finished
}

/// Finds a character outside of escapes and, as braces in them mean themselves, of classes.
fn find_unescaped(text: &str, wanted: char) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((offset, char)) = chars.next() {
        match char {
            '\\' => _ = chars.next(),
            '[' if wanted == '{' => {
                let class_end = find_unescaped(&text[offset + 1..], ']')?;
                let skipped = text[offset + 1..][..=class_end].chars().count();
                chars.nth(skipped - 1);
            }
            char if char == wanted => return Some(offset),
            _ => {}
        }
    }
    None
}

/// Cuts a text at a character outside of escapes.
pub(super) fn split_unescaped(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(offset) = find_unescaped(rest, separator) {
        parts.push(&rest[..offset]);
        rest = &rest[offset + separator.len_utf8()..];
    }
    parts.push(rest);
    parts
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        let token = match char {
            '*' => Token::AnyText,
            '?' => Token::AnyChar,
            '{' => Token::Bad,
            '\\' => match rest.chars().next() {
                Some(char) => {
                    rest = &rest[char.len_utf8()..];
                    Token::Char(char)
                }
                None => Token::Bad,
            },
            '[' => match class(rest) {
                Some((class, length)) => {
                    rest = &rest[length..];
                    class
                }
                None => Token::Bad,
            },
            char => Token::Char(char),
        };
        let is_bad = matches!(token, Token::Bad);
        tokens.push(token);
        if is_bad {
            break;
        }
    }
    tokens
}

/// Reads what follows an opening bracket, up to and with the closing one.
fn class(text: &str) -> Option<(Token, usize)> {
    let end = find_unescaped(text, ']')?;
    let inside = &text[..end];
    let is_negated = inside.starts_with('^');
    let mut chars = inside.chars().skip(usize::from(is_negated)).peekable();
    let mut ranges = Vec::new();
    while let Some(low) = chars.next() {
        let low = match low {
            '-' => return None,
            '\\' => chars.next()?,
            low => low,
        };
        let mut high = low;
        if chars.next_if_eq(&'-').is_some() {
            high = match chars.next()? {
                '-' => return None,
                '\\' => chars.next()?,
                high => high,
            };
        }
        ranges.push((low, high));
    }
    (!inside.is_empty()).then_some((Token::Class { is_negated, ranges }, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_patterns() {
        for (pattern, name, expected) in [
            ("*", "a", Ok(true)),
            ("*", ".hidden", Ok(true)),
            ("*.txt", "a.txt", Ok(true)),
            ("*.txt", "a.tx", Ok(false)),
            ("p?ain", "plain", Ok(true)),
            ("[a-c]x", "bx", Ok(true)),
            ("[^a-c]x", "bx", Ok(false)),
            ("[!a]", "b", Ok(false)),
            ("{a,bc}d", "bcd", Ok(true)),
            ("{a,bc}{d,e}", "ae", Ok(true)),
            (r"\*", "*", Ok(true)),
            (r"\*", "a", Ok(false)),
            ("a*b*c", "aXbYc", Ok(true)),
            ("a*b*c", "aXbY", Ok(false)),
            ("[", "a", Err(BadPattern)),
            ("x[", "a", Ok(false)),
            ("*[", "a", Ok(false)),
            ("{a", "a", Err(BadPattern)),
            ("[]", "a", Err(BadPattern)),
            ("[-a]", "a", Err(BadPattern)),
        ] {
            assert_eq!(NamePattern::new(pattern).matches(name), expected, "{pattern} on {name}");
        }
        let hostile = NamePattern::new(&"*a".repeat(200));
        assert_eq!(hostile.matches(&"a".repeat(199)), Ok(false));
        assert_eq!(NamePattern::new(&"{a,b}".repeat(30)).matches("a"), Ok(false));
    }
}

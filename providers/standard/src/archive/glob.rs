//! Patterns for paths, as bmatcuk/doublestar reads them: `*` and `?` within a name, `**` for any number of names,
//! `[a-z]` and `[^a-z]` for characters, `{a,b}` for alternatives, `\` before a character that means itself.

/// More alternatives than this come from no pattern that someone has written.
const ALTERNATIVES_MAX: usize = 1000;

/// A pattern that can be compared with paths.
pub(super) struct Glob {
    /// Each is matched by itself: the alternatives of braces, written out.
    alternatives: Vec<Vec<Segment>>,
}

/// What one name of a path is compared with.
enum Segment {
    /// Any number of names.
    AnyNames,
    Name(Vec<Part>),
}

/// What a character is compared with.
#[derive(Clone)]
enum Part {
    AnyCharacters,
    AnyCharacter,
    Character(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When a bracket or a brace is not closed, or the pattern has too many alternatives.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        let characters: Vec<char> = pattern.chars().collect();
        let alternatives =
            expand(&characters).ok_or_else(|| format!("{pattern:?} is no pattern for paths"))?;
        let compiled: Option<Vec<_>> = alternatives.iter().map(|pattern| compile(pattern)).collect();
        let alternatives = compiled.ok_or_else(|| format!("{pattern:?} is no pattern for paths"))?;
        Ok(Self { alternatives })
    }

    /// Tells whether the pattern is that of a whole path, whose names are separated by `/`.
    pub(super) fn matches(&self, path: &str) -> bool {
        let names: Vec<Vec<char>> = path.split('/').map(|name| name.chars().collect()).collect();
        self.alternatives.iter().any(|segments| {
            matches(
                segments,
                &names,
                |segment| matches!(segment, Segment::AnyNames),
                |segment, name| match segment {
                    Segment::AnyNames => true,
                    Segment::Name(parts) => matches(
                        parts,
                        name,
                        |part| matches!(part, Part::AnyCharacters),
                        |part, character| is_matched(part, *character),
                    ),
                },
            )
        })
    }
}

/// Compares pattern and text element by element, where some elements of the pattern stand for any number of the
/// text's. Where the text does not fit, the last of those takes one more: earlier ones need not be tried again.
fn matches<P, T>(
    pattern: &[P],
    text: &[T],
    is_any: impl Fn(&P) -> bool,
    fits: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while position < text.len() {
        match pattern.get(at) {
            Some(part) if is_any(part) => {
                retry = Some((at, position));
                at += 1;
            }
            Some(part) if fits(part, &text[position]) => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((any, from)) = retry else { return false };
                retry = Some((any, from + 1));
                (at, position) = (any + 1, from + 1);
            }
        }
    }
    pattern[at..].iter().all(is_any)
}

fn is_matched(part: &Part, character: char) -> bool {
    match part {
        Part::AnyCharacters | Part::AnyCharacter => true,
        Part::Character(own) => *own == character,
        Part::Class { negated, ranges } => {
            ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) != *negated
        }
    }
}

/// Writes out the alternatives of braces.
fn expand(pattern: &[char]) -> Option<Vec<Vec<char>>> {
    let Some(open) = unescaped(pattern, 0, |character| character == '{') else {
        return Some(vec![pattern.to_vec()]);
    };
    let (close, commas) = close_of_brace(pattern, open)?;
    let mut starts = vec![open + 1];
    starts.extend(commas.iter().map(|comma| comma + 1));
    let ends = commas.into_iter().chain([close]);
    let mut expanded = Vec::new();
    for (start, end) in starts.into_iter().zip(ends) {
        let written = [&pattern[..open], &pattern[start..end], &pattern[close + 1..]].concat();
        expanded.extend(expand(&written)?);
        if expanded.len() > ALTERNATIVES_MAX {
            return None;
        }
    }
    Some(expanded)
}

/// Finds the end of a brace, and the commas that belong to it.
fn close_of_brace(pattern: &[char], open: usize) -> Option<(usize, Vec<usize>)> {
    let (mut depth, mut commas, mut from) = (0_usize, Vec::new(), open + 1);
    loop {
        let found = unescaped(pattern, from, |character| matches!(character, '{' | '}' | ','))?;
        match pattern[found] {
            '{' => depth += 1,
            ',' if depth == 0 => commas.push(found),
            '}' if depth == 0 => return Some((found, commas)),
            '}' => depth -= 1,
            _ => {}
        }
        from = found + 1;
    }
}

/// Finds a character that no backslash stands before.
fn unescaped(pattern: &[char], from: usize, wanted: impl Fn(char) -> bool) -> Option<usize> {
    let mut position = from;
    while let Some(character) = pattern.get(position) {
        if wanted(*character) {
            return Some(position);
        }
        position += if *character == '\\' { 2 } else { 1 };
    }
    None
}

fn compile(pattern: &[char]) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    for segment in pattern.split(|character| *character == '/') {
        segments.push(if segment == ['*', '*'] { Segment::AnyNames } else { Segment::Name(name(segment)?) });
    }
    Some(segments)
}

fn name(segment: &[char]) -> Option<Vec<Part>> {
    let (mut parts, mut rest) = (Vec::new(), segment);
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        parts.push(match first {
            '*' => Part::AnyCharacters,
            '?' => Part::AnyCharacter,
            '\\' => Part::Character(take(&mut rest)?),
            '[' => class(&mut rest)?,
            character => Part::Character(*character),
        });
    }
    Some(parts)
}

fn take(rest: &mut &[char]) -> Option<char> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(*first)
}

/// Reads what follows an opening bracket.
fn class(rest: &mut &[char]) -> Option<Part> {
    let negated = matches!(rest.first(), Some('^' | '!'));
    if negated {
        take(rest)?;
    }
    let mut ranges = Vec::new();
    loop {
        let first = match take(rest)? {
            ']' if !ranges.is_empty() => return Some(Part::Class { negated, ranges }),
            ']' => return None,
            '\\' => take(rest)?,
            character => character,
        };
        let is_range = rest.first() == Some(&'-') && rest.get(1).is_some_and(|next| *next != ']');
        let last = if is_range {
            take(rest)?;
            match take(rest)? {
                '\\' => take(rest)?,
                character => character,
            }
        } else {
            first
        };
        ranges.push((first, last));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_as_doublestar_does() {
        for (pattern, path, expected) in [
            ("a.txt", "a.txt", true),
            ("a.txt", "b/a.txt", false),
            ("*.txt", "a.txt", true),
            ("*.txt", "b/a.txt", false),
            ("**/*.txt", "a.txt", true),
            ("**/*.txt", "b/c/a.txt", true),
            ("a/**", "a", true),
            ("a/**", "a/b/c", true),
            ("a/**/c", "a/c", true),
            ("a/**/c", "a/b/b/c", true),
            ("a/**/c", "a/b/d", false),
            ("a/**/b/**/c", "a/b/x/b/y/c", true),
            ("**", ".", true),
            ("*", ".", true),
            ("?", "ü", true),
            ("?", "/", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[!a-c]x", "dx", true),
            ("[a-]", "-", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("{a,b/c}.txt", "b/c.txt", true),
            ("{a,{b,c}}", "c", true),
            ("a{,b}", "a", true),
            ("a**b", "axxb", true),
            ("a**b", "ax/xb", false),
            ("*a*b*c", "xxaxxbxxbc", true),
        ] {
            assert_eq!(Glob::new(pattern).unwrap().matches(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn broken_patterns_are_refused() {
        for pattern in ["[", "[]", "[a", "{a", "a\\", &"{a,b}".repeat(20)] {
            assert!(Glob::new(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_path_matches_itself(path in "[a-z./]{1,20}") {
            prop_assert!(Glob::new(&path).unwrap().matches(&path));
        }

        #[test]
        fn any_pattern_can_be_tried(pattern in "[a-c*?/{},!^\\[\\]\\\\-]{0,30}", path in "[a-c/]{0,30}") {
            if let Ok(glob) = Glob::new(&pattern) {
                glob.matches(&path);
            }
        }
    }
}

//! Regular expressions as Terraform writes them (Go's, which are RE2's), translated for the `regex` crate.
//!
//! Both match the same way, leftmost and first alternative first, in linear time. They differ in syntax:
//! Go's `\d`, `\w`, `\s` and `\b` know only ASCII, its classes have no nesting and no set operations, it
//! has `\Q…\E`, octal escapes and `(?U)`, and reads a `{` that starts no count literally. The pattern is
//! therefore read by Go's rules, with Go's messages, and written anew from scratch.
//!
//! Syntax reference: RE2's wiki page "Syntax", and the documentation of Go's package `regexp/syntax`.

use super::re2_class::{ClassReader, perl_class, unicode_class};

/// A pattern in the syntax of the `regex` crate. Its groups are numbered; names are kept here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translated {
    pub(super) pattern: String,
    /// The name of each capture group, from the first.
    pub(super) group_names: Vec<Option<String>>,
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PatternError {
    pub(super) problem: &'static str,
    /// The part of the pattern that is to blame.
    pub(super) excerpt: String,
}

impl PatternError {
    pub(super) fn new(problem: &'static str, excerpt: &str) -> Self {
        Self { problem, excerpt: excerpt.to_owned() }
    }
}

/// The largest count of a repetition, also of nested ones together.
const REPEAT_MAX: u32 = 1000;

/// How deep groups may nest; bounds the recursion of whoever compiles the pattern.
const DEPTH_MAX: usize = 200;

/// Translates a pattern.
pub(super) fn translate(pattern: &str) -> Result<Translated, PatternError> {
    let mut translator = Translator {
        whole: pattern,
        rest: pattern,
        flags: Flags::default(),
        groups: vec![Group::new("", Flags::default())],
        group_names: Vec::new(),
        last_repeat: None,
    };
    while !translator.rest.is_empty() {
        translator.step()?;
    }
    translator.finish()
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_matches_newline: bool,
    swap_greed: bool,
}

/// One repeatable piece of the output.
struct Item {
    text: String,
    /// The product of the counts of repetitions nested in it.
    repeats: u32,
}

/// A group whose end was not read yet.
struct Group {
    open: String,
    /// Flags in force outside.
    outer_flags: Flags,
    finished_alternatives: String,
    items: Vec<Item>,
    repeats: u32,
}

impl Group {
    fn new(open: &str, outer_flags: Flags) -> Self {
        let (finished_alternatives, items) = (String::new(), Vec::new());
        Self { open: open.to_owned(), outer_flags, finished_alternatives, items, repeats: 1 }
    }

    fn end_alternative(&mut self) {
        for item in self.items.drain(..) {
            self.repeats = self.repeats.max(item.repeats);
            self.finished_alternatives.push_str(&item.text);
        }
    }
}

struct Translator<'a> {
    whole: &'a str,
    rest: &'a str,
    flags: Flags,
    /// Innermost last; the first is the whole pattern.
    groups: Vec<Group>,
    group_names: Vec<Option<String>>,
    /// The repetition operator that ends right where reading goes on, for messages.
    last_repeat: Option<&'a str>,
}

impl<'a> Translator<'a> {
    fn step(&mut self) -> Result<(), PatternError> {
        let start = self.rest;
        let previous_repeat = self.last_repeat.take();
        let first = start.chars().next().unwrap_or_default();
        match first {
            '(' if start.starts_with("(?") => self.perl_group(),
            '(' => {
                self.group_names.push(None);
                self.rest = &start[1..];
                self.open_group("(")
            }
            '|' => {
                self.rest = &start[1..];
                let group = self.innermost();
                group.end_alternative();
                group.finished_alternatives.push('|');
                Ok(())
            }
            ')' => self.close_group(),
            '^' => self.item(1, if self.flags.multi_line { "(?m:^)" } else { r"\A" }),
            '$' => self.item(1, if self.flags.multi_line { "(?m:$)" } else { r"\z" }),
            '.' => self.item(1, if self.flags.dot_matches_newline { "(?s:.)" } else { r"[^\n]" }),
            '[' => self.class(),
            '*' => self.repeat(1, (0, None), previous_repeat),
            '+' => self.repeat(1, (1, None), previous_repeat),
            '?' => self.repeat(1, (0, Some(1)), previous_repeat),
            '{' => match read_count(start) {
                Some((length, bounds)) => self.repeat(length, bounds, previous_repeat),
                None => self.literal(1, '{'),
            },
            '\\' => self.escape(),
            char => self.literal(char.len_utf8(), char),
        }
    }

    fn innermost(&mut self) -> &mut Group {
        self.groups.last_mut().expect("BUG: the whole pattern is always open")
    }

    fn item(&mut self, length: usize, text: &str) -> Result<(), PatternError> {
        self.rest = &self.rest[length..];
        self.innermost().items.push(Item { text: text.to_owned(), repeats: 1 });
        Ok(())
    }

    fn literal(&mut self, length: usize, char: char) -> Result<(), PatternError> {
        let escaped = format!("\\x{{{:x}}}", u32::from(char));
        self.cased_item(length, &escaped)
    }

    fn cased_item(&mut self, length: usize, text: &str) -> Result<(), PatternError> {
        if self.flags.fold_case {
            self.item(length, &format!("(?i:{text})"))
        } else {
            self.item(length, text)
        }
    }

    fn open_group(&mut self, open: &str) -> Result<(), PatternError> {
        if self.groups.len() > DEPTH_MAX {
            return Err(PatternError::new("expression nests too deeply", self.whole));
        }
        self.groups.push(Group::new(open, self.flags));
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), PatternError> {
        if self.groups.len() == 1 {
            return Err(PatternError::new("unexpected )", self.whole));
        }
        self.rest = &self.rest[1..];
        if let Some(mut group) = self.groups.pop() {
            group.end_alternative();
            self.flags = group.outer_flags;
            let text = format!("{}{})", group.open, group.finished_alternatives);
            self.innermost().items.push(Item { text, repeats: group.repeats });
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Translated, PatternError> {
        if self.groups.len() > 1 {
            return Err(PatternError::new("missing closing )", self.whole));
        }
        let group = self.innermost();
        group.end_alternative();
        let pattern = std::mem::take(&mut group.finished_alternatives);
        Ok(Translated { pattern, group_names: self.group_names })
    }

    /// Reads what starts with `(?`: a named group, or flags with or without a group.
    fn perl_group(&mut self) -> Result<(), PatternError> {
        let start = self.rest;
        let name_start = if start.starts_with("(?P<") && start.len() > 4 {
            Some(4)
        } else if start.starts_with("(?<") && start.len() > 3 {
            Some(3)
        } else {
            None
        };
        if let Some(name_start) = name_start {
            let end = start.find('>').ok_or_else(|| PatternError::new("invalid named capture", start))?;
            let name = &start[name_start..end];
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(PatternError::new("invalid named capture", &start[..=end]));
            }
            self.group_names.push(Some(name.to_owned()));
            self.rest = &start[end + 1..];
            return self.open_group("(");
        }
        self.flag_group()
    }

    fn flag_group(&mut self) -> Result<(), PatternError> {
        let start = self.rest;
        let mut flags = self.flags;
        let (mut on, mut saw_flag) = (true, false);
        for (offset, char) in start.char_indices().skip(2) {
            let flag = match char {
                'i' => Some(&mut flags.fold_case),
                'm' => Some(&mut flags.multi_line),
                's' => Some(&mut flags.dot_matches_newline),
                'U' => Some(&mut flags.swap_greed),
                _ => None,
            };
            match char {
                _ if let Some(flag) = flag => {
                    *flag = on;
                    saw_flag = true;
                }
                '-' if on => (on, saw_flag) = (false, false),
                ':' | ')' if on || saw_flag => {
                    self.rest = &start[offset + 1..];
                    if char == ':' {
                        self.open_group("(?:")?;
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => {
                    let excerpt = &start[..offset + char.len_utf8()];
                    return Err(PatternError::new("invalid or unsupported Perl syntax", excerpt));
                }
            }
        }
        Err(PatternError::new("invalid or unsupported Perl syntax", start))
    }

    fn repeat(
        &mut self,
        length: usize,
        (min, max): (u32, Option<u32>),
        previous: Option<&'a str>,
    ) -> Result<(), PatternError> {
        let start = self.rest;
        let is_lazy = start[length..].starts_with('?');
        let total = length + usize::from(is_lazy);
        let operator = &start[..total];
        if let Some(previous) = previous {
            // The operators are neighbours in the pattern, so that one slice shows both.
            let offset = self.whole.len() - start.len() - previous.len();
            let excerpt = &self.whole[offset..offset + previous.len() + total];
            return Err(PatternError::new("invalid nested repetition operator", excerpt));
        }
        let is_invalid_count = min > REPEAT_MAX || max.is_some_and(|max| max > REPEAT_MAX || min > max);
        if is_invalid_count {
            return Err(PatternError::new("invalid repeat count", &start[..length]));
        }
        let swap_greed = self.flags.swap_greed;
        let Some(item) = self.innermost().items.last_mut() else {
            return Err(PatternError::new("missing argument to repetition operator", operator));
        };
        let is_counted = start.starts_with('{');
        if is_counted && (min > 1 || max.is_some_and(|max| max > 1)) {
            item.repeats = item.repeats.saturating_mul(max.unwrap_or(min).max(1));
            if item.repeats > REPEAT_MAX {
                return Err(PatternError::new("invalid repeat count", operator));
            }
        }
        let bounds = match (min, max) {
            (0, None) => "*".to_owned(),
            (1, None) => "+".to_owned(),
            (0, Some(1)) => "?".to_owned(),
            (min, None) => format!("{{{min},}}"),
            (min, Some(max)) => format!("{{{min},{max}}}"),
        };
        let lazy_mark = if is_lazy != swap_greed { "?" } else { "" };
        item.text = format!("(?:{}){bounds}{lazy_mark}", item.text);
        self.rest = &start[total..];
        self.last_repeat = Some(operator);
        Ok(())
    }

    fn class(&mut self) -> Result<(), PatternError> {
        let (class, length) = ClassReader::new(self.rest).read()?;
        self.cased_item(length, &class)
    }

    /// Reads what starts with a backslash outside of a class.
    fn escape(&mut self) -> Result<(), PatternError> {
        let start = self.rest;
        match start[1..].chars().next() {
            Some('A') => self.item(2, r"\A"),
            Some('z') => self.item(2, r"\z"),
            Some('b') => self.item(2, r"(?-u:\b)"),
            Some('B') => self.item(2, r"(?-u:\B)"),
            Some('Q') => self.quoted(),
            Some('p' | 'P') => {
                let (class, length) = unicode_class(start)?;
                self.cased_item(length, &class)
            }
            Some(char) if let Some(class) = perl_class(char) => self.cased_item(2, class),
            _ => {
                let (char, length) = read_escape(start)?;
                match char {
                    Some(char) => self.literal(length, char),
                    // A surrogate: valid in the pattern, never in text.
                    None => self.item(length, r"[^\x00-\x{10ffff}]"),
                }
            }
        }
    }

    fn quoted(&mut self) -> Result<(), PatternError> {
        self.rest = &self.rest[2..];
        let length = self.rest.find(r"\E").unwrap_or(self.rest.len());
        let quoted = &self.rest[..length];
        for char in quoted.chars() {
            self.literal(char.len_utf8(), char)?;
        }
        self.rest = self.rest.strip_prefix(r"\E").unwrap_or(self.rest);
        Ok(())
    }
}

/// Reads a count such as `{2,5}`: its length and its bounds. Anything else is no count.
fn read_count(text: &str) -> Option<(usize, (u32, Option<u32>))> {
    let end = text.find('}')?;
    let inside = &text[1..end];
    // Numbers too large to read are as wrong as any above the limit. Go reads no leading zeros.
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = digits.len() == 1 || !digits.starts_with('0');
        (is_number && is_plain).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let bounds = match inside.split_once(',') {
        None => number(inside).map(|count| (count, Some(count))),
        Some((min, "")) => number(min).map(|min| (min, None)),
        Some((min, max)) => number(min).zip(number(max)).map(|(min, max)| (min, Some(max))),
    };
    bounds.map(|bounds| (end + 1, bounds))
}

/// Reads an escape that stands for one character: the character, nothing for a surrogate, and the length.
pub(super) fn read_escape(text: &str) -> Result<(Option<char>, usize), PatternError> {
    let after = &text[1..];
    let Some(char) = after.chars().next() else {
        return Err(PatternError::new("trailing backslash at end of expression", ""));
    };
    let length = 1 + char.len_utf8();
    let invalid = |length: usize| PatternError::new("invalid escape sequence", &text[..length]);
    let is_octal = |char: &char| matches!(char, '0'..='7');
    match char {
        '1'..='7' if !text[length..].chars().next().as_ref().is_some_and(is_octal) => Err(invalid(length)),
        '0'..='7' => {
            let digits: String = after.chars().take(3).take_while(is_octal).collect();
            Ok((char::from_u32(u32::from_str_radix(&digits, 8).unwrap_or(0)), 1 + digits.len()))
        }
        'x' => read_hex_escape(text),
        'a' => Ok((Some('\u{7}'), length)),
        'f' => Ok((Some('\u{c}'), length)),
        'n' => Ok((Some('\n'), length)),
        'r' => Ok((Some('\r'), length)),
        't' => Ok((Some('\t'), length)),
        'v' => Ok((Some('\u{b}'), length)),
        char if char.is_ascii() && !char.is_ascii_alphanumeric() => Ok((Some(char), length)),
        _ => Err(invalid(length)),
    }
}

fn read_hex_escape(text: &str) -> Result<(Option<char>, usize), PatternError> {
    let digits = &text[2..];
    let mut consumed = 2;
    let mut code = 0;
    let is_braced = digits.starts_with('{');
    let mut count = 0;
    for char in digits.chars().skip(usize::from(is_braced)) {
        consumed += char.len_utf8();
        match char.to_digit(16) {
            Some(digit) => code = code * 16 + digit,
            None if is_braced && char == '}' && count > 0 => {
                return Ok((char::from_u32(code), consumed + 1));
            }
            None => break,
        }
        count += 1;
        if !is_braced && count == 2 {
            return Ok((char::from_u32(code), consumed));
        }
        if code > u32::from(char::MAX) {
            break;
        }
    }
    let end = (consumed + usize::from(is_braced)).min(text.len());
    Err(PatternError::new("invalid escape sequence", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str) -> Option<String> {
        let translated = translate(pattern).unwrap_or_else(|error| panic!("{pattern}: {error:?}"));
        let regex = regex::Regex::new(&translated.pattern)
            .unwrap_or_else(|error| panic!("{pattern} as {}: {error}", translated.pattern));
        regex.find(text).map(|found| found.as_str().to_owned())
    }

    #[test]
    fn go_patterns_match_as_in_go() {
        for (pattern, text, expected) in [
            (r"\w+", "héllo", Some("h")),
            (r"\d", "٣", None),
            (r"a{,2}", "a{,2}", Some("a{,2}")),
            (r"\Qa.b\E+", "a.bbb", Some("a.bbb")),
            (r"a(?i)*B", "aab", Some("aab")),
            (r"(?U)a+", "aaa", Some("a")),
            (r"(?U)a+?", "aaa", Some("aaa")),
            (r"b$", "a\nb\n", None),
            (r"(?m)^b$", "a\nb\nc", Some("b")),
            (r"[[a]b]", "[b]", Some("[b]")),
            (r"[a-z&&[aeiou]]", "b]", Some("b]")),
            (r"[\d-z]+", "-1z", Some("-1z")),
            (r"(?i)k", "\u{212a}", Some("\u{212a}")),
            (r"\101", "A", Some("A")),
            (r"\bfoo\B", "food", Some("foo")),
            (r"\p{^Greek}+", "abα", Some("ab")),
            (r"(?s).", "\n", Some("\n")),
            (r".", "\n", None),
            (r"[[:alpha:][:^digit:]]+", "ab-1", Some("ab-")),
            (r"x*", "aaa", Some("")),
        ] {
            assert_eq!(check(pattern, text).as_deref(), expected, "{pattern}");
        }
    }

    #[test]
    fn errors_are_gos() {
        for (pattern, problem, excerpt) in [
            ("(", "missing closing )", "("),
            ("a)", "unexpected )", "a)"),
            ("[a", "missing closing ]", "[a"),
            ("[b-a]", "invalid character class range", "b-a"),
            ("[[:foo:]]", "invalid character class range", "[:foo:]"),
            (r"\p{Foo}", "invalid character class range", r"\p{Foo}"),
            ("a**", "invalid nested repetition operator", "**"),
            ("a{2}{3}", "invalid nested repetition operator", "{2}{3}"),
            ("a{1001}", "invalid repeat count", "{1001}"),
            ("(a{100}){100}", "invalid repeat count", "{100}"),
            ("a|*", "missing argument to repetition operator", "*"),
            (r"\Z", "invalid escape sequence", r"\Z"),
            (r"\x{110000}", "invalid escape sequence", r"\x{110000"),
            (r"\1", "invalid escape sequence", r"\1"),
            ("a\\", "trailing backslash at end of expression", ""),
            ("(?=a)", "invalid or unsupported Perl syntax", "(?="),
            ("(?P<a-b>x)", "invalid named capture", "(?P<a-b>"),
        ] {
            assert_eq!(translate(pattern), Err(PatternError::new(problem, excerpt)), "{pattern}");
        }
        let deep = "(".repeat(100_000);
        assert_eq!(translate(&deep).unwrap_err().problem, "expression nests too deeply");
    }
}

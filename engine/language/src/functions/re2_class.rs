//! Character classes of regular expressions by Go's rules.

use super::re2_syntax::{PatternError, read_escape};

/// Reads one bracketed class.
pub(super) struct ClassReader<'a> {
    whole: &'a str,
    rest: &'a str,
    ranges: String,
}

impl<'a> ClassReader<'a> {
    /// Starts at the opening bracket.
    pub(super) fn new(text: &'a str) -> Self {
        Self { whole: text, rest: &text[1..], ranges: String::new() }
    }

    /// Returns the class for the `regex` crate and its length in the pattern.
    pub(super) fn read(mut self) -> Result<(String, usize), PatternError> {
        let is_negated = self.rest.starts_with('^');
        self.rest = self.rest.strip_prefix('^').unwrap_or(self.rest);
        let mut is_first = true;
        while is_first || !self.rest.starts_with(']') {
            is_first = false;
            if !self.named_class()? && !self.escaped_class()? {
                self.range()?;
            }
        }
        let length = self.whole.len() - self.rest.len() + 1;
        let negation = if is_negated { "^" } else { "" };
        // An empty list of ranges comes of ranges between surrogates, which no text contains.
        let class = match (self.ranges.is_empty(), is_negated) {
            (true, false) => r"[^\x00-\x{10ffff}]".to_owned(),
            (true, true) => r"[\x00-\x{10ffff}]".to_owned(),
            (false, _) => format!("[{negation}{}]", self.ranges),
        };
        Ok((class, length))
    }

    /// Reads a class such as `[:alpha:]`.
    fn named_class(&mut self) -> Result<bool, PatternError> {
        let Some(end) = self.rest.strip_prefix("[:").and_then(|inside| inside.find(":]")) else {
            return Ok(false);
        };
        let text = &self.rest[..end + 4];
        let name = &text[2..end + 2];
        let plain = name.strip_prefix('^').unwrap_or(name);
        if !POSIX_CLASSES.contains(&plain) {
            return Err(PatternError::new("invalid character class range", text));
        }
        self.ranges.push_str(text);
        self.rest = &self.rest[text.len()..];
        Ok(true)
    }

    /// Reads `\d`, `\pL` and their like.
    fn escaped_class(&mut self) -> Result<bool, PatternError> {
        let Some(char) = self.rest.strip_prefix('\\').and_then(|rest| rest.chars().next()) else {
            return Ok(false);
        };
        if matches!(char, 'p' | 'P') {
            let (class, length) = unicode_class(self.rest)?;
            self.ranges.push_str(&class);
            self.rest = &self.rest[length..];
            return Ok(true);
        }
        let Some(class) = perl_class(char) else { return Ok(false) };
        self.ranges.push_str(class);
        self.rest = &self.rest[2..];
        Ok(true)
    }

    fn range(&mut self) -> Result<(), PatternError> {
        let start = self.rest;
        let low = self.char()?;
        let mut high = low;
        if self.rest.starts_with('-') && self.rest.len() >= 2 && !self.rest.starts_with("-]") {
            self.rest = &self.rest[1..];
            high = self.char()?;
            if high < low {
                let excerpt = &start[..start.len() - self.rest.len()];
                return Err(PatternError::new("invalid character class range", excerpt));
            }
        }
        // Surrogates can be written but do not occur in text.
        const SURROGATES: std::ops::RangeInclusive<u32> = 0xd800..=0xdfff;
        let low = if SURROGATES.contains(&low) { 0xe000 } else { low };
        let high = if SURROGATES.contains(&high) { 0xd7ff } else { high };
        if low <= high {
            self.ranges.push_str(&format!("\\x{{{low:x}}}-\\x{{{high:x}}}"));
        }
        Ok(())
    }

    fn char(&mut self) -> Result<u32, PatternError> {
        let Some(char) = self.rest.chars().next() else {
            return Err(PatternError::new("missing closing ]", self.whole));
        };
        if char != '\\' {
            self.rest = &self.rest[char.len_utf8()..];
            return Ok(char.into());
        }
        let (char, length) = read_escape(self.rest)?;
        self.rest = &self.rest[length..];
        Ok(char.map_or(0xd800, u32::from))
    }
}

const POSIX_CLASSES: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// Returns the ASCII class of `\d`, `\s`, `\w` and their opposites.
pub(super) fn perl_class(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => r"[\t\n\x0c\r ]",
        'S' => r"[^\t\n\x0c\r ]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        _ => return None,
    })
}

const GENERAL_CATEGORIES: &[&str] = &[
    "C", "Cc", "Cf", "Co", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No",
    "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
];

/// Reads a Unicode class such as `\pL`, `\p{Greek}` or `\P{^Lu}`: the class and its length.
pub(super) fn unicode_class(text: &str) -> Result<(String, usize), PatternError> {
    let invalid = |excerpt: &str| PatternError::new("invalid character class range", excerpt);
    let after = &text[2..];
    let first = after.chars().next().ok_or_else(|| invalid(text))?;
    let (name, length) = if first == '{' {
        let end = after.find('}').ok_or_else(|| invalid(text))?;
        (&after[1..end], 2 + end + 1)
    } else {
        (&after[..first.len_utf8()], 2 + first.len_utf8())
    };
    let is_inverted = name.starts_with('^');
    let name = name.strip_prefix('^').unwrap_or(name);
    let is_negated = text.starts_with(r"\P") != is_inverted;
    let class = class_of_name(name).ok_or_else(|| invalid(&text[..length]))?;
    let negation = if is_negated { "^" } else { "" };
    Ok((format!("[{negation}{class}]"), length))
}

fn class_of_name(name: &str) -> Option<String> {
    match name {
        "Any" => Some(r"\x00-\x{10ffff}".to_owned()),
        // Unassigned characters are in no category of Go's.
        "C" => Some(r"\p{Cc}\p{Cf}\p{Co}".to_owned()),
        "Cs" => Some(r"&&[^\x00-\x{10ffff}]".to_owned()),
        name if GENERAL_CATEGORIES.contains(&name) => Some(format!(r"\p{{{name}}}")),
        name => {
            let is_word = name.starts_with(|char: char| char.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
            let class = format!(r"\p{{sc={name}}}");
            (is_word && regex::Regex::new(&class).is_ok()).then_some(class)
        }
    }
}

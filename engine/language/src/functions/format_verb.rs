//! Format strings, taken apart: plain text and verbs such as `%-8.2f`.

use super::quote::quote_char;

/// The widest field and longest precision that is accepted; wider ones only serve to fill the memory.
const SIZE_MAX: usize = 1_000_000;

/// A piece of a format string.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Verb(Verb<'a>),
}

/// One verb.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verb<'a> {
    /// As written, from `%` to the letter.
    pub(super) raw: &'a str,
    /// Where it starts, in bytes.
    pub(super) offset: usize,
    /// The letter.
    pub(super) letter: char,
    /// Which argument it shows, from 1.
    pub(super) argument: usize,
    pub(super) flags: Flags,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
}

/// The characters between `%` and the width.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) zero: bool,
    pub(super) sharp: bool,
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) space: bool,
}

/// Takes a format string apart, up to the first error, which comes with what stands before it.
pub(super) fn parse(format: &str) -> (Vec<Piece<'_>>, Result<(), String>) {
    let mut pieces = Vec::new();
    let mut parser = Parser { format, position: 0, next_argument: 1 };
    loop {
        let rest = parser.rest();
        let Some(percent) = rest.find('%') else {
            pieces.push(Piece::Text(rest));
            return (pieces, Ok(()));
        };
        pieces.push(Piece::Text(&rest[..percent]));
        parser.position += percent;
        if rest[percent..].starts_with("%%") {
            pieces.push(Piece::Text("%"));
            parser.position += 2;
            continue;
        }
        match parser.verb() {
            Ok(verb) => pieces.push(Piece::Verb(verb)),
            Err(error) => return (pieces, Err(error)),
        }
    }
}

struct Parser<'a> {
    format: &'a str,
    position: usize,
    next_argument: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.format[self.position..]
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, char: char) -> bool {
        let is_next = self.next() == Some(char);
        self.position += if is_next { char.len_utf8() } else { 0 };
        is_next
    }

    fn unexpected(&self) -> String {
        match self.next() {
            Some(char) => {
                format!("unrecognized format character {} at offset {}", quote_char(char), self.position)
            }
            None => format!("invalid format string starting at offset {}", self.position),
        }
    }

    fn verb(&mut self) -> Result<Verb<'a>, String> {
        let offset = self.position;
        self.position += 1;
        let flags = self.flags();
        let width =
            if matches!(self.next(), Some('1'..='9')) { Some(self.number(SIZE_MAX, "width")?) } else { None };
        let precision = if self.take('.') { Some(self.number(SIZE_MAX, "precision")?) } else { None };
        let mut argument = self.next_argument;
        if self.take('[') {
            if !matches!(self.next(), Some('1'..='9')) {
                return Err(self.unexpected());
            }
            argument = self.number(usize::MAX - 1, "argument index")?;
            if !self.take(']') {
                return Err(self.unexpected());
            }
        }
        let letter = self.next().filter(char::is_ascii_alphabetic).ok_or_else(|| self.unexpected())?;
        self.position += 1;
        self.next_argument = argument.saturating_add(1);
        let raw = &self.format[offset..self.position];
        Ok(Verb { raw, offset, letter, argument, flags, width, precision })
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        while let Some(char) = self.next() {
            match char {
                '0' => flags.zero = true,
                '#' => flags.sharp = true,
                '+' => flags.plus = true,
                '-' => flags.minus = true,
                ' ' => flags.space = true,
                _ => break,
            }
            self.position += 1;
        }
        flags
    }

    /// Reads digits, none for zero.
    fn number(&mut self, max: usize, name: &str) -> Result<usize, String> {
        let digits = self.rest().len() - self.rest().trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let text = &self.rest()[..digits];
        let number = if text.is_empty() { Some(0) } else { text.parse().ok() };
        let number = number.filter(|number| *number <= max);
        let number =
            number.ok_or_else(|| format!("{name} {text} at offset {} is too large", self.position))?;
        self.position += digits;
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_read_with_all_their_parts() {
        let (pieces, result) = parse("a%%%[2]s%-08.2f");
        assert_eq!(result, Ok(()));
        let [
            Piece::Text("a"),
            Piece::Text("%"),
            Piece::Text(""),
            Piece::Verb(first),
            _,
            Piece::Verb(second),
            _,
        ] = pieces.as_slice()
        else {
            panic!("{pieces:?}")
        };
        assert_eq!((first.argument, first.letter, first.offset), (2, 's', 3));
        assert_eq!((second.argument, second.width, second.precision), (3, Some(8), Some(2)));
        assert_eq!(second.flags, Flags { zero: true, minus: true, ..Flags::default() });
    }

    #[test]
    fn errors_say_where() {
        for (format, message) in [
            ("%", "invalid format string starting at offset 1"),
            ("abc%5", "invalid format string starting at offset 5"),
            ("%*d", "unrecognized format character '*' at offset 1"),
            ("%[0]d", "unrecognized format character '0' at offset 2"),
            ("%é", "unrecognized format character 'é' at offset 1"),
            ("%9999999999s", "width 9999999999 at offset 1 is too large"),
        ] {
            assert_eq!(parse(format).1, Err(message.to_owned()), "{format}");
        }
    }
}

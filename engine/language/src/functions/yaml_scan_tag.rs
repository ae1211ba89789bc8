//! Tokens of YAML that start with a sigil: directives, tags, anchors and aliases.

use super::yaml_cursor::is_blank;
use super::yaml_scan::{Scanner, TokenKind};

fn is_word_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

fn is_uri_character(character: char) -> bool {
    is_word_character(character) || ";/?:@&=+$,.!~*'()[]%".contains(character)
}

impl Scanner<'_> {
    /// Reads a line that starts with `%`.
    pub(super) fn scan_directive(&mut self) -> Result<(), String> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let name = self.cursor.take_while(is_word_character);
        if name.is_empty() {
            return self.error("could not find expected directive name");
        }
        if !self.cursor.at_blank_or_end() {
            return self.error("found unexpected non-alphabetical character");
        }
        let kind = match name {
            "YAML" => self.version_directive()?,
            "TAG" => self.tag_directive()?,
            _ => return self.error("found unknown directive name"),
        };
        self.finish_line()?;
        self.push(kind, start);
        Ok(())
    }

    fn version_directive(&mut self) -> Result<TokenKind, String> {
        self.cursor.skip_while(is_blank);
        let major = self.version_number()?;
        if !self.cursor.at('.') {
            return self.error("did not find expected digit or '.' character");
        }
        self.cursor.skip();
        let minor = self.version_number()?;
        Ok(TokenKind::VersionDirective { major, minor })
    }

    fn version_number(&mut self) -> Result<u32, String> {
        match self.cursor.take_while(|character| character.is_ascii_digit()) {
            "" => self.error("did not find expected version number"),
            digits if digits.len() > 2 => self.error("found extremely long version number"),
            digits => Ok(digits.parse().unwrap_or(0)),
        }
    }

    fn tag_directive(&mut self) -> Result<TokenKind, String> {
        self.cursor.skip_while(is_blank);
        let handle = self.tag_handle()?;
        if handle != "!" && !(handle.len() > 1 && handle.ends_with('!')) {
            return self.error("did not find expected '!'");
        }
        if !self.cursor.at_blank() {
            return self.error("did not find expected whitespace");
        }
        self.cursor.skip_while(is_blank);
        let prefix = self.tag_uri("")?;
        if !self.cursor.at_blank_or_end() {
            return self.error("did not find expected whitespace or line break");
        }
        Ok(TokenKind::TagDirective { handle, prefix })
    }

    /// Reads a tag: `!name`, `!!name`, `!handle!name`, `!<name>` or just `!`.
    pub(super) fn scan_tag(&mut self) -> Result<(), String> {
        self.note_key()?;
        self.is_key_allowed = false;
        let start = self.cursor.mark;
        let (handle, suffix) = if self.cursor.rest().starts_with("!<") {
            self.cursor.skip();
            self.cursor.skip();
            let suffix = self.tag_uri("")?;
            if !self.cursor.at('>') {
                return self.error("did not find the expected '>'");
            }
            self.cursor.skip();
            (String::new(), suffix)
        } else {
            let handle = self.tag_handle()?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.tag_uri("")?;
                (handle, suffix)
            } else {
                // What looked like the handle is the start of the name.
                match self.tag_uri(&handle)? {
                    suffix if suffix.is_empty() => (String::new(), "!".to_owned()),
                    suffix => ("!".to_owned(), suffix),
                }
            }
        };
        if !self.cursor.at_blank_or_end() {
            return self.error("did not find expected whitespace or line break");
        }
        self.push(TokenKind::Tag { handle, suffix }, start);
        Ok(())
    }

    fn tag_handle(&mut self) -> Result<String, String> {
        if !self.cursor.at('!') {
            return self.error("did not find expected '!'");
        }
        let mut handle = String::new();
        self.cursor.read(&mut handle);
        handle += self.cursor.take_while(is_word_character);
        if self.cursor.at('!') {
            self.cursor.read(&mut handle);
        }
        Ok(handle)
    }

    /// Reads the name of a tag, which goes on what was read as its handle.
    fn tag_uri(&mut self, handle: &str) -> Result<String, String> {
        let written = self.cursor.take_while(is_uri_character);
        if handle.is_empty() && written.is_empty() {
            return self.error("did not find expected tag URI");
        }
        let mut bytes = handle.as_bytes().get(1..).unwrap_or_default().to_vec();
        let mut rest = written.as_bytes();
        // How many bytes of a character are still missing.
        let mut missing = 0;
        while let Some((first, behind)) = rest.split_first() {
            if *first != b'%' {
                if missing > 0 {
                    return self.error("did not find URI escaped octet");
                }
                bytes.push(*first);
                rest = behind;
                continue;
            }
            let Some((octet, behind)) = escaped_octet(behind) else {
                return self.error("did not find URI escaped octet");
            };
            missing = match (missing, octet) {
                (0, 0x00..=0x7f) => 0,
                (0, 0xc0..=0xdf) => 1,
                (0, 0xe0..=0xef) => 2,
                (0, 0xf0..=0xf7) => 3,
                (0, _) => return self.error("found an incorrect leading UTF-8 octet"),
                (missing, 0x80..=0xbf) => missing - 1,
                _ => return self.error("found an incorrect trailing UTF-8 octet"),
            };
            bytes.push(octet);
            rest = behind;
        }
        if missing > 0 {
            return self.error("did not find URI escaped octet");
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads an anchor or an alias.
    pub(super) fn scan_anchor(&mut self, kind: fn(String) -> TokenKind) -> Result<(), String> {
        self.note_key()?;
        self.is_key_allowed = false;
        let start = self.cursor.mark;
        self.cursor.skip();
        let name = self.cursor.take_while(is_word_character);
        let ends_well = self.cursor.at_blank_or_end()
            || self.cursor.peek().is_some_and(|character| "?:,]}%@`".contains(character));
        if name.is_empty() || !ends_well {
            return self.error("did not find expected alphabetic or numeric character");
        }
        self.push(kind(name.to_owned()), start);
        Ok(())
    }
}

fn escaped_octet(digits: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = digits.split_at_checked(2)?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let octet = digit(digits[0])? * 16 + digit(digits[1])?;
    Some((u8::try_from(octet).ok()?, rest))
}

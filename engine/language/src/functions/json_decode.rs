//! Reading JSON: objects become objects, arrays tuples, numbers stay exact.
//!
//! The messages are those of Go's `encoding/json`, read token by token. Of equal keys the last counts.

use terrane_model::{Number, Str, Value};

use super::quote::quote_char;

/// How deep arrays and objects may nest.
const DEPTH_MAX: usize = 1000;

/// Reads a text of JSON as `jsondecode` does.
///
/// # Errors
/// With what is wrong with it.
pub fn decode(text: &str) -> Result<Value, String> {
    let mut reader = Reader { bytes: text.as_bytes(), text, position: 0, depth: 0 };
    let value = reader.value(AT_VALUE)?;
    // A stray bracket behind the value goes unnoticed in Terraform too.
    match reader.peek() {
        None | Some(b']' | b'}') => Ok(value),
        Some(_) => Err("extraneous data after JSON object".to_owned()),
    }
}

const AT_VALUE: &str = " looking for beginning of value";

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    position: usize,
    depth: usize,
}

impl Reader<'_> {
    /// Skips white space and returns the byte behind it.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.position), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.position += 1;
        }
        self.bytes.get(self.position).copied()
    }

    fn peek_or_end(&mut self) -> Result<u8, String> {
        self.peek().ok_or_else(|| "EOF".to_owned())
    }

    /// Returns the byte at the position and steps over it.
    fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.position).copied();
        self.position += 1;
        byte
    }

    fn value(&mut self, context: &str) -> Result<Value, String> {
        match self.peek_or_end()? {
            b'[' => self.nested(Self::array),
            b'{' => self.nested(Self::object),
            byte @ (b']' | b'}' | b':' | b',') => Err(invalid_character(byte, context)),
            b'"' => Ok(Value::string(self.string()?)),
            b't' => self.literal("true", true.into()),
            b'f' => self.literal("false", false.into()),
            b'n' => self.literal("null", Value::dynamic_null()),
            b'-' | b'0'..=b'9' => self.number(),
            byte => Err(invalid_character(byte, AT_VALUE)),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        self.position += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("exceeded max depth".to_owned());
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Result<Value, String> {
        let mut elements = Vec::new();
        if self.peek_or_end()? == b']' {
            self.position += 1;
            return Ok(Value::tuple(elements));
        }
        loop {
            elements.push(self.value(AT_VALUE)?);
            match self.peek_or_end()? {
                b',' => self.position += 1,
                b']' => {
                    self.position += 1;
                    return Ok(Value::tuple(elements));
                }
                byte => return Err(invalid_character(byte, " after array element")),
            }
        }
    }

    fn object(&mut self) -> Result<Value, String> {
        let mut attributes: Vec<(Str, Value)> = Vec::new();
        if self.peek_or_end()? == b'}' {
            self.position += 1;
            return Ok(Value::empty_object());
        }
        let mut context = "";
        loop {
            match self.peek_or_end()? {
                b'"' => {}
                byte => return Err(invalid_character(byte, context)),
            }
            let Value::String(name) = Value::string(self.string()?) else { continue };
            match self.peek_or_end()? {
                b':' => self.position += 1,
                byte => return Err(invalid_character(byte, " after object key")),
            }
            attributes.push((name, self.value(AT_VALUE)?));
            match self.peek_or_end()? {
                b',' => self.position += 1,
                b'}' => {
                    self.position += 1;
                    return object_of(attributes);
                }
                byte => return Err(invalid_character(byte, " after object key:value pair")),
            }
            context = " looking for beginning of object key string";
        }
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, String> {
        self.position += 1;
        for expected in word.bytes().skip(1) {
            match self.next() {
                Some(byte) if byte == expected => {}
                None => return Err(UNEXPECTED_END.to_owned()),
                Some(byte) => {
                    let context = format!(" in literal {word} (expecting {})", quote_byte(expected));
                    return Err(invalid_character(byte, &context));
                }
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.position;
        if self.bytes[start] == b'-' {
            self.position += 1;
        }
        match self.digit(" in numeric literal")? {
            b'0' => {}
            _ => self.digits(),
        }
        if self.bytes.get(self.position) == Some(&b'.') {
            self.position += 1;
            self.digit(" after decimal point in numeric literal")?;
            self.digits();
        }
        if matches!(self.bytes.get(self.position), Some(b'e' | b'E')) {
            self.position += 1;
            if matches!(self.bytes.get(self.position), Some(b'+' | b'-')) {
                self.position += 1;
            }
            self.digit(" in exponent of numeric literal")?;
            self.digits();
        }
        let number = Number::parse(&self.text[start..self.position]);
        number.map(Value::Number).ok_or_else(|| "a number is required".to_owned())
    }

    fn digit(&mut self, context: &str) -> Result<u8, String> {
        match self.next() {
            Some(byte) if byte.is_ascii_digit() => Ok(byte),
            Some(byte) => Err(invalid_character(byte, context)),
            None => Err(UNEXPECTED_END.to_owned()),
        }
    }

    fn digits(&mut self) {
        while self.bytes.get(self.position).is_some_and(u8::is_ascii_digit) {
            self.position += 1;
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.position += 1;
        let mut string = String::new();
        loop {
            let plain_start = self.position;
            while self.bytes.get(self.position).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
                self.position += 1;
            }
            string.push_str(&self.text[plain_start..self.position]);
            match self.next() {
                Some(b'"') => return Ok(string),
                Some(b'\\') => self.escape(&mut string)?,
                Some(byte) => return Err(invalid_character(byte, " in string literal")),
                None => return Err(UNEXPECTED_END.to_owned()),
            }
        }
    }

    fn escape(&mut self, string: &mut String) -> Result<(), String> {
        let char = match self.next() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(string),
            Some(byte) => return Err(invalid_character(byte, " in string escape code")),
            None => return Err(UNEXPECTED_END.to_owned()),
        };
        string.push(char);
        Ok(())
    }

    fn unicode_escape(&mut self, string: &mut String) -> Result<(), String> {
        let code = self.hex_code()?;
        let mut char = char::from_u32(code);
        if (0xd800..0xdc00).contains(&code) && self.bytes[self.position..].starts_with(b"\\u") {
            let before = self.position;
            self.position += 2;
            let low = self.hex_code()?;
            if (0xdc00..0xe000).contains(&low) {
                char = char::from_u32(0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00));
            } else {
                // A lone half; what follows it is read on its own.
                self.position = before;
            }
        }
        string.push(char.unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(())
    }

    fn hex_code(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let byte = self.next().ok_or_else(|| UNEXPECTED_END.to_owned())?;
            let digit = char::from(byte)
                .to_digit(16)
                .ok_or_else(|| invalid_character(byte, " in \\u hexadecimal character escape"))?;
            code = code * 16 + digit;
        }
        Ok(code)
    }
}

const UNEXPECTED_END: &str = "unexpected EOF";

fn invalid_character(byte: u8, context: &str) -> String {
    format!("invalid character {}{context}", quote_byte(byte))
}

/// Shows a byte as Go does: those of longer characters as if each were a character.
fn quote_byte(byte: u8) -> String {
    quote_char(char::from(byte))
}

/// Makes an object. Of equal names the last decides the type, and the earlier ones must fit it.
fn object_of(attributes: Vec<(Str, Value)>) -> Result<Value, String> {
    let object = Value::object(attributes.iter().cloned());
    if object.element_count() == Some(attributes.len()) {
        return Ok(object);
    }
    for (name, value) in &attributes {
        if let Some(last) = object.get(name) {
            check_replaceable(value, last)?;
        }
    }
    Ok(object)
}

fn check_replaceable(earlier: &Value, last: &Value) -> Result<(), String> {
    let fits = |fits: bool, message: &str| if fits { Ok(()) } else { Err(message.to_owned()) };
    match (earlier, last) {
        (Value::Null(_), _) => Ok(()),
        (Value::String(text), Value::Number(_)) => {
            fits(Number::parse(text).is_some(), "a number is required")
        }
        (Value::String(text), Value::Bool(_)) => {
            fits(matches!(text.as_str(), "true" | "false" | "1" | "0"), "a bool is required")
        }
        (earlier, Value::Number(_)) => fits(matches!(earlier, Value::Number(_)), "number is required"),
        (earlier, Value::Bool(_)) => fits(matches!(earlier, Value::Bool(_)), "bool is required"),
        (earlier, Value::String(_)) => {
            let is_scalar = matches!(earlier, Value::String(_) | Value::Number(_) | Value::Bool(_));
            fits(is_scalar, "string is required")
        }
        (earlier, Value::Tuple(_)) => fits(matches!(earlier, Value::Tuple(_)), "missing expected ["),
        (earlier, _) => fits(matches!(earlier, Value::Object(_)), "missing expected {"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_types() {
        let decoded = decode(r#" {"b": [1.10, "x\u00e9\ud83d\ude00\ud800", true, null], "a": -0} "#).unwrap();
        let tuple = Value::tuple([
            Value::Number(Number::parse("1.1").unwrap()),
            "xé😀\u{fffd}".into(),
            true.into(),
            Value::dynamic_null(),
        ]);
        assert_eq!(decoded, Value::object([("a", 0.into()), ("b", tuple)]));
        assert_eq!(decode(r#"{"a":1,"a":"x"}"#).unwrap(), Value::object([("a", "x".into())]));
    }

    #[test]
    fn errors_are_gos() {
        for (text, message) in [
            ("", "EOF"),
            ("{", "EOF"),
            ("[1", "EOF"),
            ("\"x", "unexpected EOF"),
            ("tru", "unexpected EOF"),
            ("truX", "invalid character 'X' in literal true (expecting 'e')"),
            ("NaN", "invalid character 'N' looking for beginning of value"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{a:1}", "invalid character 'a'"),
            (r#"{"a" 1}"#, "invalid character '1' after object key"),
            (r#"{"a":1,}"#, "invalid character '}' looking for beginning of object key string"),
            (r#"{"a":1 "b"}"#, "invalid character '\"' after object key:value pair"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            (r#""\x""#, "invalid character 'x' in string escape code"),
            (r#""\u00g0""#, "invalid character 'g' in \\u hexadecimal character escape"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("01", "extraneous data after JSON object"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
            (r#"{"a":"x","a":1}"#, "a number is required"),
        ] {
            assert_eq!(decode(text), Err(message.to_owned()), "{text}");
        }
        assert_eq!(decode(&"[".repeat(10_000)), Err("exceeded max depth".to_owned()));
        assert_eq!(decode(&r#"{"a":"#.repeat(10_000)), Err("exceeded max depth".to_owned()));
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert!(decode(&deep).is_ok());
    }
}

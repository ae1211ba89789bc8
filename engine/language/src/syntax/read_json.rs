//! Reads JSON. Errors are reported where Terraform reports them, and reading goes on behind bad values.

use std::sync::OnceLock;

use terrane_model::{Diagnostic, Diagnostics, FileId, Span, Str};

use super::json::{JsonKind, JsonProperty, JsonValue};
use super::parser::NESTING_MAX;
use super::scan_json::{JsonToken, JsonTokenKind, scan_json};
use super::suggest::did_you_mean;
use super::unescape_json::unescape_json;

const VALUE_START: &str =
    "A JSON value must start with a brace, a bracket, a number, a string, or a keyword.";

/// Reads a text that is one JSON value.
pub(super) fn read_json(file: FileId, text: &str) -> (JsonValue, Diagnostics) {
    let mut reader = Reader {
        text,
        file,
        tokens: scan_json(text),
        position: 0,
        depth: 0,
        diagnostics: Diagnostics::new(),
    };
    if text.len() >= u32::MAX as usize {
        let nowhere = Span::new(file, 0, 0);
        let detail = "A source text must be smaller than 4 GiB. Split it into several files.";
        let error = Diagnostic::error("Source text too large", detail).at(nowhere);
        return (JsonValue { kind: JsonKind::Invalid, span: nowhere }, error.into());
    }
    let value = reader.read_value();
    let next = reader.peek();
    if reader.diagnostics.is_empty() && next.kind != JsonTokenKind::End {
        reader.report("Extraneous data after value", "Extra characters appear after the JSON value.", next);
    }
    (value, reader.diagnostics)
}

struct Reader<'a> {
    text: &'a str,
    file: FileId,
    tokens: Vec<JsonToken>,
    position: usize,
    depth: usize,
    diagnostics: Diagnostics,
}

/// Says that an error was reported and the value cannot be used.
struct Failed;

impl Reader<'_> {
    fn peek(&self) -> JsonToken {
        self.tokens[self.position.min(self.tokens.len() - 1)]
    }

    fn read(&mut self) -> JsonToken {
        let token = self.peek();
        self.position = (self.position + 1).min(self.tokens.len());
        token
    }

    fn span(&self, token: JsonToken) -> Span {
        Span::new(self.file, token.start as usize, token.end as usize)
    }

    fn text_of(&self, token: JsonToken) -> &str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    fn report(&mut self, summary: &'static str, detail: impl Into<String>, subject: JsonToken) {
        let span = self.span(subject);
        self.report_at(summary, detail.into(), span);
    }

    fn report_at(&mut self, summary: &'static str, detail: String, span: Span) {
        self.diagnostics.push(Diagnostic::error(summary, detail).at(span));
    }

    fn read_value(&mut self) -> JsonValue {
        let start = self.peek();
        let kind = match start.kind {
            JsonTokenKind::OpenBrace | JsonTokenKind::OpenBracket => self.read_nested(start),
            JsonTokenKind::Number => self.read_number(),
            JsonTokenKind::String => self.read_string().map(JsonKind::String),
            JsonTokenKind::Keyword => self.read_keyword(),
            JsonTokenKind::CloseBrace => self.fail("Missing JSON value", VALUE_START, start),
            JsonTokenKind::CloseBracket => self.fail("Missing array element value", VALUE_START, start),
            JsonTokenKind::End => self.fail("Missing value", "The JSON data ends prematurely.", start),
            _ => self.fail("Invalid start of value", VALUE_START, start),
        };
        match kind {
            Ok(kind) => {
                let end = self.tokens[self.position - 1];
                JsonValue { kind, span: self.span(start).to(self.span(end)) }
            }
            Err(Failed) => JsonValue { kind: JsonKind::Invalid, span: self.span(start) },
        }
    }

    fn fail<T>(
        &mut self,
        summary: &'static str,
        detail: impl Into<String>,
        subject: JsonToken,
    ) -> Result<T, Failed> {
        self.report(summary, detail, subject);
        Err(Failed)
    }

    fn read_nested(&mut self, start: JsonToken) -> Result<JsonKind, Failed> {
        if self.depth >= NESTING_MAX {
            self.position = self.tokens.len() - 1;
            let detail = format!("JSON values may be nested {NESTING_MAX} levels deep at most.");
            return self.fail("Nesting too deep", detail, start);
        }
        self.depth += 1;
        let kind =
            if start.kind == JsonTokenKind::OpenBrace { self.read_object() } else { self.read_array() };
        self.depth -= 1;
        kind
    }

    fn read_object(&mut self) -> Result<JsonKind, Failed> {
        let open = self.read();
        let mut properties = Vec::new();
        while self.peek().kind != JsonTokenKind::CloseBrace {
            properties.push(self.read_property()?);
            let next = self.peek();
            match next.kind {
                JsonTokenKind::Comma => {
                    self.read();
                    if self.peek().kind == JsonTokenKind::CloseBrace {
                        let detail =
                            "JSON does not permit a trailing comma after the final property in an object.";
                        return self.fail("Trailing comma in object", detail, next);
                    }
                }
                JsonTokenKind::CloseBrace => {}
                JsonTokenKind::End => {
                    let detail = "No closing brace was found for this JSON object.";
                    return self.fail("Unclosed object", detail, open);
                }
                JsonTokenKind::CloseBracket => {
                    self.read();
                    let detail = "A JSON object must be closed with a brace, not a bracket.";
                    return self.fail("Mismatched braces", detail, self.peek());
                }
                _ => {
                    self.skip_to(JsonTokenKind::OpenBrace, JsonTokenKind::CloseBrace);
                    let detail = "A comma must appear between each property definition in an object.";
                    return self.fail("Missing attribute seperator comma", detail, self.peek());
                }
            }
        }
        self.read();
        Ok(JsonKind::Object(properties.into()))
    }

    fn read_property(&mut self) -> Result<JsonProperty, Failed> {
        let key = self.read_value();
        let JsonKind::String(name) = key.kind else {
            let detail = "A JSON object property name must be a string".to_owned();
            let span = key.start_span();
            self.report_at("Invalid object property name", detail, span);
            return Err(Failed);
        };
        let colon = self.peek();
        if colon.kind != JsonTokenKind::Colon {
            return self.fail_at_colon(colon);
        }
        self.read();
        let value = self.read_value();
        Ok(JsonProperty { name, name_span: key.span, value, expression: OnceLock::new() })
    }

    fn fail_at_colon<T>(&mut self, found: JsonToken) -> Result<T, Failed> {
        self.skip_to(JsonTokenKind::OpenBrace, JsonTokenKind::CloseBrace);
        let no_colon = "Missing property value colon";
        match found.kind {
            JsonTokenKind::CloseBrace | JsonTokenKind::Comma => {
                let detail = "A JSON object attribute must have a value, introduced by a colon.";
                self.fail("Missing object value", detail, found)
            }
            JsonTokenKind::Equal => {
                let detail = "JSON uses a colon as its name/value delimiter, not an equals sign.";
                self.fail(no_colon, detail, found)
            }
            _ => {
                let detail = "A colon must appear between an object property's name and its value.";
                self.fail(no_colon, detail, found)
            }
        }
    }

    fn read_array(&mut self) -> Result<JsonKind, Failed> {
        let open = self.read();
        let mut elements = Vec::new();
        while self.peek().kind != JsonTokenKind::CloseBracket {
            elements.push(self.read_value());
            let next = self.peek();
            match next.kind {
                JsonTokenKind::Comma => {
                    self.read();
                    if self.peek().kind == JsonTokenKind::CloseBracket {
                        let detail =
                            "JSON does not permit a trailing comma after the final value in an array.";
                        return self.fail("Trailing comma in array", detail, next);
                    }
                }
                JsonTokenKind::CloseBracket => {}
                kind => return self.fail_in_array(open, kind),
            }
        }
        self.read();
        Ok(JsonKind::Array(elements.into()))
    }

    fn fail_in_array<T>(&mut self, open: JsonToken, found: JsonTokenKind) -> Result<T, Failed> {
        self.skip_to(JsonTokenKind::OpenBracket, JsonTokenKind::CloseBracket);
        let (summary, detail, subject) = match found {
            JsonTokenKind::End => {
                ("Unclosed object", "No closing bracket was found for this JSON array.", open)
            }
            JsonTokenKind::Colon => (
                "Invalid array value",
                "A colon is not used to introduce values in a JSON array.",
                self.peek(),
            ),
            JsonTokenKind::CloseBrace => (
                "Mismatched brackets",
                "A JSON array must be closed with a bracket, not a brace.",
                self.peek(),
            ),
            _ => (
                "Missing attribute seperator comma",
                "A comma must appear between each value in an array.",
                self.peek(),
            ),
        };
        self.fail(summary, detail, subject)
    }

    /// Moves behind the bracket that seems to close the value whose inside went wrong, or to the end.
    fn skip_to(&mut self, opener: JsonTokenKind, closer: JsonTokenKind) {
        let mut open = 1_usize;
        loop {
            let kind = self.read().kind;
            if kind == opener {
                open += 1;
            } else if kind == closer {
                open -= 1;
                if open <= 1 {
                    return;
                }
            } else if kind == JsonTokenKind::End {
                return;
            }
        }
    }

    fn read_number(&mut self) -> Result<JsonKind, Failed> {
        let token = self.read();
        let text = self.text_of(token);
        if is_json_number(text) {
            return Ok(JsonKind::Number(Str::from(text)));
        }
        self.fail("Invalid JSON number", "There is a syntax error in the given JSON number.", token)
    }

    fn read_string(&mut self) -> Result<Str, Failed> {
        let token = self.read();
        match unescape_json(self.text_of(token)) {
            Ok(text) => Ok(Str::from(text.as_ref())),
            Err(offset) => {
                let whole = self.span(token);
                // Behind the byte that is wrong, which may be the first one of a character.
                let start = self.boundary_from(token.start as usize + offset);
                let subject = Span::new(self.file, start, self.boundary_from(start + 1));
                let detail = "There is a syntax error in the given JSON string.";
                self.diagnostics
                    .push(Diagnostic::error("Invalid JSON string", detail).at(subject).within(whole));
                Err(Failed)
            }
        }
    }

    /// Returns the first offset from this one on that lies between characters.
    fn boundary_from(&self, offset: usize) -> usize {
        (offset..self.text.len())
            .find(|offset| self.text.is_char_boundary(*offset))
            .unwrap_or(self.text.len())
    }

    fn read_keyword(&mut self) -> Result<JsonKind, Failed> {
        let token = self.read();
        let word = self.text_of(token);
        let detail = match word {
            "true" => return Ok(JsonKind::Bool(true)),
            "false" => return Ok(JsonKind::Bool(false)),
            "null" => return Ok(JsonKind::Null),
            "undefined" | "NaN" | "Infinity" => {
                format!("The JavaScript identifier \"{word}\" cannot be used in JSON.")
            }
            _ => {
                let suggestion = did_you_mean(word, ["false", "true", "null"]);
                format!("\"{word}\" is not a valid JSON keyword.{suggestion}")
            }
        };
        self.fail("Invalid JSON keyword", detail, token)
    }
}

/// Tells whether a text is a number as JSON writes it, with an exponent of at most 64 bits.
fn is_json_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|exponent| exponent.parse::<i64>().is_ok())
}

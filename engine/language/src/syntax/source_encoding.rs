//! Bytes of a file to text.

use terrane_model::{Diagnostic, FileId, Span};

/// Bytes that are no UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEncoding {
    /// The text with U+FFFD in the place of whatever could not be read.
    pub text: String,
    /// Offset in that text of the first thing that could not be read.
    pub offset: usize,
}

impl BadEncoding {
    /// Returns what to tell the user once the text has an identity.
    pub fn diagnostic(&self, file: FileId) -> Diagnostic {
        let end = self.offset + char::REPLACEMENT_CHARACTER.len_utf8();
        Diagnostic::error(
            "Invalid character encoding",
            "All input files must be UTF-8 encoded. Ensure that UTF-8 encoding is selected in your editor.",
        )
        .at(Span::new(file, self.offset, end))
    }
}

/// Returns the text of a source file.
///
/// # Errors
///
/// Returns as much of the text as can be read when it is not encoded in UTF-8.
pub fn decode_source(bytes: Vec<u8>) -> Result<String, BadEncoding> {
    String::from_utf8(bytes).map_err(|error| BadEncoding {
        offset: error.utf8_error().valid_up_to(),
        text: String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_bytes_are_replaced_and_blamed() {
        assert_eq!(decode_source("é".into()).as_deref(), Ok("é"));
        let error = decode_source(b"a = \"\xff\"".to_vec()).unwrap_err();
        assert_eq!(error.text, "a = \"\u{fffd}\"");
        let span = error.diagnostic(FileId(0)).subject.unwrap();
        assert_eq!(&error.text[span.start as usize..span.end as usize], "\u{fffd}");
    }
}

//! What may be a name, and the one form in which names and texts are compared.

use terrane_model::Str;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Tells whether a name may start with this character: Unicode's ID_Start or an underscore.
pub fn is_identifier_start(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '_' => true,
        '\0'..='\x7f' => false,
        _ => unicode_ident::is_xid_start(character) || is_only_in_id(character),
    }
}

/// Tells whether a name may go on with this character: Unicode's ID_Continue or a hyphen.
pub fn is_identifier_continue(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => true,
        '\0'..='\x7f' => false,
        // Newer tables of Unicode have the invisible joiners, which nobody could find in a name.
        '\u{200c}' | '\u{200d}' => false,
        _ => unicode_ident::is_xid_continue(character) || is_only_in_id(character),
    }
}

/// The characters that Unicode takes out of ID_Start when it forms XID_Start, which is what the tables
/// of our library hold.
fn is_only_in_id(character: char) -> bool {
    matches!(
        character,
        '\u{37a}' | '\u{e33}' | '\u{eb3}' | '\u{309b}' | '\u{309c}' | '\u{fc5e}'
            ..='\u{fc63}'
                | '\u{fdfa}'
                | '\u{fdfb}'
                | '\u{fe70}'
                | '\u{fe72}'
                | '\u{fe74}'
                | '\u{fe76}'
                | '\u{fe78}'
                | '\u{fe7a}'
                | '\u{fe7c}'
                | '\u{fe7e}'
                | '\u{ff9e}'
                | '\u{ff9f}'
    )
}

/// Tells whether a text is a name from its first to its last character.
pub fn is_valid_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(is_identifier_start) && characters.all(is_identifier_continue)
}

/// Returns the text in Unicode's normalization form C, as all strings of the language are.
pub fn normalize(text: &str) -> Str {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Str::from(text)
    } else {
        text.nfc().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_hyphens_and_letters_of_all_scripts() {
        for name in ["a", "_", "a-b", "a1", "größe", "名前", "ａ", "a\u{301}", "ﾞx"] {
            assert!(is_valid_identifier(name), "{name}");
        }
        for text in ["", "-a", "1a", "a b", "a.b", "a\u{200d}b", "€", "\u{301}a", "a\n"] {
            assert!(!is_valid_identifier(text), "{text}");
        }
    }

    #[test]
    fn texts_are_normalized() {
        assert_eq!(normalize("e\u{301}"), "é");
        assert_eq!(normalize("plain"), "plain");
    }
}

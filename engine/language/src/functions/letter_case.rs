//! Functions that change the case of letters, one character for one character.
//!
//! Unicode's full mapping turns `ß` into `SS`; Terraform follows the simple one, which leaves it.

use terrane_model::Value;

use super::{Function, Parameter, ParameterType, Returns};

const STRING: Returns = Returns::Always(ParameterType::String);
const STR: &[Parameter] = &[Parameter::string("str")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "lower",
        STR,
        STRING,
        |arguments| Ok(Value::string(arguments.text(0).chars().map(lower).collect::<String>())),
        "Returns a text in small letters.",
    ),
    Function::new(
        "title",
        STR,
        STRING,
        |arguments| Ok(Value::string(title(arguments.text(0)))),
        "Returns a text with the first letter of every word as a capital.",
    ),
    Function::new(
        "upper",
        STR,
        STRING,
        |arguments| Ok(Value::string(arguments.text(0).chars().map(upper).collect::<String>())),
        "Returns a text in capitals.",
    ),
];

fn lower(char: char) -> char {
    // The only letter whose full mapping has two characters and whose simple one has not.
    if char == 'İ' {
        return 'i';
    }
    only(char.to_lowercase()).unwrap_or(char)
}

fn upper(char: char) -> char {
    only(char.to_uppercase()).unwrap_or_else(|| simple_upper(char))
}

fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    chars.next().filter(|_| chars.next().is_none())
}

/// Maps what has two characters in the full mapping: Greek letters with iota have a simple capital, the
/// others none.
fn simple_upper(char: char) -> char {
    let offset = match char {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => 8,
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => 9,
        _ => 0,
    };
    char::from_u32(u32::from(char) + offset).unwrap_or(char)
}

fn title(text: &str) -> String {
    let mut previous = ' ';
    let capitalize = |char| {
        let starts_word = is_separator(previous);
        previous = char;
        if starts_word { title_case(char) } else { char }
    };
    text.chars().map(capitalize).collect()
}

/// Tells whether a word may start behind a character.
fn is_separator(char: char) -> bool {
    if char.is_ascii() {
        return !char.is_ascii_alphanumeric() && char != '_';
    }
    char.is_whitespace()
}

fn title_case(char: char) -> char {
    match char {
        // Digraphs have a form of their own with only the first letter large.
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        // Georgian uses its capitals for whole words only.
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => char,
        char => upper(char),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_map_one_to_one() {
        let upper = |text: &str| text.chars().map(upper).collect::<String>();
        let lower = |text: &str| text.chars().map(lower).collect::<String>();
        assert_eq!(upper("ßŉǰᾳᾀᾈıİé"), "ßŉǰᾼᾈᾈIİÉ");
        assert_eq!(lower("İΣΑΣẞ"), "iσασß");
        assert_eq!(title("it's a_b ǆ 1x é-ö"), "It'S A_b ǅ 1x É-Ö");
    }
}

//! Splitting the text of `TF_CLI_ARGS` into words, as a shell would.

/// Splits at blanks; quotes and backslashes keep blanks together. Nothing when a quote is not closed.
pub fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(characters.next()?),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next()? {
                        '\'' => break,
                        other => word.push(other),
                    }
                }
            }
            '"' => quoted(&mut characters, word.get_or_insert_default())?,
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

/// Writes a word so that a shell reads it as it is.
pub fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn quoted(characters: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match characters.next()? {
            '"' => return Some(()),
            '\\' => match characters.next()? {
                escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                other => {
                    word.push('\\');
                    word.push(other);
                }
            },
            other => word.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        assert_eq!(
            split("-var 'a=b c' -x=\"d \\\"e\\\"\" f\\ g ''").unwrap(),
            ["-var", "a=b c", "-x=d \"e\"", "f g", ""]
        );
        assert_eq!(split("'open"), None);
        assert_eq!(split("  ").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_is_quoted_is_split_into_itself() {
        for word in ["", "plain", "a b", "it's", "$HOME \"x\" \\", "a\nb"] {
            assert_eq!(split(&quote(word)).unwrap(), [word]);
        }
    }
}

//! JSON over several lines. Works on the text, so that numbers keep all their digits.

/// Lays a valid JSON text out with two blanks per level.
pub fn indent(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth: usize = 0;
    let mut characters = json.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                text.push('"');
                copy_string(&mut characters, &mut text);
            }
            '{' | '[' => {
                text.push(character);
                while characters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                match characters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(close) => text.push(close),
                    None => {
                        depth += 1;
                        new_line(&mut text, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(',');
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            blank if blank.is_ascii_whitespace() => {}
            other => text.push(other),
        }
    }
    text
}

/// Copies the rest of a string with its closing quote.
fn copy_string(characters: &mut impl Iterator<Item = char>, text: &mut String) {
    while let Some(character) = characters.next() {
        text.push(character);
        match character {
            '"' => return,
            '\\' => text.extend(characters.next()),
            _ => {}
        }
    }
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_stay_as_they_are() {
        let json = r#"{"a":[1.000000000000000000000000001,{}, [ ]],"b":"x, {\"y\"}: \\","c":{"d":null}}"#;
        insta::assert_snapshot!(indent(json), @r#"
        {
          "a": [
            1.000000000000000000000000001,
            {},
            []
          ],
          "b": "x, {\"y\"}: \\",
          "c": {
            "d": null
          }
        }
        "#);
    }
}

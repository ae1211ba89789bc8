//! Breaking long lines at blanks.

use unicode_width::UnicodeWidthStr;

/// Breaks a text into lines of at most `columns` columns where blanks allow it. Lines that start with a blank
/// are laid out by whoever wrote them and stay as they are.
pub fn wrap(text: &str, columns: usize) -> String {
    let lines: Vec<String> =
        text.split('\n')
            .map(|line| {
                if line.starts_with(' ') || columns == 0 { line.to_owned() } else { wrap_line(line, columns) }
            })
            .collect();
    lines.join("\n")
}

fn wrap_line(line: &str, columns: usize) -> String {
    let mut wrapped = String::with_capacity(line.len() + 8);
    let mut width = 0;
    // Blanks between words are kept, except at the places where a line is broken.
    let mut pending_blanks = String::new();
    for (index, word) in line.split(' ').enumerate() {
        if index > 0 {
            pending_blanks.push(' ');
        }
        if word.is_empty() {
            continue;
        }
        let word_width = word.width();
        if width > 0 && width + pending_blanks.len() + word_width > columns {
            wrapped.push('\n');
            width = 0;
        } else {
            wrapped.push_str(&pending_blanks);
            width += pending_blanks.len();
        }
        pending_blanks.clear();
        wrapped.push_str(word);
        width += word_width;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_blanks() {
        assert_eq!(wrap("one two three", 7), "one two\nthree");
        assert_eq!(wrap("averylongword b", 5), "averylongword\nb");
        assert_eq!(wrap("a b\n  kept as it is\nc", 4), "a b\n  kept as it is\nc");
        assert_eq!(wrap("ééé ééé", 7), "ééé ééé");
    }
}

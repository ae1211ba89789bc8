//! Writing blocks of configuration.

use terrane_language::functions::expression_text;
use terrane_language::syntax::lay_out_source;
use terrane_model::Value;

/// A block while it is put together.
#[derive(Debug, Default)]
pub(super) struct BlockText {
    header: String,
    attributes: Vec<(String, String)>,
    blocks: Vec<BlockText>,
}

impl BlockText {
    /// Starts a block with a type and labels.
    pub(super) fn new(block_type: &str, labels: &[&str]) -> Self {
        let labels: String =
            labels.iter().map(|label| format!(" {}", expression_text(&Value::string(*label)))).collect();
        Self { header: format!("{block_type}{labels}"), ..Self::default() }
    }

    /// Adds an argument.
    pub(super) fn set(&mut self, name: &str, value: &Value) {
        self.set_expression(name, expression_text(value));
    }

    /// Adds an argument that is an expression.
    pub(super) fn set_expression(&mut self, name: &str, expression: String) {
        self.attributes.push((name.to_owned(), expression));
    }

    /// Adds a block inside.
    pub(super) fn push(&mut self, block: BlockText) {
        self.blocks.push(block);
    }

    fn write(&self, text: &mut String) {
        text.push_str(&self.header);
        text.push_str(" {\n");
        for (name, expression) in &self.attributes {
            text.push_str(&format!("{name} = {expression}\n"));
        }
        for (position, block) in self.blocks.iter().enumerate() {
            if position > 0 || !self.attributes.is_empty() {
                text.push('\n');
            }
            block.write(text);
        }
        text.push_str("}\n");
    }
}

/// Writes blocks as a file.
pub(super) fn file(blocks: &[BlockText]) -> String {
    let texts = blocks.iter().map(|block| {
        let mut text = String::new();
        block.write(&mut text);
        text
    });
    lay_out_source(&texts.collect::<Vec<_>>().join("\n"))
}

/// Turns `extraMounts` into `extra_mounts`.
pub(super) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (position, letter) in letters.iter().enumerate() {
        let starts_word = letter.is_ascii_uppercase()
            && position > 0
            && (letters[position - 1].is_ascii_lowercase()
                || letters.get(position + 1).is_some_and(char::is_ascii_lowercase));
        if starts_word {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Turns any text into a name that configuration takes.
pub(super) fn identifier(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
        .collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') { name } else { format!("_{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        for (name, expected) in [
            ("extraMounts", "extra_mounts"),
            ("disableDefaultCNI", "disable_default_cni"),
            ("apiServerPort", "api_server_port"),
            ("dnsSearch", "dns_search"),
            ("apiVersion", "api_version"),
            ("selinuxRelabel", "selinux_relabel"),
        ] {
            assert_eq!(snake_case(name), expected);
        }
        assert_eq!(identifier("9 lives.x"), "_9_lives_x");
    }
}

//! Questions to the user.

use std::io::BufRead;

use crate::context::Context;
use crate::terminal::Style;

/// Asks a question; nothing when there is nobody to answer.
pub fn ask(context: &Context, question: &str, description: &str) -> Option<String> {
    let terminal = &context.terminal;
    let mut text = format!("{}\n", terminal.style(Style::Bold, question));
    for line in description.lines() {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str(&format!("\n  {} ", terminal.style(Style::Bold, "Enter a value:")));
    terminal.text(&text);
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    terminal.line("");
    match read {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(answer.trim_end_matches(['\n', '\r']).to_owned()),
    }
}

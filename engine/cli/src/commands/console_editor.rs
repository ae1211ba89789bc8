//! The console as people at a terminal use it: lines are edited, remembered and completed.

use std::borrow::Cow;
use std::path::PathBuf;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Editor, Helper};

use crate::context::Context;

/// What the editor asks of the console.
pub(super) trait Evaluator {
    /// Returns the text for a line, or the text of the messages about it.
    fn answer(&self, line: &str) -> Result<String, String>;

    /// Returns the names that may follow these names and a dot; without any, those that an expression may begin with.
    fn names_after(&self, before: &str) -> Vec<String>;

    /// Tells whether an expression goes on in the next line.
    fn is_open(&self, text: &str) -> bool;
}

/// Answers line after line until the user has enough.
///
/// # Errors
/// When the terminal cannot be used.
pub(super) fn converse(context: &Context, evaluator: &dyn Evaluator) -> Result<(), String> {
    let config = Config::builder().completion_type(CompletionType::List).auto_add_history(true).build();
    let mut editor: Editor<Assistant<'_>, FileHistory> =
        Editor::with_config(config).map_err(|error| error.to_string())?;
    editor.set_helper(Some(Assistant { evaluator }));
    let history = history_file(context);
    if let Some(path) = &history {
        // Without a history the console works all the same.
        let _ = editor.load_history(path);
    }
    loop {
        match editor.readline("> ") {
            Ok(line) if line.trim() == "exit" => break,
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => match evaluator.answer(&line) {
                Ok(text) => context.terminal.line(&text),
                Err(text) => context.terminal.error_line(&text),
            },
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    if let Some(path) = &history {
        let made = path.parent().is_none_or(|folder| std::fs::create_dir_all(folder).is_ok());
        if made {
            let _ = editor.save_history(path);
        }
    }
    Ok(())
}

/// Where lines are remembered; readable for the user alone, since they may hold secrets.
fn history_file(context: &Context) -> Option<PathBuf> {
    let state = context.variable("XDG_STATE_HOME").map(PathBuf::from);
    let folder = state.or_else(|| Some(PathBuf::from(context.variable("HOME")?).join(".local/state")))?;
    Some(folder.join("terrane").join("console-history"))
}

struct Assistant<'e> {
    evaluator: &'e dyn Evaluator,
}

impl Helper for Assistant<'_> {}

impl Hinter for Assistant<'_> {
    type Hint = String;
}

impl Highlighter for Assistant<'_> {
    fn highlight<'l>(&self, line: &'l str, _position: usize) -> Cow<'l, str> {
        Cow::Borrowed(line)
    }
}

impl Validator for Assistant<'_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let is_open = self.evaluator.is_open(context.input());
        Ok(if is_open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Completer for Assistant<'_> {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _context: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (before, typed) = split_reference(line.get(..position).unwrap_or(line));
        let names = self.evaluator.names_after(before);
        let fitting = names.into_iter().filter(|name| name.starts_with(typed));
        let pairs = fitting.map(|name| Pair { display: name.clone(), replacement: name });
        Ok((position - typed.len(), pairs.collect()))
    }
}

/// Takes the reference that a text ends with apart: what stands before the last dot, and what was typed of the name
/// behind it.
fn split_reference(text: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    let mut start = text.len();
    let mut dot = None;
    for (index, character) in text.char_indices().rev() {
        match character {
            ']' => depth += 1,
            '[' if depth == 0 => break,
            '[' => depth -= 1,
            _ if depth > 0 => {}
            '.' => {
                dot.get_or_insert(index);
            }
            character if character.is_alphanumeric() || character == '_' || character == '-' => {}
            _ => break,
        }
        start = index;
    }
    match dot {
        Some(dot) => (&text[start..dot], &text[dot + 1..]),
        None => ("", &text[start..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        assert_eq!(split_reference("upper(var.na"), ("var", "na"));
        assert_eq!(split_reference("1 + module.a[\"x.y\"].o"), ("module.a[\"x.y\"]", "o"));
        assert_eq!(split_reference("[for x in loc"), ("", "loc"));
        assert_eq!(split_reference("a.b."), ("a.b", ""));
        assert_eq!(split_reference(""), ("", ""));
    }
}

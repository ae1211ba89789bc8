//! Templates inside of YAML: what stands between double braces makes way for a placeholder while the YAML is read.

use terrane_language::functions::expression_text;
use terrane_model::{Diagnostic, Diagnostics, Value};

use super::expression::{Scope, Used, translate};
use crate::convert::blocks::identifier;

/// Words that begin what is no value.
const CONTROL: [&str; 9] = ["if", "else", "end", "range", "with", "define", "block", "template", "break"];

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Text(&'t str),
    /// What stands between braces, without white space around it.
    Action(&'t str),
}

/// Takes a template apart. White space is trimmed where braces with a dash ask for it; comments are left out.
///
/// # Errors
/// When braces are not closed.
pub(super) fn parts(text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, inside) = (&rest[..start], &rest[start + 2..]);
        let end = end_of_action(inside).ok_or("braces are opened and not closed")?;
        let (action, after) = (&inside[..end], &inside[end + 2..]);
        let trims_before =
            action.strip_prefix('-').is_some_and(|action| action.starts_with(char::is_whitespace));
        let trims_after =
            action.strip_suffix('-').is_some_and(|action| action.ends_with(char::is_whitespace));
        parts.push(Part::Text(if trims_before { before.trim_end() } else { before }));
        let action = action.strip_prefix('-').filter(|_| trims_before).unwrap_or(action);
        let action = action.strip_suffix('-').filter(|_| trims_after).unwrap_or(action).trim();
        if !action.starts_with("/*") {
            parts.push(Part::Action(action));
        }
        rest = if trims_after { after.trim_start() } else { after };
    }
    parts.push(Part::Text(rest));
    parts.retain(|part| *part != Part::Text(""));
    Ok(parts)
}

/// Finds the closing braces, which texts inside may have, too.
fn end_of_action(inside: &str) -> Option<usize> {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, character) in inside.char_indices() {
        match quote {
            None if inside[at..].starts_with("}}") => return Some(at),
            None if matches!(character, '"' | '`') => quote = Some(character),
            Some(open) if character == open && !is_escaped => quote = None,
            _ => {}
        }
        is_escaped = character == '\\' && quote == Some('"') && !is_escaped;
    }
    None
}

/// The actions of a file, by the numbers of their placeholders.
#[derive(Debug, Default)]
pub(super) struct Templates {
    actions: Vec<String>,
}

impl Templates {
    /// Puts placeholders into a text.
    ///
    /// # Errors
    /// When the text decides or repeats something: there is no value that it stands for.
    pub(super) fn take_out(&mut self, text: &str) -> Result<String, String> {
        let mut taken = String::with_capacity(text.len());
        for part in parts(text)? {
            match part {
                Part::Text(text) => taken.push_str(text),
                Part::Action(action) => {
                    // Templates of releases are written as texts, because they are read twice.
                    let raw = action.strip_prefix('`').and_then(|action| action.strip_suffix('`'));
                    if let Some(raw) = raw.filter(|raw| raw.contains("{{")) {
                        taken.push_str(&self.take_out(raw)?);
                        continue;
                    }
                    let word = action.split_whitespace().next().unwrap_or_default();
                    if CONTROL.contains(&word) || action.contains(":=") {
                        let line = taken.lines().count().max(1);
                        return Err(format!(
                            "Around line {line}, \"{{{{ {action} }}}}\" decides what the file says. Render it first (\"helmfile \
                             build\"), and convert the result."
                        ));
                    }
                    let known = self.actions.iter().position(|known| known == action);
                    let number = known.unwrap_or_else(|| {
                        self.actions.push(action.to_owned());
                        self.actions.len() - 1
                    });
                    taken.push_str(&placeholder(number));
                }
            }
        }
        Ok(taken)
    }

    /// Writes a value as an expression.
    pub(super) fn expression(
        &self,
        value: &Value,
        scope: &Scope,
        used: &mut Used,
        warnings: &mut Diagnostics,
    ) -> String {
        if let Some(text) = value.as_str() {
            return self.text(text, scope, used, warnings);
        }
        if let Some(entries) = value.as_entries() {
            let mut written = String::from("{\n");
            for (name, value) in entries {
                let key = match self.text(name, scope, used, warnings) {
                    _ if identifier(name) == name.as_str() && next_placeholder(name).is_none() => {
                        name.to_string()
                    }
                    quoted if quoted.starts_with('"') => quoted,
                    expression => format!("({expression})"),
                };
                written.push_str(&format!("{key} = {}\n", self.expression(value, scope, used, warnings)));
            }
            return if entries.is_empty() { "{}".to_owned() } else { written + "}" };
        }
        if let Some(elements) = value.as_sequence() {
            let all: Vec<String> =
                elements.iter().map(|element| self.expression(element, scope, used, warnings)).collect();
            return format!("[{}]", all.join(", "));
        }
        expression_text(value)
    }

    /// Writes a text with placeholders as an expression.
    pub(super) fn text(
        &self,
        text: &str,
        scope: &Scope,
        used: &mut Used,
        warnings: &mut Diagnostics,
    ) -> String {
        let mut written = String::new();
        let mut rest = text;
        while let Some((before, number, after)) = next_placeholder(rest) {
            let action = self.actions.get(number).map_or("", String::as_str);
            let expression = translate(action, scope, used).map_or_else(
                |why| {
                    warnings.push(without_counterpart(action, &why));
                    "null".to_owned()
                },
                |expression| expression.text,
            );
            if before.is_empty() && after.is_empty() && written.is_empty() {
                return expression;
            }
            written.push_str(&escaped(before));
            written.push_str(&interpolated(&expression));
            rest = after;
        }
        format!("\"{written}{}\"", escaped(rest))
    }
}

/// Returns an expression as a part of a text: a text as it is, anything else between braces.
pub(super) fn interpolated(expression: &str) -> String {
    let inside = expression.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match inside.filter(|inside| !inside.contains(['"', '\\'])) {
        Some(inside) => inside.to_owned(),
        None => format!("${{{expression}}}"),
    }
}

/// Says that something in a template is left out.
pub(super) fn without_counterpart(action: &str, why: &str) -> Diagnostic {
    let detail = format!("\"{{{{ {action} }}}}\" has no counterpart ({why}); null stands in its place.");
    Diagnostic::warning("Not converted", detail)
}

fn placeholder(number: usize) -> String {
    format!("__action_{number}__")
}

fn next_placeholder(text: &str) -> Option<(&str, usize, &str)> {
    let (before, rest) = text.split_once("__action_")?;
    let (number, after) = rest.split_once("__")?;
    Some((before, number.parse().ok()?, after))
}

/// Returns a text as it stands between quotes, with templates of the language kept from being read.
pub(super) fn escaped(text: &str) -> String {
    let quoted = expression_text(&Value::string(text));
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

//! Messages for people, laid out as Terraform lays them out: tools read the first lines of them.

use std::borrow::Cow;
use std::fmt::Write;

use rustc_hash::FxHashMap;
use terrane_model::{Diagnostic, Diagnostics, Severity, SourceMap};

use super::wrap::wrap;
use crate::terminal::{Style, Terminal};
use crate::view::snippet::{place, snippet};

/// Shows messages: errors on standard error, warnings where the output goes. Warnings that say the same are put
/// together; with `compact`, and where nothing failed, only their summaries are shown.
pub fn render_all(diagnostics: &Diagnostics, sources: &SourceMap, terminal: &Terminal, compact: bool) {
    let consolidated = consolidate(diagnostics);
    if compact && !diagnostics.is_empty() && !diagnostics.has_errors() {
        terminal.line(&compact_warnings(&consolidated, sources, terminal));
        return;
    }
    for diagnostic in &consolidated {
        let text = render(diagnostic, sources, terminal);
        if diagnostic.is_error() { terminal.error_line(&text) } else { terminal.line(&text) }
    }
}

fn compact_warnings(warnings: &[Diagnostic], sources: &SourceMap, terminal: &Terminal) -> String {
    let mut text = format!("{}\n\n", terminal.style(Style::BoldYellow, "Warnings:"));
    for warning in warnings {
        let _ = writeln!(text, "- {}", warning.summary);
        if let Some(place) = place(warning, sources) {
            let _ = writeln!(text, "  on {} line {}", place.file.path(), place.start.line);
        }
    }
    text.push_str("\nTo see the full warning notes, run Terrane without -compact-warnings.\n");
    text
}

/// Leaves one of all warnings with the same summary, which says how many more there are.
fn consolidate(diagnostics: &Diagnostics) -> Vec<Diagnostic> {
    let mut others: FxHashMap<&str, Vec<&Diagnostic>> = FxHashMap::default();
    for diagnostic in diagnostics.iter().filter(|diagnostic| can_be_consolidated(diagnostic)) {
        others.entry(diagnostic.summary.as_str()).or_default().push(diagnostic);
    }
    let mut shown = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics {
        if !can_be_consolidated(diagnostic) {
            shown.push(diagnostic.clone());
            continue;
        }
        let Some(group) = others.remove(diagnostic.summary.as_str()) else { continue };
        let mut first = diagnostic.clone();
        if group.len() > 1 {
            let more = group.len() - 1;
            let what = if more == 1 {
                "one more similar warning elsewhere".to_owned()
            } else {
                format!("{more} more similar warnings elsewhere")
            };
            first.detail = format!("{}\n\n(and {what})", first.detail);
        }
        shown.push(first);
    }
    shown
}

fn can_be_consolidated(diagnostic: &Diagnostic) -> bool {
    // Each failed assertion of a check says something of its own.
    !diagnostic.is_error()
        && diagnostic.subject.is_some()
        && !diagnostic.summary.starts_with("Check block assertion")
}

/// Lays a message out.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, terminal: &Terminal) -> String {
    let (word, style, rule_style) = match diagnostic.severity {
        Severity::Error => ("Error: ", Style::BoldRed, Style::Red),
        Severity::Warning => ("Warning: ", Style::BoldYellow, Style::Yellow),
    };
    let mut text = String::new();
    let _ = write!(
        text,
        "{}{}\n\n",
        terminal.style(style, word),
        terminal.style(Style::Bold, &diagnostic.summary)
    );
    write_place(&mut text, diagnostic, sources, terminal);
    // Terraform draws the rule in colour only; without colour the text stands alone.
    let rule_width = if terminal.color { 2 } else { 0 };
    if !diagnostic.detail.is_empty() {
        text.push_str(&wrap(&diagnostic.detail, terminal.columns.saturating_sub(rule_width + 1)));
        text.push('\n');
    }
    if !terminal.color {
        // Whoever writes it ends the last line.
        text.pop();
        return format!("\n{text}");
    }
    let mut ruled = terminal.style(rule_style, "╷");
    for line in text.trim_end_matches('\n').split('\n') {
        ruled.push('\n');
        ruled.push_str(&terminal.style(rule_style, "│"));
        if !line.is_empty() {
            ruled.push(' ');
            ruled.push_str(line);
        }
    }
    ruled.push('\n');
    ruled.push_str(&terminal.style(rule_style, "╵"));
    ruled
}

fn write_place(text: &mut String, diagnostic: &Diagnostic, sources: &SourceMap, terminal: &Terminal) {
    if let Some(address) = &diagnostic.address {
        let _ = writeln!(text, "  with {address},");
    }
    let Some(place) = place(diagnostic, sources) else {
        if diagnostic.address.is_some() {
            text.push('\n');
        }
        return;
    };
    let Some(snippet) = snippet(diagnostic, sources) else { return };
    let context = snippet.context.as_deref().map_or_else(String::new, |context| format!(", in {context}"));
    let _ = writeln!(text, "  on {} line {}{context}:", place.file.path(), place.start.line);
    let (before, rest) = snippet.code.split_at(snippet.highlight_start);
    let (highlighted, after) = rest.split_at(snippet.highlight_end - snippet.highlight_start);
    let (before, highlighted, after) = (shortened_start(before), shortened(highlighted), shortened(after));
    let lines: Vec<String> =
        highlighted.split('\n').map(|line| terminal.style(Style::Underline, line)).collect();
    let code = format!("{before}{}{after}", lines.join("\n"));
    for (index, line) in code.split('\n').enumerate() {
        let _ = writeln!(text, "{:4}: {line}", snippet.start_line + index);
    }
    write_values(text, diagnostic, terminal);
    text.push('\n');
}

/// Characters of a part of a snippet that are shown: whole files may stand in one line.
const SNIPPET_CHARS_MAX: usize = 2000;

/// Leaves out the end of what is too long to be read.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SNIPPET_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Leaves out the start of what is too long to be read.
fn shortened_start(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth_back(SNIPPET_CHARS_MAX - 1) {
        Some((start, _)) if start > 0 => Cow::Owned(format!("…{}", &text[start..])),
        _ => Cow::Borrowed(text),
    }
}

fn write_values(text: &mut String, diagnostic: &Diagnostic, terminal: &Terminal) {
    if diagnostic.values.is_empty() && diagnostic.function_call.is_none() {
        return;
    }
    let _ = writeln!(text, "    {}", terminal.style(Style::Dim, "├────────────────"));
    let bar = terminal.style(Style::Dim, "│");
    if let Some(call) = &diagnostic.function_call {
        let _ = writeln!(text, "    {bar} while calling {}", terminal.style(Style::Bold, call));
    }
    for value in &diagnostic.values {
        let _ =
            writeln!(text, "    {bar} {} {}", terminal.style(Style::Bold, &value.traversal), value.statement);
    }
}

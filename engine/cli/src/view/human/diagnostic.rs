//! Messages for people, laid out as Terraform lays them out: tools read the first lines of them.

use std::fmt::Write;

use terrane_model::{Diagnostic, Severity, SourceMap};

use super::wrap::wrap;
use crate::terminal::{Style, Terminal};
use crate::view::snippet::{place, snippet};

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
    let code = if terminal.color {
        let lines: Vec<String> =
            highlighted.split('\n').map(|line| terminal.style(Style::Underline, line)).collect();
        format!("{before}{}{after}", lines.join("\n"))
    } else {
        snippet.code.clone()
    };
    for (index, line) in code.split('\n').enumerate() {
        let _ = writeln!(text, "{:4}: {line}", snippet.start_line + index);
    }
    write_values(text, diagnostic, terminal);
    text.push('\n');
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

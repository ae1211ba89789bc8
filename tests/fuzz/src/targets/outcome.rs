//! Outcomes in short: which messages there were, without the names and numbers in them.

use terrane_model::{Diagnostics, SourceMap, Value};

/// Returns the messages' fixed parts, and checks that what they point at is text.
pub(crate) fn of_diagnostics(diagnostics: &Diagnostics, sources: &SourceMap) -> Result<String, String> {
    let mut parts = Vec::new();
    for diagnostic in diagnostics.iter() {
        for span in [diagnostic.subject, diagnostic.context].into_iter().flatten() {
            let Some(file) = sources.file(span.file) else {
                return Err(format!("{} points at no file", diagnostic.summary));
            };
            let (start, end) = (span.start as usize, span.end as usize);
            if start > end || file.text().get(start..end).is_none() {
                return Err(format!("{} points at {start}..{end}, which is no text", diagnostic.summary));
            }
            // What views do with every message.
            sources.describe(span);
        }
        parts.push(shape(&diagnostic.summary, &diagnostic.detail));
    }
    parts.sort();
    parts.dedup();
    parts.truncate(4);
    Ok(parts.join("|"))
}

/// Returns a value's type, cut short.
pub(crate) fn of_value(value: &Value) -> String {
    let mut text = format!("{:?}", value.ty());
    let end = text.char_indices().nth(60).map_or(text.len(), |(end, _)| end);
    text.truncate(end);
    text
}

/// Leaves out of a message what is quoted and counted.
pub(crate) fn shape(summary: &str, detail: &str) -> String {
    let mut text: String = detail.chars().take(160).collect();
    while let Some(start) = text.find('"') {
        let end = text[start + 1..].find('"').map_or(text.len(), |end| start + end + 2);
        text.replace_range(start..end, "_");
    }
    text.retain(|c| c.is_ascii_alphabetic() || c == ' ' || c == '_');
    text.truncate(60);
    format!("{summary}: {text}")
}

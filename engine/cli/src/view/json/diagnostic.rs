//! Messages as `validate -json` and the machine-readable UI write them.

use serde_json::{Value as Json, json};
use terrane_model::{Diagnostic, Position, Severity, SourceMap};

use crate::view::snippet::{place, snippet};

/// Writes a message as JSON.
pub fn to_json(diagnostic: &Diagnostic, sources: &SourceMap) -> Json {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut json = json!({
        "severity": severity,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
    });
    if let Some(address) = &diagnostic.address {
        json["address"] = json!(address);
    }
    if let Some(place) = place(diagnostic, sources) {
        json["range"] = json!({
            "filename": place.file.path(),
            "start": position(place.start),
            "end": position(place.end),
        });
    }
    if let Some(snippet) = snippet(diagnostic, sources) {
        let values: Vec<Json> = diagnostic
            .values
            .iter()
            .map(|value| json!({ "traversal": value.traversal, "statement": value.statement }))
            .collect();
        json["snippet"] = json!({
            "context": snippet.context,
            "code": snippet.code,
            "start_line": snippet.start_line,
            "highlight_start_offset": snippet.highlight_start,
            "highlight_end_offset": snippet.highlight_end,
            "values": values,
        });
        if let Some(call) = &diagnostic.function_call {
            let name = call.split('(').next().unwrap_or_default();
            json["snippet"]["function_call"] = json!({ "called_as": name });
        }
    }
    json
}

fn position(position: Position) -> Json {
    json!({ "line": position.line, "column": position.column, "byte": position.byte })
}

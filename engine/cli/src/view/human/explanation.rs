//! Why objects change, as a tree from each effect back to its causes.

use std::fmt::Write;

use terrane_language::evaluate::{ValueOrigin, compact};
use terrane_model::{SourceMap, Span, Value};
use terrane_plan::Action;
use terrane_plan::explain::{Cause, Explanation, Fact};

use super::paint::Paint;
use super::plan_resource;
use super::value::format_value;
use crate::terminal::Style;

/// Lays an explanation out.
pub fn render_explanation(explanation: &Explanation<'_>, sources: &SourceMap, paint: Paint) -> String {
    let change = explanation.change;
    let mut address = change.address.to_string();
    if let Some(key) = &change.deposed {
        let _ = write!(address, " (deposed object {key})");
    }
    let is_unchanged = change.change.action == Action::NoOp && !change.is_noteworthy();
    let verdict = if is_unchanged {
        "does not change".to_owned()
    } else {
        plan_resource::verdict(change, plan_resource::Cause::Plan, paint)
    };
    let mut out = format!("{} {verdict}", paint.bold(&address));
    if let Some(reason) = plan_resource::reason(change) {
        let _ = write!(out, ",\n{reason}");
    } else if change.change.action == Action::Create {
        out.push_str(":\nthe state has no such object yet");
    }
    out.push_str(if explanation.causes.is_empty() { ".\n" } else { ":\n" });
    write_causes(&mut out, &explanation.causes, "", sources, paint);
    out
}

fn write_causes(out: &mut String, causes: &[Cause], margin: &str, sources: &SourceMap, paint: Paint) {
    for (position, cause) in causes.iter().enumerate() {
        let is_last = position + 1 == causes.len();
        let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let subject = paint.bold(&cause.subject);
        let _ = writeln!(out, "{margin}{branch}{subject}{}", fact(cause, sources, paint));
        write_causes(out, &cause.causes, &format!("{margin}{below}"), sources, paint);
    }
}

fn fact(cause: &Cause, sources: &SourceMap, paint: Paint) -> String {
    let place =
        cause.place.and_then(|span| sources.range(span)).map_or_else(String::new, |(file, start, _)| {
            paint.style(Style::Dim, &format!("  ({} line {})", file.path(), start.line))
        });
    let text = match &cause.fact {
        Fact::Changes { before, after, forces_replacement } => {
            let forces = if *forces_replacement {
                paint.style(Style::Red, " # forces replacement")
            } else {
                String::new()
            };
            format!(": {} -> {}{forces}", shown(before), shown(after))
        }
        Fact::ChangedOutside { before, after } => {
            format!(" was changed outside of Terrane: {} -> {}", shown(before), shown(after))
        }
        Fact::Expression => {
            cause.place.map_or_else(String::new, |span| format!(" = {}", source_text(sources, span)))
        }
        Fact::Given(value, origin) => format!(" = {}, {}", shown(value), giver(origin.as_ref())),
        Fact::Object(action) => format!(" {}", future(*action)),
        Fact::ExplainedBefore => " (see above)".to_owned(),
    };
    text + &place
}

/// How much of an expression is shown.
const SOURCE_CHARACTERS_MAX: usize = 60;

fn source_text(sources: &SourceMap, span: Span) -> String {
    let words: Vec<&str> = sources.text(span).split_whitespace().collect();
    let text = words.join(" ");
    if text.chars().count() <= SOURCE_CHARACTERS_MAX {
        return text;
    }
    text.chars().take(SOURCE_CHARACTERS_MAX).chain(['…']).collect()
}

fn shown(value: &Value) -> String {
    if value.deep_marks().is_sensitive() {
        return "(sensitive value)".to_owned();
    }
    if !value.is_known() {
        return "(known after apply)".to_owned();
    }
    let words: Vec<String> = format_value(value, 0).split_whitespace().map(str::to_owned).collect();
    let text = words.join(" ").replace(", ]", " ]");
    if text.chars().count() <= SOURCE_CHARACTERS_MAX { text } else { compact(value) }
}

fn giver(origin: Option<&ValueOrigin>) -> &'static str {
    match origin {
        None => "its default",
        Some(ValueOrigin::File(_)) => "from a file",
        Some(ValueOrigin::CommandLine) => "from the command line",
        Some(ValueOrigin::Environment) => "from the environment",
        Some(ValueOrigin::Question) => "as entered",
        Some(ValueOrigin::Plan) => "as planned",
    }
}

fn future(action: Action) -> &'static str {
    match action {
        Action::NoOp => "does not change",
        Action::Create => "will be created",
        Action::Read => "will be read during apply",
        Action::Update => "will be updated in-place",
        Action::Delete => "will be destroyed",
        Action::DeleteThenCreate | Action::CreateThenDelete | Action::CreateThenForget => "will be replaced",
        Action::Forget => "will no longer be managed",
    }
}

//! Changes of outputs.

use std::collections::BTreeMap;

use terrane_model::{Str, Value};
use terrane_plan::OutputChange;

use super::diff::{DiffAction, Options, compare_output, output_name, write_diff};
use super::paint::Paint;

/// Lists the outputs that change; empty when none does.
pub(super) fn output_changes(outputs: &BTreeMap<Str, OutputChange>, paint: Paint) -> String {
    let options = Options::of_changes(paint);
    let names: Vec<String> = outputs.keys().map(|name| output_name(name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (name, output) in names.iter().zip(outputs.values()) {
        let present = |value: &'_ Value| !value.is_null();
        let before = Some(&output.change.before).filter(|value| present(value));
        let after = Some(&output.change.after).filter(|value| present(value));
        let diff = compare_output(before, after, output.sensitive);
        if diff.action == DiffAction::NoOp {
            continue;
        }
        let mut line = format!("{}{name:width$} = ", options.action(diff.action));
        write_diff(&mut line, &diff, 0, &options);
        lines.push(line);
    }
    lines.join("\n")
}

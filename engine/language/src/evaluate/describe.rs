//! What an error says about the values involved, never more than may be shown.

use terrane_model::{ReferenceValue, Type, Value};

use super::index;
use super::scope::Scope;
use crate::syntax::tree::{Expression, StepKind, Traversal};

/// What brought an error about. Unknown and sensitive values are mentioned only where they did; otherwise
/// readers would take them for the cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Causes {
    /// Something is not known.
    pub unknown: bool,
    /// Something is sensitive.
    pub sensitive: bool,
    /// Something is ephemeral.
    pub ephemeral: bool,
}

/// Describes the value of every reference in an expression.
pub(super) fn describe_references(
    expression: &Expression,
    scope: &dyn Scope,
    causes: Causes,
    is_bound: &dyn Fn(&str) -> bool,
) -> Vec<ReferenceValue> {
    let mut described: Vec<ReferenceValue> = Vec::new();
    for reference in expression.variables() {
        let traversal = reference.traversal;
        if is_bound(&traversal.root.name) {
            continue;
        }
        let Some((shown, value)) = longest_prefix(traversal, scope) else { continue };
        if described.iter().any(|other| other.traversal == shown) {
            continue;
        }
        if let Some(statement) = statement(&value, causes) {
            described.push(ReferenceValue { traversal: shown, statement });
        }
    }
    described.sort_by(|a, b| a.traversal.cmp(&b.traversal));
    described
}

/// Finds the longest part of a traversal that has a value, with at least one step.
fn longest_prefix(traversal: &Traversal, scope: &dyn Scope) -> Option<(String, Value)> {
    let resolved = scope.resolve(traversal);
    if resolved.diagnostics.has_errors() || traversal.steps.is_empty() {
        return None;
    }
    let mut value = resolved.value;
    let mut taken = resolved.steps_taken.min(traversal.steps.len());
    for step in traversal.steps.get(taken..).unwrap_or_default() {
        let part = match &step.kind {
            StepKind::Attribute(name) => index::attribute(&value, name),
            StepKind::StringKey(key) => index::index(&value, &Value::String(key.clone())),
            StepKind::NumberKey(number) => index::index(&value, &super::operators::number_key(number)),
        };
        match part {
            Ok(part) => value = part,
            Err(_) => break,
        }
        taken += 1;
    }
    (taken > 0).then(|| (traversal_text(traversal, taken), value))
}

fn traversal_text(traversal: &Traversal, steps: usize) -> String {
    let mut text = traversal.root.name.to_string();
    for step in &traversal.steps[..steps] {
        match &step.kind {
            StepKind::Attribute(name) => {
                text.push('.');
                text.push_str(name);
            }
            StepKind::StringKey(key) => text.push_str(&format!("[{:?}]", key.as_str())),
            StepKind::NumberKey(number) => text.push_str(&format!("[{number}]")),
        }
    }
    text
}

fn statement(value: &Value, causes: Causes) -> Option<String> {
    let marks = value.deep_marks();
    // What parts of it are sensitive does not matter: no parts are shown.
    if value.marks().is_sensitive() {
        return causes.sensitive.then(|| "has a sensitive value".to_owned());
    }
    if marks.is_ephemeral() {
        return causes.ephemeral.then(|| "has an ephemeral value".to_owned());
    }
    let Some(unknown) = value.as_unknown() else { return Some(format!("is {}", compact(value))) };
    if unknown.ty == Type::Dynamic {
        return causes.unknown.then(|| "will be known only after apply".to_owned());
    }
    let name = unknown.ty.friendly_name();
    if !causes.unknown {
        return Some(format!("is a {name}"));
    }
    let bounds = (unknown.refinement.length_min, unknown.refinement.length_max);
    let length = match bounds {
        _ if !unknown.ty.is_collection() => String::new(),
        (min, Some(max)) if min == max => format!(" of length {min}"),
        (0, Some(max)) => format!(" with up to {max} elements"),
        (min, Some(max)) => format!(" with between {min} and {max} elements"),
        (0, None) => String::new(),
        (min, None) => format!(" with at least {min} elements"),
    };
    Some(format!("is a {name}{length}, known only after apply"))
}

/// Puts a value in a few words.
pub fn compact(value: &Value) -> String {
    match value {
        Value::Marked(marked) if marked.marks().is_sensitive() => "(sensitive value)".to_owned(),
        Value::Marked(marked) if marked.marks().is_ephemeral() => "(ephemeral value)".to_owned(),
        Value::Marked(marked) => compact(marked.value()),
        Value::Null(_) => "null".to_owned(),
        Value::Unknown(_) => "(not yet known)".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{:?}", text.as_str()),
        Value::Object(object) => match object.attributes() {
            [] => "object with no attributes".to_owned(),
            [(name, _)] => format!("object with 1 attribute {:?}", name.as_str()),
            attributes => format!("object with {} attributes", attributes.len()),
        },
        collection => {
            let name = collection.ty().friendly_name();
            match collection.element_count() {
                Some(0) | None => format!("empty {name}"),
                Some(1) => format!("{name} with 1 element"),
                Some(count) => format!("{name} with {count} elements"),
            }
        }
    }
}

//! `terraform_data`: a resource that is nothing but its state.
//!
//! `output` follows `input` at apply, so that what depends on it waits for the apply; a change of
//! `triggers_replace` asks for a new instance. Every function here is pure and makes one object per call: plans
//! hold instances of this type by the hundred thousand.

use std::sync::Arc;

use terrane_model::{
    Attribute, AttributePath, Block, Diagnostic, Diagnostics, Schema, Str, Type, Value, encode_json,
};
use terrane_provider::{ApplyRequest, MoveRequest, PlanRequest, ResourceSchema};

use crate::identifiers::random_uuid;
use crate::object::with_attributes;

pub(super) const TYPE_NAME: &str = "terraform_data";

pub(super) fn schema() -> ResourceSchema {
    let attributes = [
        ("id", Attribute::computed(Type::String)),
        ("input", Attribute::optional(Type::Dynamic)),
        ("output", Attribute::computed(Type::Dynamic)),
        ("triggers_replace", Attribute::optional(Type::Dynamic)),
    ];
    let attributes = attributes.map(|(name, attribute)| (Str::from(name), attribute));
    ResourceSchema::new(Schema { version: 0, block: Arc::new(Block::new(attributes, [])) })
}

pub(super) fn validate(config: &Value) -> Diagnostics {
    let is_set = |name: &&str| config.get(name).is_some_and(|value| !value.is_null());
    let set = ["id", "output"].into_iter().filter(is_set);
    set.map(|name| {
        Diagnostic::error(format!("{name:?} attribute is read-only"), "Remove it from the configuration.")
            .on_attribute(AttributePath::root().attribute(name))
    })
    .collect()
}

/// Returns the planned object and what asks for a new one.
pub(super) fn plan(request: &PlanRequest) -> (Value, Vec<AttributePath>) {
    let (prior, proposed) = (&request.prior_state, &request.proposed_new_state);
    if proposed.is_null() {
        return (proposed.clone(), Vec::new());
    }
    let part = |object: &Value, name| object.get(name).cloned().unwrap_or(Value::dynamic_null());
    let changed = |name| !part(prior, name).raw_equals(&part(proposed, name));
    let input = part(proposed, "input");
    if prior.is_null() {
        return (planned_anew(proposed, input), Vec::new());
    }
    if changed("triggers_replace") {
        let replace = vec![AttributePath::root().attribute("triggers_replace")];
        return (planned_anew(proposed, input), replace);
    }
    if changed("input") {
        return (with_attributes(proposed, &[("output", Value::unknown(input.ty()))]), Vec::new());
    }
    (proposed.clone(), Vec::new())
}

/// The object of a new instance. The output has the input's type, and is null where the input is.
fn planned_anew(proposed: &Value, input: Value) -> Value {
    let output = if input.is_null() { input } else { Value::unknown(input.ty()) };
    with_attributes(proposed, &[("id", Value::unknown_not_null(Type::String)), ("output", output)])
}

pub(super) fn apply(request: &ApplyRequest) -> Value {
    let planned = &request.planned_state;
    let is_unknown = |name| planned.get(name).is_some_and(|value| !value.is_known());
    let input = || planned.get("input").cloned().unwrap_or(Value::dynamic_null());
    match (is_unknown("id"), is_unknown("output")) {
        (true, true) => with_attributes(planned, &[("id", new_id()), ("output", input())]),
        (true, false) => with_attributes(planned, &[("id", new_id())]),
        (false, true) => with_attributes(planned, &[("output", input())]),
        (false, false) => planned.clone(),
    }
}

fn new_id() -> Value {
    Value::String(random_uuid())
}

/// Returns the state of an imported object: only the id is known, the configuration brings the rest.
pub(super) fn import(block: &Block, id: &Str) -> Value {
    with_attributes(&block.empty_value(), &[("id", Value::String(id.clone()))])
}

/// Takes over a `null_resource`: its triggers become `triggers_replace`.
pub(super) fn take_over(block: &Block, request: &MoveRequest) -> Result<Value, Diagnostics> {
    if !request.source_provider.ends_with("hashicorp/null") {
        return Err(Diagnostic::error(
            "Unsupported source provider for move operation",
            "Only moving from the official hashicorp/null provider to terraform_data is supported.",
        )
        .into());
    }
    if request.source_type != "null_resource" {
        return Err(Diagnostic::error(
            "Unsupported source resource type for move operation",
            "Only moving from the null_resource managed resource to terraform_data is supported.",
        )
        .into());
    }
    let null_resource = Type::object([("id", Type::String), ("triggers", Type::map(Type::String))]);
    let source = encode_json::value_from_json(&request.source_json, &null_resource).map_err(|error| {
        Diagnostic::error(
            "Failed to decode source state",
            format!("The state of the null_resource cannot be read: {error}."),
        )
    })?;
    // The next plan compares exactly: an absent argument is a null without a type, and `{ … }` an object.
    let triggers = source.attribute("triggers");
    let triggers =
        triggers.as_entries().map_or(Value::dynamic_null(), |entries| Value::object(entries.to_vec()));
    let state = with_attributes(
        &block.empty_value(),
        &[("id", source.attribute("id")), ("triggers_replace", triggers)],
    );
    Ok(state)
}

//! `output` blocks.

use std::sync::Arc;

use terrane_model::Diagnostics;

use super::constant::ConstantScope;
use super::decode::{attribute_bool, attribute_string, check_name, check_rule, traversal_list};
use super::module::Output;
use super::type_expression::parse_type;
use crate::syntax::{BlockContent, BodySchema};

const SCHEMA: BodySchema<'static> = body_schema!(
    ["description", "value": required, "type", "depends_on", "sensitive", "ephemeral", "deprecated"],
    ["precondition", "postcondition"]
);

/// What an overriding block may say: nothing in it is required.
pub(super) const OVERRIDE_SCHEMA: BodySchema<'static> = body_schema!(
    ["description", "value", "type", "depends_on", "sensitive", "ephemeral", "deprecated"],
    ["precondition", "postcondition"]
);

pub(super) fn decode(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Output> {
    let name = check_name(block, 0, "Invalid output name", diagnostics)?;
    let (content, problems) = block.body.content(&SCHEMA);
    diagnostics.extend(problems);
    let mut preconditions = Vec::new();
    for nested in &content.blocks {
        if nested.block_type.name == "postcondition" {
            let detail = "Postconditions are not supported for output values.";
            let error = terrane_model::Diagnostic::error("Postconditions are not allowed", detail);
            diagnostics.push(error.at(nested.header));
            continue;
        }
        preconditions.extend(check_rule(nested, diagnostics));
    }
    let depends_on = content.attributes.get("depends_on").map(|list| traversal_list(list, diagnostics));
    let constraint =
        content.attributes.get("type").map(|ty| parse_type(&ty.expression, &ConstantScope, diagnostics));
    Some(Output {
        name,
        value: Arc::clone(&content.attributes.get("value")?.expression),
        description: attribute_string(&content, "description", diagnostics),
        constraint,
        sensitive: attribute_bool(&content, "sensitive", diagnostics).unwrap_or(false),
        ephemeral: attribute_bool(&content, "ephemeral", diagnostics).unwrap_or(false),
        deprecated: attribute_string(&content, "deprecated", diagnostics),
        depends_on: depends_on.unwrap_or_default(),
        preconditions,
        span: block.header,
    })
}

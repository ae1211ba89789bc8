//! `module` blocks.

use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics};

use super::decode::{attribute_expression, check_name, provider_reference, traversal_list};
use super::module::{ModuleCall, ProviderReference, Repetition};
use super::provider_block::with_escaped;
use crate::syntax::body_content::{BlockContent, BodySchema};
use crate::syntax::tree::Expression;

pub(super) fn schema() -> BodySchema {
    BodySchema::new(
        &[
            ("source", true),
            ("version", false),
            ("count", false),
            ("for_each", false),
            ("depends_on", false),
            ("providers", false),
        ],
        &[("_", &[]), ("lifecycle", &[]), ("locals", &[]), ("provider", &["type"])],
    )
}

pub(super) fn decode(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<ModuleCall> {
    let name = check_name(block, 0, "Invalid module instance name", diagnostics)?;
    let (content, body, problems) = block.body.partial_content(&schema());
    diagnostics.extend(problems);
    let mut repetition = decode_repetition(&content, "module", diagnostics);
    for nested in &content.blocks {
        match nested.block_type.name.as_str() {
            "_" => {}
            "lifecycle" => repetition.enabled = decode_enabled(nested, diagnostics),
            other => {
                let detail = format!("The block type name {other:?} is reserved for use by Terraform in a future version.");
                diagnostics.push(Diagnostic::error("Reserved block type name in module block", detail).at(nested.header));
            }
        }
    }
    let providers = content.attribute("providers").map(|attribute| decode_providers(&attribute.expression, diagnostics));
    let depends_on = content.attribute("depends_on").map(|list| traversal_list(list, diagnostics));
    Some(ModuleCall {
        name,
        source: Arc::clone(&content.attribute("source")?.expression),
        version: attribute_expression(&content, "version"),
        repetition,
        depends_on: depends_on.unwrap_or_default(),
        providers: providers.unwrap_or_default(),
        body: with_escaped(body, &content.blocks),
        span: block.header,
    })
}

/// Reads `count` and `for_each`, of which only one may be there.
pub(super) fn decode_repetition(
    content: &crate::syntax::body_content::BodyContent,
    _kind: &str,
    diagnostics: &mut Diagnostics,
) -> Repetition {
    let count = attribute_expression(content, "count");
    let for_each = attribute_expression(content, "for_each");
    if count.is_some()
        && let Some(attribute) = content.attribute("for_each")
    {
        let detail = "The \"count\" and \"for_each\" meta-arguments are mutually-exclusive, only one should be used to be \
                      explicit about the number of resources to be created.";
        let error = Diagnostic::error("Invalid combination of \"count\" and \"for_each\"", detail);
        diagnostics.push(error.at(attribute.name.span));
    }
    Repetition { count, for_each, enabled: None }
}

fn decode_enabled(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<super::module::Expr> {
    let (content, problems) = block.body.content(&BodySchema::new(&[("enabled", true)], &[]));
    diagnostics.extend(problems);
    attribute_expression(&content, "enabled")
}

fn decode_providers(
    expression: &Expression,
    diagnostics: &mut Diagnostics,
) -> Vec<(ProviderReference, ProviderReference)> {
    let Some(items) = expression.as_object_items() else {
        let detail = "The providers argument must be a map of provider configuration names.";
        diagnostics.push(Diagnostic::error("Invalid providers argument", detail).at(expression.span));
        return Vec::new();
    };
    let mut pairs: Vec<(ProviderReference, ProviderReference)> = Vec::new();
    for item in items.iter() {
        let inside = provider_reference(&item.key, diagnostics);
        let outside = provider_reference(&item.value, diagnostics);
        let Some((inside, outside)) = inside.zip(outside) else { continue };
        let taken = |(other, _): &&(ProviderReference, ProviderReference)| {
            other.local_name == inside.local_name && other.alias == inside.alias
        };
        if pairs.iter().find(taken).is_some() {
            let detail = "A provider configuration was already assigned to this name.";
            diagnostics.push(Diagnostic::error("Duplicate provider address", detail).at(item.key.span));
            continue;
        }
        pairs.push((inside, outside));
    }
    pairs
}

//! `resource`, `data` and `ephemeral` blocks.

use terrane_model::{Diagnostic, Diagnostics, ResourceAddress, ResourceMode};

use super::decode::{check_name, provider_reference, traversal_list};
use super::lifecycle;
use super::module::{Lifecycle, Provisioner, Resource};
use super::module_call::decode_repetition;
use super::provider_block::with_escaped;
use crate::syntax::{BlockContent, BodySchema};

fn schema(mode: ResourceMode) -> BodySchema<'static> {
    const MANAGED: BodySchema<'static> = body_schema!(
        ["count", "for_each", "provider", "depends_on"],
        ["lifecycle", "connection", "provisioner"["type"], "locals", "_"]
    );
    const OTHER: BodySchema<'static> =
        body_schema!(["count", "for_each", "provider", "depends_on"], ["lifecycle", "locals", "_"]);
    if mode == ResourceMode::Managed { MANAGED } else { OTHER }
}

pub(super) fn decode(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Resource> {
    let (mode, kind) = match block.block_type.name.as_str() {
        "data" => (ResourceMode::Data, "data source"),
        "ephemeral" => (ResourceMode::Ephemeral, "ephemeral resource"),
        _ => (ResourceMode::Managed, "resource"),
    };
    let resource_type = check_name(block, 0, &format!("Invalid {kind} type name"), diagnostics);
    let name_kind = if mode == ResourceMode::Data { "data resource" } else { kind };
    let name = check_name(block, 1, &format!("Invalid {name_kind} name"), diagnostics);
    let (content, body, problems) = block.body.partial_content(&schema(mode));
    diagnostics.extend(problems);

    let provider = content
        .attributes
        .get("provider")
        .and_then(|attribute| provider_reference(&attribute.expression, diagnostics));
    let depends_on = content.attributes.get("depends_on").map(|list| traversal_list(list, diagnostics));
    let mut lifecycle = Lifecycle::default();
    let mut repetition = decode_repetition(&content, diagnostics);
    let mut connection = None;
    let mut provisioners: Vec<Provisioner> = Vec::new();
    let mut first_lifecycle = None;
    let mut first_connection = None;
    for nested in &content.blocks {
        match nested.block_type.name.as_str() {
            "lifecycle" => {
                if first_lifecycle.replace(nested.header).is_some() {
                    let detail = "This resource already has a lifecycle block.";
                    diagnostics
                        .push(Diagnostic::error("Duplicate lifecycle block", detail).at(nested.header));
                    continue;
                }
                lifecycle = lifecycle::decode(nested, mode, &mut repetition, diagnostics);
            }
            "connection" => {
                if first_connection.replace(nested.header).is_some() {
                    let detail = "This resource already has a connection block.";
                    diagnostics
                        .push(Diagnostic::error("Duplicate connection block", detail).at(nested.header));
                    continue;
                }
                connection = Some(nested.body.clone());
            }
            "provisioner" => provisioners.extend(lifecycle::decode_provisioner(nested, diagnostics)),
            "_" => {}
            other => {
                let detail = format!(
                    "The block type name {other:?} is reserved for use by Terraform in a future version."
                );
                let summary = format!("Reserved block type name in {kind} block");
                diagnostics.push(Diagnostic::error(summary, detail).at(nested.header));
            }
        }
    }
    if let Some(connection) = &connection
        && provisioners.iter().any(|provisioner| provisioner.on_destroy)
    {
        lifecycle::check_own_references(connection, diagnostics);
    }
    Some(Resource {
        address: ResourceAddress { mode, resource_type: resource_type?, name: name? },
        repetition,
        provider,
        depends_on: depends_on.unwrap_or_default(),
        lifecycle,
        connection,
        provisioners,
        body: with_escaped(body, &content.blocks),
        span: block.header,
        type_span: block.labels.first().map_or(block.header, |label| label.span),
        check: None,
    })
}

//! `moved`, `removed` and `import` blocks.

use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics};

use super::decode::{attribute_expression, provider_reference, static_traversal};
use super::import_address::ImportAddress;
use super::lifecycle;
use super::module::{Import, Moved, Removed};
use super::reference::{Subject, parse_reference};
use crate::syntax::BlockContent;
use crate::syntax::tree::Traversal;

pub(super) fn decode_moved(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Moved> {
    let (content, problems) = block.body.content(&body_schema!(["from": required, "to": required], []));
    diagnostics.extend(problems);
    let from =
        content.attributes.get("from").and_then(|from| static_traversal(&from.expression, diagnostics));
    let to = content.attributes.get("to").and_then(|to| static_traversal(&to.expression, diagnostics));
    let (from, to) = from.zip(to)?;
    let mut is_valid = true;
    for traversal in [&from, &to] {
        if NO_ADDRESSES.contains(&traversal.root.name.as_str()) {
            let detail = format!(
                "The keyword {:?} is reserved and cannot be used to target a resource address. If you are targeting a resource \
                 type that uses a reserved keyword, please prefix your address with \"resource.\".",
                traversal.root.name.as_str()
            );
            diagnostics.push(Diagnostic::error("Invalid address", detail).at(traversal.root.span));
            is_valid = false;
        }
    }
    if !is_valid {
        return None;
    }
    let is_module = |traversal: &Traversal| ends_at_module(traversal);
    if is_module(&from) != is_module(&to) {
        let detail =
            "The \"from\" and \"to\" addresses must either both refer to resources or both refer to modules.";
        diagnostics.push(Diagnostic::error("Invalid \"moved\" addresses", detail).at(block.header));
        return None;
    }
    Some(Moved { from, to, span: block.header })
}

/// What references begin with that are to no object.
const NO_ADDRESSES: &[&str] = &["count", "each", "local", "output", "path", "self", "terraform", "var"];

/// Tells whether an address names a module and nothing inside of it.
fn ends_at_module(traversal: &Traversal) -> bool {
    use crate::syntax::tree::StepKind;
    let mut names =
        std::iter::once(traversal.root.name.as_str()).chain(traversal.steps.iter().filter_map(|step| {
            match &step.kind {
                StepKind::Attribute(name) => Some(name.as_str()),
                _ => None,
            }
        }));
    loop {
        match (names.next(), names.next()) {
            (None, _) => return true,
            (Some("module"), Some(_)) => {}
            _ => return false,
        }
    }
}

pub(super) fn decode_removed(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Removed> {
    let schema = body_schema!(["from": required], ["lifecycle", "connection", "provisioner" ["type"]]);
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    let mut removed_destroy = true;
    let mut connection = None;
    let mut provisioners = Vec::new();
    for nested in &content.blocks {
        match nested.block_type.name.as_str() {
            "lifecycle" => removed_destroy = lifecycle::decode_removed_lifecycle(nested, diagnostics),
            "connection" => connection = Some(nested.body.clone()),
            _ => {
                let provisioner = lifecycle::decode_provisioner(nested, diagnostics);
                if provisioner.as_ref().is_some_and(|provisioner| !provisioner.on_destroy) {
                    let detail = "Only destroy-time provisioners are valid in \"removed\" blocks. To declare a \
                                  destroy-time provisioner, use:\n    when = destroy";
                    diagnostics
                        .push(Diagnostic::error("Invalid provisioner block", detail).at(nested.header));
                    continue;
                }
                provisioners.extend(provisioner);
            }
        }
    }
    let from = content.attributes.get("from")?;
    let traversal = static_traversal(&from.expression, diagnostics)?;
    if traversal.steps.iter().any(|step| !matches!(step.kind, crate::syntax::tree::StepKind::Attribute(_))) {
        let detail = "Resource instance address with keys is not allowed. Please remove all instance keys: a \"removed\" \
                      block applies to all instances.";
        diagnostics
            .push(Diagnostic::error("Resource instance keys not allowed", detail).at(from.expression.span));
        return None;
    }
    if !ends_at_module(&traversal)
        && let Ok(reference) = parse_reference(&traversal)
        && matches!(reference.subject, Subject::Resource { mode: terrane_model::ResourceMode::Data, .. })
    {
        let detail = "Data sources are not managed, so they cannot be removed from the state with a \"removed\" block.";
        diagnostics
            .push(Diagnostic::error("Data source address not allowed", detail).at(from.expression.span));
        return None;
    }
    Some(Removed { from: traversal, destroy: removed_destroy, provisioners, connection, span: block.header })
}

pub(super) fn decode_import(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Import> {
    let schema = body_schema!(["provider", "for_each", "id", "identity", "if_exists", "to": required],
        []);
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    let id = attribute_expression(&content, "id");
    let identity = attribute_expression(&content, "identity");
    let if_exists = attribute_expression(&content, "if_exists");
    if id.is_none() && identity.is_none() && if_exists.is_none() {
        let detail = "The argument \"id\" is required, but no definition was found.";
        diagnostics
            .push(Diagnostic::error("Missing required argument", detail).at(block.body.missing_span()));
    }
    if id.is_some() && identity.is_some() {
        let detail = "An import block takes either \"id\" or \"identity\", not both.";
        diagnostics.push(Diagnostic::error("Invalid import block", detail).at(block.header));
    }
    let provider = content
        .attributes
        .get("provider")
        .and_then(|attribute| provider_reference(&attribute.expression, diagnostics));
    let to = Arc::clone(&content.attributes.get("to")?.expression);
    let for_each = attribute_expression(&content, "for_each");
    let address = ImportAddress::parse(&to, for_each.is_some(), diagnostics)?;
    Some(Import { to, address, id, identity, if_exists, for_each, provider, span: block.header })
}

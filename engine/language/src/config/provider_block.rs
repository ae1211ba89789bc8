//! `provider` blocks.

use terrane_model::{Diagnostic, Diagnostics, Str};

use super::constant::constant_string;
use super::decode::{attribute_expression, check_name};
use super::module::ProviderBlock;
use super::version_constraint::VersionConstraints;
use crate::syntax::identifiers::is_valid_identifier;
use crate::syntax::{BlockContent, BodySchema};

pub(super) fn schema() -> BodySchema<'static> {
    body_schema!(
        ["alias", "version", "for_each", "count", "depends_on", "source",],
        ["_", "lifecycle", "locals"]
    )
}

pub(super) fn decode(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<ProviderBlock> {
    let local_name = check_name(block, 0, "Invalid provider name", diagnostics)?;
    let (content, body, problems) = block.body.partial_content(&schema());
    diagnostics.extend(problems);
    let alias = content.attributes.get("alias").and_then(|attribute| {
        let alias = alias_name(&attribute.expression, diagnostics)?;
        if is_valid_identifier(&alias) {
            return Some(alias);
        }
        let detail = "An alias must be a valid name: a letter or underscore, followed by letters, digits, underscores \
                      and dashes.";
        let error = Diagnostic::error("Invalid provider configuration alias", detail);
        diagnostics.push(error.at(attribute.expression.span));
        None
    });
    let version = content.attributes.get("version").map(|attribute| {
        let warning = "Terraform 0.13 and earlier allowed provider version constraints inside the provider \
                       configuration block, but that is now deprecated and will be removed in a future version of \
                       Terraform. To silence this warning, move the provider version constraint into the \
                       required_providers block.";
        let deprecated = Diagnostic::warning("Version constraints inside provider configuration blocks are deprecated", warning);
        diagnostics.push(deprecated.at(attribute.expression.span));
        super::terraform_block::version_constraint(&attribute.expression, diagnostics)
    });
    for reserved in ["count", "depends_on", "source"] {
        if let Some(attribute) = content.attributes.get(reserved) {
            let detail = format!(
                "The provider argument name {reserved:?} is reserved for use by Terraform in a future version."
            );
            let error = Diagnostic::error("Reserved argument name in provider block", detail);
            diagnostics.push(error.at(attribute.name.span));
        }
    }
    for nested in content.blocks.iter().filter(|nested| nested.block_type.name != "_") {
        let detail = format!(
            "The block type name {:?} is reserved for use by Terraform in a future version.",
            nested.block_type.name.as_str()
        );
        diagnostics
            .push(Diagnostic::error("Reserved block type name in provider block", detail).at(nested.header));
    }
    if let (Some(for_each), None) = (content.attributes.get("for_each"), &alias) {
        let detail = "A provider block with \"for_each\" needs an \"alias\" as well: its instances are chosen by that name and a key.";
        let error = Diagnostic::error("Alias required when using \"for_each\"", detail);
        diagnostics.push(error.at(for_each.name.span));
    }
    let body = with_escaped(body, &content.blocks);
    Some(ProviderBlock {
        local_name,
        alias,
        for_each: attribute_expression(&content, "for_each"),
        version: version.flatten().unwrap_or_else(VersionConstraints::default),
        body,
        span: block.header,
    })
}

/// An alias may be quoted, or bare where it is only a word.
fn alias_name(expression: &crate::syntax::tree::Expression, diagnostics: &mut Diagnostics) -> Option<Str> {
    constant_string(expression, diagnostics)
}

/// Arguments inside a `_` block go to the provider even where the language has a meaning for their names.
pub(super) fn with_escaped(
    body: crate::syntax::ConfigBody,
    blocks: &[BlockContent],
) -> crate::syntax::ConfigBody {
    let escaped = blocks.iter().filter(|block| block.block_type.name == "_");
    escaped.fold(body, |body, block| body.overridden_by(block.body.clone()))
}

//! `module` blocks.

use terrane_model::{Diagnostic, Diagnostics, Str};

use super::constant::early_string;
use super::decode::{attribute_expression, check_name, provider_reference, traversal_list};
use super::early_scope::EarlyScope;
use super::module::{Expr, ModuleCall, ProviderReference, Repetition};
use super::provider_block::with_escaped;
use super::terraform_block::parse_constraint;
use super::version_constraint::VersionConstraints;
use crate::modules::SourceAddress;
use crate::syntax::tree::{Expression, Traversal};
use crate::syntax::{BlockContent, BodySchema, ConfigBody};

const SCHEMA: BodySchema<'static> = body_schema!(
    ["source": required, "version", "count", "for_each", "depends_on", "providers"],
    ["_", "lifecycle", "locals", "provider" ["type"]]
);

/// What an overriding block may say: nothing in it is required.
pub(super) const OVERRIDE_SCHEMA: BodySchema<'static> = body_schema!(
    ["source", "version", "count", "for_each", "depends_on", "providers"],
    ["_", "lifecycle", "locals", "provider"["type"]]
);

/// The arguments of a `module` block, of which any may be absent.
pub(super) struct Arguments {
    pub(super) source: Option<Expr>,
    pub(super) version: Option<Expr>,
    pub(super) repetition: Repetition,
    pub(super) depends_on: Vec<Traversal>,
    pub(super) providers: Vec<(ProviderReference, ProviderReference)>,
    pub(super) body: ConfigBody,
}

pub(super) fn decode(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<ModuleCall> {
    let name = check_name(block, 0, "Invalid module instance name", diagnostics)?;
    let arguments = decode_arguments(block, &SCHEMA, diagnostics);
    Some(ModuleCall {
        name,
        source: arguments.source?,
        version: arguments.version,
        repetition: arguments.repetition,
        depends_on: arguments.depends_on,
        providers: arguments.providers,
        body: arguments.body,
        span: block.header,
    })
}

pub(super) fn decode_arguments(
    block: &BlockContent,
    schema: &BodySchema<'_>,
    diagnostics: &mut Diagnostics,
) -> Arguments {
    let (content, body, problems) = block.body.partial_content(schema);
    diagnostics.extend(problems);
    let mut repetition = decode_repetition(&content, diagnostics);
    for nested in &content.blocks {
        match nested.block_type.name.as_str() {
            "_" => {}
            "lifecycle" => repetition.enabled = decode_enabled(nested, diagnostics),
            other => {
                let detail = format!(
                    "The block type name {other:?} is reserved for use by Terraform in a future version."
                );
                diagnostics.push(
                    Diagnostic::error("Reserved block type name in module block", detail).at(nested.header),
                );
            }
        }
    }
    let providers = content.attributes.get("providers");
    let depends_on = content.attributes.get("depends_on");
    Arguments {
        source: attribute_expression(&content, "source"),
        version: attribute_expression(&content, "version"),
        repetition,
        depends_on: depends_on.map(|list| traversal_list(list, diagnostics)).unwrap_or_default(),
        providers: providers.map(|list| decode_providers(&list.expression, diagnostics)).unwrap_or_default(),
        body: with_escaped(body, &content.blocks),
    }
}

/// A module call's source as written, and what it means.
#[derive(Debug, Clone)]
pub struct CallSource {
    /// As written.
    pub text: Str,
    /// What it means.
    pub address: SourceAddress,
    /// Which versions will do.
    pub version: Option<VersionConstraints>,
}

/// Reads where a module call finds its module, in the scope of what the caller knows by then.
pub fn parse_module_call_source(
    call: &ModuleCall,
    scope: &EarlyScope<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<CallSource> {
    let text = early_string(scope, &call.source, diagnostics)?;
    let version = match &call.version {
        Some(expression) => {
            let text = early_string(scope, expression, diagnostics)?;
            Some(parse_constraint(&text, expression, diagnostics)?)
        }
        None => None,
    };
    match SourceAddress::parse(&text, version.as_ref()) {
        Ok(address) => Some(CallSource { text, address, version }),
        Err(problem) => {
            diagnostics.push(Diagnostic::error(problem.summary, problem.detail).at(call.source.span));
            None
        }
    }
}

/// Reads `count` and `for_each`, of which only one may be there.
pub(super) fn decode_repetition(
    content: &crate::syntax::BodyContent,
    diagnostics: &mut Diagnostics,
) -> Repetition {
    let count = attribute_expression(content, "count");
    let for_each = attribute_expression(content, "for_each");
    if count.is_some()
        && let Some(attribute) = content.attributes.get("for_each")
    {
        let detail = "The \"count\" and \"for_each\" meta-arguments are mutually-exclusive, only one should be used to be \
                      explicit about the number of resources to be created.";
        let error = Diagnostic::error("Invalid combination of \"count\" and \"for_each\"", detail);
        diagnostics.push(error.at(attribute.name.span));
    }
    Repetition { count, for_each, enabled: None }
}

fn decode_enabled(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Expr> {
    let (content, problems) = block.body.content(&body_schema!(["enabled": required], []));
    diagnostics.extend(problems);
    attribute_expression(&content, "enabled")
}

pub(super) fn decode_providers(
    expression: &Expression,
    diagnostics: &mut Diagnostics,
) -> Vec<(ProviderReference, ProviderReference)> {
    let Some(items) = expression.as_object() else {
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

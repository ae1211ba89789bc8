//! The content of bodies in native syntax.

use rustc_hash::{FxHashMap, FxHashSet};
use terrane_model::{Diagnostic, Diagnostics};

use super::body_content::{
    Attributes, BlockContent, BlockSchema, BodyContent, BodySchema, ConfigBody, ERRORS_MAX, Taken,
    report_missing,
};
use super::suggest::{did_you_mean, suggestion};
use super::tree::{Attribute, Block, Body};

/// Returns what the schema lists and nobody has taken.
pub(super) fn partial_content(
    body: &Body,
    taken: &Taken,
    schema: &BodySchema<'_>,
    diagnostics: &mut Diagnostics,
) -> BodyContent {
    let wanted: FxHashSet<&str> = schema.attributes.iter().map(|attribute| attribute.name).collect();
    let mut attributes = Attributes::default();
    for attribute in &body.attributes {
        let name = attribute.name.name.as_str();
        if wanted.contains(name) && !taken.has_attribute(name) && !attributes.contains(name) {
            attributes.push(attribute.clone());
        }
    }
    report_missing(schema, &attributes, body.start, diagnostics);
    let wanted: FxHashMap<&str, &BlockSchema<'_>> =
        schema.blocks.iter().map(|block| (block.block_type, block)).collect();
    let mut blocks = Vec::new();
    for block in &body.blocks {
        let block_type = block.block_type.name.as_str();
        if taken.has_block_type(block_type) {
            continue;
        }
        if let Some(schema) = wanted.get(block_type) {
            match check_labels(block, schema) {
                None => blocks.push(block_content(block)),
                Some(error) => diagnostics.push(error),
            }
        }
    }
    BodyContent { attributes, blocks, missing: body.start }
}

fn block_content(block: &Block) -> BlockContent {
    BlockContent {
        block_type: block.block_type.clone(),
        labels: block.labels.clone(),
        body: ConfigBody::from_native(block.body.clone()),
        header: block.header,
    }
}

fn check_labels(block: &Block, schema: &BlockSchema<'_>) -> Option<Diagnostic> {
    let block_type = schema.block_type;
    let expected = schema.labels.len();
    let names = schema.labels.join(", ");
    let context = block.header.to(block.open_brace);
    if let Some(extra) = block.labels.get(expected) {
        let detail = if expected == 0 {
            format!("No labels are expected for {block_type} blocks.")
        } else {
            format!("Only {expected} labels ({names}) are expected for {block_type} blocks.")
        };
        let summary = format!("Extraneous label for {block_type}");
        return Some(Diagnostic::error(summary, detail).at(extra.span).within(context));
    }
    let missing = schema.labels.get(block.labels.len())?;
    let summary = format!("Missing {missing} for {block_type}");
    let detail = format!("All {block_type} blocks must have {expected} labels ({names}).");
    Some(Diagnostic::error(summary, detail).at(block.open_brace).within(context))
}

/// Complains about everything that the schema does not list and nobody has taken.
pub(super) fn report_unexpected(
    body: &Body,
    taken: &Taken,
    schema: &BodySchema<'_>,
    content: &BodyContent,
    diagnostics: &mut Diagnostics,
) {
    let attributes: FxHashSet<&str> = schema.attributes.iter().map(|attribute| attribute.name).collect();
    let block_types: FxHashSet<&str> = schema.blocks.iter().map(|block| block.block_type).collect();
    let unexpected = body.attributes.iter().filter(|attribute| {
        let name = attribute.name.name.as_str();
        !attributes.contains(name) && !taken.has_attribute(name)
    });
    for attribute in unexpected.take(ERRORS_MAX) {
        diagnostics.push(unsupported_argument(attribute, schema, content));
    }
    let unexpected = body.blocks.iter().filter(|block| {
        let block_type = block.block_type.name.as_str();
        !block_types.contains(block_type) && !taken.has_block_type(block_type)
    });
    for block in unexpected.take(ERRORS_MAX) {
        diagnostics.push(unsupported_block(block, schema));
    }
}

fn unsupported_argument(attribute: &Attribute, schema: &BodySchema<'_>, content: &BodyContent) -> Diagnostic {
    let name = attribute.name.name.as_str();
    let unset = schema.attributes.iter().map(|attribute| attribute.name);
    let unset = unset.filter(|name| !content.attributes.contains(name));
    let hint = match suggestion(name, unset) {
        Some(close) => format!(" Did you mean \"{close}\"?"),
        None if schema.blocks.iter().any(|block| block.block_type == name) => {
            format!(" Did you mean to define a block of type \"{name}\"?")
        }
        None => String::new(),
    };
    let detail = format!("An argument named \"{name}\" is not expected here.{hint}");
    Diagnostic::error("Unsupported argument", detail).at(attribute.name.span)
}

fn unsupported_block(block: &Block, schema: &BodySchema<'_>) -> Diagnostic {
    // What a `dynamic` block stands for is what should not be there.
    let dynamic = block.labels.first().filter(|_| block.block_type.name == "dynamic");
    let named = dynamic.unwrap_or(&block.block_type);
    let block_type = named.name.as_str();
    let mut hint = did_you_mean(block_type, schema.blocks.iter().map(|block| block.block_type));
    if hint.is_empty() && schema.attributes.iter().any(|attribute| attribute.name == block_type) {
        hint = format!(
            " Did you mean to define argument \"{block_type}\"? If so, use the equals sign to assign it a \
             value."
        );
    }
    let detail = format!("Blocks of type \"{block_type}\" are not expected here.{hint}");
    Diagnostic::error("Unsupported block type", detail).at(named.span)
}

/// Returns all arguments that nobody has taken, and complains about the first block.
pub(super) fn just_attributes(body: &Body, taken: &Taken, diagnostics: &mut Diagnostics) -> Attributes {
    if let Some(block) = body.blocks.iter().find(|block| !taken.has_block_type(&block.block_type.name)) {
        let summary = format!("Unexpected \"{}\" block", block.block_type.name);
        diagnostics
            .push(Diagnostic::error(summary, "Blocks are not allowed here.").at(block.block_type.span));
    }
    let mut attributes = Attributes::default();
    for attribute in &body.attributes {
        let name = attribute.name.name.as_str();
        if !taken.has_attribute(name) && !attributes.contains(name) {
            attributes.push(attribute.clone());
        }
    }
    attributes
}

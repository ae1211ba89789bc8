//! The content of a body that another file overrides in part.

use rustc_hash::FxHashSet;
use terrane_model::{Diagnostics, Span, Str};

use super::body_content::{AttributeSchema, BlockContent, BodyContent, BodySchema, report_missing};

/// The block type that stands for blocks of the type in its label.
const DYNAMIC: &str = "dynamic";

/// Merges the contents of two bodies, which `read` returns for a schema that requires nothing.
pub(super) fn merged_content(
    schema: &BodySchema<'_>,
    missing: Span,
    diagnostics: &mut Diagnostics,
    read: impl FnOnce(&BodySchema<'_>, &mut Diagnostics) -> (BodyContent, BodyContent),
) -> BodyContent {
    // What one of the two lacks may be in the other.
    let optional: Vec<_> =
        schema.attributes.iter().map(|attribute| AttributeSchema::optional(attribute.name)).collect();
    let (base, overriding) = read(&BodySchema { attributes: &optional, blocks: schema.blocks }, diagnostics);
    let mut content = base;
    for attribute in overriding.attributes {
        content.attributes.replace(attribute);
    }
    let replaced: FxHashSet<Str> =
        overriding.blocks.iter().map(|block| produced_type(block).clone()).collect();
    content.blocks.retain(|block| !replaced.contains(produced_type(block)));
    content.blocks.extend(overriding.blocks);
    content.missing = missing;
    report_missing(schema, &content.attributes, missing, diagnostics);
    content
}

/// Returns the type of the blocks that a block stands for.
fn produced_type(block: &BlockContent) -> &Str {
    match block.labels.first() {
        Some(label) if block.block_type.name == DYNAMIC => &label.name,
        _ => &block.block_type.name,
    }
}

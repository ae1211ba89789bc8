//! `dynamic` blocks: blocks that are repeated per element of a collection.

use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics, Str};

use crate::config::module::Expr;
use crate::syntax::tree::Expression;
use crate::syntax::{AttributeSchema, BlockContent, BlockSchema, BodySchema, ConfigBody};

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema::required("for_each"),
        AttributeSchema::optional("iterator"),
        AttributeSchema::optional("labels"),
    ],
    blocks: &[BlockSchema { block_type: "content", labels: &[] }],
};

/// A `dynamic` block.
pub(crate) struct DynamicBlock {
    /// What is iterated over.
    pub(crate) for_each: Expr,
    /// The name that stands for the element.
    pub(crate) iterator: Str,
    /// The labels of the repeated block.
    pub(crate) labels: Vec<Expression>,
    /// What is repeated.
    pub(crate) content: ConfigBody,
}

impl DynamicBlock {
    /// Reads the block that repeats blocks of type `repeated`.
    pub(crate) fn read(block: &BlockContent, repeated: &Str) -> (Option<Self>, Diagnostics) {
        let (content, mut diagnostics) = block.body.content(&SCHEMA);
        let Some(for_each) = content.attributes.get("for_each") else { return (None, diagnostics) };
        let mut iterator = repeated.clone();
        if let Some(attribute) = content.attributes.get("iterator") {
            match attribute.expression.as_keyword() {
                Some(name) => iterator = name.into(),
                None => {
                    let detail = "Dynamic iterator must be a single variable name.";
                    let error = Diagnostic::error("Invalid expression", detail);
                    diagnostics.push(error.at(attribute.expression.span));
                }
            }
        }
        let labels = content.attributes.get("labels").and_then(|attribute| attribute.expression.as_list());
        let [body] = content.blocks.as_slice() else {
            let (summary, detail) = if content.blocks.is_empty() {
                ("Missing content block", "A dynamic block must contain exactly one content block.")
            } else {
                (
                    "Extraneous content block",
                    "Only one nested content block is allowed for each dynamic block.",
                )
            };
            let span = content.blocks.get(1).map_or(block.header, |extra| extra.header);
            diagnostics.push(Diagnostic::error(summary, detail).at(span));
            return (None, diagnostics);
        };
        let dynamic = Self {
            for_each: Arc::clone(&for_each.expression),
            iterator,
            labels: labels.map(<[Expression]>::to_vec).unwrap_or_default(),
            content: body.body.clone(),
        };
        (Some(dynamic), diagnostics)
    }
}

//! Finding the place in a configuration that a path into its value comes from.

use terrane_model::{AttributePath, IndexKey, PathStep, Span};

use crate::syntax::tree::{Expression, ExpressionKind};
use crate::syntax::{AttributeSchema, BlockSchema, BodySchema, ConfigBody};

/// Returns the place of the part of a body that a path leads to, or of as much of the way as is written.
pub fn locate(body: &ConfigBody, path: &AttributePath) -> Option<Span> {
    locate_in_body(body, path.steps())
}

fn locate_in_body(body: &ConfigBody, steps: &[PathStep]) -> Option<Span> {
    let (PathStep::Attribute(name), rest) = steps.split_first()? else { return None };
    let attributes = [AttributeSchema::optional(name)];
    let (content, _, _) = body.partial_content(&BodySchema { attributes: &attributes, blocks: &[] });
    if let Some(attribute) = content.attributes.get(name) {
        return Some(locate_in_expression(&attribute.expression, rest));
    }
    let blocks = [BlockSchema { block_type: name, labels: &[] }];
    let (content, _, _) = body.partial_content(&BodySchema { attributes: &[], blocks: &blocks });
    let (index, rest) = match rest.split_first() {
        Some((PathStep::Index(IndexKey::Position(position)), rest)) => (*position, rest),
        Some((PathStep::Index(_), rest)) => (0, rest),
        _ => (0, rest),
    };
    let block = content.blocks.get(index).or(content.blocks.first())?;
    Some(locate_in_body(&block.body, rest).unwrap_or(block.header))
}

fn locate_in_expression(expression: &Expression, steps: &[PathStep]) -> Span {
    let Some((step, rest)) = steps.split_first() else { return expression.span };
    let part = match (&expression.kind, step) {
        (ExpressionKind::Tuple(elements), PathStep::Index(IndexKey::Position(position))) => {
            elements.get(*position)
        }
        (ExpressionKind::Object(items), PathStep::Attribute(name) | PathStep::Index(IndexKey::Key(name))) => {
            let is_wanted = |key: &Expression| {
                key.as_keyword() == Some(name.as_str()) || key.as_literal_string() == Some(name.as_str())
            };
            items.iter().find(|item| is_wanted(&item.key)).map(|item| &item.value)
        }
        (ExpressionKind::Parentheses(inner), _) => return locate_in_expression(inner, steps),
        _ => None,
    };
    part.map_or(expression.span, |part| locate_in_expression(part, rest))
}

//! Blocks to values by a provider's schema: arguments, nested blocks, and `dynamic` blocks.

use std::sync::Arc;

use terrane_model::convert::convert;
use terrane_model::{
    Attribute, AttributeKind, Block, Diagnostic, Diagnostics, Marks, NestedBlock, Nesting, ObjectType, Span,
    Str, Type, Value,
};

use super::dynamic_block::DynamicBlock;
use super::evaluator::Evaluator;
use crate::syntax::{AttributeSchema, BlockContent, BlockSchema, BodyContent, BodySchema, ConfigBody};

/// Evaluates a body as a block of a schema. The result always has the schema's type, whatever goes wrong.
pub fn decode_block(evaluator: &mut Evaluator<'_>, body: &ConfigBody, schema: &Block) -> Value {
    let (content, problems) = block_content(body, schema);
    evaluator.diagnostics.extend(problems);
    decode_content(evaluator, &content, body, schema)
}

/// Returns what is written in a body, by a schema, with `dynamic` blocks among the blocks.
pub fn block_content(body: &ConfigBody, schema: &Block) -> (BodyContent, Diagnostics) {
    let attributes: Vec<AttributeSchema<'_>> = schema
        .attributes()
        .iter()
        .map(|(name, attribute)| AttributeSchema {
            name,
            required: attribute.required && !may_be_blocks(attribute),
        })
        .collect();
    let mut blocks: Vec<BlockSchema<'_>> = Vec::new();
    for (name, attribute) in schema.attributes() {
        if may_be_blocks(attribute) {
            blocks.push(BlockSchema { block_type: name, labels: &[] });
        }
    }
    for (name, nested) in schema.block_types() {
        let labels: &[&str] = if nested.nesting == Nesting::Map { &["key"] } else { &[] };
        blocks.push(BlockSchema { block_type: name, labels });
    }
    if !blocks.is_empty() {
        blocks.push(BlockSchema { block_type: "dynamic", labels: &["type"] });
    }
    body.content(&BodySchema { attributes: &attributes, blocks: &blocks })
}

/// Some providers declare as attributes what is, or was, a nested block; configurations write them either way.
fn may_be_blocks(attribute: &Attribute) -> bool {
    attribute.is_configurable() && blocks_of(attribute).is_some()
}

/// Returns the block type that an attribute's objects are written as, where they may be.
fn blocks_of(attribute: &Attribute) -> Option<NestedBlock> {
    let (nesting, block) = match &attribute.kind {
        AttributeKind::Nested(nested) if nested.accepts_blocks => (nested.nesting, Arc::clone(&nested.block)),
        AttributeKind::Plain(Type::List(element)) => (Nesting::List, plain_block(element)?),
        AttributeKind::Plain(Type::Set(element)) => (Nesting::Set, plain_block(element)?),
        _ => return None,
    };
    Some(NestedBlock { nesting, block, min_items: 0, max_items: 0 })
}

fn plain_block(element: &Type) -> Option<Arc<Block>> {
    let Type::Object(object) = element else { return None };
    let attributes =
        object.attributes().iter().map(|(name, ty)| (name.clone(), Attribute::optional(ty.clone())));
    Some(Arc::new(Block::new(attributes.collect::<Vec<_>>(), [])))
}

/// One nested block with the names that enclosing `dynamic` blocks bind.
struct Instance {
    bindings: Vec<(Str, Value)>,
    key: Option<Str>,
    body: ConfigBody,
    header: Span,
    marks: Marks,
}

fn decode_content(
    evaluator: &mut Evaluator<'_>,
    content: &BodyContent,
    body: &ConfigBody,
    schema: &Block,
) -> Value {
    let mut values: Vec<(Str, Value)> =
        Vec::with_capacity(schema.attributes().len() + schema.block_types().len());
    for (name, attribute) in schema.attributes() {
        let value = match content.attributes.get(name) {
            Some(written) => decode_attribute(evaluator, name, attribute, &written.expression),
            None if may_be_blocks(attribute) => {
                decode_attribute_blocks(evaluator, content, body, name, attribute)
            }
            None => Value::Null(attribute.ty()),
        };
        values.push((name.clone(), value));
    }
    for (name, nested) in schema.block_types() {
        let value = decode_nested(evaluator, content, body, name, nested);
        values.push((name.clone(), value));
    }
    Value::object(values)
}

fn decode_attribute(
    evaluator: &mut Evaluator<'_>,
    name: &str,
    attribute: &Attribute,
    expression: &crate::syntax::tree::Expression,
) -> Value {
    let value = evaluator.evaluate(expression);
    let converted = match &attribute.kind {
        AttributeKind::Plain(ty) => convert(&value, ty),
        AttributeKind::Nested(nested) => convert(&value, &configurable_type(nested.nesting, &nested.block)),
    };
    converted.unwrap_or_else(|error| {
        let detail = format!("Inappropriate value for attribute {name:?}: {error}.");
        let diagnostic = Diagnostic::error("Incorrect attribute value type", detail);
        evaluator.report(diagnostic.at(expression.span), expression);
        Value::unknown(attribute.ty())
    })
}

/// The type of a nested attribute as configuration writes it: what is not required may be left out.
fn configurable_type(nesting: Nesting, block: &Block) -> Type {
    let attributes = block.attributes().iter().map(|(name, attribute)| {
        let ty = match &attribute.kind {
            AttributeKind::Plain(ty) => ty.clone(),
            AttributeKind::Nested(nested) => configurable_type(nested.nesting, &nested.block),
        };
        (name.clone(), ty)
    });
    let optional =
        block.attributes().iter().filter(|(_, attribute)| !attribute.required).map(|(name, _)| name.clone());
    nesting.gathered(&Type::Object(Arc::new(ObjectType::with_optional(attributes, optional))))
}

fn decode_attribute_blocks(
    evaluator: &mut Evaluator<'_>,
    content: &BodyContent,
    body: &ConfigBody,
    name: &Str,
    attribute: &Attribute,
) -> Value {
    let Some(nested) = blocks_of(attribute) else { return Value::Null(attribute.ty()) };
    let written =
        content.blocks.iter().any(|block| block.block_type.name == *name || is_dynamic(block, name));
    if !written {
        if attribute.required {
            let detail =
                format!("The argument {:?} is required, but no definition was found.", name.as_str());
            evaluator
                .diagnostics
                .push(Diagnostic::error("Missing required argument", detail).at(body.missing_span()));
        }
        return Value::Null(attribute.ty());
    }
    decode_nested(evaluator, content, body, name, &nested)
}

fn decode_nested(
    evaluator: &mut Evaluator<'_>,
    content: &BodyContent,
    body: &ConfigBody,
    name: &Str,
    nested: &NestedBlock,
) -> Value {
    let Some(instances) = instances(evaluator, content, name, nested) else {
        return Value::unknown(nested.nesting.gathered(nested.block.implied_type()));
    };
    check_count(evaluator, &instances, body, name, nested);
    let mut marks = Marks::NONE;
    let mut decoded: Vec<(Option<Str>, Value)> = Vec::with_capacity(instances.len());
    for instance in instances {
        marks |= instance.marks;
        let value = evaluator.with_bindings(instance.bindings, |evaluator| {
            decode_block(evaluator, &instance.body, &nested.block)
        });
        decoded.push((instance.key, value));
    }
    gather(decoded, nested).with_marks(marks)
}

fn gather(decoded: Vec<(Option<Str>, Value)>, nested: &NestedBlock) -> Value {
    let part = nested.block.implied_type();
    let values =
        |decoded: Vec<(Option<Str>, Value)>| decoded.into_iter().map(|(_, value)| value).collect::<Vec<_>>();
    match nested.nesting {
        Nesting::Single | Nesting::Group => {
            decoded.into_iter().next().map_or_else(|| nested.empty_value(), |(_, value)| value)
        }
        Nesting::List if part.has_dynamic() => Value::tuple(values(decoded)),
        Nesting::List => Value::list(part.clone(), values(decoded)),
        Nesting::Set => Value::set(part.clone(), values(decoded)),
        Nesting::Map => {
            let entries = decoded.into_iter().map(|(key, value)| (key.unwrap_or_default(), value));
            if part.has_dynamic() { Value::object(entries) } else { Value::map(part.clone(), entries) }
        }
    }
}

fn check_count(
    evaluator: &mut Evaluator<'_>,
    instances: &[Instance],
    body: &ConfigBody,
    name: &str,
    nested: &NestedBlock,
) {
    let single = matches!(nested.nesting, Nesting::Single | Nesting::Group);
    if instances.is_empty() && nested.min_items > 0 {
        let diagnostic = if single {
            Diagnostic::error(
                format!("Missing {name} block"),
                format!("A block of type {name:?} is required here."),
            )
        } else {
            let detail = format!("At least {} {name:?} blocks are required.", nested.min_items);
            Diagnostic::error(format!("Insufficient {name} blocks"), detail)
        };
        evaluator.diagnostics.push(diagnostic.at(body.missing_span()));
    } else if instances.len() < nested.min_items {
        let detail = format!("At least {} {name:?} blocks are required.", nested.min_items);
        let diagnostic = Diagnostic::error(format!("Insufficient {name} blocks"), detail);
        evaluator.diagnostics.push(diagnostic.at(body.missing_span()));
    }
    if single && instances.len() > 1 {
        let detail = format!("Only one block of type {name:?} is allowed.");
        let diagnostic = Diagnostic::error(format!("Duplicate {name} block"), detail);
        evaluator.diagnostics.push(diagnostic.at(instances[1].header));
    } else if nested.max_items > 0 && instances.len() > nested.max_items {
        let detail = format!("No more than {} {name:?} blocks are allowed", nested.max_items);
        let diagnostic = Diagnostic::error(format!("Too many {name} blocks"), detail);
        evaluator.diagnostics.push(diagnostic.at(instances[nested.max_items].header));
    }
}

/// Returns the blocks of a type in the order in which they are written, `dynamic` ones expanded; nothing
/// while it is not known how many there are.
fn instances(
    evaluator: &mut Evaluator<'_>,
    content: &BodyContent,
    name: &Str,
    nested: &NestedBlock,
) -> Option<Vec<Instance>> {
    let mut instances = Vec::new();
    let mut known = true;
    for block in &content.blocks {
        if block.block_type.name == *name {
            let key = block.labels.first().map(|label| label.name.clone());
            let header = block.header;
            instances.push(Instance {
                bindings: Vec::new(),
                key,
                body: block.body.clone(),
                header,
                marks: Marks::NONE,
            });
        } else if is_dynamic(block, name) {
            known &= expand_dynamic(evaluator, block, name, nested, &mut instances);
        }
    }
    known.then_some(instances)
}

fn is_dynamic(block: &BlockContent, name: &str) -> bool {
    block.block_type.name == "dynamic" && block.labels.first().is_some_and(|label| label.name == name)
}

/// Adds an instance per element of a `dynamic` block; tells whether all of them are known.
fn expand_dynamic(
    evaluator: &mut Evaluator<'_>,
    block: &BlockContent,
    name: &Str,
    nested: &NestedBlock,
    instances: &mut Vec<Instance>,
) -> bool {
    let (dynamic, problems) = DynamicBlock::read(block, name);
    evaluator.diagnostics.extend(problems);
    let Some(dynamic) = dynamic else { return true };
    let (collection, marks) = evaluator.evaluate(&dynamic.for_each).unmark();
    let invalid = |evaluator: &mut Evaluator<'_>, detail: String| {
        let diagnostic = Diagnostic::error("Invalid dynamic for_each value", detail);
        evaluator.report(diagnostic.at(dynamic.for_each.span), &dynamic.for_each);
    };
    if collection.is_null() {
        invalid(evaluator, "Cannot use a null value in for_each.".to_owned());
        return true;
    }
    if !collection.is_known() {
        return false;
    }
    let Some(elements) = collection.key_values() else {
        let ty = collection.ty().friendly_name();
        invalid(
            evaluator,
            format!("Cannot use a {ty} value in for_each. An iterable collection is required."),
        );
        return true;
    };
    for (key, value) in elements {
        let item = Value::object([("key", key), ("value", value)]).with_marks(marks);
        let bindings = vec![(dynamic.iterator.clone(), item)];
        let label = dynamic.labels.first().filter(|_| nested.nesting == Nesting::Map).and_then(|label| {
            let bindings = bindings.clone();
            let value =
                evaluator.with_bindings(bindings, |evaluator| evaluator.evaluate_as(label, &Type::String));
            value.as_str().cloned()
        });
        let body = dynamic.content.clone();
        instances.push(Instance { bindings, key: label, body, header: block.header, marks });
    }
    true
}

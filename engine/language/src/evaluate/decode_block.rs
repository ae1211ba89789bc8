//! Blocks to values by a provider's schema: arguments, nested blocks, and `dynamic` blocks.

use std::sync::Arc;

use terrane_model::convert::convert;
use terrane_model::{
    Attribute, AttributeKind, Block, Diagnostic, Marks, NestedBlock, Nesting, ObjectType, Span, Str, Type, Value,
};

use super::evaluator::Evaluator;
use crate::syntax::body_content::{BlockContent, BodyContent, BodySchema, ConfigBody};

/// Evaluates a body as a block of a schema. The result always has the schema's type, whatever goes wrong.
pub fn decode_block(evaluator: &mut Evaluator<'_>, body: &ConfigBody, schema: &Block) -> Value {
    let (content, problems) = body.content(&body_schema(schema));
    evaluator.diagnostics.extend(problems);
    decode_content(evaluator, &content, body, schema)
}

/// Returns what may be written in a block of a schema, `dynamic` blocks included.
pub fn body_schema(schema: &Block) -> BodySchema {
    let mut body = BodySchema::default();
    for (name, attribute) in schema.attributes() {
        body.add_attribute(name, attribute.required && !may_be_blocks(attribute));
        if may_be_blocks(attribute) {
            body.add_block(name, &[]);
        }
    }
    for (name, nested) in schema.block_types() {
        body.add_block(name, if nested.nesting == Nesting::Map { &["key"] } else { &[] });
    }
    let has_blocks = !schema.block_types().is_empty() || schema.attributes().iter().any(|(_, a)| may_be_blocks(a));
    if has_blocks {
        body.add_block("dynamic", &["type"]);
    }
    body
}

/// Old providers declare some nested blocks as attributes; configurations write them either way.
fn may_be_blocks(attribute: &Attribute) -> bool {
    attribute.is_configurable() && blocks_of(attribute).is_some()
}

fn blocks_of(attribute: &Attribute) -> Option<&ObjectType> {
    match &attribute.kind {
        AttributeKind::Plain(Type::List(element) | Type::Set(element)) => match &**element {
            Type::Object(object) => Some(object),
            _ => None,
        },
        _ => None,
    }
}

/// One nested block with the names that enclosing `dynamic` blocks bind.
struct Instance<'b> {
    bindings: Vec<(Str, Value)>,
    key: Option<Str>,
    body: &'b ConfigBody,
    header: Span,
    marks: Marks,
}

fn decode_content(
    evaluator: &mut Evaluator<'_>,
    content: &BodyContent,
    body: &ConfigBody,
    schema: &Block,
) -> Value {
    let mut values: Vec<(Str, Value)> = Vec::with_capacity(schema.attributes().len() + schema.block_types().len());
    for (name, attribute) in schema.attributes() {
        let value = match content.attribute(name) {
            Some(written) => decode_attribute(evaluator, name, attribute, &written.expression),
            None if may_be_blocks(attribute) => decode_attribute_blocks(evaluator, content, body, name, attribute),
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
    let optional = block.attributes().iter().filter(|(_, attribute)| !attribute.required).map(|(name, _)| name.clone());
    nesting.gathered(&Type::Object(Arc::new(ObjectType::with_optional(attributes, optional))))
}

fn decode_attribute_blocks(
    evaluator: &mut Evaluator<'_>,
    content: &BodyContent,
    body: &ConfigBody,
    name: &Str,
    attribute: &Attribute,
) -> Value {
    let Some(object) = blocks_of(attribute) else { return Value::Null(attribute.ty()) };
    let attributes = object.attributes().iter().map(|(name, ty)| (name.clone(), Attribute::optional(ty.clone())));
    let block = Block::new(attributes.collect::<Vec<_>>(), []);
    let is_set = matches!(attribute.ty(), Type::Set(_));
    let nesting = if is_set { Nesting::Set } else { Nesting::List };
    let nested = NestedBlock { nesting, block: Arc::new(block), min_items: 0, max_items: 0 };
    let written = content.blocks_of_type(name).next().is_some()
        || content.blocks_of_type("dynamic").any(|dynamic| dynamic.labels.first().is_some_and(|label| label.name == *name));
    if !written {
        if attribute.required {
            let detail = format!("The argument {:?} is required, but no definition was found.", name.as_str());
            evaluator.diagnostics.push(Diagnostic::error("Missing required argument", detail).at(body.missing_item_span()));
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
            decode_block(evaluator, instance.body, &nested.block)
        });
        decoded.push((instance.key, value));
    }
    gather(decoded, nested).with_marks(marks)
}

fn gather(decoded: Vec<(Option<Str>, Value)>, nested: &NestedBlock) -> Value {
    let part = nested.block.implied_type();
    let values = |decoded: Vec<(Option<Str>, Value)>| decoded.into_iter().map(|(_, value)| value).collect::<Vec<_>>();
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
    instances: &[Instance<'_>],
    body: &ConfigBody,
    name: &str,
    nested: &NestedBlock,
) {
    let single = matches!(nested.nesting, Nesting::Single | Nesting::Group);
    if instances.is_empty() && nested.min_items > 0 {
        let diagnostic = if single {
            Diagnostic::error(format!("Missing {name} block"), format!("A block of type {name:?} is required here."))
        } else {
            let detail = format!("At least {} {name:?} blocks are required.", nested.min_items);
            Diagnostic::error(format!("Insufficient {name} blocks"), detail)
        };
        evaluator.diagnostics.push(diagnostic.at(body.missing_item_span()));
    } else if instances.len() < nested.min_items {
        let detail = format!("At least {} {name:?} blocks are required.", nested.min_items);
        let diagnostic = Diagnostic::error(format!("Insufficient {name} blocks"), detail);
        evaluator.diagnostics.push(diagnostic.at(body.missing_item_span()));
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
fn instances<'b>(
    evaluator: &mut Evaluator<'_>,
    content: &'b BodyContent,
    name: &Str,
    nested: &NestedBlock,
) -> Option<Vec<Instance<'b>>> {
    let mut instances = Vec::new();
    let mut known = true;
    for block in &content.blocks {
        if block.block_type.name == *name {
            let key = block.labels.first().map(|label| label.name.clone());
            let header = block.header;
            instances.push(Instance { bindings: Vec::new(), key, body: &block.body, header, marks: Marks::NONE });
        } else if block.block_type.name == "dynamic" && block.labels.first().is_some_and(|label| label.name == *name) {
            known &= expand_dynamic(evaluator, block, name, nested, &mut instances);
        }
    }
    known.then_some(instances)
}

/// Adds an instance per element of a `dynamic` block; tells whether all of them are known.
fn expand_dynamic<'b>(
    evaluator: &mut Evaluator<'_>,
    block: &'b BlockContent,
    name: &Str,
    nested: &NestedBlock,
    instances: &mut Vec<Instance<'b>>,
) -> bool {
    let Some(dynamic) = block.dynamic(&mut evaluator.diagnostics) else { return true };
    let (collection, marks) = evaluator.evaluate(&dynamic.for_each.expression).unmark();
    let span = dynamic.for_each.expression.span;
    if collection.is_null() {
        let detail = "Cannot use a null value in for_each.";
        let diagnostic = Diagnostic::error("Invalid dynamic for_each value", detail);
        evaluator.report(diagnostic.at(span), &dynamic.for_each.expression);
        return true;
    }
    let Some(elements) = collection.key_values() else {
        if collection.is_known() {
            let detail = format!(
                "Cannot use a {} value in for_each. An iterable collection is required.",
                collection.ty().friendly_name()
            );
            let diagnostic = Diagnostic::error("Invalid dynamic for_each value", detail);
            evaluator.report(diagnostic.at(span), &dynamic.for_each.expression);
            return true;
        }
        return false;
    };
    let iterator = dynamic.iterator.clone().unwrap_or_else(|| name.clone());
    let key_label = (nested.nesting == Nesting::Map).then(|| dynamic.labels.as_ref()).flatten();
    for (key, value) in elements {
        let item = Value::object([("key", key), ("value", value)]).with_marks(marks);
        let bindings = vec![(iterator.clone(), item)];
        let label = key_label.and_then(|labels| {
            let label = labels.first()?;
            let value = evaluator.with_bindings(bindings.clone(), |evaluator| evaluator.evaluate_as(label, &Type::String));
            value.as_str().cloned()
        });
        instances.push(Instance { bindings, key: label, body: dynamic.content, header: block.header, marks });
    }
    true
}

//! Schemas for the engine, made from the tables.

use std::sync::Arc;

use terrane_model::{Attribute, AttributeKind, Block, NestedBlock, Nesting, Schema, Str, Type};
use terrane_provider::ResourceSchema;

use crate::table::{ActionTimes, Argument, BlockShape, Presence, ResourceTable};

/// Makes the schema of a resource type.
pub(crate) fn resource_schema(table: &ResourceTable) -> ResourceSchema {
    ResourceSchema::new(schema(table))
}

/// Makes the schema of a resource type or data source: its arguments, `id`, and the block of timeouts.
pub(crate) fn schema(table: &ResourceTable) -> Schema {
    let mut attributes = attributes_of(&table.arguments);
    if !attributes.iter().any(|(name, _)| name == "id") {
        attributes.push(("id".into(), Attribute::optional_computed(Type::String)));
    }
    let mut blocks = blocks_of(&table.arguments);
    blocks.extend(timeouts_block(&table.timeouts));
    Schema { version: table.schema_version, block: Arc::new(Block::new(attributes, blocks)) }
}

/// Returns the type of a resource type's values; it is made once, however many objects there are.
pub(crate) fn state_type(table: &ResourceTable) -> &Type {
    table.state_type.get_or_init(|| schema(table).block.implied_type().clone())
}

/// Makes the schema of a block.
pub(crate) fn block_schema(arguments: &[Argument]) -> Block {
    Block::new(attributes_of(arguments), blocks_of(arguments))
}

fn attributes_of(arguments: &[Argument]) -> Vec<(Str, Attribute)> {
    let attributes = arguments.iter().filter(|argument| !argument.is_block());
    attributes.map(|argument| (argument.name.clone(), attribute(argument))).collect()
}

fn attribute(argument: &Argument) -> Attribute {
    Attribute {
        kind: AttributeKind::Plain(argument.ty()),
        required: argument.presence == Presence::Required,
        optional: matches!(argument.presence, Presence::Optional | Presence::OptionalComputed),
        computed: argument.is_computed(),
        // An attribute of objects cannot mark their parts: it is hidden as a whole.
        sensitive: argument.sensitive,
        write_only: argument.write_only,
        deprecated: argument.deprecated.clone(),
        description: Str::new(),
    }
}

fn blocks_of(arguments: &[Argument]) -> Vec<(Str, NestedBlock)> {
    let blocks = arguments.iter().filter(|argument| argument.is_block());
    blocks
        .filter_map(|argument| Some((argument.name.clone(), nested_block(argument, argument.block()?))))
        .collect()
}

fn nested_block(argument: &Argument, shape: &BlockShape) -> NestedBlock {
    NestedBlock {
        nesting: if shape.is_set { Nesting::Set } else { Nesting::List },
        block: Arc::new(block_schema(&shape.arguments)),
        // Blocks that may be left out altogether are counted when there are any.
        min_items: if argument.presence == Presence::Required { argument.min_items } else { 0 },
        max_items: argument.max_items,
    }
}

fn timeouts_block(timeouts: &ActionTimes) -> Option<(Str, NestedBlock)> {
    let actions = [
        ("create", timeouts.create),
        ("read", timeouts.read),
        ("update", timeouts.update),
        ("delete", timeouts.delete),
    ];
    let attributes: Vec<(Str, Attribute)> = actions
        .iter()
        .filter(|(_, timeout)| timeout.is_some())
        .map(|(action, _)| (Str::from(*action), Attribute::optional(Type::String)))
        .collect();
    if attributes.is_empty() {
        return None;
    }
    let block = Arc::new(Block::new(attributes, []));
    Some(("timeouts".into(), NestedBlock { nesting: Nesting::Single, block, min_items: 0, max_items: 0 }))
}

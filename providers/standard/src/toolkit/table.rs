//! The table that describes a type: its schema and its rules in one place.

use std::sync::Arc;

use terrane_model::{Block, NestedBlock, Nesting, Schema, Str};

use super::property::Property;
use super::rule::Rule;

/// What there is to know about a type without running it.
pub(crate) struct Table {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) version: i64,
    pub(super) deprecated: bool,
    pub(super) properties: Vec<Property>,
    pub(super) blocks: Vec<BlockType>,
    pub(super) rules: Vec<Rule>,
}

/// A nested block of attributes.
pub(crate) struct BlockType {
    pub(super) name: &'static str,
    pub(super) nesting: Nesting,
    pub(super) properties: Vec<Property>,
    /// Most blocks that may be written; 0 for no limit. Not part of the schema.
    pub(super) max_items: usize,
    pub(super) replaces: bool,
    pub(super) rules: Vec<Rule>,
}

impl BlockType {
    /// A block that may be written any number of times, or once with single nesting.
    pub(crate) fn new(
        name: &'static str,
        nesting: Nesting,
        properties: impl IntoIterator<Item = Property>,
    ) -> Self {
        let properties = properties.into_iter().collect();
        Self { name, nesting, properties, max_items: 0, replaces: false, rules: Vec::new() }
    }

    /// Sets how many blocks may be written.
    pub(crate) fn max_items(self, max_items: usize) -> Self {
        Self { max_items, ..self }
    }

    /// Asks for a new object with every change.
    pub(crate) fn replaces(self) -> Self {
        Self { replaces: true, ..self }
    }

    /// Adds something that the attributes of each block have to fulfil together.
    pub(crate) fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }
}

impl Table {
    /// A table of attributes.
    pub(crate) fn new(
        name: &'static str,
        description: &'static str,
        properties: impl IntoIterator<Item = Property>,
    ) -> Self {
        let properties = properties.into_iter().collect();
        let (blocks, rules) = (Vec::new(), Vec::new());
        Self { name, description, version: 0, deprecated: false, properties, blocks, rules }
    }

    /// Sets the version of the state's shape.
    pub(crate) fn version(self, version: i64) -> Self {
        Self { version, ..self }
    }

    /// Warns everyone who uses the type.
    pub(crate) fn deprecated(self) -> Self {
        Self { deprecated: true, ..self }
    }

    /// Adds a nested block.
    pub(crate) fn block(mut self, block: BlockType) -> Self {
        self.blocks.push(block);
        self
    }

    /// Adds something that attributes have to fulfil together.
    pub(crate) fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    pub(super) fn schema(&self) -> Schema {
        let blocks = self.blocks.iter().map(|block_type| {
            let block = Arc::new(Block::new(attributes(&block_type.properties), []));
            let nested = NestedBlock { nesting: block_type.nesting, block, min_items: 0, max_items: 0 };
            (Str::from(block_type.name), nested)
        });
        let mut block = Block::new(attributes(&self.properties), blocks);
        block.description = self.description.into();
        block.deprecated = self.deprecated;
        Schema { version: self.version, block: Arc::new(block) }
    }
}

fn attributes(properties: &[Property]) -> impl Iterator<Item = (Str, terrane_model::Attribute)> {
    properties.iter().map(|property| (Str::from(property.name), property.attribute.clone()))
}

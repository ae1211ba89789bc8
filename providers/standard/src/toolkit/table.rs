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
    pub(super) blocks: Vec<(&'static str, NestedBlock)>,
    pub(super) rules: Vec<Rule>,
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

    /// Adds a nested block of attributes that may be written any number of times, or once.
    pub(crate) fn block(
        mut self,
        name: &'static str,
        nesting: Nesting,
        properties: impl IntoIterator<Item = Property>,
    ) -> Self {
        let block = Arc::new(attributes_block(properties.into_iter().collect::<Vec<_>>().iter(), []));
        self.blocks.push((name, NestedBlock { nesting, block, min_items: 0, max_items: 0 }));
        self
    }

    /// Adds something that attributes have to fulfil together.
    pub(crate) fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    pub(super) fn schema(&self) -> Schema {
        let mut block = attributes_block(self.properties.iter(), self.blocks.iter().cloned());
        block.description = self.description.into();
        block.deprecated = self.deprecated;
        Schema { version: self.version, block: Arc::new(block) }
    }
}

fn attributes_block<'p>(
    properties: impl Iterator<Item = &'p Property>,
    blocks: impl IntoIterator<Item = (&'static str, NestedBlock)>,
) -> Block {
    let attributes = properties.map(|property| (Str::from(property.name), property.attribute.clone()));
    Block::new(attributes, blocks.into_iter().map(|(name, nested)| (Str::from(name), nested)))
}

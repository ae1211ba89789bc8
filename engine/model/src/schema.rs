//! Schemas: what may be written in a block of a provider, and the type of what comes of it.
//!
//! The shape is that of Terraform's plugin protocol, version 6, which every provider's schema fits in.

use std::sync::{Arc, OnceLock};

use crate::type_system::sort_unique;
use crate::{AttributePath, IndexKey, Marks, PathStep, Str, Type, Value};

/// A block schema with the version of the state that it describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Version of the state's shape; older objects are upgraded by the provider.
    pub version: i64,
    /// What may be written.
    pub block: Arc<Block>,
}

/// The attributes and nested blocks of a block.
#[derive(Debug, Clone, Default)]
pub struct Block {
    attributes: Vec<(Str, Attribute)>,
    block_types: Vec<(Str, NestedBlock)>,
    /// For people who look it up; Markdown.
    pub description: Str,
    /// Whether using the block earns a warning.
    pub deprecated: bool,
    implied_type: OnceLock<Type>,
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.attributes == other.attributes
            && self.block_types == other.block_types
            && self.description == other.description
            && self.deprecated == other.deprecated
    }
}

/// One attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// What it holds.
    pub kind: AttributeKind,
    /// Must be written.
    pub required: bool,
    /// May be written.
    pub optional: bool,
    /// The provider may choose the value when none is written.
    pub computed: bool,
    /// Never shown to people.
    pub sensitive: bool,
    /// Goes to the provider and nowhere else; null in plan and state.
    pub write_only: bool,
    /// Why and for what else it should not be used any more; empty when it may.
    pub deprecated: Option<Str>,
    /// For people who look it up; Markdown.
    pub description: Str,
}

/// What an attribute holds.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeKind {
    /// A value of a type.
    Plain(Type),
    /// One or more objects whose attributes have schemas of their own.
    Nested(NestedAttributes),
}

/// Objects inside an attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct NestedAttributes {
    /// How many, and in what.
    pub nesting: Nesting,
    /// What each consists of.
    pub block: Arc<Block>,
    /// Whether configurations may write the objects as blocks, too: the provider has declared them as such before.
    pub accepts_blocks: bool,
}

/// A nested block type.
#[derive(Debug, Clone, PartialEq)]
pub struct NestedBlock {
    /// How many, and in what the values are gathered.
    pub nesting: Nesting,
    /// What each consists of.
    pub block: Arc<Block>,
    /// Fewest blocks; 0 for no limit.
    pub min_items: usize,
    /// Most blocks; 0 for no limit.
    pub max_items: usize,
}

/// How nested objects are gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// At most one; null when absent.
    Single,
    /// At most one; never null, even when absent (blocks only).
    Group,
    /// In order.
    List,
    /// Without order.
    Set,
    /// By label or key.
    Map,
}

impl Attribute {
    /// Makes an attribute that must be written.
    pub fn required(ty: Type) -> Self {
        Self { required: true, ..Self::computed(ty).without_computed() }
    }

    /// Makes an attribute that may be written.
    pub fn optional(ty: Type) -> Self {
        Self { optional: true, ..Self::computed(ty).without_computed() }
    }

    /// Makes an attribute that only the provider writes.
    pub fn computed(ty: Type) -> Self {
        Self {
            kind: AttributeKind::Plain(ty),
            required: false,
            optional: false,
            computed: true,
            sensitive: false,
            write_only: false,
            deprecated: None,
            description: Str::new(),
        }
    }

    /// Makes an attribute that may be written and that the provider chooses otherwise.
    pub fn optional_computed(ty: Type) -> Self {
        Self { optional: true, ..Self::computed(ty) }
    }

    fn without_computed(self) -> Self {
        Self { computed: false, ..self }
    }

    /// Marks the attribute as sensitive.
    #[must_use]
    pub fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    /// Sets the description.
    #[must_use]
    pub fn describe(self, description: impl Into<Str>) -> Self {
        Self { description: description.into(), ..self }
    }

    /// Returns the type of the attribute's value.
    pub fn ty(&self) -> Type {
        match &self.kind {
            AttributeKind::Plain(ty) => ty.clone(),
            AttributeKind::Nested(nested) => nested.nesting.gathered(nested.block.implied_type()),
        }
    }

    /// Tells whether configuration may set the attribute.
    pub fn is_configurable(&self) -> bool {
        self.required || self.optional
    }
}

impl Nesting {
    /// Returns the type of the whole when each part is of type `part`. Parts whose types may differ from
    /// one to the next are gathered in a tuple or object, whose type is open.
    pub fn gathered(self, part: &Type) -> Type {
        match self {
            Self::Single | Self::Group => part.clone(),
            Self::List | Self::Map if part.has_dynamic() => Type::Dynamic,
            Self::List => Type::list(part.clone()),
            Self::Set => Type::set(part.clone()),
            Self::Map => Type::map(part.clone()),
        }
    }
}

impl Block {
    /// Makes a block schema.
    pub fn new(
        attributes: impl IntoIterator<Item = (Str, Attribute)>,
        block_types: impl IntoIterator<Item = (Str, NestedBlock)>,
    ) -> Self {
        Self {
            attributes: sort_unique(attributes.into_iter().collect()),
            block_types: sort_unique(block_types.into_iter().collect()),
            ..Self::default()
        }
    }

    /// Returns the attributes in the order of their names.
    pub fn attributes(&self) -> &[(Str, Attribute)] {
        &self.attributes
    }

    /// Returns the nested block types in the order of their names.
    pub fn block_types(&self) -> &[(Str, NestedBlock)] {
        &self.block_types
    }

    /// Returns an attribute.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        let index = self.attributes.binary_search_by(|(candidate, _)| candidate.as_str().cmp(name)).ok()?;
        Some(&self.attributes[index].1)
    }

    /// Returns a nested block type.
    pub fn block_type(&self, name: &str) -> Option<&NestedBlock> {
        let index = self.block_types.binary_search_by(|(candidate, _)| candidate.as_str().cmp(name)).ok()?;
        Some(&self.block_types[index].1)
    }

    /// Returns the object type of the block's value.
    pub fn implied_type(&self) -> &Type {
        self.implied_type.get_or_init(|| {
            let attributes = self.attributes.iter().map(|(name, attribute)| (name.clone(), attribute.ty()));
            let blocks = self.block_types.iter();
            let blocks = blocks
                .map(|(name, nested)| (name.clone(), nested.nesting.gathered(nested.block.implied_type())));
            Type::object(attributes.chain(blocks))
        })
    }

    /// Returns the value of the block when nothing is written in it: nulls, and empty collections of blocks.
    pub fn empty_value(&self) -> Value {
        let attributes =
            self.attributes.iter().map(|(name, attribute)| (name.clone(), Value::Null(attribute.ty())));
        let blocks = self.block_types.iter().map(|(name, nested)| (name.clone(), nested.empty_value()));
        Value::object(attributes.chain(blocks))
    }

    /// Returns the value of the block when nothing about it is known: every attribute is unknown.
    pub fn unknown_value(&self) -> Value {
        Value::unknown(self.implied_type().clone())
    }

    /// Tells whether any attribute inside is sensitive.
    pub fn contains_sensitive(&self) -> bool {
        let nested_sensitive = |kind: &AttributeKind| match kind {
            AttributeKind::Nested(nested) => nested.block.contains_sensitive(),
            AttributeKind::Plain(_) => false,
        };
        self.attributes.iter().any(|(_, attribute)| attribute.sensitive || nested_sensitive(&attribute.kind))
            || self.block_types.iter().any(|(_, nested)| nested.block.contains_sensitive())
    }

    /// Returns the paths of all parts of a value of this block that the schema calls sensitive.
    pub fn sensitive_paths(&self, value: &Value) -> Vec<(AttributePath, Marks)> {
        let mut paths = Vec::new();
        if self.contains_sensitive() {
            self.collect_paths(value, &AttributePath::root(), &|attribute| attribute.sensitive, &mut paths);
        }
        paths.into_iter().map(|path| (path, Marks::SENSITIVE)).collect()
    }

    /// Returns the paths of all write-only attributes of a value of this block that are not null.
    pub fn write_only_paths(&self, value: &Value) -> Vec<AttributePath> {
        let mut paths = Vec::new();
        self.collect_paths(value, &AttributePath::root(), &|attribute| attribute.write_only, &mut paths);
        paths.retain(|path| value.at_path(path).is_some_and(|part| !part.is_null()));
        paths
    }

    fn collect_paths(
        &self,
        value: &Value,
        base: &AttributePath,
        wanted: &impl Fn(&Attribute) -> bool,
        paths: &mut Vec<AttributePath>,
    ) {
        for (name, attribute) in &self.attributes {
            let path = base.attribute(name.clone());
            if wanted(attribute) {
                paths.push(path);
            } else if let (AttributeKind::Nested(nested), Some(part)) = (&attribute.kind, value.get(name)) {
                collect_nested(nested.nesting, &nested.block, part, &path, wanted, paths);
            }
        }
        for (name, nested) in &self.block_types {
            if let Some(part) = value.get(name) {
                collect_nested(
                    nested.nesting,
                    &nested.block,
                    part,
                    &base.attribute(name.clone()),
                    wanted,
                    paths,
                );
            }
        }
    }
}

fn collect_nested(
    nesting: Nesting,
    block: &Block,
    value: &Value,
    path: &AttributePath,
    wanted: &impl Fn(&Attribute) -> bool,
    paths: &mut Vec<AttributePath>,
) {
    match nesting {
        Nesting::Single | Nesting::Group => block.collect_paths(value, path, wanted, paths),
        Nesting::List => {
            for (position, element) in value.as_sequence().into_iter().flatten().enumerate() {
                block.collect_paths(element, &path.position(position), wanted, paths);
            }
        }
        Nesting::Set => {
            for element in value.as_sequence().into_iter().flatten() {
                let step = PathStep::Index(IndexKey::Element(element.clone()));
                block.collect_paths(element, &path.step(step), wanted, paths);
            }
        }
        Nesting::Map => {
            for (key, element) in value.as_entries().into_iter().flatten() {
                block.collect_paths(element, &path.key(key.clone()), wanted, paths);
            }
        }
    }
}

impl NestedBlock {
    /// Returns the value when no such block is written.
    pub fn empty_value(&self) -> Value {
        let part = self.block.implied_type();
        match self.nesting {
            Nesting::Single => Value::Null(part.clone()),
            Nesting::Group => self.block.empty_value(),
            Nesting::List if part.has_dynamic() => Value::tuple([]),
            Nesting::List => Value::list(part.clone(), []),
            Nesting::Set => Value::set(part.clone(), []),
            Nesting::Map if part.has_dynamic() => Value::empty_object(),
            Nesting::Map => Value::map::<Str>(part.clone(), []),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Block {
        let inner = Block::new([("password".into(), Attribute::optional(Type::String).sensitive())], []);
        let nested =
            NestedBlock { nesting: Nesting::List, block: Arc::new(inner), min_items: 0, max_items: 0 };
        Block::new([("name".into(), Attribute::required(Type::String))], [("user".into(), nested)])
    }

    #[test]
    fn types_and_empty_values_follow_the_nesting() {
        let block = sample();
        let user = Type::object([("password", Type::String)]);
        assert_eq!(*block.implied_type(), Type::object([("name", Type::String), ("user", Type::list(user))]));
        assert_eq!(block.empty_value().ty(), *block.implied_type());
    }

    #[test]
    fn sensitive_attributes_are_found_inside_blocks() {
        let user = Value::object([("password", "x".into())]);
        let value = Value::object([("name", "n".into()), ("user", Value::list(user.ty(), [user]))]);
        let paths = sample().sensitive_paths(&value);
        assert_eq!(paths.len(), 1);
        assert_eq!(paths[0].0.to_string(), ".user[0].password");
    }
}

//! What a table says about one argument.

use std::sync::Arc;

use serde_json::Value as Json;
use terrane_model::{Str, Type, Value};

use crate::table::body_path::BodyPath;
use crate::table::check::Check;
use crate::table::conversion::Conversion;

/// One argument or attribute of a resource, data source or block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Argument {
    /// Its name, as in azurerm.
    pub(crate) name: Str,
    /// What it holds.
    pub(crate) shape: Shape,
    /// Who sets it.
    pub(crate) presence: Presence,
    /// Whether changing it needs a new object.
    pub(crate) replaces: bool,
    /// Never shown to people.
    pub(crate) sensitive: bool,
    /// Sent and never stored.
    pub(crate) write_only: bool,
    /// Whether a block is written with `=` like an attribute (and may then be set to an empty list).
    pub(crate) as_attribute: bool,
    /// What it is when nobody sets it.
    pub(crate) default: Option<Value>,
    /// Fewest elements; 0 for no limit.
    pub(crate) min_items: usize,
    /// Most elements; 0 for no limit.
    pub(crate) max_items: usize,
    /// Why it should not be used any more.
    pub(crate) deprecated: Option<Str>,
    /// Which differences are none.
    pub(crate) sameness: Sameness,
    /// What its values have to satisfy.
    pub(crate) checks: Vec<Check>,
    /// How it goes with other arguments.
    pub(crate) relations: Vec<Relation>,
    /// Where it is in the bodies; nothing for what only code or the id knows.
    pub(crate) mapping: Option<Mapping>,
}

/// What an argument holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Bool,
    Int,
    Float,
    Text,
    /// Texts or whole numbers in order.
    List(Primitive),
    /// Texts or whole numbers without order.
    Set(Primitive),
    /// Texts by key.
    Map,
    /// Nested blocks.
    Blocks(Arc<BlockShape>),
}

/// The type of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Primitive {
    Text,
    Int,
}

/// A nested block type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BlockShape {
    /// Whether the order of blocks means nothing.
    pub(crate) is_set: bool,
    /// What each consists of.
    pub(crate) arguments: Vec<Argument>,
    /// When a block that Azure describes is worth showing.
    pub(crate) shown: Shown,
}

/// When a block read from a body counts as being there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// When anything in it is set to something else than its default.
    Set,
    /// When the body has an object there.
    Present,
    /// When it was there before: Azure cannot tell whether it was written.
    Known,
    /// When this argument of it is set.
    Has(Str),
    /// When this path in the object holds this value.
    Equals(BodyPath, Json),
}

/// Who sets an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    Optional,
    OptionalComputed,
    Computed,
}

/// Which differences between two values are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sameness {
    Exact,
    /// Texts that differ in case only.
    IgnoreCase,
    /// Names of locations: case and spaces.
    Location,
    /// Lists that differ in order only.
    Unordered,
    /// The same moment or length of time, written differently.
    Timestamp,
    /// The new value begins with the old one and a dot, or the other way round: version aliases.
    VersionPrefix,
    /// Base64 of the same bytes, or the bytes themselves.
    Base64,
    /// Two spellings of the same JSON document.
    JsonDocument,
    /// IP address ranges with the same network.
    Network,
    /// Paths that end in the same segment.
    LastSegment,
    /// A change is no difference ever: the service forgets what was sent.
    NeverAfterCreate,
}

/// How an argument goes with others. Names are those of arguments in the same block, unless they contain a
/// dot: then they are paths from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Relation {
    /// None of these may be set beside it.
    ConflictsWith(Vec<Str>),
    /// Of it and these, one and only one.
    ExactlyOneOf(Vec<Str>),
    /// Of it and these, one at least.
    AtLeastOneOf(Vec<Str>),
    /// All of these must be set beside it.
    RequiredWith(Vec<Str>),
}

/// Where an argument is in bodies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mapping {
    /// Whether it is written, read or both.
    pub(crate) direction: Direction,
    /// The place.
    pub(crate) path: BodyPath,
    /// How values differ between here and there.
    pub(crate) conversion: Conversion,
    /// What Azure says when nothing is set.
    pub(crate) unset: Vec<Json>,
    /// What is sent when nothing is set.
    pub(crate) otherwise: Option<Json>,
    /// What is sent when something was set and is not any more.
    pub(crate) cleared: Option<Json>,
    /// What is sent with a block beside its arguments.
    pub(crate) with: Option<Json>,
}

/// Which way an argument goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Both,
    Send,
    Read,
}

impl Argument {
    /// Tells whether configuration may set it.
    pub(crate) fn is_configurable(&self) -> bool {
        self.presence != Presence::Computed
    }

    /// Tells whether the provider may choose its value.
    pub(crate) fn is_computed(&self) -> bool {
        matches!(self.presence, Presence::Computed | Presence::OptionalComputed)
    }

    /// Returns the inside of a nested block.
    pub(crate) fn block(&self) -> Option<&BlockShape> {
        match &self.shape {
            Shape::Blocks(block) => Some(block),
            _ => None,
        }
    }

    /// Tells whether the schema shows it as a block; what configuration never writes is an attribute.
    pub(crate) fn is_block(&self) -> bool {
        self.block().is_some() && self.is_configurable() && !self.as_attribute
    }

    /// Returns the mapping when the argument is sent.
    pub(crate) fn sent(&self) -> Option<&Mapping> {
        self.mapping.as_ref().filter(|mapping| mapping.direction != Direction::Read)
    }

    /// Returns the mapping when the argument is read.
    pub(crate) fn read(&self) -> Option<&Mapping> {
        self.mapping.as_ref().filter(|mapping| mapping.direction != Direction::Send)
    }

    /// Returns the type of its values.
    pub(crate) fn ty(&self) -> Type {
        self.shape.ty()
    }
}

impl Primitive {
    pub(crate) fn ty(self) -> Type {
        match self {
            Self::Text => Type::String,
            Self::Int => Type::Number,
        }
    }
}

impl Shape {
    /// Returns the type of values of this shape.
    pub(crate) fn ty(&self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int | Self::Float => Type::Number,
            Self::Text => Type::String,
            Self::List(primitive) => Type::list(primitive.ty()),
            Self::Set(primitive) => Type::set(primitive.ty()),
            Self::Map => Type::map(Type::String),
            Self::Blocks(block) if block.is_set => Type::set(block.element_type()),
            Self::Blocks(block) => Type::list(block.element_type()),
        }
    }
}

impl BlockShape {
    /// Returns the type of one block's value.
    pub(crate) fn element_type(&self) -> Type {
        Type::object(self.arguments.iter().map(|argument| (argument.name.clone(), argument.ty())))
    }

    /// Returns an argument.
    pub(crate) fn argument(&self, name: &str) -> Option<&Argument> {
        find(&self.arguments, name)
    }
}

/// Returns the argument of a name.
pub(crate) fn find<'a>(arguments: &'a [Argument], name: &str) -> Option<&'a Argument> {
    arguments.iter().find(|argument| argument.name == name)
}

//! Values that are not known yet, and what is known about them nevertheless.

use crate::{Number, Str, Type};

/// An unknown value: its type and its refinements.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unknown {
    /// The type; [`Type::Dynamic`] when even that is not known.
    pub ty: Type,
    /// What is promised about the final value.
    pub refinement: Refinement,
}

/// Promises about the final value. The default promises nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Refinement {
    /// The value will not be null.
    pub not_null: bool,
    /// A string will start with this text; empty promises nothing.
    pub string_prefix: Str,
    /// Smallest number, and whether it is itself allowed.
    pub number_min: Option<(Number, bool)>,
    /// Largest number, and whether it is itself allowed.
    pub number_max: Option<(Number, bool)>,
    /// Fewest elements of a collection.
    pub length_min: usize,
    /// Most elements of a collection.
    pub length_max: Option<usize>,
}

impl Refinement {
    /// Promises only that the value will not be null.
    pub fn not_null() -> Self {
        Self { not_null: true, ..Self::default() }
    }

    /// Tells whether nothing is promised.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

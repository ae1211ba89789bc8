//! Finding known values among many without comparing each with each.

use rustc_hash::FxHashSet;
use terrane_model::Value;

/// Values that are wholly known, found by what they are.
#[derive(Default)]
pub(super) struct KnownValues<'a> {
    values: FxHashSet<&'a Value>,
}

impl<'a> KnownValues<'a> {
    /// Adds a value; tells whether it was not there before.
    pub(super) fn insert(&mut self, value: &'a Value) -> bool {
        self.values.insert(value)
    }

    /// Tells whether an equal value is there.
    pub(super) fn contains(&self, value: &Value) -> bool {
        self.values.contains(value)
    }
}

impl<'a> FromIterator<&'a Value> for KnownValues<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Value>>(values: I) -> Self {
        Self { values: values.into_iter().collect() }
    }
}

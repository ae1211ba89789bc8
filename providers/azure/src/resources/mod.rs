//! Resource types whose service is irregular; the others need only their table.

pub(crate) mod behaviour;

pub(crate) use behaviour::{Behaviour, Regular};

/// Returns the code of a resource type.
pub(crate) fn behaviour_of(_type_name: &str) -> &'static dyn Behaviour {
    &Regular
}

/// Returns the code of a data source.
pub(crate) fn data_behaviour_of(_type_name: &str) -> &'static dyn Behaviour {
    &Regular
}

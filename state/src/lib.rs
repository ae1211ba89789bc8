//! Stores what exists: snapshot, journal, lock and backends.

mod json_fields;
mod json_text;
pub mod snapshot;
mod upgrade_old_versions;
pub mod version4;

pub use snapshot::{
    AttributesForm, CheckObject, CheckResult, CheckStatus, CheckableKind, DeposedKey, InstanceState,
    ObjectIdentity, ObjectState, ObjectStatus, OutputState, ResourceState, StateSnapshot, UnknownFields,
};
pub use version4::{StateFileError, WriteError, read_state, write_state};

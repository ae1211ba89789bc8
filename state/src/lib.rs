//! Stores what exists: snapshot, journal, lock and backends.

pub mod snapshot;

pub use snapshot::{
    AttributesForm, CheckObject, CheckResult, CheckStatus, CheckableKind, DeposedKey, InstanceState,
    ObjectIdentity, ObjectState, ObjectStatus, OutputState, ResourceState, StateSnapshot, UnknownFields,
};

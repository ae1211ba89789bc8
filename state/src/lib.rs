//! Stores what exists: snapshot, journal, lock and backends.

pub mod snapshot;

pub use snapshot::{
    CheckObject, CheckResult, CheckStatus, CheckableKind, DeposedKey, InstanceState, ObjectIdentity,
    ObjectState, ObjectStatus, OutputState, ResourceState, StateSnapshot,
};

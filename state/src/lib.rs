//! Stores what exists: snapshot, journal, lock and backends.

mod file_lock;
pub mod fold;
mod journal;
mod json_fields;
mod json_text;
pub mod lineage;
mod notices;
mod recover;
pub mod snapshot;
mod store;
mod upgrade_old_versions;
pub mod version4;

pub use fold::{Fold, FoldError};
pub use journal::{Change, DecodeError, Intent, JournalError, Operation, Outcome, Record, Ticket};
pub use recover::RecoverError;
pub use snapshot::{
    AttributesForm, CheckObject, CheckResult, CheckStatus, CheckableKind, DeposedKey, InstanceState,
    ObjectIdentity, ObjectState, ObjectStatus, OutputState, ResourceState, StateSnapshot, UnknownFields,
};
pub use store::{
    OnConflict, OpenError, PendingPublication, Recovery, StateStore, StoreError, StoreOptions, peek,
};
pub use version4::{StateFileError, WriteError, read_state, write_state};

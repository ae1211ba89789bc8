//! Stores what exists: snapshot, journal, lock and backends.

pub mod backend;
pub mod backends;
mod file_lock;
pub mod fold;
mod journal;
mod json_fields;
mod json_text;
pub mod lineage;
pub mod lock;
mod notices;
pub mod rearrange;
mod recover;
pub mod snapshot;
mod store;
#[cfg(test)]
mod testing;
mod upgrade_old_versions;
pub mod version4;
pub mod workspace;

pub use backend::{BackendError, PublishError, StateBackend, lock_within, publish, save_errored_state};
pub use backends::{Backup, LocalBackend, LocalOptions, MemoryBackend};
pub use fold::{Fold, FoldError};
pub use journal::{Change, DecodeError, Intent, JournalError, Operation, Outcome, Record, Ticket};
pub use lineage::{ReplaceError, check_replaces, new_lineage};
pub use lock::{LockError, LockInfo, LockRequest, RetryDelays, current_user};
pub use rearrange::{RearrangeError, move_target, remove_targets, replace_provider};
pub use recover::RecoverError;
pub use snapshot::{
    AttributesForm, CheckObject, CheckResult, CheckStatus, CheckableKind, DeposedKey, InstanceState,
    ObjectIdentity, ObjectState, ObjectStatus, OutputState, ResourceState, StateSnapshot, UnknownFields,
};
pub use store::{
    OnConflict, OpenError, PendingPublication, Recovery, StateStore, StoreError, StoreOptions, peek,
};
pub use version4::{StateFileError, WriteError, read_state, write_state};
pub use workspace::{DEFAULT_WORKSPACE, InvalidWorkspaceName, check_workspace_name};

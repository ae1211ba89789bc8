//! Stores what exists: snapshot, journal, lock and backends.
//!
//! ```text
//! backend ──read──► text ──► StateStore::open ──► snapshot
//!    ▲                          ▲                    │ begin, end, change, depose, …
//!    │                          │ recovery           ▼
//!    └──write── text ◄─ prepare ┴─── journal ◄── Fold::apply
//! ```
//!
//! A state is a [`StateSnapshot`]. A run changes it through a [`StateStore`], which puts every change into a
//! journal: an effect outside is announced there, durably, before it happens. The state itself is written
//! when the run ends ([`publish`]). Whatever interrupts a run, the next one finds journal and state, folds
//! the one into the other with the same function as ever ([`Fold`]), and knows which effects have an unknown
//! outcome. The crate knows neither configurations nor providers, reads no environment and prints nothing.

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

pub use backend::{
    BackendError, PublishError, StateBackend, lock_within, ordered_workspaces, publish, save_errored_state,
};
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

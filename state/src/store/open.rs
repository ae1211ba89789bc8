//! Opening a state: what the backend holds, and what an interrupted run has left in the journal.

use std::path::{Path, PathBuf};

use terrane_model::{Diagnostic, Diagnostics, Str};

use super::{Prepared, Published, StateStore, StoreError};
use crate::fold::Fold;
use crate::journal::{Intent, JournalError, Ticket, read_abandoned, with_suffix};
use crate::lineage::new_lineage;
use crate::notices;
use crate::recover::{Extent, RecoverError, Recovered, read_current, recover};
use crate::snapshot::StateSnapshot;
use crate::version4::StateFileError;

/// Where and how a state's journal is kept.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The journal's file. It must be the same in every run on this state.
    pub journal_path: PathBuf,
    /// The version that is written into states, as Terraform numbers its own.
    pub terraform_version: Str,
    /// What to do with a journal when its state was changed by another program meanwhile.
    pub on_conflict: OnConflict,
}

/// What to do with a journal that builds upon another state than the one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// Refuse to open the state.
    #[default]
    Refuse,
    /// Keep the state as it is and put the journal aside under another name.
    SetAside,
}

/// Why a state could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The state cannot be read.
    #[error(transparent)]
    StateFile(#[from] StateFileError),
    /// The records of an interrupted run cannot be taken over.
    #[error("cannot recover the interrupted run whose journal is {}: {source}", path.display())]
    Recover {
        /// The journal. It stays where it is.
        path: PathBuf,
        /// Why.
        source: RecoverError,
    },
    /// Another run is writing the journal.
    #[error("another run that is still going on and writes the journal {}", path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
    },
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The recovered state cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// Returns the error as a message to the user that says what to do.
    pub fn to_diagnostic(&self) -> Diagnostic {
        match self {
            Self::StateFile(error) => error.to_diagnostic(),
            Self::Recover { path, source } => notices::refused(source, path),
            Self::InUse { .. } => Diagnostic::error(
                "State is in use",
                format!("There is {self}. Wait until that run has ended, or end it."),
            ),
            Self::Journal(_) | Self::Store(_) => {
                Diagnostic::error("Failed to recover an interrupted run", format!("{self}."))
            }
        }
    }
}

/// What opening a state has found.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Effects of an interrupted run whose outcome is not known, in the order of their beginning. Each wants
    /// to be resolved with [`StateStore::end`] before anything else is done to its object.
    pub unfinished: Vec<(Ticket, Intent)>,
    /// Records that were taken over from an interrupted run.
    pub replayed: usize,
    /// What the user should know about the recovery.
    pub notices: Diagnostics,
}

impl StateStore {
    /// Opens a state and takes over what an interrupted run has left in the journal.
    ///
    /// `current` is what the backend holds; empty when there is no state yet. The caller holds the state's
    /// lock. Reads the journal and, after an interrupted run, writes it anew; waits for the disk then.
    ///
    /// # Errors
    /// When the state is damaged, or the journal belongs to another state, to a newer version or to a run
    /// that is still going on. Nothing is changed then.
    pub fn open(current: &[u8], options: StoreOptions) -> Result<(Self, Recovery), OpenError> {
        let path = options.journal_path.clone();
        let abandoned = read_abandoned(&path).map_err(|error| {
            if error.source.kind() == std::io::ErrorKind::WouldBlock {
                OpenError::InUse { path: path.clone() }
            } else {
                OpenError::Journal(error)
            }
        })?;
        let Some(abandoned) = abandoned else {
            return Ok((Self::fresh(current, options)?, Recovery::default()));
        };
        match recover(current, &abandoned.bytes) {
            Ok(recovered) => Self::take_over(current, recovered, options),
            Err(source @ RecoverError::StateChanged { .. })
                if options.on_conflict == OnConflict::SetAside =>
            {
                let aside = set_aside(&path, "conflict")?;
                std::fs::remove_file(&path).map_err(|source| JournalError::new(&path, source))?;
                let notices = notices::set_aside(&source, &aside);
                Ok((Self::fresh(current, options)?, Recovery { notices, ..Recovery::default() }))
            }
            Err(source) => Err(OpenError::Recover { path, source }),
        }
    }

    fn fresh(current: &[u8], options: StoreOptions) -> Result<Self, StateFileError> {
        let mut snapshot = read_current(current)?;
        if current.is_empty() {
            snapshot.lineage = new_lineage();
        }
        Ok(Self::new(Published::new(current, snapshot.serial), Fold::new(snapshot), options))
    }

    fn new(published: Published, fold: Fold, options: StoreOptions) -> Self {
        Self {
            options,
            fold,
            journal: None,
            published,
            before: None,
            must_publish: false,
            is_replaced: false,
            failure: None,
            prepared: Prepared::None,
        }
    }

    fn take_over(
        current: &[u8],
        recovered: Recovered,
        options: StoreOptions,
    ) -> Result<(Self, Recovery), OpenError> {
        let path = options.journal_path.clone();
        let is_damaged = matches!(recovered.extent, Extent::UpToDamage { .. });
        let aside = if is_damaged { Some(set_aside(&path, "damaged")?) } else { None };
        let notices = notices::recovered(&recovered, &path, aside.as_deref());
        let Recovered { base, fold, records, is_base_published, .. } = recovered;
        // A content that is not published yet was written under the serial that it would get.
        let serial = if is_base_published { base.serial } else { base.serial.saturating_sub(1) };
        let unfinished: Vec<_> =
            fold.unfinished().iter().map(|(ticket, intent)| (*ticket, intent.clone())).collect();
        let mut store = Self::new(Published::new(current, serial), fold, options);
        if store.snapshot().lineage.is_empty() && current.is_empty() {
            store.fold.snapshot_mut().lineage = new_lineage();
        }
        store.must_publish = !is_base_published;
        store.before = (!base.same_content(store.snapshot())).then_some(base);
        if store.has_unpublished() || !unfinished.is_empty() {
            store.rewrite_journal()?;
        } else {
            std::fs::remove_file(&path).map_err(|source| JournalError::new(&path, source))?;
        }
        Ok((store, Recovery { unfinished, replayed: records, notices }))
    }
}

/// Reads a state together with the journal of a run that is going on or was interrupted, without lock and
/// without changing anything.
///
/// # Errors
/// When the state cannot be read. A journal that does not fit is left out.
pub fn peek(current: &[u8], journal: Option<&[u8]>) -> Result<StateSnapshot, StateFileError> {
    match journal.map(|journal| recover(current, journal)) {
        Some(Ok(recovered)) => Ok(recovered.fold.into_snapshot()),
        Some(Err(_)) | None => read_current(current),
    }
}

/// Gives a journal a second name that is not taken yet, and returns that.
fn set_aside(path: &Path, why: &str) -> Result<PathBuf, JournalError> {
    for number in 1_u32.. {
        let aside = with_suffix(path, &format!(".{why}-{number}"));
        match std::fs::hard_link(path, &aside) {
            Ok(()) => return Ok(aside),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            // Not every file system knows second names.
            Err(_) => {
                return match std::fs::copy(path, &aside) {
                    Ok(_) => Ok(aside),
                    Err(source) => Err(JournalError::new(&aside, source)),
                };
            }
        }
    }
    Err(JournalError::new(path, std::io::ErrorKind::AlreadyExists.into()))
}

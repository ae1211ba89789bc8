//! A state while it is being changed: snapshot in memory, journal on disk.
//!
//! ```text
//! open ──► begin, end, change, … (journal) ──► prepare ──► the backend writes ──► finish
//!            ▲                                                                      │
//!            └────────────────────────── checkpoint, further changes ◄──────────────┘
//! ```
//!
//! Whoever holds the store owns the state: there is no lock inside, and nothing here waits except where its
//! documentation says so. Dropping a store at any moment loses nothing; what was not published is in the
//! journal, and the next [`StateStore::open`] finds it.

#[cfg(test)]
mod crash_tests;
mod open;
mod publish;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use terrane_model::{ProviderConfigAddress, ResourceInstanceAddress, Str};

use crate::fold::{Fold, FoldError};
use crate::journal::{
    Base, Blocks, Change, Fingerprint, Intent, JournalError, JournalFile, Outcome, Prologue, Record, Ticket,
    encode,
};
use crate::snapshot::{CheckResult, DeposedKey, ObjectState, OutputState, StateSnapshot};
use crate::version4::WriteError;

pub use open::{OnConflict, OpenError, Recovery, StoreOptions, peek};
pub use publish::PendingPublication;

/// Why a change was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The journal cannot be written. Changes other than intents are in the snapshot all the same.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No run can do this; the fault is the caller's.
    #[error("BUG: {0}")]
    Impossible(#[from] FoldError),
    /// The snapshot has no form in JSON.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A state while it is being changed.
pub struct StateStore {
    options: StoreOptions,
    fold: Fold,
    journal: Option<JournalFile>,
    /// What the backend holds.
    published: Published,
    /// The content as the backend holds it; nothing while the fold has not gone beyond it.
    before: Option<StateSnapshot>,
    /// Whether the backend's content is to be replaced even by an equal one: it may be half written.
    must_publish: bool,
    /// Whether the content did not come about by records, so that a journal has to start with it.
    is_replaced: bool,
    /// Why the journal lacks records. It gets no further ones then, until it is written anew.
    failure: Option<JournalError>,
    prepared: Prepared,
}

/// The content of a publication that the backend is writing.
enum Prepared {
    /// There is none.
    None,
    /// The present one.
    Present,
    /// This one; there were changes since.
    Earlier(Box<StateSnapshot>),
}

/// The content that the backend holds.
#[derive(Debug, Clone)]
struct Published {
    fingerprint: Fingerprint,
    blocks: Blocks,
    serial: u64,
}

impl Published {
    fn new(content: &[u8], serial: u64) -> Self {
        Self { fingerprint: Fingerprint::of(content), blocks: Blocks::of(content), serial }
    }
}

impl StateStore {
    /// Returns the state as it is now.
    pub fn snapshot(&self) -> &StateSnapshot {
        self.fold.snapshot()
    }

    /// Returns the effects that have begun and not ended.
    pub fn unfinished(&self) -> impl Iterator<Item = (Ticket, &Intent)> {
        self.fold.unfinished().iter().map(|(ticket, intent)| (*ticket, intent))
    }

    /// Records that an effect is about to happen. `when_durable` is called, on another thread, once the
    /// record is on disk; only then may the provider be asked. Intents of the same moment share one flush.
    ///
    /// When `when_durable` gets an error, the effect must not happen; end the intent as failed.
    ///
    /// # Errors
    /// When the journal cannot be written; nothing is recorded then, and `when_durable` is not called.
    pub fn begin(
        &mut self,
        intent: Intent,
        when_durable: impl FnOnce(Result<(), JournalError>) + Send + 'static,
    ) -> Result<Ticket, StoreError> {
        self.check_journal()?;
        let ticket = self.fold.next_ticket();
        match self.record(Record::Begun { ticket, intent }) {
            Ok(()) => {}
            Err(StoreError::Journal(error)) => {
                self.fold.apply(Record::Ended { ticket, outcome: NOT_DONE })?;
                return Err(error.into());
            }
            Err(other) => return Err(other),
        }
        self.journal()?.flush(Box::new(when_durable));
        Ok(ticket)
    }

    /// Records that an effect is about to happen and waits until that is on disk.
    ///
    /// # Errors
    /// As [`Self::begin`]; the effect must not happen then.
    pub fn begin_and_wait(&mut self, intent: Intent) -> Result<Ticket, StoreError> {
        let (sender, receiver) = sync_channel(1);
        let ticket = self.begin(intent, move |result| drop(sender.send(result)))?;
        // A writer that is gone without an answer has left a reason.
        let result = match receiver.recv() {
            Ok(result) => result.map_err(StoreError::from),
            Err(_) => self.check_journal(),
        };
        if let Err(error) = result {
            self.fold.apply(Record::Ended { ticket, outcome: NOT_DONE })?;
            return Err(error);
        }
        Ok(ticket)
    }

    /// Records how an effect ended; also of an interrupted run's. Does not wait: the record goes to disk with
    /// the next intent, or soon after.
    ///
    /// # Errors
    /// See [`StoreError`]: the snapshot has the outcome even when the journal does not.
    pub fn end(&mut self, ticket: Ticket, outcome: Outcome) -> Result<(), StoreError> {
        self.record(Record::Ended { ticket, outcome })
    }

    /// Records what an object is, for changes without effects outside. Does not wait.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn change(
        &mut self,
        address: ResourceInstanceAddress,
        deposed: Option<DeposedKey>,
        provider_config: ProviderConfigAddress,
        object: Option<Arc<ObjectState>>,
    ) -> Result<(), StoreError> {
        self.record(Record::Changed { address, deposed, provider_config, object })
    }

    /// Records that the current object makes room for its replacement. Does not wait.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn depose(&mut self, address: ResourceInstanceAddress, key: DeposedKey) -> Result<(), StoreError> {
        self.record(Record::Deposed { address, key })
    }

    /// Records that a deposed object is the current one again. Does not wait.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn undepose(&mut self, address: ResourceInstanceAddress, key: DeposedKey) -> Result<(), StoreError> {
        self.record(Record::Undeposed { address, key })
    }

    /// Records that an instance has another address. Does not wait.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn move_instance(
        &mut self,
        from: ResourceInstanceAddress,
        to: ResourceInstanceAddress,
    ) -> Result<(), StoreError> {
        self.record(Record::Moved { from, to })
    }

    /// Records all outputs of the root module. Does not wait.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn set_outputs(&mut self, outputs: BTreeMap<Str, OutputState>) -> Result<(), StoreError> {
        if self.snapshot().outputs == outputs { Ok(()) } else { self.record(Record::Outputs(outputs)) }
    }

    /// Records the results of all checks. Does not wait.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn set_check_results(&mut self, results: Option<Vec<CheckResult>>) -> Result<(), StoreError> {
        if self.snapshot().check_results == results {
            return Ok(());
        }
        self.record(Record::CheckResults(results))
    }

    /// Puts any record into the snapshot and the journal.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn record(&mut self, record: Record) -> Result<(), StoreError> {
        let bytes = encode(&record)?;
        // The journal's base is the content before its first record.
        let mut result = self.journal().map(drop);
        self.keep_baselines();
        self.fold.apply(record)?;
        if result.is_ok() {
            result = self.journal()?.append(bytes).map_err(StoreError::from);
        }
        if let Err(StoreError::Journal(error)) = &result {
            self.failure = Some(error.clone());
        }
        result
    }

    /// Keeps copies of the contents from which the fold is about to depart.
    fn keep_baselines(&mut self) {
        if self.before.is_none() {
            self.before = Some(self.fold.snapshot().clone());
        }
        if matches!(self.prepared, Prepared::Present) {
            self.prepared = Prepared::Earlier(Box::new(self.fold.snapshot().clone()));
        }
    }

    /// Returns the journal's file.
    pub fn journal_path(&self) -> &Path {
        &self.options.journal_path
    }

    /// Makes sure that the journal takes records.
    fn check_journal(&mut self) -> Result<(), StoreError> {
        let result = self.journal().and_then(|journal| Ok(journal.check()?));
        if let Err(StoreError::Journal(error)) = &result {
            self.failure = Some(error.clone());
        }
        result
    }

    /// Returns the journal; the first record makes it.
    fn journal(&mut self) -> Result<&JournalFile, StoreError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone().into());
        }
        if self.is_replaced {
            self.rewrite_journal()?;
        } else if self.journal.is_none() {
            let prologue = Prologue {
                lineage: self.fold.snapshot().lineage.clone(),
                serial: self.published.serial,
                base: Base::StateFile(self.published.fingerprint),
            };
            self.journal = Some(JournalFile::create(&self.options.journal_path, &prologue)?);
        }
        Ok(self.journal.as_ref().expect("it was made just now"))
    }
}

/// The end of an intent that never became an effect.
const NOT_DONE: Outcome = Outcome::Failed(Change::Keep);

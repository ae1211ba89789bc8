//! Bringing the content of a store to where it belongs: safe in the journal first, then with the backend.

use std::sync::Arc;

use terrane_model::Str;

use super::{Prepared, Published, StateStore, StoreError};
use crate::fold::FoldError;
use crate::journal::{Base, JournalFile, Prologue, Record, encode};
use crate::snapshot::StateSnapshot;
use crate::version4::{WriteError, write_state};

/// A new content that is safe in the journal and has to be written by the backend.
#[must_use = "a state that is not published stays in the journal"]
pub struct PendingPublication {
    text: Arc<str>,
    serial: u64,
}

impl PendingPublication {
    /// Returns the state file's new content.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Returns the new serial.
    pub fn serial(&self) -> u64 {
        self.serial
    }
}

impl std::fmt::Debug for PendingPublication {
    /// Hides the text, which may contain secrets.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PendingPublication").field("serial", &self.serial).finish_non_exhaustive()
    }
}

impl StateStore {
    /// Tells whether there is something for the backend to write.
    pub fn has_unpublished(&self) -> bool {
        self.must_publish
            || self.before.as_ref().is_some_and(|before| !before.same_content(self.fold.snapshot()))
    }

    /// Replaces the whole content, as `state mv` and `state push` do: serial and lineage stay. Nothing is
    /// written before [`Self::prepare`].
    ///
    /// # Errors
    /// When effects are under way.
    pub fn replace_content(&mut self, content: StateSnapshot) -> Result<(), StoreError> {
        if let Some((_, intent)) = self.fold.unfinished().first_key_value() {
            return Err(FoldError::Busy { object: intent.address.to_string() }.into());
        }
        self.keep_baselines();
        let snapshot = self.fold.snapshot_mut();
        let (serial, lineage) = (snapshot.serial, std::mem::take(&mut snapshot.lineage));
        *snapshot = StateSnapshot { serial, lineage, ..content };
        self.is_replaced = true;
        Ok(())
    }

    /// Takes lineage and serial from elsewhere, as `state push` does. The content that is published next has
    /// the serial after this one.
    pub fn adopt_history(&mut self, lineage: Str, serial: u64) {
        let snapshot = self.fold.snapshot_mut();
        snapshot.lineage = lineage;
        snapshot.serial = serial;
        self.published.serial = serial;
        self.is_replaced = true;
        self.must_publish = true;
    }

    /// Makes the present content ready to be published: its text is on disk in the journal afterwards, so
    /// that it does not matter whether the backend is interrupted while it writes. Waits for the disk.
    ///
    /// Returns nothing when the content is the published one. The serial grows by one otherwise. The same
    /// calls in the middle of a run make a checkpoint.
    ///
    /// # Errors
    /// When the disk does not take it. The journal is as it was; the state's text comes from
    /// [`Self::text`] then, to be saved elsewhere.
    pub fn prepare(&mut self) -> Result<Option<PendingPublication>, StoreError> {
        if !self.has_unpublished() {
            self.before = None;
            self.leave_journal()?;
            return Ok(None);
        }
        let text = self.rewrite_journal()?;
        self.prepared = Prepared::Present;
        Ok(Some(PendingPublication { text: text.into(), serial: self.published.serial + 1 }))
    }

    /// Notes that the backend holds the content that was prepared last, durably. The journal goes, unless
    /// effects are still under way or there were changes since.
    ///
    /// # Errors
    /// When the journal cannot be removed; the state is safe all the same.
    pub fn finish(&mut self, pending: PendingPublication) -> Result<(), StoreError> {
        self.published = Published::new(pending.text.as_bytes(), pending.serial);
        self.must_publish = false;
        self.before = match std::mem::replace(&mut self.prepared, Prepared::None) {
            Prepared::Earlier(content) => Some(*content),
            Prepared::Present | Prepared::None => None,
        };
        let snapshot = self.fold.snapshot_mut();
        snapshot.serial = pending.serial;
        snapshot.terraform_version = self.options.terraform_version.clone();
        self.leave_journal()
    }

    /// Returns the present content as a state file, with the serial that it would be published under.
    ///
    /// # Errors
    /// When the snapshot has no form in JSON.
    pub fn text(&mut self) -> Result<String, WriteError> {
        let version = self.options.terraform_version.clone();
        let serial = self.published.serial + u64::from(self.has_unpublished());
        let snapshot = self.fold.snapshot_mut();
        let serial = std::mem::replace(&mut snapshot.serial, serial);
        let version = std::mem::replace(&mut snapshot.terraform_version, version);
        let text = write_state(snapshot);
        (snapshot.serial, snapshot.terraform_version) = (serial, version);
        text
    }

    fn leave_journal(&mut self) -> Result<(), StoreError> {
        if self.fold.unfinished().is_empty()
            && self.before.is_none()
            && let Some(journal) = self.journal.take()
        {
            journal.remove()?;
        }
        Ok(())
    }

    /// Replaces the journal by one that starts with the present content and goes on with the effects under
    /// way. Returns the content's text.
    pub(super) fn rewrite_journal(&mut self) -> Result<String, StoreError> {
        let text = self.text()?;
        let prologue = Prologue {
            lineage: self.fold.snapshot().lineage.clone(),
            serial: self.published.serial,
            base: Base::Inline {
                text: text.as_bytes(),
                replaces: self.published.fingerprint,
                replaces_blocks: self.published.blocks.clone(),
            },
        };
        let unfinished = self.fold.unfinished().iter();
        let unfinished: Vec<Vec<u8>> = unfinished
            .map(|(ticket, intent)| encode(&Record::Begun { ticket: *ticket, intent: intent.clone() }))
            .collect::<Result<_, _>>()?;
        let new = JournalFile::replace(&self.options.journal_path, &prologue, &unfinished)?;
        if let Some(old) = self.journal.replace(new) {
            // All that it says is in the new one, also what it could not be made to say.
            let _ = old.close();
        }
        self.is_replaced = false;
        self.failure = None;
        Ok(text)
    }
}

//! Snapshot and records → snapshot and unfinished intents. Pure; the same in normal runs and in recovery.

use std::collections::{BTreeMap, BTreeSet};

use terrane_model::ResourceInstanceAddress;

use crate::journal::{Change, Intent, Operation, Record, Ticket};
use crate::snapshot::{DeposedKey, StateSnapshot};

/// A sequence of records that no run can have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what the messages name")]
pub enum FoldError {
    /// Tickets only grow.
    #[error("intent {ticket} begins after a later one")]
    TicketReused { ticket: u64 },
    /// An intent ends that never began, or ends twice.
    #[error("intent {ticket} ends but is not under way")]
    NotBegun { ticket: u64 },
    /// Two things happen to one object at a time.
    #[error("{object} changes while something else is done to it")]
    Busy { object: String },
    /// Something is created where there is an object already.
    #[error("{object} is created but exists already")]
    Exists { object: String },
    /// Something is done to an object that is not there.
    #[error("{object} changes but does not exist")]
    Missing { object: String },
    /// An object cannot get the place that it should.
    #[error("{object} cannot be moved to {to}")]
    CannotMove { object: String, to: String },
}

/// A state in the course of its records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fold {
    snapshot: StateSnapshot,
    unfinished: BTreeMap<Ticket, Intent>,
    /// The objects of unfinished intents.
    busy: BTreeSet<(ResourceInstanceAddress, Option<DeposedKey>)>,
    last_ticket: u64,
}

impl Fold {
    /// Starts from a snapshot.
    pub fn new(snapshot: StateSnapshot) -> Self {
        Self { snapshot, ..Self::default() }
    }

    /// Returns the state after all records so far.
    pub fn snapshot(&self) -> &StateSnapshot {
        &self.snapshot
    }

    /// Gives access to what records do not touch: serial, lineage, version.
    pub(crate) fn snapshot_mut(&mut self) -> &mut StateSnapshot {
        &mut self.snapshot
    }

    /// Ends the fold.
    pub fn into_snapshot(self) -> StateSnapshot {
        self.snapshot
    }

    /// Returns the intents that have begun and not ended, in the order of their beginning.
    pub fn unfinished(&self) -> &BTreeMap<Ticket, Intent> {
        &self.unfinished
    }

    /// Returns the ticket for the next intent.
    pub fn next_ticket(&self) -> Ticket {
        Ticket(self.last_ticket + 1)
    }

    /// Goes one record further. After an error, the fold is as it was before.
    ///
    /// # Errors
    /// When the record cannot follow those before it.
    pub fn apply(&mut self, record: Record) -> Result<(), FoldError> {
        match record {
            Record::Begun { ticket, intent } => self.begin(ticket, intent),
            Record::Ended { ticket, outcome } => {
                let Some(intent) = self.unfinished.remove(&ticket) else {
                    return Err(FoldError::NotBegun { ticket: ticket.0 });
                };
                let Intent { address, deposed, provider_config, .. } = intent;
                match outcome.into_change() {
                    Change::Keep => {}
                    Change::Set(object) => {
                        self.snapshot.set_object(&address, deposed.as_ref(), &provider_config, Some(object));
                    }
                    Change::Remove => {
                        self.snapshot.set_object(&address, deposed.as_ref(), &provider_config, None);
                    }
                }
                self.busy.remove(&(address, deposed));
                Ok(())
            }
            Record::Changed { address, deposed, provider_config, object } => {
                self.check_idle(&address, deposed.as_ref())?;
                self.snapshot.set_object(&address, deposed.as_ref(), &provider_config, object);
                Ok(())
            }
            Record::Deposed { address, key } => {
                self.check_idle(&address, None)?;
                let done = self.snapshot.depose(&address, &key);
                done.then_some(()).ok_or_else(|| FoldError::CannotMove {
                    object: address.to_string(),
                    to: object_name(&address, Some(&key)),
                })
            }
            Record::Undeposed { address, key } => {
                self.check_idle(&address, None)?;
                self.check_idle(&address, Some(&key))?;
                let done = self.snapshot.undepose(&address, &key);
                done.then_some(()).ok_or_else(|| FoldError::CannotMove {
                    object: object_name(&address, Some(&key)),
                    to: address.to_string(),
                })
            }
            Record::Moved { from, to } => self.move_instance(&from, &to),
            Record::Outputs(outputs) => {
                self.snapshot.outputs = outputs;
                Ok(())
            }
            Record::CheckResults(results) => {
                self.snapshot.check_results = results;
                Ok(())
            }
        }
    }

    fn begin(&mut self, ticket: Ticket, intent: Intent) -> Result<(), FoldError> {
        if ticket.0 <= self.last_ticket {
            return Err(FoldError::TicketReused { ticket: ticket.0 });
        }
        self.check_idle(&intent.address, intent.deposed.as_ref())?;
        let name = || object_name(&intent.address, intent.deposed.as_ref());
        match (intent.operation, self.exists(&intent.address, intent.deposed.as_ref())) {
            (Operation::Create, true) => return Err(FoldError::Exists { object: name() }),
            (Operation::Update | Operation::Delete, false) => {
                return Err(FoldError::Missing { object: name() });
            }
            _ => {}
        }
        self.busy.insert((intent.address.clone(), intent.deposed.clone()));
        self.unfinished.insert(ticket, intent);
        self.last_ticket = ticket.0;
        Ok(())
    }

    fn move_instance(
        &mut self,
        from: &ResourceInstanceAddress,
        to: &ResourceInstanceAddress,
    ) -> Result<(), FoldError> {
        for address in [from, to] {
            let mut objects = self.busy.range((address.clone(), None)..);
            if objects.next().is_some_and(|(busy, _)| busy == address) {
                return Err(FoldError::Busy { object: address.to_string() });
            }
        }
        let done = self.snapshot.move_instance(from, to);
        done.then_some(())
            .ok_or_else(|| FoldError::CannotMove { object: from.to_string(), to: to.to_string() })
    }

    fn exists(&self, address: &ResourceInstanceAddress, deposed: Option<&DeposedKey>) -> bool {
        self.snapshot.instance(address).is_some_and(|instance| match deposed {
            Some(key) => instance.deposed.contains_key(key),
            None => instance.current.is_some(),
        })
    }

    fn check_idle(
        &self,
        address: &ResourceInstanceAddress,
        deposed: Option<&DeposedKey>,
    ) -> Result<(), FoldError> {
        // Most records come while few intents are under way; then there is nothing to look up.
        if self.busy.is_empty() || !self.busy.contains(&(address.clone(), deposed.cloned())) {
            return Ok(());
        }
        Err(FoldError::Busy { object: object_name(address, deposed) })
    }
}

/// Names an object in messages as Terraform does.
pub(crate) fn object_name(address: &ResourceInstanceAddress, deposed: Option<&DeposedKey>) -> String {
    match deposed {
        Some(key) => format!("{address} (deposed object {key})"),
        None => address.to_string(),
    }
}

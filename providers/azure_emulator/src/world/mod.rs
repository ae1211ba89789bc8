//! The emulated cloud's state: resources, running operations and registrations, with the indexes that make every
//! question cheap. Knows no HTTP and no resource type's rules.
//!
//! Every change is recorded; [`World::take_changes`] hands the records of one request to the journal.

mod index;
mod journal;
mod operation;
mod record;
mod resource;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Bound;

pub(crate) use index::{Indexes, subnet_prefixes};
pub(crate) use journal::{Journal, read_world, write_world};
pub(crate) use operation::{Failure, Operation, OperationKind, OperationStatus};
pub(crate) use record::Record;
pub(crate) use resource::{Pending, Resource};

use crate::clock::Timestamp;
use crate::resource_id::Key;
use crate::table::TypeIndex;

/// Finished operations stay readable until this many others have finished after them.
const FINISHED_OPERATIONS_MAX: usize = 4096;

/// All resources of all subscriptions.
#[derive(Debug, Default)]
pub(crate) struct World {
    resources: BTreeMap<Key, Resource>,
    indexes: Indexes,
    operations: HashMap<Box<str>, Operation>,
    /// Running operations by the moment they are done.
    due: BTreeSet<(Timestamp, Box<str>)>,
    /// The running operation per resource whose writes exclude each other.
    busy: HashMap<Key, Box<str>>,
    finished: VecDeque<Box<str>>,
    /// Registration states of namespaces that differ from the configured default.
    registrations: BTreeMap<String, String>,
    sequence: u64,
    changes: Vec<Record>,
}

impl World {
    /// Rebuilds a world from its records, oldest first.
    pub(crate) fn from_records(records: impl IntoIterator<Item = Record>) -> World {
        let mut world = World::default();
        for record in records {
            world.replay(record);
        }
        world.changes.clear();
        world
    }

    fn replay(&mut self, record: Record) {
        match record {
            Record::Put(resource) => {
                self.sequence = self.sequence.max(resource.sequence);
                self.put(*resource);
            }
            Record::Remove(key) => {
                self.remove(&key);
            }
            Record::Operation(operation) => self.put_operation(*operation),
            Record::Registration(namespace, state) => self.set_registration(&namespace, &state),
        }
    }

    /// Returns the records that rebuild this world.
    pub(crate) fn to_records(&self) -> impl Iterator<Item = Record> + '_ {
        let registrations =
            self.registrations.iter().map(|(name, state)| Record::Registration(name.clone(), state.clone()));
        let resources = self.resources.values().map(|resource| Record::Put(Box::new(resource.clone())));
        let running = self.due.iter().filter_map(|(_, id)| self.operations.get(id));
        let finished = self.finished.iter().filter_map(|id| self.operations.get(id));
        let operations =
            running.chain(finished).map(|operation| Record::Operation(Box::new(operation.clone())));
        registrations.chain(resources).chain(operations)
    }

    /// Takes the records of everything that changed since the last call.
    pub(crate) fn take_changes(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.changes)
    }

    /// Returns the ids of all resources, in key order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.resources.values().map(|resource| &*resource.id)
    }

    /// Returns a resource.
    pub(crate) fn get(&self, key: &str) -> Option<&Resource> {
        self.resources.get(key)
    }

    /// Returns whether a resource exists.
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.resources.contains_key(key)
    }

    /// Returns a number greater than all before: resources are listed in the order of their numbers.
    pub(crate) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Adds or replaces a resource.
    pub(crate) fn put(&mut self, resource: Resource) {
        let key = resource.key();
        if let Some(before) = self.resources.get(&key) {
            self.indexes.remove(&key, before);
        }
        self.indexes.add(&key, &resource);
        self.changes.push(Record::Put(Box::new(resource.clone())));
        self.resources.insert(key, resource);
    }

    /// Changes a resource in place; does nothing if it does not exist.
    pub(crate) fn update(&mut self, key: &str, change: impl FnOnce(&mut Resource)) {
        if let Some(resource) = self.resources.get(key) {
            let mut resource = resource.clone();
            change(&mut resource);
            self.put(resource);
        }
    }

    /// Removes one resource, without what is below it.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Resource> {
        let (key, resource) = self.resources.remove_entry(key)?;
        self.indexes.remove(&key, &resource);
        self.changes.push(Record::Remove(key));
        Some(resource)
    }

    /// Returns all resources below `key` (children, extensions, a group's members), in key order.
    pub(crate) fn below<'w>(&'w self, key: &str) -> impl Iterator<Item = (&'w Key, &'w Resource)> + use<'w> {
        let start: Key = format!("{key}/").into();
        // '0' is the character after '/', so the range holds exactly the keys that start with `key/`.
        let end: Key = format!("{key}0").into();
        self.resources.range((Bound::Included(start), Bound::Excluded(end)))
    }

    /// Returns the resources after `key` that are below `above`, in key order: for paged lists.
    pub(crate) fn below_after<'w>(
        &'w self,
        above: &str,
        after: &str,
    ) -> impl Iterator<Item = (&'w Key, &'w Resource)> + use<'w> {
        let end: Key = format!("{above}0").into();
        let start: Key = after.into();
        // A token that does not belong to this list would make an inverted range, which panics.
        let start = if *start > *end { end.clone() } else { start };
        self.resources.range((Bound::Excluded(start), Bound::Excluded(end)))
    }

    /// Returns the direct children of one type segment, in the order in which they were made.
    pub(crate) fn children<'w>(&'w self, parent: &str, segment: &str) -> Vec<(&'w Key, &'w Resource)> {
        let prefix = format!("{parent}/{}", segment.to_ascii_lowercase());
        let mut children: Vec<_> =
            self.below(&prefix).filter(|(key, _)| !key[prefix.len() + 1..].contains('/')).collect();
        children.sort_by_key(|(_, resource)| resource.sequence);
        children
    }

    /// Returns the keys of all resources of a type, in key order.
    pub(crate) fn of_type(&self, kind: TypeIndex) -> impl Iterator<Item = &Key> + '_ {
        self.indexes.of_type(kind)
    }

    /// Returns the resources of a type that are below `above` and after `after`, in key order.
    pub(crate) fn of_type_below<'w>(
        &'w self,
        kind: TypeIndex,
        above: &str,
        after: &str,
    ) -> impl Iterator<Item = (&'w Key, &'w Resource)> + use<'w> {
        let keys = self.indexes.of_type_below(kind, above, after);
        keys.filter_map(|key| self.resources.get_key_value(key))
    }

    /// Returns the keys of the resources whose bodies name `key`.
    pub(crate) fn referrers(&self, key: &str) -> impl Iterator<Item = &Key> + '_ {
        self.indexes.referrers(key)
    }

    /// Returns the indexes.
    pub(crate) fn indexes(&self) -> &Indexes {
        &self.indexes
    }

    /// Returns the registration state of a namespace where it was changed.
    pub(crate) fn registration(&self, namespace: &str) -> Option<&str> {
        self.registrations.get(&namespace.to_ascii_lowercase()).map(String::as_str)
    }

    /// Changes the registration state of a namespace.
    pub(crate) fn set_registration(&mut self, namespace: &str, state: &str) {
        let namespace = namespace.to_ascii_lowercase();
        self.changes.push(Record::Registration(namespace.clone(), state.to_owned()));
        self.registrations.insert(namespace, state.to_owned());
    }

    /// Returns an operation.
    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.get(id)
    }

    /// Returns the running operation that excludes writes to `key`.
    pub(crate) fn running_operation(&self, key: &str) -> Option<&Operation> {
        self.busy.get(key).and_then(|id| self.operations.get(id))
    }

    /// Adds an operation or replaces it by a later stage of itself.
    pub(crate) fn put_operation(&mut self, operation: Operation) {
        self.changes.push(Record::Operation(Box::new(operation.clone())));
        let id = operation.id.clone();
        if operation.status == OperationStatus::Running {
            self.due.insert((operation.finish, id.clone()));
            self.busy.insert(operation.domain.clone(), id.clone());
        } else {
            self.due.remove(&(operation.finish, id.clone()));
            if self.busy.get(&operation.domain) == Some(&id) {
                self.busy.remove(&operation.domain);
            }
            self.finished.push_back(id.clone());
        }
        self.operations.insert(id, operation);
        if self.finished.len() > FINISHED_OPERATIONS_MAX
            && let Some(oldest) = self.finished.pop_front()
        {
            self.operations.remove(&oldest);
        }
    }

    /// Returns the next operation that should be done at `now`.
    pub(crate) fn next_due(&self, now: Timestamp) -> Option<Operation> {
        let (finish, id) = self.due.first()?;
        if *finish > now { None } else { self.operations.get(id).cloned() }
    }
}

#[cfg(test)]
mod tests;

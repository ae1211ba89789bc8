//! Objects that need no call of their own to be destroyed, since they go with others that the same plan destroys.
//!
//! Such an object is not touched when its turn comes, and leaves the state when the other one is gone. That is only
//! right where nothing relies on the object being gone in between: whatever it depends on has to go with the same
//! other object, or to come after it anyway.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use rustc_hash::{FxHashMap, FxHashSet};
use terrane_model::{ConfigResource, ProviderConfigAddress, ResourceMode, Value};
use terrane_provider::{Effects, PlannedResource};

use crate::change::Action;
use crate::operations::stored_dependencies;
use crate::planner::Planner;

/// An object that goes with others, by positions in the plan's changes.
struct Falling {
    position: usize,
    /// What it may go with, the best first.
    with: Vec<usize>,
    /// Which of these it is to go with now.
    choice: usize,
    depends_on: Vec<ConfigResource>,
}

impl Falling {
    fn root(&self) -> Option<usize> {
        self.with.get(self.choice).copied()
    }
}

impl Planner {
    /// Returns which destroyed objects go with which, by positions in the plan's changes.
    pub(crate) async fn find_falling(&mut self) -> BTreeMap<usize, usize> {
        if self.diagnostics.has_errors() {
            return BTreeMap::new();
        }
        let mut shares: BTreeMap<&ProviderConfigAddress, Vec<usize>> = BTreeMap::new();
        for (position, change) in self.changes.iter().enumerate() {
            let is_removed = change.change.action == Action::Delete && change.deposed.is_none();
            if is_removed && change.address.resource.mode == ResourceMode::Managed {
                shares.entry(&change.provider_config).or_default().push(position);
            }
        }
        let asked = shares.into_iter().filter(|(_, positions)| positions.len() > 1);
        let asked = asked.filter_map(|(config, positions)| {
            let provider = std::sync::Arc::clone(self.configured_provider(config)?);
            let removed: Vec<PlannedResource> =
                positions.iter().map(|it| self.planned_resource(*it)).collect();
            Some(async move { (provider.falls_with(removed).await, positions) })
        });
        let mut falling = Vec::new();
        for (answers, positions) in join_all(asked).await {
            for (own, with) in answers.into_iter().enumerate().filter(|(_, with)| !with.is_empty()) {
                let Some(position) = positions.get(own).copied() else { continue };
                if self.has_farewell(position) {
                    continue;
                }
                let with = with.into_iter().filter_map(|other| positions.get(other).copied());
                let depends_on = self.dependencies_of(position);
                falling.push(Falling { position, with: with.collect(), choice: 0, depends_on });
            }
        }
        self.settle(falling)
    }

    pub(crate) fn planned_resource(&self, position: usize) -> PlannedResource {
        let change = &self.changes[position];
        let plain = |value: &Value| value.split_marks().0;
        PlannedResource {
            address: change.address.to_string(),
            type_name: change.address.resource.resource_type.clone(),
            prior_state: plain(&change.change.before),
            planned_state: plain(&change.change.after),
        }
    }

    fn dependencies_of(&self, position: usize) -> Vec<ConfigResource> {
        stored_dependencies(&self.state, &self.changes[position])
    }

    /// Tells whether something is to be run before an object is destroyed.
    fn has_farewell(&self, position: usize) -> bool {
        let address = &self.changes[position].address;
        let tree = &self.configuration.tree;
        let declared = tree.find(&address.module.path()).map(|module| tree.module(module));
        let resource = declared.and_then(|module| module.resource(&address.resource));
        let in_block = resource.is_some_and(|(_, resource)| {
            resource.provisioners.iter().any(|provisioner| provisioner.on_destroy)
        });
        in_block || self.removals.block(address).is_some()
    }

    /// Gives up, one choice after the other, what would go too early.
    fn settle(&self, mut falling: Vec<Falling>) -> BTreeMap<usize, usize> {
        let mut destroyed: FxHashMap<ConfigResource, Vec<usize>> = FxHashMap::default();
        for (position, change) in self.changes.iter().enumerate() {
            let is_destroyed = matches!(
                change.change.action,
                Action::Delete | Action::DeleteThenCreate | Action::CreateThenDelete
            );
            // Nobody outside can miss what is only in the state.
            let provider = self.configured_provider(&change.provider_config);
            let resource_type = &change.address.resource.resource_type;
            let is_remote = provider.is_none_or(|it| it.effects(resource_type) == Effects::Remote);
            if is_destroyed && is_remote {
                destroyed.entry(change.address.resource().config()).or_default().push(position);
            }
        }
        let mut after: FxHashMap<usize, FxHashSet<ConfigResource>> = FxHashMap::default();
        for root in falling.iter().flat_map(|it| &it.with) {
            after.entry(*root).or_insert_with(|| self.dependencies_of(*root).into_iter().collect());
        }
        loop {
            let roots: FxHashMap<usize, usize> =
                falling.iter().filter_map(|it| Some((it.position, it.root()?))).collect();
            // All instances of a resource go at one time or not; the answer is the same for everyone who asks.
            let mut together: FxHashMap<(&ConfigResource, usize), bool> = FxHashMap::default();
            let mut given_up = Vec::new();
            for (index, object) in falling.iter().enumerate() {
                let Some(root) = object.root() else { continue };
                // Only what is known to depend on the other object has its turn before it.
                let own = self.changes[root].address.resource().config();
                let comes_before = object.depends_on.contains(&own);
                let is_good = comes_before
                    && object.depends_on.iter().all(|dependency| {
                        *together.entry((dependency, root)).or_insert_with(|| {
                            let positions = destroyed.get(dependency).into_iter().flatten();
                            let comes_after =
                                after.get(&root).is_some_and(|after| after.contains(dependency));
                            comes_after
                                || positions.into_iter().all(|it| *it == root || roots.get(it) == Some(&root))
                        })
                    });
                // What goes with something that goes with something else has no turn of its own.
                if !is_good || roots.contains_key(&root) {
                    given_up.push(index);
                }
            }
            if given_up.is_empty() {
                return roots.into_iter().collect();
            }
            for index in given_up {
                falling[index].choice += 1;
            }
        }
    }
}

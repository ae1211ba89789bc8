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

use crate::added_order::AddedOrder;
use crate::change::Action;
use crate::operations::stored_dependencies;
use crate::planner::Planner;

/// With what an object may go.
#[derive(Clone, Copy)]
enum Candidate {
    /// Its place, or whatever that goes with. Nobody can miss what the object depends on in a place that goes away.
    Place(usize),
    /// Another object, together with all that depends on either.
    Within(usize),
}

/// An object that goes with others, by positions in the plan's changes.
struct Falling {
    position: usize,
    /// What it may go with, the best first.
    with: Vec<Candidate>,
    /// Which of these it is to go with now.
    choice: usize,
    depends_on: Vec<ConfigResource>,
}

impl Falling {
    fn candidate(&self) -> Option<Candidate> {
        self.with.get(self.choice).copied()
    }
}

impl Planner {
    /// Returns which destroyed objects go with which, by positions in the plan's changes, and the order that providers
    /// add to the plan's own.
    pub(crate) async fn find_falling(&mut self) -> (BTreeMap<usize, usize>, AddedOrder) {
        if self.diagnostics.has_errors() {
            return (BTreeMap::new(), AddedOrder::default());
        }
        let mut tied = self.find_ties().await;
        let mut candidates: BTreeMap<usize, Vec<Candidate>> = BTreeMap::new();
        for (position, place) in &tied.with_place {
            candidates.entry(*position).or_default().push(Candidate::Place(*place));
        }
        for (position, with) in self.ask_falling().await.into_iter().chain(std::mem::take(&mut tied.inside)) {
            let with = with.into_iter().map(Candidate::Within);
            candidates.entry(position).or_default().extend(with);
        }
        let falling = candidates.into_iter().filter(|(position, _)| !self.has_farewell(*position));
        let falling = falling.map(|(position, with)| {
            let depends_on = self.dependencies_of(position);
            Falling { position, with, choice: 0, depends_on }
        });
        let falling = self.settle(falling.collect(), &mut tied.order);
        (falling, tied.order)
    }

    /// Asks each provider which of its objects go with which others of its own.
    async fn ask_falling(&self) -> Vec<(usize, Vec<usize>)> {
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
                let with = with.into_iter().filter_map(|other| positions.get(other).copied());
                falling.push((position, with.collect()));
            }
        }
        falling
    }

    pub(crate) fn planned_resource(&self, position: usize) -> PlannedResource {
        let change = &self.changes[position];
        let plain = |value: &Value| value.split_marks().0;
        PlannedResource {
            address: change.address.to_string(),
            type_name: change.address.resource.resource_type.clone(),
            prior_state: plain(&change.change.before),
            planned_state: plain(&change.change.after),
            private: change.private.clone(),
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

    /// Returns the destroyed objects of each resource that somebody outside could miss: not what is only in the state.
    fn destroyed_remotely(&self) -> FxHashMap<ConfigResource, Vec<usize>> {
        let mut destroyed: FxHashMap<ConfigResource, Vec<usize>> = FxHashMap::default();
        for (position, change) in self.changes.iter().enumerate() {
            let is_destroyed = matches!(
                change.change.action,
                Action::Delete | Action::DeleteThenCreate | Action::CreateThenDelete
            );
            let provider = self.configured_provider(&change.provider_config);
            let resource_type = &change.address.resource.resource_type;
            let is_remote = provider.is_none_or(|it| it.effects(resource_type) == Effects::Remote);
            if is_destroyed && is_remote {
                destroyed.entry(change.address.resource().config()).or_default().push(position);
            }
        }
        destroyed
    }

    /// Gives up, one choice after the other, what would go too early.
    fn settle(&self, mut falling: Vec<Falling>, order: &mut AddedOrder) -> BTreeMap<usize, usize> {
        let destroyed = self.destroyed_remotely();
        let mut after: FxHashMap<usize, FxHashSet<ConfigResource>> = FxHashMap::default();
        for candidate in falling.iter().flat_map(|it| &it.with) {
            let (Candidate::Place(root) | Candidate::Within(root)) = *candidate;
            after.entry(root).or_insert_with(|| self.dependencies_of(root).into_iter().collect());
        }
        let tied: FxHashSet<(usize, usize)> = order.destroyed_after.iter().copied().collect();
        loop {
            let roots = roots(&falling);
            // All instances of a resource go at one time or not; the answer is the same for everyone who asks.
            let mut together: FxHashMap<(&ConfigResource, usize), bool> = FxHashMap::default();
            let mut given_up = Vec::new();
            for (index, object) in falling.iter().enumerate() {
                let Some(Candidate::Within(root)) = object.candidate() else { continue };
                // Only what is known to depend on the other object has its turn before it.
                let own = self.changes[root].address.resource().config();
                let comes_before =
                    object.depends_on.contains(&own) || tied.contains(&(root, object.position));
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
                self.keep_dependencies(&falling, &roots, &destroyed, &tied, order);
                return roots.into_iter().collect();
            }
            for index in given_up {
                falling[index].choice += 1;
            }
        }
    }

    /// What an object depends on outlives it: it stays until the place is gone that takes the object along, unless the
    /// place waits for it.
    fn keep_dependencies(
        &self,
        falling: &[Falling],
        roots: &FxHashMap<usize, usize>,
        destroyed: &FxHashMap<ConfigResource, Vec<usize>>,
        tied: &FxHashSet<(usize, usize)>,
        order: &mut AddedOrder,
    ) {
        let mut seen: FxHashSet<(&ConfigResource, usize)> = FxHashSet::default();
        for object in falling {
            let (Some(Candidate::Place(_)), Some(root)) = (object.candidate(), roots.get(&object.position))
            else {
                continue;
            };
            let own = self.changes[*root].address.resource().config();
            for dependency in object.depends_on.iter().filter(|it| seen.insert((*it, *root))) {
                let positions = destroyed.get(dependency).into_iter().flatten().copied();
                let comes_before =
                    |it: usize| tied.contains(&(*root, it)) || self.dependencies_of(it).contains(&own);
                let stays = |it: &usize| it != root && roots.get(it) != Some(root) && !comes_before(*it);
                order.destroyed_after.extend(positions.filter(stays).map(|it| (it, *root)));
            }
        }
    }
}

/// Returns with what each object goes as things are.
fn roots(falling: &[Falling]) -> FxHashMap<usize, usize> {
    let mut roots: FxHashMap<usize, usize> = FxHashMap::default();
    for object in falling {
        if let Some(Candidate::Within(root)) = object.candidate() {
            roots.insert(object.position, root);
        }
    }
    for object in falling {
        if let Some(Candidate::Place(place)) = object.candidate() {
            let root = roots.get(&place).copied().unwrap_or(place);
            roots.insert(object.position, root);
        }
    }
    roots
}

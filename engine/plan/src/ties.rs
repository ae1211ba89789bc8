//! What objects of a plan have to do with each other across providers: which come first, and which need no deletion of
//! their own because a place goes with all that is in it.
//!
//! A place is the object that the configuration of a provider comes from: a cluster, for the provider of the objects
//! in it. Providers name what their objects bring and need; names mean something at one place only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use rustc_hash::FxHashMap;
use terrane_model::{ConfigResource, ProviderConfigAddress, ResourceMode, Str, Value};
use terrane_provider::{Holds, PlannedResource, Provider, Ties};

use crate::added_order::AddedOrder;
use crate::change::Action;
use crate::operations::stored_dependencies;
use crate::planner::Planner;

/// The most objects bringing the same name that others are ordered behind. More than one is rare.
const BRINGERS_MAX: usize = 8;

/// What follows from the ties of a plan's objects.
#[derive(Debug, Default)]
pub(crate) struct Tied {
    pub(crate) order: AddedOrder,
    /// Destroyed objects that go with their place, which is destroyed, too.
    pub(crate) with_place: BTreeMap<usize, usize>,
    /// Destroyed objects, and others that take them along completely.
    pub(crate) inside: BTreeMap<usize, Vec<usize>>,
}

/// Where a provider configuration leads to.
struct Place {
    /// Names mean the same to all configurations of one place.
    name: String,
    /// The object that is the place, where the plan knows it.
    object: Option<usize>,
    holds: Holds,
}

/// What one provider configuration has to say of its objects.
struct Answer {
    place: Place,
    /// Objects that are made or changed, and those that are destroyed.
    coming: Vec<(usize, Ties)>,
    going: Vec<(usize, Ties)>,
}

/// Who brings what, by place and name.
type Bringers<'a> = FxHashMap<(&'a str, &'a Str), Vec<usize>>;

impl Planner {
    /// Asks all providers what their objects have to do with each other.
    pub(crate) async fn find_ties(&self) -> Tied {
        let mut shares: BTreeMap<&ProviderConfigAddress, Vec<usize>> = BTreeMap::new();
        let mut by_resource: FxHashMap<ConfigResource, Vec<usize>> = FxHashMap::default();
        for (position, change) in self.changes.iter().enumerate() {
            if change.address.resource.mode == ResourceMode::Managed && change.deposed.is_none() {
                by_resource.entry(change.address.resource().config()).or_default().push(position);
                if comes(change.change.action) || goes(change.change.action) {
                    shares.entry(&change.provider_config).or_default().push(position);
                }
            }
        }
        let by_resource = &by_resource;
        let asked = shares.into_iter().filter_map(|(config, positions)| {
            let provider = Arc::clone(self.configured_provider(config)?);
            Some(self.ask_ties(provider, config, positions, by_resource))
        });
        let answers: Vec<Answer> = join_all(asked).await.into_iter().flatten().collect();
        self.tie(&answers)
    }

    async fn ask_ties(
        &self,
        provider: Arc<dyn Provider>,
        config: &ProviderConfigAddress,
        positions: Vec<usize>,
        by_resource: &FxHashMap<ConfigResource, Vec<usize>>,
    ) -> Option<Answer> {
        let action = |position: &usize| self.changes[*position].change.action;
        let coming: Vec<usize> = positions.iter().copied().filter(|it| comes(action(it))).collect();
        let going: Vec<usize> = positions.into_iter().filter(|it| goes(action(it))).collect();
        let planned = |position: &usize| self.planned_resource(*position);
        let gone = |position: &usize| {
            let resource = self.planned_resource(*position);
            PlannedResource { planned_state: Value::Null(resource.prior_state.ty()), ..resource }
        };
        let objects = coming.iter().map(planned).chain(going.iter().map(gone)).collect();
        let mut ties = provider.ties(objects).await.into_iter();
        let coming: Vec<_> = coming.into_iter().zip(ties.by_ref()).collect();
        let going: Vec<_> = going.into_iter().zip(ties).collect();
        if coming.is_empty() && going.is_empty() {
            return None;
        }
        let place = match self.place_of(config, by_resource) {
            Some(place) => place,
            None => {
                let name = provider.place().await;
                let name = name.map_or_else(|| format!("config {config}"), |name| format!("server {name}"));
                Place { name, object: None, holds: Holds::Nothing }
            }
        };
        Some(Answer { place, coming, going })
    }

    /// Finds the object that a provider's configuration comes from, among those that can hold others.
    fn place_of(
        &self,
        config: &ProviderConfigAddress,
        by_resource: &FxHashMap<ConfigResource, Vec<usize>>,
    ) -> Option<Place> {
        let (resource, holds) = self.holder_of(config)?;
        let object = match by_resource.get(&resource)?.as_slice() {
            [only] => *only,
            // One configuration for each cluster: they have the same keys.
            several => *several.iter().find(|it| {
                let key = &self.changes[**it].address.key;
                key.is_some() && *key == config.key
            })?,
        };
        Some(Place { name: format!("object {}", self.changes[object].address), object: Some(object), holds })
    }

    fn tie(&self, answers: &[Answer]) -> Tied {
        let mut tied = Tied::default();
        let coming = bringers(answers, |answer| &answer.coming);
        let going = bringers(answers, |answer| &answer.going);
        for answer in answers {
            let place = answer.place.name.as_str();
            for (position, ties) in &answer.coming {
                let before = brought(&coming, place, &ties.needs, *position);
                tied.order.applied_after.extend(before.into_iter().map(|before| (*position, before)));
            }
            for (position, ties) in &answer.going {
                let after = brought(&going, place, &ties.needs, *position);
                tied.order.destroyed_after.extend(after.into_iter().map(|after| (after, *position)));
                self.note_falling(&mut tied, &answer.place, *position, ties, &going);
            }
        }
        for pairs in [&mut tied.order.applied_after, &mut tied.order.destroyed_after] {
            pairs.sort_unstable();
            pairs.dedup();
        }
        tied
    }

    /// Notes what an object that is destroyed may go with.
    fn note_falling(
        &self,
        tied: &mut Tied,
        place: &Place,
        position: usize,
        ties: &Ties,
        going: &Bringers<'_>,
    ) {
        let is_removed = |position: usize| self.changes[position].change.action == Action::Delete;
        if let Some(object) = place.object.filter(|object| goes(self.changes[*object].change.action)) {
            let own = self.changes[object].address.resource().config();
            if !stored_dependencies(&self.state, &self.changes[position]).contains(&own) {
                tied.order.destroyed_after.push((object, position));
            }
            if is_removed(position) && is_removed(object) && place.holds.takes_along(ties.reach) {
                tied.with_place.insert(position, object);
            }
        }
        if is_removed(position) {
            let mut with = brought(going, &place.name, &ties.inside, position);
            with.retain(|it| is_removed(*it));
            if !with.is_empty() {
                tied.inside.insert(position, with);
            }
        }
    }
}

fn comes(action: Action) -> bool {
    matches!(action, Action::Create | Action::Update) || action.is_replace()
}

fn goes(action: Action) -> bool {
    matches!(action, Action::Delete | Action::DeleteThenCreate | Action::CreateThenDelete)
}

fn bringers<'a>(answers: &'a [Answer], of: impl Fn(&'a Answer) -> &'a [(usize, Ties)]) -> Bringers<'a> {
    let mut bringers = Bringers::default();
    for answer in answers {
        for (position, ties) in of(answer) {
            for name in &ties.brings {
                bringers.entry((answer.place.name.as_str(), name)).or_default().push(*position);
            }
        }
    }
    bringers
}

/// Returns who brings one of the names, but for the object itself.
fn brought(bringers: &Bringers<'_>, place: &str, names: &[Str], own: usize) -> Vec<usize> {
    let found = names.iter().filter_map(|name| bringers.get(&(place, name)));
    let mut seen = BTreeSet::new();
    found
        .flat_map(|positions| positions.iter().take(BRINGERS_MAX))
        .copied()
        .filter(|position| *position != own && seen.insert(*position))
        .collect()
}

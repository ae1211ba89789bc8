//! Objects that a plan destroys and creates again under another address, though nothing about them changes: a `moved`
//! block would keep them.
//!
//! What decides is the configured part of the new object: whatever it says has to be the same on an object that goes. Only
//! pairs that cannot be mistaken count.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use terrane_model::{
    AbsoluteResource, InstanceKey, ModuleInstance, ResourceInstanceAddress, ResourceMode, Str, Value,
};

use crate::change::{Action, ResourceChange};
use crate::plan::Plan;

/// What could be kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MoveHints {
    /// Addresses before and after, as `moved` blocks of the root module name them.
    pub moves: Vec<(String, String)>,
    /// Resources with `count` of which the objects have changed places.
    pub shifts: Vec<Shift>,
}

/// A resource with `count` of which objects would become what others are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The resource.
    pub resource: AbsoluteResource,
    /// Numbers of objects before, and the keys that would tell them apart.
    pub keys: Vec<(i64, Str)>,
}

impl MoveHints {
    /// Tells whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty() && self.shifts.is_empty()
    }
}

/// Finds what could be kept.
pub fn move_hints(plan: &Plan) -> MoveHints {
    MoveHints { moves: collapsed(plan, &renames(plan)), shifts: shifts(plan) }
}

/// How many combinations of configured arguments are compared for a resource type, so that the work stays in proportion.
const SHAPES_MAX: usize = 16;

type Pair<'p> = (&'p ResourceInstanceAddress, &'p ResourceInstanceAddress);

/// Pairs each object that goes with the only one that comes and is the same.
fn renames(plan: &Plan) -> Vec<Pair<'_>> {
    let mut by_type: BTreeMap<&Str, (Vec<&ResourceChange>, Vec<&ResourceChange>)> = BTreeMap::new();
    for change in plan.resource_changes.iter().filter(|change| is_current(change)) {
        let entry = by_type.entry(&change.address.resource.resource_type).or_default();
        match change.change.action {
            Action::Delete => entry.0.push(change),
            Action::Create => entry.1.push(change),
            _ => {}
        }
    }
    let mut pairs = Vec::new();
    for (gone, new) in by_type.values().filter(|(gone, new)| !gone.is_empty() && !new.is_empty()) {
        let mut by_shape: BTreeMap<Vec<Str>, Vec<&ResourceChange>> = BTreeMap::new();
        for change in new {
            by_shape.entry(configured(&change.change.after)).or_default().push(change);
        }
        for (shape, new) in by_shape.iter().filter(|(shape, _)| !shape.is_empty()).take(SHAPES_MAX) {
            pairs.extend(matched(shape, gone, new));
        }
    }
    pairs.sort();
    // An object that fits two new ones of different shape is no clear case.
    let mut times: HashMap<&ResourceInstanceAddress, usize> = HashMap::new();
    for (from, _) in &pairs {
        *times.entry(from).or_default() += 1;
    }
    pairs.retain(|(from, _)| times[from] == 1);
    pairs
}

fn is_current(change: &ResourceChange) -> bool {
    change.deposed.is_none()
        && change.address.resource.mode == ResourceMode::Managed
        && change.importing.is_none()
        && !change.is_moved()
}

fn matched<'p>(shape: &[Str], gone: &[&'p ResourceChange], new: &[&'p ResourceChange]) -> Vec<Pair<'p>> {
    let mut places: HashMap<String, (Vec<&ResourceInstanceAddress>, Vec<&ResourceInstanceAddress>)> =
        HashMap::new();
    for change in gone {
        places.entry(look(&change.change.before, shape)).or_default().0.push(&change.address);
    }
    for change in new {
        places.entry(look(&change.change.after, shape)).or_default().1.push(&change.address);
    }
    let clear = places.into_values().filter_map(|(from, to)| match (from.as_slice(), to.as_slice()) {
        ([from], [to]) => Some((*from, *to)),
        _ => None,
    });
    clear.collect()
}

/// Returns the names of the arguments that are set and known.
fn configured(after: &Value) -> Vec<Str> {
    let entries = after.unmarked().as_entries().unwrap_or_default().iter();
    let set = entries.filter(|(_, value)| value.is_wholly_known() && !value.is_null() && !is_empty(value));
    set.map(|(name, _)| name.clone()).collect()
}

fn is_empty(value: &Value) -> bool {
    value.element_count() == Some(0)
}

/// Puts the parts of an object that count into one text. It is compared only and never shown.
fn look(object: &Value, names: &[Str]) -> String {
    let object = object.unmarked();
    let mut look = String::new();
    for name in names {
        let value = object.get(name).map(|value| value.clone().unmark_deep().0);
        look.push_str(&format!("{name}={value:?};"));
    }
    look
}

/// Puts pairs together that one block for a whole resource or module says.
fn collapsed(plan: &Plan, pairs: &[Pair<'_>]) -> Vec<(String, String)> {
    let mut left: BTreeSet<Pair<'_>> = pairs.iter().copied().collect();
    let mut moves = Vec::new();
    let mut gone_in_module: HashMap<&ModuleInstance, usize> = HashMap::new();
    let mut gone_of_resource: HashMap<AbsoluteResource, usize> = HashMap::new();
    let gone = |change: &&ResourceChange| change.change.action == Action::Delete && is_current(change);
    for change in plan.resource_changes.iter().filter(gone) {
        *gone_in_module.entry(&change.address.module).or_default() += 1;
        *gone_of_resource.entry(change.address.resource()).or_default() += 1;
    }
    let mut modules: BTreeMap<(&ModuleInstance, &ModuleInstance), Vec<Pair<'_>>> = BTreeMap::new();
    for (from, to) in pairs.iter().filter(|(from, to)| from.module != to.module) {
        if from.resource == to.resource
            && from.key == to.key
            && !from.module.is_root()
            && !to.module.is_root()
        {
            modules.entry((&from.module, &to.module)).or_default().push((from, to));
        }
    }
    for ((from, to), inside) in modules {
        if gone_in_module.get(from) == Some(&inside.len()) {
            moves.push((from.to_string(), to.to_string()));
            for pair in &inside {
                left.remove(pair);
            }
        }
    }
    let mut resources: BTreeMap<(AbsoluteResource, AbsoluteResource), Vec<Pair<'_>>> = BTreeMap::new();
    for (from, to) in left.iter().filter(|(from, to)| from.key == to.key) {
        resources.entry((from.resource(), to.resource())).or_default().push((from, to));
    }
    for ((from, to), instances) in resources {
        if instances.len() > 1 && gone_of_resource.get(&from) == Some(&instances.len()) {
            moves.push((from.instance(None).to_string(), to.instance(None).to_string()));
            for pair in &instances {
                left.remove(pair);
            }
        }
    }
    moves.extend(left.iter().map(|(from, to)| (from.to_string(), to.to_string())));
    moves
}

/// Finds resources with `count` whose objects would become what their neighbours are.
fn shifts(plan: &Plan) -> Vec<Shift> {
    let mut by_resource: BTreeMap<AbsoluteResource, Vec<(i64, &ResourceChange)>> = BTreeMap::new();
    for change in plan.resource_changes.iter().filter(|change| is_current(change)) {
        if let Some(InstanceKey::Int(number)) = &change.address.key {
            by_resource.entry(change.address.resource()).or_default().push((*number, change));
        }
    }
    by_resource.into_iter().filter_map(|(resource, instances)| shift_of(resource, &instances)).collect()
}

fn shift_of(resource: AbsoluteResource, instances: &[(i64, &ResourceChange)]) -> Option<Shift> {
    let changes_length =
        instances.iter().any(|(_, change)| matches!(change.change.action, Action::Create | Action::Delete));
    let changes_others = instances
        .iter()
        .any(|(_, change)| change.change.action == Action::Update || change.change.action.is_replace());
    if !changes_length || !changes_others {
        return None;
    }
    let present: Vec<&(i64, &ResourceChange)> =
        instances.iter().filter(|(_, change)| !change.change.after.is_null()).collect();
    let shape = changing(&present);
    let name = telling_name(&shape, &present)?;
    let mut before: HashMap<String, Vec<i64>> = HashMap::new();
    for (number, change) in instances.iter().filter(|(_, change)| !change.change.before.is_null()) {
        before.entry(look(&change.change.before, &shape)).or_default().push(*number);
    }
    let mut keys = Vec::new();
    let mut has_moved = false;
    for (number, change) in present {
        let Some([was]) = before.get(&look(&change.change.after, &shape)).map(Vec::as_slice) else {
            continue;
        };
        has_moved |= was != number;
        keys.push((*was, text_of(&change.change.after, &name)?));
    }
    keys.sort();
    has_moved.then_some(Shift { resource, keys })
}

/// Returns the names of the known parts that change for any of the objects: the others are the same for all, or are each
/// object's own whatever the configuration says.
fn changing(present: &[&(i64, &ResourceChange)]) -> Vec<Str> {
    let mut names = BTreeSet::new();
    for (_, change) in present.iter().filter(|(_, change)| !change.change.before.is_null()) {
        let before = change.change.before.unmarked();
        let known = configured(&change.change.after);
        let after = change.change.after.unmarked().as_entries().unwrap_or_default();
        for (name, value) in after.iter().filter(|(name, _)| known.contains(name)) {
            if before.get(name).is_none_or(|before| !before.raw_equals(value)) {
                names.insert(name.clone());
            }
        }
    }
    names.into_iter().collect()
}

/// Finds an argument that tells the objects apart, and whose values make good keys.
fn telling_name(shape: &[Str], present: &[&(i64, &ResourceChange)]) -> Option<Str> {
    let tells = |name: &&Str| {
        let texts: Vec<Option<Str>> =
            present.iter().map(|(_, change)| text_of(&change.change.after, name)).collect();
        let distinct: BTreeSet<&Str> = texts.iter().flatten().collect();
        distinct.len() == texts.len()
    };
    let preferred = shape.iter().filter(|name| name.as_str() == "name");
    preferred.chain(shape).find(tells).cloned()
}

fn text_of(object: &Value, name: &str) -> Option<Str> {
    let (_, value) = object.unmarked().as_entries()?.iter().find(|(entry, _)| entry.as_str() == name)?;
    // A marked value must not be shown, so it is no key.
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

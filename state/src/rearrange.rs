//! What `state mv`, `state rm` and `state replace-provider` do to a snapshot, with Terraform's rules and
//! texts. Pure; what comes out is put into a store with [`crate::StateStore::replace_content`].

use std::collections::BTreeMap;

use terrane_model::{
    AbsoluteResource, Diagnostic, ModuleInstance, ProviderSource, ResourceInstanceAddress, ResourceMode,
    Target,
};

use crate::snapshot::{ResourceState, StateSnapshot};

/// Why objects cannot be moved or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{summary}: {detail}")]
pub struct RearrangeError {
    /// Fixed short phrase.
    pub summary: &'static str,
    /// Full sentences.
    pub detail: String,
}

impl RearrangeError {
    /// Returns the error as a message to the user.
    pub fn to_diagnostic(&self) -> Diagnostic {
        Diagnostic::error(self.summary, self.detail.clone())
    }
}

fn invalid_source<T>(detail: String) -> Result<T, RearrangeError> {
    Err(RearrangeError { summary: "Invalid source address", detail })
}

fn invalid_target<T>(detail: String) -> Result<T, RearrangeError> {
    Err(RearrangeError { summary: "Invalid target address", detail })
}

/// Gives a module, a resource or a resource instance another address. Addresses in the dependencies of other
/// objects stay as they are; the next apply brings them up to date.
///
/// # Errors
/// When nothing is at the old address, something is at the new one, or they are of different kinds. The
/// snapshot is unchanged then.
pub fn move_target(snapshot: &mut StateSnapshot, from: &Target, to: &Target) -> Result<(), RearrangeError> {
    match (from, to) {
        (Target::Module(from), Target::Module(to)) => move_module(snapshot, from, to),
        (Target::Module(_), Target::Resource(_)) => {
            invalid_target(format!("Cannot move {from} to {to}: the target must also be a module."))
        }
        (Target::Resource(_), Target::Module(_)) => invalid_target(format!(
            "Cannot move {from} to {to}: the target must also be a resource instance."
        )),
        (Target::Resource(from), Target::Resource(to)) => move_resource(snapshot, from, to),
    }
}

fn move_module(
    snapshot: &mut StateSnapshot,
    from: &ModuleInstance,
    to: &ModuleInstance,
) -> Result<(), RearrangeError> {
    let moved: Vec<AbsoluteResource> =
        snapshot.resources.keys().filter(|resource| resource.module.is_within(from)).cloned().collect();
    if moved.is_empty() {
        return invalid_source(format!("Cannot move {from}: does not match anything in the current state."));
    }
    let is_taken = snapshot.resources.keys().any(|resource| {
        resource.module == *to || (resource.module.is_within(to) && !resource.module.is_within(from))
    });
    if is_taken {
        return invalid_target(format!(
            "Cannot move to {to}: there is already a module at that address in the current state."
        ));
    }
    let taken_out: Vec<(AbsoluteResource, ResourceState)> =
        moved.into_iter().filter_map(|address| snapshot.resources.remove_entry(&address)).collect();
    for (mut address, state) in taken_out {
        let below = &address.module.steps()[from.steps().len()..];
        address.module = ModuleInstance::new(to.steps().iter().chain(below).cloned());
        snapshot.resources.insert(address, state);
    }
    Ok(())
}

fn move_resource(
    snapshot: &mut StateSnapshot,
    from: &ResourceInstanceAddress,
    to: &ResourceInstanceAddress,
) -> Result<(), RearrangeError> {
    let resource = from.resource();
    let is_instance = snapshot.instance(from).is_some();
    if !is_instance && (from.key.is_some() || !snapshot.resources.contains_key(&resource)) {
        return invalid_source(if from.key.is_some() {
            format!("The current state does not contain {from}.")
        } else {
            format!("Cannot move {from}: does not match anything in the current state.")
        });
    }
    check_kinds(from, to)?;
    if is_instance {
        if snapshot.instance(to).is_some() {
            return invalid_target(format!(
                "Cannot move to {to}: there is already a resource instance at that address in the current \
                 state."
            ));
        }
        let is_moved = snapshot.move_instance(from, to);
        assert!(is_moved, "BUG: {from} is there and {to} is free");
        return Ok(());
    }
    if to.key.is_some() {
        return invalid_target(format!(
            "Cannot move {from} to {to}: the source is a whole resource (not a resource instance) so the \
             target must also be a whole resource."
        ));
    }
    if snapshot.resources.contains_key(&to.resource()) {
        return invalid_target(format!(
            "Cannot move to {to}: there is already a resource at that address in the current state."
        ));
    }
    if let Some(state) = snapshot.resources.remove(&resource) {
        snapshot.resources.insert(to.resource(), state);
    }
    Ok(())
}

fn check_kinds(from: &ResourceInstanceAddress, to: &ResourceInstanceAddress) -> Result<(), RearrangeError> {
    let refused = |why: &str| {
        let detail = format!("Cannot move {from} to {to}: {why}.");
        Err(RearrangeError { summary: "Invalid state move request", detail })
    };
    match (from.resource.mode, to.resource.mode) {
        (from_mode, to_mode) if from_mode == to_mode => {}
        (ResourceMode::Data, _) => {
            return refused("a data resource can be moved only to another data resource address");
        }
        _ => return refused("a managed resource can be moved only to another managed resource address"),
    }
    if from.resource.resource_type != to.resource.resource_type {
        return refused("resource types don't match");
    }
    Ok(())
}

/// Forgets all that the targets cover. Returns the addresses of the instances, in the order of the state.
///
/// # Errors
/// When there is nothing to forget.
pub fn remove_targets(
    snapshot: &mut StateSnapshot,
    targets: &[Target],
) -> Result<Vec<ResourceInstanceAddress>, RearrangeError> {
    let mut removed = Vec::new();
    snapshot.resources.retain(|resource, state| {
        state.instances.retain(|key, _| {
            let address = resource.instance(key.clone());
            let is_covered = targets.iter().any(|target| target.covers(&address));
            if is_covered {
                removed.push(address);
            }
            !is_covered
        });
        !state.instances.is_empty()
    });
    if removed.is_empty() {
        return invalid_target(
            "No matching objects found. To view the available instances, use \"terrane state list\". Please \
             modify the address to reference a specific instance."
                .to_owned(),
        );
    }
    Ok(removed)
}

/// Puts one provider in the place of another. Returns the resources that it manages from now on.
pub fn replace_provider(
    snapshot: &mut StateSnapshot,
    from: &ProviderSource,
    to: &ProviderSource,
) -> Vec<AbsoluteResource> {
    let resources: &mut BTreeMap<AbsoluteResource, ResourceState> = &mut snapshot.resources;
    let affected = resources.iter_mut().filter(|(_, state)| state.provider_config.provider == *from);
    affected
        .map(|(address, state)| {
            state.provider_config.provider = to.clone();
            address.clone()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{address, object, provider};

    const ADDRESSES: [&str; 8] = [
        "data.t.r",
        "t.a",
        "t.b[0]",
        "t.b[1]",
        "t.e[\"x\"]",
        "module.m[\"k\"].t.x",
        "module.m[\"l\"].t.x",
        "module.s.t.x",
    ];

    fn snapshot() -> StateSnapshot {
        let mut snapshot = StateSnapshot::default();
        for text in ADDRESSES {
            snapshot.set_object(&address(text), None, &provider(), Some(object(text)));
        }
        snapshot
    }

    fn addresses(snapshot: &StateSnapshot) -> String {
        let texts: Vec<String> = snapshot.objects().map(|(address, ..)| address.to_string()).collect();
        texts.join(" ")
    }

    /// Says what a move does: the changed part of the list, or the error.
    fn moved(from: &str, to: &str) -> String {
        let mut snapshot = snapshot();
        let before = snapshot.clone();
        match move_target(&mut snapshot, &Target::parse(from).unwrap(), &Target::parse(to).unwrap()) {
            Ok(()) => {
                assert_eq!(snapshot.objects().count(), ADDRESSES.len());
                let new = addresses(&snapshot);
                let new = new.split(' ').filter(|address| !ADDRESSES.contains(address));
                new.collect::<Vec<_>>().join(" ")
            }
            Err(error) => {
                assert_eq!(snapshot, before);
                error.to_string()
            }
        }
    }

    #[test]
    fn moves_follow_terraforms_rules() {
        let moves = [
            ("module.m", "module.k"),
            ("module.m[\"k\"]", "module.k"),
            ("module.m[\"k\"]", "module.m[\"l\"]"),
            ("module.s", "module.s.module.t"),
            ("module.s", "module.s"),
            ("module.s", "t.n"),
            ("t.a", "t.q[3]"),
            ("t.a", "t.a"),
            ("t.a", "data.t.a"),
            ("t.a", "u.a"),
            ("t.a", "module.m"),
            ("t.a", "module.new.t.a"),
            ("t.b", "t.c"),
            ("t.b", "t.q[\"z\"]"),
            ("t.b", "t.a"),
            ("t.b[1]", "t.b[\"n\"]"),
            ("t.b[1]", "t.b[0]"),
            ("t.b[7]", "t.b[8]"),
            ("t.nope", "t.x"),
            ("data.t.r", "data.t.z"),
            ("data.t.r", "t.z"),
            ("module.m[\"k\"].t.x", "t.x"),
        ];
        let lines = moves.map(|(from, to)| format!("{from} -> {to}: {}", moved(from, to)));
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn removing_covers_modules_resources_and_instances() {
        let removed = |targets: &[&str]| {
            let mut snapshot = snapshot();
            let targets: Vec<Target> = targets.iter().map(|text| Target::parse(text).unwrap()).collect();
            let removed = remove_targets(&mut snapshot, &targets).map_err(|error| error.to_string())?;
            assert_eq!(snapshot.objects().count() + removed.len(), ADDRESSES.len());
            Ok(removed.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        let no_matches = "Invalid target address: No matching objects found. To view the available \
                          instances, use \"terrane state list\". Please modify the address to reference a \
                          specific instance.";
        assert_eq!(removed(&["module.m"]).unwrap(), "module.m[\"k\"].t.x module.m[\"l\"].t.x");
        assert_eq!(removed(&["t.b[1]", "t.b", "t.nope"]).unwrap(), "t.b[0] t.b[1]");
        assert_eq!(removed(&["t.a[0]"]), Err(no_matches.to_owned()));
    }

    #[test]
    fn providers_are_replaced_by_source() {
        let mut snapshot = snapshot();
        let (from, to) = (ProviderSource::implied("terraform"), ProviderSource::implied("foo"));
        assert_eq!(replace_provider(&mut snapshot, &to, &from), []);
        assert_eq!(replace_provider(&mut snapshot, &from, &to).len(), 7);
        assert!(snapshot.resources.values().all(|state| state.provider_config.provider == to));
    }
}

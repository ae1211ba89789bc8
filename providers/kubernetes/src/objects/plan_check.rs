//! What only the plan as a whole can tell: whether objects that are in the way of new ones are about to go, and
//! which objects go together with their namespace.

use std::collections::BTreeSet;

use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::PlannedResource;

use super::context::{Context, ObjectKey};
use super::failure::already_exists;
use super::provider::Catalog;

/// Looks at all changes of a plan together.
pub(crate) fn check(context: &Context, catalog: &Catalog, changes: &[PlannedResource]) -> Diagnostics {
    let key = |change: &PlannedResource, values| catalog.resources.get(&change.type_name)?.key(values);
    let removed: BTreeSet<ObjectKey> = changes
        .iter()
        .filter(|change| !change.prior_state.is_null())
        .filter_map(|c| key(c, &c.prior_state))
        .collect();
    let falling = changes.iter().filter(|change| change.planned_state.is_null());
    let falling = falling
        .filter_map(|change| key(change, &change.prior_state))
        .filter(|key| key.kind == "namespaces.v1");
    let mut notes = context.notes();
    notes.falling_namespaces = falling.map(|key| key.name).collect();
    let mut diagnostics = Diagnostics::new();
    let brought: BTreeSet<(String, String)> =
        changes.iter().filter_map(|change| defined_kind(&change.planned_state)).collect();
    for change in changes {
        let Some(key) = key(change, &change.planned_state) else { continue };
        let Some(detail) = notes.missing_kinds.get(&key) else { continue };
        let (kind, api_version) = key.kind.split_once('.').unwrap_or((&key.kind, ""));
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        if !brought.contains(&(group.to_owned(), kind.to_owned())) {
            diagnostics
                .push(Diagnostic::warning("Kind not known yet", detail.clone()).about(&change.address));
        }
    }
    for change in changes.iter().filter(|change| change.prior_state.is_null()) {
        let Some(key) = key(change, &change.planned_state).filter(|key| !removed.contains(key)) else {
            continue;
        };
        if let Some(what) = notes.existing.get(&key) {
            let id =
                if key.namespace.is_empty() { key.name } else { format!("{}/{}", key.namespace, key.name) };
            let diagnostic = Diagnostic::error("Object already exists", already_exists(what, &id));
            diagnostics.push(diagnostic.about(&change.address));
        }
    }
    diagnostics
}

/// Returns the group and kind that a planned object defines, if it is such a definition.
fn defined_kind(planned: &Value) -> Option<(String, String)> {
    let manifest = planned.get("manifest").filter(|manifest| !manifest.is_null() && manifest.is_known())?;
    let text = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_string());
    if text(manifest, "kind")? != "CustomResourceDefinition" {
        return None;
    }
    let spec = manifest.get("spec")?;
    Some((text(spec, "group")?, text(spec.get("names")?, "kind")?))
}

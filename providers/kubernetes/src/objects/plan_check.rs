//! What only the plan as a whole can tell: whether objects that are in the way of new ones are about to go, and
//! which objects go together with their namespace.

use std::collections::{BTreeMap, BTreeSet};

use terrane_model::{AttributePath, Diagnostic, Diagnostics};
use terrane_provider::PlannedResource;

use super::cluster::api::into_object;
use super::context::{Context, ObjectKey};
use super::definition::Definition;
use super::failure::already_exists;
use super::json_value::to_json;
use super::provider::Catalog;
use super::resource::Written;
use super::ties;

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
    let brought = definitions(catalog, changes);
    diagnostics.extend(check_objects(catalog, changes, &brought));
    for change in changes {
        let Some(key) = key(change, &change.planned_state) else { continue };
        let Some(detail) = notes.missing_kinds.get(&key) else { continue };
        let (kind, api_version) = key.kind.split_once('.').unwrap_or((&key.kind, ""));
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        if !brought.contains_key(&(group.to_owned(), kind.to_owned())) {
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

/// Definitions of kinds by group and kind, and whether the plan changes them.
type Definitions = BTreeMap<(String, String), (Definition, bool)>;

fn written(catalog: &Catalog, change: &PlannedResource) -> Option<Written> {
    let planned = Some(&change.planned_state).filter(|planned| !planned.is_null())?;
    catalog.resources.get(&change.type_name)?.written(planned)
}

/// Returns the definitions of kinds among the planned objects.
fn definitions(catalog: &Catalog, changes: &[PlannedResource]) -> Definitions {
    let definition = |change: &PlannedResource| {
        let object = written(catalog, change)?.object;
        let kind = object.get("kind")?.as_str()?;
        if kind != "CustomResourceDefinition" || !object.is_wholly_known() {
            return None;
        }
        let definition = Definition::of(&into_object(to_json(&object))?)?;
        let key = (definition.group.clone(), definition.kind.clone());
        Some((key, (definition, change.prior_state != change.planned_state)))
    };
    changes.iter().filter_map(definition).collect()
}

/// Checks objects whose kinds the plan itself defines: the server can only be asked about those that it knows already.
fn check_objects(
    catalog: &Catalog,
    changes: &[PlannedResource],
    definitions: &Definitions,
) -> Vec<Diagnostic> {
    let check = |change: &PlannedResource| {
        let Written { object, argument, refuses_unknown } = written(catalog, change)?;
        let text = |name: &str| Some(object.get(name)?.as_str()?.to_string());
        let (api_version, kind) = (text("apiVersion")?, text("kind")?);
        let key = (ties::group(&api_version).to_owned(), kind);
        let (definition, _) = definitions.get(&key).filter(|(_, is_changed)| *is_changed)?;
        let objections = definition.objections(&api_version, &object, refuses_unknown);
        if objections.is_empty() {
            return None;
        }
        let detail = format!(
            "The plan defines the kind {}, and does not allow this object of it:\n  - {}",
            key.1,
            objections.join("\n  - ")
        );
        let diagnostic = Diagnostic::error("Object not accepted", detail).about(&change.address);
        Some(diagnostic.on_attribute(AttributePath::root().attribute(argument)))
    };
    changes.iter().filter(|change| change.prior_state != change.planned_state).filter_map(check).collect()
}

//! Two resources for one object.

use std::collections::HashMap;

use terrane_model::Diagnostics;
use terrane_provider::PlannedResource;

use crate::preflight::complaint;

/// Complains about resources that would make the object of another one. `id_of` says which object a resource
/// will be, where that is known.
pub(crate) fn check_same_objects(
    resources: &[PlannedResource],
    id_of: impl Fn(&PlannedResource) -> Option<String>,
) -> Diagnostics {
    let mut owners: HashMap<(&str, String), &PlannedResource> = HashMap::new();
    let mut diagnostics = Diagnostics::new();
    for resource in resources.iter().filter(|resource| !resource.planned_state.is_null()) {
        let Some(id) = id_of(resource) else { continue };
        let key = (resource.type_name.as_str(), id.to_ascii_lowercase());
        match owners.get(&key) {
            Some(owner) => {
                let detail = format!(
                    "It has the id {id}, and so has {}. Two resources cannot manage one object: give one of them \
                     another name, or remove it.",
                    owner.address
                );
                diagnostics.push(complaint("Two resources for one object", resource, &detail));
            }
            None => drop(owners.insert(key, resource)),
        }
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrane_model::Value;

    #[test]
    fn one_object_has_one_resource() {
        let resource = |address: &str, name: &str| PlannedResource {
            address: address.to_owned(),
            type_name: "azurerm_resource_group".into(),
            prior_state: Value::dynamic_null(),
            planned_state: Value::object([("name", Value::from(name))]),
            private: Vec::new(),
        };
        let resources = [resource("a", "rg"), resource("b", "RG"), resource("c", "other")];
        let found = check_same_objects(&resources, |resource| {
            crate::preflight::text(&resource.planned_state, "name")
        });
        let found: Vec<_> =
            found.iter().map(|found| (found.address.as_deref(), found.detail.as_str())).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, Some("b"));
        assert!(found[0].1.starts_with("It has the id RG, and so has a."), "{found:?}");
    }
}

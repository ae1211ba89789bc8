//! Ranges of subnets: inside of their network, and apart from each other.

use std::collections::{BTreeMap, HashMap};

use terrane_model::{Diagnostics, Value};
use terrane_provider::PlannedResource;

use crate::mapping::Network;
use crate::preflight::{complaint, is_changed, text};

/// A range of a subnet.
struct Range<'a> {
    network: Network,
    text: String,
    /// What the range is called in messages.
    owner: String,
    resource: &'a PlannedResource,
}

/// Complains about subnets outside of their networks, and about subnets that overlap. Only networks of which
/// something changes are looked at.
pub(crate) fn check_address_ranges(resources: &[PlannedResource]) -> Diagnostics {
    let mut spaces: HashMap<String, Vec<Network>> = HashMap::new();
    // Sorted, so that messages come in the same order every time.
    let mut ranges: BTreeMap<String, Vec<Range<'_>>> = BTreeMap::new();
    for resource in resources.iter().filter(|resource| !resource.planned_state.is_null()) {
        let planned = &resource.planned_state;
        match resource.type_name.as_str() {
            "azurerm_virtual_network" => {
                let Some(key) = network_key(planned, "name") else { continue };
                // Without a change they are what Azure says: subnets with resources of their own among them.
                let inline = planned.attribute("subnet");
                let is_configured = inline != resource.prior_state.attribute("subnet");
                for subnet in inline.as_sequence().into_iter().flatten().filter(|_| is_configured) {
                    let name = text(subnet, "name").unwrap_or_default();
                    let owner = format!("its subnet {name}");
                    add_ranges(&mut ranges, &key, subnet, &owner, resource);
                }
                if let Some(space) = networks(&planned.attribute("address_space")) {
                    spaces.insert(key, space);
                }
            }
            "azurerm_subnet" => {
                if let Some(key) = network_key(planned, "virtual_network_name") {
                    add_ranges(&mut ranges, &key, planned, &resource.address, resource);
                }
            }
            _ => {}
        }
    }
    let mut diagnostics = Diagnostics::new();
    for (key, ranges) in ranges {
        if ranges.iter().any(|range| is_changed(range.resource)) {
            check_network(spaces.get(&key), ranges, &mut diagnostics);
        }
    }
    diagnostics
}

/// A network is known by its group and name; its id may not be known yet.
fn network_key(planned: &Value, name: &str) -> Option<String> {
    let key = format!("{}/{}", text(planned, "resource_group_name")?, text(planned, name)?);
    Some(key.to_ascii_lowercase())
}

/// Reads ranges; nothing when some are not known.
fn networks(value: &Value) -> Option<Vec<Network>> {
    if !value.is_wholly_known() || value.is_null() {
        return None;
    }
    value.as_sequence()?.iter().map(|range| Network::parse(range.as_str()?)).collect()
}

fn add_ranges<'a>(
    ranges: &mut BTreeMap<String, Vec<Range<'a>>>,
    key: &str,
    value: &Value,
    owner: &str,
    resource: &'a PlannedResource,
) {
    let prefixes = value.attribute("address_prefixes");
    for prefix in prefixes.as_sequence().into_iter().flatten() {
        if let Some(network) = prefix.as_str().and_then(|prefix| Network::parse(prefix)) {
            let text = prefix.as_str().map(ToString::to_string).unwrap_or_default();
            ranges.entry(key.to_owned()).or_default().push(Range {
                network,
                text,
                owner: owner.to_owned(),
                resource,
            });
        }
    }
}

/// Sorted by their first addresses, ranges that overlap are neighbours of the one that reaches furthest.
fn check_network(space: Option<&Vec<Network>>, mut ranges: Vec<Range<'_>>, diagnostics: &mut Diagnostics) {
    ranges.sort_by_key(|range| (range.network.is_v6(), range.network.bounds()));
    let mut furthest: Option<&Range<'_>> = None;
    for range in &ranges {
        if let Some(space) = space
            && is_changed(range.resource)
            && !space.iter().any(|space| space.contains(&range.network))
        {
            let all: Vec<String> = space.iter().map(ToString::to_string).collect();
            let detail = format!(
                "The range {} of {} is not in the address space of its virtual network, which is {}.",
                range.text,
                range.owner,
                all.join(", ")
            );
            diagnostics.push(complaint("Subnet outside of its network", range.resource, &detail));
        }
        if let Some(other) = furthest
            && other.network.overlaps(&range.network)
            && (is_changed(range.resource) || is_changed(other.resource))
        {
            let detail = format!(
                "The range {} of {} overlaps {} of {}. Subnets of one virtual network cannot share addresses.",
                range.text, range.owner, other.text, other.owner
            );
            diagnostics.push(complaint("Subnets overlap", range.resource, &detail));
        }
        let reaches_further = furthest.is_none_or(|other| {
            other.network.is_v6() != range.network.is_v6()
                || other.network.bounds().1 <= range.network.bounds().1
        });
        if reaches_further {
            furthest = Some(range);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(address: &str, type_name: &str, attributes: &[(&'static str, Value)]) -> PlannedResource {
        PlannedResource {
            address: address.to_owned(),
            type_name: type_name.into(),
            prior_state: Value::dynamic_null(),
            planned_state: Value::object(attributes.iter().cloned()),
            private: Vec::new(),
        }
    }

    fn network(space: &str) -> PlannedResource {
        let space = Value::list_of_strings([space]);
        let attributes =
            [("resource_group_name", "rg".into()), ("name", "Net".into()), ("address_space", space)];
        planned("azurerm_virtual_network.net", "azurerm_virtual_network", &attributes)
    }

    fn subnet(name: &str, range: &str) -> PlannedResource {
        let attributes = [
            ("resource_group_name", "RG".into()),
            ("virtual_network_name", "net".into()),
            ("address_prefixes", Value::list_of_strings([range])),
        ];
        planned(&format!("azurerm_subnet.{name}"), "azurerm_subnet", &attributes)
    }

    fn messages(resources: &[PlannedResource]) -> Vec<String> {
        check_address_ranges(resources).iter().map(told).collect()
    }

    fn told(diagnostic: &terrane_model::Diagnostic) -> String {
        format!("{}: {}", diagnostic.address.clone().unwrap_or_default(), diagnostic.detail)
    }

    #[test]
    fn ranges_are_inside_of_their_network_and_apart() {
        let good = [network("10.0.0.0/16"), subnet("a", "10.0.0.0/24"), subnet("b", "10.0.1.0/24")];
        assert_eq!(messages(&good), Vec::<String>::new());
        let bad = [
            network("10.0.0.0/16"),
            subnet("a", "10.0.0.0/20"),
            subnet("b", "10.0.1.0/24"),
            subnet("c", "10.0.15.0/24"),
            subnet("d", "10.1.0.0/24"),
        ];
        assert_eq!(
            messages(&bad),
            [
                "azurerm_subnet.b: The range 10.0.1.0/24 of azurerm_subnet.b overlaps 10.0.0.0/20 of azurerm_subnet.a. \
                 Subnets of one virtual network cannot share addresses.",
                "azurerm_subnet.c: The range 10.0.15.0/24 of azurerm_subnet.c overlaps 10.0.0.0/20 of azurerm_subnet.a. \
                 Subnets of one virtual network cannot share addresses.",
                "azurerm_subnet.d: The range 10.1.0.0/24 of azurerm_subnet.d is not in the address space of its virtual \
                 network, which is 10.0.0.0/16.",
            ]
        );
    }

    #[test]
    fn networks_show_the_subnets_that_have_resources_of_their_own() {
        let inside = Value::object([
            ("name", Value::from("a")),
            ("address_prefixes", Value::list_of_strings(["10.0.0.0/24"])),
        ]);
        let attributes = [
            ("resource_group_name", Value::from("rg")),
            ("name", "Net".into()),
            ("address_space", Value::list_of_strings(["10.0.0.0/16"])),
            ("subnet", Value::list(inside.ty(), [inside])),
        ];
        let known = planned("azurerm_virtual_network.net", "azurerm_virtual_network", &attributes);
        let network = PlannedResource { prior_state: known.planned_state.clone(), ..known.clone() };
        assert_eq!(messages(&[network, subnet("a", "10.0.0.0/24")]), Vec::<String>::new());
        assert_eq!(messages(&[known, subnet("b", "10.0.0.0/24")]).len(), 1);
    }

    #[test]
    fn what_stays_as_it_is_is_not_complained_about() {
        let unchanged = |resource: PlannedResource| PlannedResource {
            prior_state: resource.planned_state.clone(),
            ..resource
        };
        let resources = [subnet("a", "10.0.0.0/20"), subnet("b", "10.0.1.0/24")].map(unchanged);
        assert_eq!(messages(&resources), Vec::<String>::new());
    }
}

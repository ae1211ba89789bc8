//! Subnets that are too small for what Azure, or the service that they are for, puts into them.
//!
//! Azure keeps five addresses of each subnet; the sizes are those of the services' documentation.

use terrane_model::{Diagnostics, Value};
use terrane_provider::PlannedResource;

use crate::mapping::Network;
use crate::preflight::{complaint, is_changed, text};

/// The longest prefix of IPv4 that any subnet may have.
const PREFIX_MAX: u8 = 29;

/// The longest prefix for subnets with a name of their own.
const BY_NAME: &[(&str, u8)] =
    &[("AzureBastionSubnet", 26), ("AzureFirewallSubnet", 26), ("AzureFirewallManagementSubnet", 26)];

/// The longest prefix for subnets that are delegated to a service.
const BY_SERVICE: &[(&str, u8)] =
    &[("Microsoft.DBforPostgreSQL/flexibleServers", 28), ("Microsoft.App/environments", 27)];

/// Complains about subnets that are made or changed and too small.
pub(crate) fn check_subnet_sizes(resources: &[PlannedResource]) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for resource in resources.iter().filter(|resource| is_changed(resource)) {
        let planned = &resource.planned_state;
        match resource.type_name.as_str() {
            "azurerm_subnet" => check(planned, resource, &mut diagnostics),
            "azurerm_virtual_network" => {
                for subnet in planned.attribute("subnet").as_sequence().into_iter().flatten() {
                    check(subnet, resource, &mut diagnostics);
                }
            }
            _ => {}
        }
    }
    diagnostics
}

fn check(subnet: &Value, resource: &PlannedResource, diagnostics: &mut Diagnostics) {
    let name = text(subnet, "name").unwrap_or_default();
    let (prefix_max, whose) = limit(subnet, &name);
    for prefix in subnet.attribute("address_prefixes").as_sequence().into_iter().flatten() {
        let Some(range) = prefix.as_str() else { continue };
        let Some(network) = Network::parse(range).filter(|network| !network.is_v6()) else { continue };
        if network.prefix() > prefix_max {
            let detail = format!(
                "The range {range} of the subnet {name} is smaller than /{prefix_max}, the smallest that {whose} takes. Azure \
                 keeps 5 addresses of it for itself."
            );
            diagnostics.push(complaint("Subnet is too small", resource, &detail));
        }
    }
}

/// Returns the longest prefix that a subnet may have, and who says so.
fn limit(subnet: &Value, name: &str) -> (u8, String) {
    if let Some((name, prefix)) = BY_NAME.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
        return (*prefix, format!("a subnet named {name}"));
    }
    let delegations = subnet.attribute("delegation");
    let services = delegations.as_sequence().into_iter().flatten().filter_map(|delegation| {
        let service = delegation.attribute("service_delegation");
        text(service.as_sequence()?.first()?, "name")
    });
    let limits = services.filter_map(|service| {
        let (name, prefix) = BY_SERVICE.iter().find(|(name, _)| name.eq_ignore_ascii_case(&service))?;
        Some((*prefix, (*name).to_owned()))
    });
    limits.min().unwrap_or((PREFIX_MAX, "Azure".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(name: &'static str, range: &str, service: Option<&'static str>) -> PlannedResource {
        let list = |value: Value| Value::list(value.ty(), [value]);
        let delegation = service.map(|service| {
            let service = list(Value::object([("name", Value::from(service))]));
            list(Value::object([("service_delegation", service)]))
        });
        let attributes = [
            ("name", Value::from(name)),
            ("address_prefixes", Value::list_of_strings([range])),
            ("delegation", delegation.unwrap_or_else(Value::dynamic_null)),
        ];
        PlannedResource {
            address: "azurerm_subnet.s".to_owned(),
            type_name: "azurerm_subnet".into(),
            prior_state: Value::dynamic_null(),
            planned_state: Value::object(attributes),
            private: Vec::new(),
        }
    }

    #[test]
    fn each_service_has_its_smallest_subnet() {
        let postgres = Some("Microsoft.DBforPostgreSQL/flexibleServers");
        let count = |resource: PlannedResource| check_subnet_sizes(&[resource]).len();
        assert_eq!(count(subnet("a", "10.0.0.0/29", None)), 0);
        assert_eq!(count(subnet("a", "10.0.0.0/30", None)), 1);
        assert_eq!(count(subnet("a", "10.0.0.0/28", postgres)), 0);
        assert_eq!(count(subnet("a", "10.0.0.0/29", postgres)), 1);
        assert_eq!(count(subnet("azurebastionsubnet", "10.0.0.0/27", None)), 1);
        assert_eq!(count(subnet("a", "fd00::/64", None)), 0);
    }
}

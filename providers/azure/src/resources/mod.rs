//! Resource types whose service is irregular; the others need only their table.

pub(crate) mod behaviour;
mod dns_zone;
mod private_endpoint;
mod subnet;

pub(crate) use behaviour::{Behaviour, Regular};

/// Returns the code of a resource type.
pub(crate) fn behaviour_of(type_name: &str) -> &'static dyn Behaviour {
    match type_name {
        "azurerm_private_endpoint" => &private_endpoint::PrivateEndpoint,
        "azurerm_subnet" => &subnet::Subnet,
        "azurerm_virtual_network" => &subnet::VirtualNetwork,
        _ => &Regular,
    }
}

/// Returns the code of a data source.
pub(crate) fn data_behaviour_of(type_name: &str) -> &'static dyn Behaviour {
    match type_name {
        "azurerm_dns_zone" | "azurerm_private_dns_zone" => &dns_zone::ZoneData,
        "azurerm_private_endpoint_connection" => &private_endpoint::PrivateEndpointConnectionData,
        "azurerm_subnet" => &subnet::SubnetData,
        "azurerm_virtual_network" => &subnet::VirtualNetworkData,
        _ => &Regular,
    }
}

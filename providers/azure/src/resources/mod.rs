//! Resource types whose service is irregular; the others need only their table.

mod authorization;
pub(crate) mod behaviour;
mod dns_zone;
mod federated_identity;
mod load_balancer;
mod private_endpoint;
mod subnet;
mod subscription;

pub(crate) use behaviour::{Behaviour, Regular};

/// Returns the code of a resource type.
pub(crate) fn behaviour_of(type_name: &str) -> &'static dyn Behaviour {
    match type_name {
        "azurerm_federated_identity_credential" => &federated_identity::FederatedIdentityCredential,
        "azurerm_lb" => &load_balancer::LoadBalancer,
        "azurerm_lb_rule" => &load_balancer::LoadBalancerRule,
        "azurerm_private_endpoint" => &private_endpoint::PrivateEndpoint,
        "azurerm_resource_provider_registration" => &subscription::ProviderRegistration,
        "azurerm_role_assignment" => &authorization::RoleAssignment,
        "azurerm_role_definition" => &authorization::RoleDefinition,
        "azurerm_subnet" => &subnet::Subnet,
        "azurerm_virtual_network" => &subnet::VirtualNetwork,
        _ => &Regular,
    }
}

/// Returns the code of a data source.
pub(crate) fn data_behaviour_of(type_name: &str) -> &'static dyn Behaviour {
    match type_name {
        "azurerm_client_config" => &subscription::ClientConfigData,
        "azurerm_dns_zone" | "azurerm_private_dns_zone" => &dns_zone::ZoneData,
        "azurerm_location" => &subscription::LocationData,
        "azurerm_private_endpoint_connection" => &private_endpoint::PrivateEndpointConnectionData,
        "azurerm_role_definition" => &authorization::RoleDefinitionData,
        "azurerm_subnet" => &subnet::SubnetData,
        "azurerm_virtual_network" => &subnet::VirtualNetworkData,
        _ => &Regular,
    }
}

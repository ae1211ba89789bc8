//! Resource types whose service is irregular; the others need only their table.

mod application_gateway;
mod authorization;
pub(crate) mod behaviour;
mod container_registry;
mod dns_zone;
mod federated_identity;
mod key_vault;
mod key_vault_access_policy;
mod key_vault_item;
mod key_vault_key;
mod key_vault_secret;
mod kubernetes;
mod load_balancer;
mod managed_redis;
mod monitoring;
mod postgresql;
mod private_endpoint;
mod public_ips;
mod public_key;
mod redis_cache;
mod resource_group;
mod storage_account;
mod storage_children;
mod subnet;
mod subscription;

pub(crate) use behaviour::{Behaviour, Freshness, Regular};

/// Returns the code of a resource type.
pub(crate) fn behaviour_of(type_name: &str) -> &'static dyn Behaviour {
    match type_name {
        "azurerm_container_registry" => &container_registry::ContainerRegistry,
        "azurerm_federated_identity_credential" => &federated_identity::FederatedIdentityCredential,
        "azurerm_application_gateway" => &application_gateway::ApplicationGateway,
        "azurerm_application_insights" => &monitoring::Component,
        "azurerm_key_vault" => &key_vault::KeyVault,
        "azurerm_key_vault_access_policy" => &key_vault_access_policy::AccessPolicy,
        "azurerm_key_vault_key" => &key_vault_key::Key,
        "azurerm_key_vault_secret" => &key_vault_secret::Secret,
        "azurerm_kubernetes_automatic_cluster" => &kubernetes::AutomaticCluster,
        "azurerm_kubernetes_cluster" => &kubernetes::Cluster,
        "azurerm_kubernetes_cluster_extension" => &kubernetes::Extension,
        "azurerm_kubernetes_cluster_node_pool" => &kubernetes::NodePool,
        "azurerm_lb" => &load_balancer::LoadBalancer,
        "azurerm_lb_rule" => &load_balancer::LoadBalancerRule,
        "azurerm_log_analytics_workspace" => &monitoring::Workspace,
        "azurerm_monitor_diagnostic_setting" => &monitoring::DiagnosticSetting,
        "azurerm_managed_redis" => &managed_redis::ManagedRedis,
        "azurerm_managed_redis_geo_replication" => &managed_redis::GeoReplication,
        "azurerm_postgresql_flexible_server" => &postgresql::FlexibleServer,
        "azurerm_postgresql_flexible_server_configuration" => &postgresql::Configuration,
        "azurerm_postgresql_flexible_server_virtual_endpoint" => &postgresql::VirtualEndpoint,
        "azurerm_private_endpoint" => &private_endpoint::PrivateEndpoint,
        "azurerm_redis_cache" => &redis_cache::RedisCache,
        "azurerm_redis_enterprise_cluster" => &managed_redis::RedisEnterpriseCluster,
        "azurerm_redis_linked_server" => &redis_cache::RedisLinkedServer,
        "azurerm_resource_provider_registration" => &subscription::ProviderRegistration,
        "azurerm_resource_group" => &resource_group::ResourceGroup,
        "azurerm_role_assignment" => &authorization::RoleAssignment,
        "azurerm_role_definition" => &authorization::RoleDefinition,
        "azurerm_storage_account" => &storage_account::StorageAccount,
        "azurerm_storage_account_network_rules" => &storage_account::NetworkRules,
        "azurerm_storage_container"
        | "azurerm_storage_share"
        | "azurerm_storage_queue"
        | "azurerm_storage_table" => &storage_children::StorageChild,
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
        "azurerm_key_vault" => &key_vault::KeyVaultData,
        "azurerm_key_vault_secret" => &key_vault_secret::SecretData,
        "azurerm_kubernetes_cluster" => &kubernetes::ClusterData,
        "azurerm_kubernetes_cluster_node_pool" => &kubernetes::PoolData,
        "azurerm_kubernetes_service_versions" => &kubernetes::ServiceVersionsData,
        "azurerm_location" => &subscription::LocationData,
        "azurerm_postgresql_flexible_server" => &postgresql::FlexibleServerData,
        "azurerm_redis_cache" => &redis_cache::RedisCacheData,
        "azurerm_private_endpoint_connection" => &private_endpoint::PrivateEndpointConnectionData,
        "azurerm_public_ips" => &public_ips::PublicIpsData,
        "azurerm_role_definition" => &authorization::RoleDefinitionData,
        "azurerm_storage_account" => &storage_account::StorageAccountData,
        "azurerm_storage_container" => &storage_children::StorageChild,
        "azurerm_subnet" => &subnet::SubnetData,
        "azurerm_virtual_network" => &subnet::VirtualNetworkData,
        _ => &Regular,
    }
}

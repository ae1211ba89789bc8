//! What is irregular about each Azure service. Each file holds the behaviours of one service's types.

mod authorization;
mod container_registry;
mod container_service;
mod deployments;
mod dns;
mod endpoints;
mod identity;
mod insights;
mod key_vault;
mod load_balancer;
mod managed_redis;
mod network;
mod policy;
mod postgresql;
mod private_dns;
mod private_endpoint;
mod quotas;
mod redis;
mod redis_access;
mod resource_graph;
mod roles;
mod storage;
mod storage_plane;
mod tags;

use std::sync::LazyLock;

use crate::arm::Context;
use crate::behaviour::{Behaviour, Plain};
use crate::error::ArmError;
use crate::http::Response;
use crate::resource_id::ProviderPart;
use crate::table::{CATALOG, TypeIndex};

/// Returns the behaviour of a type.
pub(crate) fn behaviour_of(kind: TypeIndex) -> &'static dyn Behaviour {
    static BEHAVIOURS: LazyLock<Vec<&'static dyn Behaviour>> =
        LazyLock::new(|| CATALOG.indexes().map(|index| find_behaviour(&CATALOG.get(index).name)).collect());
    BEHAVIOURS[kind.position()]
}

fn find_behaviour(type_name: &str) -> &'static dyn Behaviour {
    let (namespace, short_name) = type_name.split_once('/').unwrap_or((type_name, ""));
    match namespace {
        "Microsoft.Network" => find_network_behaviour(short_name),
        "Microsoft.Storage" => find_storage_behaviour(short_name),
        "Microsoft.Authorization" => match short_name {
            "roleAssignments" => &authorization::RoleAssignment,
            "roleDefinitions" => &authorization::RoleDefinition,
            "policyDefinitions" => &policy::Definition,
            "policyAssignments" => &policy::Assignment,
            _ => &authorization::Lock,
        },
        "Microsoft.Cache" => match short_name {
            "redis" => &redis::Redis,
            "redis/firewallRules" => &redis::FirewallRule { names: ("startIP", "endIP") },
            "redis/patchSchedules" => &redis::PatchSchedule,
            "redis/accessPolicies" => &redis_access::Policy,
            "redis/accessPolicyAssignments" => &redis_access::Assignment,
            "redisEnterprise" => &managed_redis::Cluster,
            "redisEnterprise/databases" => &managed_redis::Database,
            _ => &Plain,
        },
        "Microsoft.ContainerRegistry" => match short_name {
            "registries" => &container_registry::Registry,
            "registries/privateEndpointConnections" => &Plain,
            _ => &container_registry::RegistryPart,
        },
        "Microsoft.ContainerService" => match short_name {
            "managedClusters" => &container_service::cluster::ManagedCluster,
            "managedClusters/agentPools" => &container_service::agent_pool::AgentPool,
            "managedClusters/maintenanceConfigurations" => {
                &container_service::maintenance::MaintenanceConfiguration
            }
            "managedClusters/upgradeProfiles" => &container_service::upgrade_profile::UpgradeProfile,
            _ => &Plain,
        },
        "Microsoft.DBforPostgreSQL" => match short_name {
            "flexibleServers" => &postgresql::server::FlexibleServer,
            "flexibleServers/databases" => &postgresql::children::Database,
            "flexibleServers/administrators" => &postgresql::children::Administrator,
            "flexibleServers/configurations" => &postgresql::parameters::Configuration,
            "flexibleServers/firewallRules" => {
                &redis::FirewallRule { names: ("startIpAddress", "endIpAddress") }
            }
            _ => &Plain,
        },
        "Microsoft.Insights" => match short_name {
            "components" => &insights::Component,
            _ => &Plain,
        },
        "Microsoft.KeyVault" => match short_name {
            "vaults" => &key_vault::vault::Vault,
            "vaults/accessPolicies" => &key_vault::access_policies::AccessPolicies,
            "vaults/secrets" => &key_vault::secret::Secret,
            _ => &Plain,
        },
        "Microsoft.ManagedIdentity" => match short_name {
            "userAssignedIdentities" => &identity::UserAssignedIdentity,
            _ => &identity::FederatedCredential,
        },
        "Microsoft.OperationalInsights" => match short_name {
            "workspaces" => &insights::Workspace,
            _ => &Plain,
        },
        "Microsoft.Resources" => match short_name {
            "tags" => &tags::Tags,
            "deployments" => &deployments::Deployment,
            _ => &Plain,
        },
        _ => &Plain,
    }
}

fn find_storage_behaviour(short_name: &str) -> &'static dyn Behaviour {
    match short_name {
        "storageAccounts" => &storage::StorageAccount,
        "storageAccounts/fileServices" => &storage::FileService,
        "storageAccounts/blobServices/containers" => &storage::Container,
        "storageAccounts/fileServices/shares" => &storage::Share,
        _ => &Plain,
    }
}

fn find_network_behaviour(short_name: &str) -> &'static dyn Behaviour {
    match short_name {
        "virtualNetworks" => &network::virtual_network::VirtualNetwork,
        "virtualNetworks/subnets" => &network::subnet::Subnet,
        "virtualNetworks/virtualNetworkPeerings" => &network::peering::Peering,
        "networkSecurityGroups" => &network::security_group::SecurityGroup,
        "networkSecurityGroups/securityRules" => &network::security_group::SecurityRule,
        "routeTables" => &network::route_table::RouteTable,
        "routeTables/routes" => &network::route_table::Route,
        "publicIPAddresses" => &network::addresses::PublicIpAddress,
        "publicIPPrefixes" => &network::addresses::PublicIpPrefix,
        "natGateways" => &network::gateway::NatGateway,
        "networkInterfaces" => &network::interface::NetworkInterface,
        "applicationSecurityGroups" => &network::PlainNetwork,
        "privateEndpoints" => &private_endpoint::PrivateEndpoint,
        "privateEndpoints/privateDnsZoneGroups" => &private_endpoint::zone_group::ZoneGroup,
        "loadBalancers" => &load_balancer::LoadBalancer,
        "applicationGateways" => &load_balancer::ApplicationGateway,
        "privateDnsZones" => &private_dns::PrivateZone,
        "privateDnsZones/virtualNetworkLinks" => &private_dns::Link,
        "dnsZones" => &dns::Zone,
        _ if short_name.starts_with("privateDnsZones/") => &private_dns::RecordSet { is_public: false },
        _ if short_name.starts_with("dnsZones/") => &private_dns::RecordSet { is_public: true },
        _ => &Plain,
    }
}

/// Answers a question to a service that is about no resource, such as `checkNameAvailability`. `None` if there is no
/// such question.
pub(crate) fn answer_endpoint(
    context: &mut Context<'_>,
    part: ProviderPart<'_>,
) -> Option<Result<Response, ArmError>> {
    endpoints::answer(context, part)
}

pub(crate) use key_vault::data_plane::answer as answer_vault;
pub(crate) use policy::check as check_policies;
pub(crate) use storage_plane::answer as answer_storage;

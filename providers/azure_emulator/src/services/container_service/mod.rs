//! Microsoft.ContainerService: Kubernetes clusters and node pools.

pub(super) mod agent_pool;
mod automatic;
pub(super) mod cluster;
mod computed;
mod credentials;
mod kubeconfig;
pub(super) mod maintenance;
mod network_profile;
mod node_group;
pub(super) mod upgrade_profile;
pub(super) mod versions;

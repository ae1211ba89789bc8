//! Microsoft.ContainerService: Kubernetes clusters and node pools.

pub(super) mod agent_pool;
pub(super) mod cluster;
mod kubeconfig;
pub(super) mod maintenance;
mod network_profile;
mod node_group;
pub(super) mod versions;

//! Azure Kubernetes Service: clusters, pools, credentials, maintenance windows.

mod automatic;
mod cluster;
mod cluster_plan;
mod cluster_validate;
mod credentials;
mod data;
mod extension;
mod maintenance;
mod models;
mod pool_body;
mod pools;
mod versions;
mod wire;
mod yaml;

pub(crate) use automatic::AutomaticCluster;
pub(crate) use cluster::Cluster;
pub(crate) use data::{ClusterData, PoolData, ServiceVersionsData};
pub(crate) use extension::Extension;
pub(crate) use pools::NodePool;

/// The version of Container Service's interface that everything here is written for.
const API_VERSION: &str = "2025-10-01";

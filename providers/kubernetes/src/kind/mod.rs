//! `tehcyx/kind`: local clusters whose nodes are containers, made over Docker's API.
//!
//! What is made here, the kind command lists, loads images into, exports logs of and deletes; what the kind
//! command has made, can be imported. [`config`] is a cluster as it is described, [`create`] the order in which
//! things happen, [`run`] what every step needs.

mod addons;
mod cluster_api;
mod config;
mod container_config;
mod create;
mod error;
mod images;
mod join;
mod kubeadm_config;
mod kubeconfig;
mod kubeconfig_file;
mod load_balancer;
mod names;
mod network;
mod patches;
mod ports;
mod run;
mod version;
mod yaml;

/// Nothing yet.
pub struct KindOptions;
/// Nothing yet.
pub fn kind_factories() {}

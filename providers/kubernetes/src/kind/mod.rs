//! `tehcyx/kind`: local clusters whose nodes are containers, made over Docker's API.
//!
//! What is made here, the kind command lists, loads images into, exports logs of and deletes; what the kind
//! command has made, can be imported. [`config`] is a cluster as it is described, [`plan`] what becomes of it,
//! [`create`] and [`reconcile`] the order in which things happen, [`run`] what every step needs.

mod addons;
mod check_plan;
mod cluster_api;
mod cluster_resource;
mod config;
mod container_config;
mod create;
mod delete;
mod drain;
mod duration;
mod enlist;
mod error;
mod etcd;
mod factories;
mod failure;
mod image_load;
mod images;
mod import;
mod join;
mod kubeadm_config;
mod kubeconfig;
mod kubeconfig_file;
mod load_balancer;
mod names;
mod network;
mod observe;
mod patches;
mod plan;
mod ports;
mod provider;
mod reconcile;
mod run;
mod schemas;
mod signature;
mod state;
mod together;
mod validate;
mod values;
mod version;

pub use factories::{KindOptions, kind_factories, kind_kubeconfig};

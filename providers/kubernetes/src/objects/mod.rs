//! Objects of a Kubernetes cluster: the providers `hashicorp/kubernetes` and `gavinbunney/kubectl`.
//!
//! [`types`] are the tables and [`table`] what is done with them; [`typed`] leads objects of tables through their
//! lives. [`cluster`] is the way to the server, [`dry_run`] asks it about plans, [`wait`] waits for what it does.

pub(crate) mod any;
pub(crate) mod cluster;
pub(crate) mod context;
mod definition;
pub(crate) mod dry_run;
pub(crate) mod duration;
pub(crate) mod failure;
mod json_value;
pub(crate) mod many_reads;
mod names;
pub(crate) mod ownership;
mod plan_check;
pub(crate) mod provider;
pub(crate) mod removed_kinds;
pub(crate) mod resource;
pub(crate) mod stored_state;
mod table;
pub(crate) mod ties;
mod typed;
mod types;
pub(crate) mod wait;

mod kubernetes;

pub(crate) use kubernetes::kubernetes_catalog;
pub(crate) use typed::open_question;

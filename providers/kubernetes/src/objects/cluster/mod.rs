//! The way to a cluster: which one, as whom, and what it answers.
//!
//! [`settings`] reads what is configured, [`kubeconfig`] turns it into the form that clients share, [`connection`]
//! connects when somebody first asks, [`api`] sends requests, [`error`] and [`retry`] say what an answer means,
//! and [`discovery`] knows which kinds there are.

pub(crate) mod api;
pub(crate) mod connection;
pub(crate) mod discovery;
pub(crate) mod error;
pub(crate) mod kubeconfig;
pub(crate) mod retry;
pub(crate) mod settings;

pub(crate) use api::{Object, Target};
pub(crate) use connection::{Cluster, Connection};
pub(crate) use error::ApiError;

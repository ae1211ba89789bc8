//! The Docker engine: finding it, and the calls that the cluster provider and the data sources share.
//!
//! Nothing here knows what a cluster is.

mod archive;
mod connection;
mod containers;
mod credentials;
mod engine;
mod error;
mod exec;
mod images;
mod logs;
mod networks;
mod provider;
mod schemas;

pub(crate) use archive::ArchiveEntry;
pub(crate) use connection::{ConnectionSettings, connect};
pub(crate) use containers::ContainerFacts;
pub(crate) use engine::{Engine, EngineFacts};
pub(crate) use error::DockerError;
pub(crate) use exec::{Command, Output};
pub(crate) use images::{ImageAbsence, archive_image_names};
pub(crate) use logs::plain_lines;
pub(crate) use networks::NetworkFacts;
pub(crate) use provider::DockerProvider;

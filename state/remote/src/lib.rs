//! States that are kept elsewhere, as Terraform's backends keep them.
//!
//! A kind of backend is data, the arguments of its block with their variables ([`kind`]), and a way to open it.
//! What is written and what stands in the environment become [`settings`]; what opens is a
//! [`StateBackend`](terrane_state::StateBackend). Names, bytes and locks are those of Terraform 1.11, so that
//! both programs can work on one state in turns and keep each other out. Nothing is printed here, and no error
//! holds a secret.

mod azurerm;
mod error;
mod gcs;
mod http;
pub mod kind;
mod kubernetes;
mod network;
#[cfg(test)]
mod network_tests;
mod pg;
mod s3;
pub mod settings;
mod workspaces;
mod xml;

pub use kind::{Argument, ArgumentType, KINDS, RemoteKind};
pub use settings::{ConfigError, Settings};

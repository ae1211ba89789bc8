//! `hashicorp/azurerm` as one implementation of the provider trait: dispatch to tables and code.

mod apply;
mod azure_provider;
mod data;
mod discover;
mod endpoint;
mod import;
mod plan;
mod read;
mod session;
mod upgrade;
mod version_choice;

pub use azure_provider::{AzureOptions, AzureProvider};
pub use endpoint::AzureEndpoint;
pub(crate) use session::Session;
pub(crate) use version_choice::choose_generation;

//! Azure resources with hashicorp/azurerm's names, over Azure Resource Manager.
//!
//! [`AzureProvider`] implements the engine's provider trait. It is made with what it needs to know about its
//! surroundings; it reads no variable of the process's environment and does nothing before it is asked to:
//!
//! ```
//! use std::collections::HashMap;
//! use terrane_provider_azure::{AzureOptions, AzureProvider};
//!
//! let environment: HashMap<String, String> = std::env::vars().collect();
//! let provider = AzureProvider::new(AzureOptions {
//!     version_constraint: "~> 5.0".to_owned(),
//!     environment,
//!     ..AzureOptions::default()
//! });
//! # drop(provider);
//! ```
//!
//! # Another cloud in Azure's place
//!
//! With an [`AzureEndpoint`] the provider talks to that cloud alone. `AzureEndpoint::from_variables` takes the map
//! that an emulator hands out (`Emulator::env()`), so an emulator in the same process needs no environment
//! variable, and the provider block of the configuration stays as it is:
//!
//! ```
//! # fn provider_for(emulator_variables: &std::collections::BTreeMap<String, String>) {
//! use terrane_provider_azure::{AzureEndpoint, AzureOptions, AzureProvider};
//!
//! let provider = AzureProvider::new(AzureOptions {
//!     endpoint: AzureEndpoint::from_variables(emulator_variables),
//!     ..AzureOptions::default()
//! });
//! # drop(provider);
//! # }
//! ```
//!
//! Operations are followed from the first moment on: the wait between two looks is a sixteenth of the time that
//! the operation has taken so far, and none at first where the service says `Retry-After: 0`, as an emulator
//! without operation times does.
//!
//! # The generic resource
//!
//! [`AzapiProvider`] is `Azure/azapi`, made with the same options: its resources reach every type of Azure Resource
//! Manager, with bodies as they are on the wire.
//!
//! # Map
//!
//! `tables/*.table` say what the types are; `table` reads them, `schema` and `plan` apply them to configurations,
//! `mapping` to bodies, and `lifecycle` does what create, read, update and delete take. `resources` holds the code of
//! the types whose services are irregular. `client` is the one way to Azure Resource Manager, `settings` the provider
//! block, `connection` both together, and `provider` the trait. `generic` is azapi.

mod attributes;
mod client;
mod connection;
mod generic;
mod lifecycle;
mod mapping;
mod plan;
mod preflight;
mod provider;
mod resources;
mod schema;
mod settings;
mod table;

pub use generic::AzapiProvider;
pub use provider::{AzureEndpoint, AzureOptions, AzureProvider};
pub use table::Generation;

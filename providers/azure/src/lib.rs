//! Azure resources with hashicorp/azurerm's names, over Azure Resource Manager.

#![allow(dead_code, reason = "tables that use the rest follow")]

mod attributes;
mod client;
mod connection;
mod lifecycle;
mod mapping;
mod plan;
mod provider;
mod resources;
mod schema;
mod settings;
mod table;

pub use provider::{AzureOptions, AzureProvider};
pub use table::Generation;

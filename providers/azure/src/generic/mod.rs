//! `Azure/azapi`: any type of Azure Resource Manager, with its body as it is on the wire.
//!
//! Nothing here knows a single resource type. A type is written `Namespace/kind@version`, a body is whatever the
//! configuration says, and what comes back is shown as far as it was asked for.

mod action;
mod body;
mod data;
mod functions;
mod ids;
mod json_value;
mod known_types;
mod provider;
mod query;
mod request;
mod resource;
mod schemas;

pub use provider::AzapiProvider;

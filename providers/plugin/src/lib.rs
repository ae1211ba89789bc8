//! Runs unmodified Terraform provider binaries, over version 5 or 6 of the plugin protocol.
//!
//! A plugin is a program that, started with a cookie in its environment, prints where it listens and serves
//! gRPC there. [`PluginFactory`] starts it when it is first needed, asks for its schemas, and puts it behind
//! the same trait as the providers that are built in. [`install`] finds, checks and unpacks plugins on disk;
//! choosing versions and downloading is the command line's job.

mod calls;
mod client;
mod connection;
mod diagnostics_from_wire;
mod factory;
mod handshake;
pub mod install;
mod launch;
mod log;
mod method;
mod mutual_tls;
mod options;
mod output;
mod plugin_provider;
mod reattach;
mod redact;
mod running;
mod schema_cache;
mod schema_from_wire;
mod start_error;
#[cfg(test)]
mod tests;
mod tfplugin5;
mod tfplugin6;
mod transport;
mod value_on_wire;
mod wire;

pub use factory::PluginFactory;
pub use log::{LogLevel, LogRecord, PluginLog};
pub use method::Protocol;
pub use options::PluginOptions;
pub use reattach::{Reattach, ReattachError, parse_reattach};
pub use schema_cache::SchemaCache;
pub use transport::Address;

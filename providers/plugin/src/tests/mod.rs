//! The client against plugins made up for the test: a shell prints the handshake, the test serves.

mod actions;
mod calls;
mod ephemeral_and_functions;
mod fake_plugin;
mod output;
mod processes;
mod raw_service;
mod schema_cache;
mod schemas;
mod start;

//! The plugin client against real, unmodified providers.

mod support;

mod crash;
mod data_and_functions;
mod packages;
mod reattach;
mod resources;
mod schemas;

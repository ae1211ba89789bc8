//! An Azure Resource Manager in a process, for plans and applies without an account.

mod arm;
mod behaviour;
mod body;
mod certificate;
mod cidr;
mod clock;
mod config;
mod contract;
mod core;
mod credentials;
mod dialect;
mod emulator;
mod error;
mod faults;
mod files;
mod front;
mod guid;
mod http;
mod regions;
mod request_log;
mod resource_id;
mod server;
mod services;
mod settings;
mod table;
mod throttle;
mod validation;
mod world;

pub use contract::check_request;
pub use config::{EmulatorConfig, EmulatorError, Throttling};
pub use emulator::Emulator;

//! An Azure Resource Manager in a process, for plans and applies without an account.
//!
//! [`Emulator::start`] serves HTTPS on a loopback address. Clients that are given [`Emulator::env`] believe it to be
//! Azure: terrane's own provider, Terraform with the azurerm and azapi providers, the az CLI, the Azure SDKs. It
//! signs them in, keeps resource groups and resources with Azure's rules, runs operations that take as long as
//! Azure's (or no time), and goes wrong on demand.
//!
//! This crate is the oracle of the Azure provider. It shares no code with it, so that it cannot agree with its
//! mistakes: everything here is written from what Azure documents and has been seen to do.
//!
//! # Map
//!
//! A request comes in at `server` (or through `proxy`), meets the rules of `faults`, and goes to `core`. That decides
//! between the small services beside the Resource Manager (`front`) and the Resource Manager itself (`arm`), which
//! reads paths, checks what all types have in common, and changes the `world`. What is regular about a type is in the
//! `tables` (parsed by `table`, applied by `validation` and `body`), what is not is a `behaviour` in `services`. The
//! world writes every change to its journal before the answer goes out.
//!
//! Everything behind the server is synchronous and works on plain values; one lock guards the world.

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
mod proxy;
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

pub use config::{EmulatorConfig, EmulatorError, Throttling};
pub use contract::check_request;
pub use emulator::Emulator;

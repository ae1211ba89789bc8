//! An Azure Resource Manager in a process, for plans and applies without an account.
//!
//! [`Emulator::start`] serves HTTPS on a loopback address. Clients that are given [`Emulator::env`] believe it to be
//! Azure: terrane's own provider, Terraform with the azurerm and azapi providers, the az CLI, the Azure SDKs. It
//! signs them in, keeps resource groups and resources with Azure's rules, runs operations that take as long as
//! Azure's (or no time), and goes wrong on demand.
//!
//! # In a command's own process
//!
//! `--emulate` keeps a cloud beside the configuration and serves it for as long as the command runs:
//!
//! ```no_run
//! use terrane_azure_emulator::{Emulator, EmulatorConfig};
//!
//! # fn main() -> Result<(), terrane_azure_emulator::EmulatorError> {
//! let config = EmulatorConfig {
//!     data_dir: Some(".terrane/azure".into()),
//!     ..EmulatorConfig::default()
//! };
//! // Its own thread and any free port; operations take no time unless `operation_time` says otherwise.
//! let emulator = Emulator::start_in_background(config)?;
//! // Added to the environment that the Azure provider is given, and to no other.
//! let environment = emulator.provider_env();
//! # drop(environment);
//! // … plan, apply …
//! drop(emulator);
//! # Ok(())
//! # }
//! ```
//!
//! The directory is made with mode 0700. It holds `world.jsonl` (the journal of everything that was written),
//! `identity.json` (tenant, subscription, client and secret), the certificates, the last port and a lock. All of it
//! stays the same from one start to the next. Dropping the emulator, `process::exit` and `SIGKILL` lose nothing that
//! was answered: the journal has each write before its answer goes out. A start costs one read of the journal; a
//! write appends one line; now and then the journal is compacted into a new file that takes the old one's place.
//! [`Emulator::shutdown`] compacts it at the end, which is a kindness to the next start and not needed.
//!
//! A directory serves one process at a time: the next one gets [`EmulatorError::DataDirectoryInUse`]. The lock is
//! the operating system's and ends with its process.
//!
//! # As a server
//!
//! `terrane emulator azure` is [`Emulator::start`] with an [`EmulatorConfig`] made of its flags; it prints
//! [`Emulator::ready_line`] and waits. Everything else it can do is in [`EmulatorConfig`]: faults on demand, Azure's
//! throttling, a scale for the time that operations take, a request log, a kubeconfig for emulated clusters.
//!
//! # An oracle
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
mod environment;
mod error;
mod faults;
mod files;
mod front;
mod guid;
mod http;
mod lenient_json;
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

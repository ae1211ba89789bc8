//! What the tests of built-in providers share: configurations written as JSON, a small engine that leads one object
//! through its life and holds the provider to its promises, and values as text for snapshots.
//!
//! A promise that is broken ends the test that asked, with a panic.

mod instance;
mod promises;
pub mod render;
pub mod written;

pub use instance::{Action, Instance, Phases, Planned, open, read_data, ready};

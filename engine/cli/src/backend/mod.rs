//! Which backend keeps the states: what the configuration asks for, what `init` has chosen, and how to get from
//! one to the other.
//!
//! A new backend is an entry of [`kinds`]: its name, the schema of its block, and how to open it.

pub mod config;
pub mod configure;
pub mod kinds;
pub mod record;
pub mod select;

pub use kinds::find_kind;
pub use select::{Selected, selected};

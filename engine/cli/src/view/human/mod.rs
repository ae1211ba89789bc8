//! For people.

pub mod diagnostic;
pub mod state;
pub mod types;
pub mod value;
pub mod wrap;

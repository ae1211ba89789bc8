//! For people.

pub mod diagnostic;
pub mod types;
pub mod value;
pub mod wrap;

//! For people.

pub mod diagnostic;
pub mod value;
pub mod wrap;

//! Plain values to what people and tools read.

pub mod human;
pub mod json;
pub mod snippet;

//! Turns source text into evaluated configuration, without effects.

pub mod functions;
pub mod syntax;

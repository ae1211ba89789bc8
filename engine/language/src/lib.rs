//! Turns source text into evaluated configuration, without effects.

pub mod evaluate;
pub mod functions;
pub mod suggest;
pub mod syntax;

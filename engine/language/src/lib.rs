//! Turns source text into evaluated configuration, without effects.

pub mod config;
pub mod evaluate;
pub mod functions;
pub mod modules;
pub mod syntax;

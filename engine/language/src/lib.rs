//! Turns source text into evaluated configuration, without effects.

pub mod syntax;

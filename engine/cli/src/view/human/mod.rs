//! For people.

pub mod diagnostic;
mod diff;
pub mod explanation;
pub mod move_hints;
pub mod paint;
pub mod plan;
mod plan_actions;
mod plan_outputs;
mod plan_resource;
pub mod progress;
#[cfg(test)]
mod recorded;
pub mod reveal;
pub mod state;
pub mod types;
pub mod value;
pub mod wrap;

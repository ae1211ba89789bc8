//! Carries out the operations of a plan and journals every result.
//!
//! Nothing is decided here. An operation waits for its inputs, finishes evaluating one configuration, asks the
//! provider for its final word on the plan, checks that against the promise, lets the provider act, and journals what
//! came of it.

mod apply_instance;
mod begin_resource;
mod cancellation;
mod destroy_instance;
mod ephemeral;
mod evaluate;
mod events;
mod executor;
mod falling;
mod invoke_action;
mod journal_results;
mod provision;
mod read_data;

pub use cancellation::Cancellation;
pub use events::{ApplyEvent, EventSink};
pub use executor::{ApplyInput, ApplyOutcome, apply};

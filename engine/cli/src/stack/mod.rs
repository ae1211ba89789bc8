//! Several root modules in one run: units that hand their outputs to each other, each with a state of its own.
//!
//! A unit is planned and applied by this program itself, in a process of its own: root modules are read relative to
//! the working directory, of which a process has only one.

mod child;
mod inputs;
mod read;
mod rounds;

pub use read::{STACK_FILE, read_stack};
pub use rounds::{Goal, StackOptions, StackResult, run_stack};

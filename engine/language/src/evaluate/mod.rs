//! Expressions to values, and blocks to values by a schema.

mod call;
mod collection_expressions;
mod conditional;
pub mod describe;
pub mod evaluator;
mod index;
mod operators;
pub mod scope;

pub use describe::Causes;
pub use evaluator::{Evaluator, evaluate};
pub use scope::{Callable, ProviderFunction, Resolved, Scope};

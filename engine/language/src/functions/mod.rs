//! The functions of the language: one table, and the one way of calling what stands in it.
//!
//! A function sees only what its parameters allow. [`call`] converts arguments to the parameters' types,
//! refuses nulls, answers with an unknown where an argument is unknown, and carries marks from arguments
//! to result, so that an entry of the table has only its own rule to say. What lies outside of the language
//! (files, time, randomness, templates) comes from the [`Environment`] that the evaluator hands in.

mod call;
mod environment;
mod signature;
mod table;

mod choice;
mod letter_case;
mod lookup;
mod mapping;
mod number;
mod regular_expression;
mod sequence;
mod set;
mod text;

mod float64;
mod known_values;
mod quote;
mod re2_class;
mod re2_syntax;

pub use call::{Arguments, FunctionError, call};
pub use environment::{Environment, FileError, FileKind, FolderEntry};
pub use quote::quote;
pub use signature::{Function, Parameter, ParameterType, Returns, Rule};
pub use table::{all, find};

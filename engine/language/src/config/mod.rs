//! The configuration as it is written: typed blocks with expressions that are not evaluated yet.

mod check;
mod constant;
mod decode;
mod lifecycle;
pub mod module;
mod module_call;
mod output;
mod provider_block;
pub mod reference;
mod refactoring;
mod resource;
mod terraform_block;
pub mod type_expression;
mod variable;
pub mod version_constraint;

pub use module::Module;
pub use reference::{Reference, Subject, parse_reference};

//! The configuration as it is written: typed blocks with expressions that are not evaluated yet.

/// Writes down what may be in a body: arguments (`"a": required` where one must be set), then block types with
/// the names of their labels.
macro_rules! body_schema {
    ([$($attribute:literal $(: $required:ident)?),* $(,)?], [$($block:literal $([$($label:literal),*])?),* $(,)?]) => {
        crate::syntax::BodySchema {
            attributes: &[$(
                crate::syntax::AttributeSchema { name: $attribute, required: body_schema!(@is_required $($required)?) }
            ),*],
            blocks: &[$(crate::syntax::BlockSchema { block_type: $block, labels: &[$($($label),*)?] }),*],
        }
    };
    (@is_required required) => { true };
    (@is_required) => { false };
}

pub mod action;
mod check;
mod constant;
mod declaration;
mod decode;
mod early_scope;
pub mod import_address;
mod lifecycle;
mod literal;
pub mod module;
mod module_call;
mod output;
mod override_files;
mod provider_block;
mod refactoring;
pub mod reference;
mod resource;
pub mod stack_file;
mod terraform_block;
pub mod test_file;
pub mod type_expression;
mod variable;
pub mod version_constraint;

pub use constant::{ConstantScope, NoEnvironment};
pub use declaration::Declaration;
pub use early_scope::{EarlyScope, EarlyValues};
pub use module::{Module, ModuleParts};
pub use module_call::{CallSource, parse_module_call_source};
pub use reference::{Reference, Subject, parse_reference};

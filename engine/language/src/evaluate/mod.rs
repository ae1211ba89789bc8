//! Expressions to values, and blocks to values by a schema.

mod call;
pub mod check_rules;
mod collection_expressions;
mod conditional;
pub mod decode_block;
pub mod describe;
mod dynamic_block;
pub mod evaluation;
pub mod evaluator;
mod index;
mod locate;
pub mod module_scope;
mod object_scope;
mod operators;
pub mod repetition;
pub mod scope;
pub mod template_file;
pub mod values;

pub use check_rules::{RuleKind, RuleOutcome, evaluate_rule};
pub use decode_block::{block_content, decode_block};
pub use describe::Causes;
pub use describe::compact;
pub use evaluation::{
    CallInstances, Evaluation, ModuleInstanceId, NoProviderFunctions, ProviderFunctions, Surroundings,
};
pub use evaluator::{Evaluator, evaluate};
pub use locate::locate;
pub use module_scope::ModuleScope;
pub use object_scope::ObjectScope;
pub use repetition::{Expansion, RepetitionValues, expand, waits_for_apply};
pub use scope::{Callable, ProviderFunction, Resolved, Scope};
pub use template_file::render_template;
pub use values::{GivenValue, GivenValues, ValueOrigin};

//! Compares what is wanted with what exists and produces a plan as data.

pub mod change;
pub mod checks;
pub mod complete_resource;
pub mod configure;
pub mod dependency_graph;
pub mod evaluate_state;
mod ignore_changes;
mod import_blocks;
pub mod instance_plan;
pub mod moved_addresses;
pub mod operations;
pub mod plan;
mod plan_data;
mod plan_output;
mod plan_resource;
pub mod planner;
pub mod prepared;
pub mod prior_objects;
pub mod propose_new;
pub mod provider_contract;
pub mod provider_functions;
pub mod provider_pool;
mod refresh;
mod replace_reason;
pub mod resource_dependencies;
pub mod targets;
mod undeclared;
pub mod validate;

pub use change::{Action, ActionReason, Change, Importing, OutputChange, ResourceChange};
pub use dependency_graph::{DependencyGraph, Node, NodeId, NodeKind};
pub use ignore_changes::apply_ignore_changes;
pub use operations::{Operation, OperationGraph, OperationId};
pub use plan::{ChangeCounts, Plan, PlanMode, PlanOptions};
pub use planner::{PlanInput, PlanOutcome, plan};
pub use prepared::PreparedConfiguration;
pub use provider_pool::ProviderPool;

//! For tools: the forms that Terraform's users parse.

pub mod actions;
pub mod checks;
pub mod configuration;
pub mod diagnostic;
pub mod plan_v1;
pub mod pretty;
mod provider_configs;
pub mod provider_schemas;
pub mod resources;
pub mod state_v1;
pub mod test_results;
pub mod values;
pub mod writer;

//! The built-in provider `terraform.io/builtin/terraform`: `terraform_data`, `terraform_remote_state` and the
//! functions that turn values into source text.

mod data_resource;
mod functions;
mod provider;
mod remote_state;

pub use functions::{TerraformFunction, TerraformFunctions};
pub(crate) use provider::TerraformProvider;
pub use remote_state::{RemoteOutputs, RemoteStateReader};

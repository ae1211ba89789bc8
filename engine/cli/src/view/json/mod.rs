//! For tools: the forms that Terraform's users parse.

pub mod diagnostic;

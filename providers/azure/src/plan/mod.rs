//! What would become of an object: values, unknowns, what needs a new object, what is wrong. Pure.

mod propose;
mod replace;
#[cfg(test)]
mod replace_tests;
mod validate;
mod value_check;

pub(crate) use propose::plan_object;
pub(crate) use replace::replaced_paths;
pub(crate) use validate::validate_config;

//! Objects before and after, compared part by part and laid out as Terraform lays them out.
//!
//! Values and JSON inside strings become the same kind of tree (`node`), two trees become one tree of
//! differences (`compare`, and `block` where a schema leads), and that becomes text (`render`).

mod action;
mod align;
mod block;
mod compare;
mod json_text;
mod node;
mod paths;
mod render;
mod render_block;
mod render_text;

pub use action::DiffAction;
pub use block::{Interest, compare_block};
pub use compare::{Diff, compare_output, compare_values, unchanged};
pub use paths::Paths;
pub use render::{Options, attribute_name as output_name, write_diff};

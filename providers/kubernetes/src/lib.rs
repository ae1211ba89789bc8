//! Local clusters, Kubernetes objects and Helm releases.

mod docker;
mod kind;

pub use kind::{KindOptions, kind_factories};

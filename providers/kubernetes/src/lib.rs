//! Local clusters, Kubernetes objects and Helm releases.

mod docker;
mod factories;
mod kind;
mod objects;

pub use factories::{KubernetesOptions, kubernetes_factories};
pub use kind::{KindOptions, kind_factories};

//! Local clusters, Kubernetes objects and Helm releases.

mod factories;
mod objects;

pub use factories::{KubernetesOptions, kubernetes_factories};

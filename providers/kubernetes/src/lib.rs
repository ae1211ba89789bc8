//! Local clusters, Kubernetes objects and Helm releases.

mod docker;
mod factories;
mod helm;
mod kind;
mod objects;
mod yaml;

pub use factories::{HelmGeneration, KubernetesOptions, kubernetes_factories};
pub use kind::{KindOptions, kind_factories, kind_kubeconfig};

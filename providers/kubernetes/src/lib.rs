//! Local clusters, Kubernetes objects and Helm releases.

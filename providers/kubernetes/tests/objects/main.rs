//! Objects of a cluster through their lives, as an engine would lead them.
//!
//! What needs an API server asks the one whose kubeconfig `TERRANE_TEST_KUBECONFIG` names, and says in one line
//! when there is none.
#![expect(clippy::print_stdout, reason = "a test that does nothing has to say so")]

mod answers;
mod cases;
mod support;

mod catches;
mod chart_sources;
mod differential;
mod lives;
mod manifests;
mod reading;
mod release_differential;
mod releases;
mod schemas;
mod yaml_manifests;

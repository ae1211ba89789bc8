//! Clusters through their life, as an engine would lead them.
//!
//! Tests that make clusters need Docker, the node image and the kind command (`tests/support/docker all` at the
//! workspace's root sets them up) and are opted into with `TERRANE_CLUSTER_TESTS=1`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(clippy::print_stdout, reason = "a test that does nothing has to say so")]

mod support;

mod benchmark;
mod docker_data;
mod plans;
mod schemas;

//! Clusters through their life, as an engine would lead them.
//!
//! Tests that make clusters need Docker, the node image and the kind command (`tests/support/docker all` at the
//! workspace's root sets them up) and are opted into with `TERRANE_CLUSTER_TESTS=1`.

mod support;

mod benchmark;
mod cluster_lifecycle;
mod docker_data;
mod plans;
mod schemas;

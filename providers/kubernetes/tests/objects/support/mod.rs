//! What the tests share.
#![allow(dead_code, reason = "what leads objects is the same for all tests; not every one needs all of it")]

pub(crate) mod charts;
pub(crate) mod cluster;
pub(crate) mod engine;
pub(crate) mod oci_registry;
pub(crate) mod repository;
pub(crate) mod terraform;
pub(crate) mod webhook;

pub(crate) use terrane_provider_testing::{render, written};

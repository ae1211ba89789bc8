//! Tests of the emulator over HTTPS, as its clients see it.

mod access;
mod access_control;
mod az;
mod databases;
mod deployments;
mod durability;
mod governance;
mod groups;
mod kubernetes;
mod names;
mod network;
mod operations;
mod platform;
mod samples;
mod storage_and_secrets;
mod storage_plane;
mod support;
mod terraform;

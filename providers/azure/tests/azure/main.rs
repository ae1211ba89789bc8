//! The Azure provider against the emulator, at the level of the provider trait.

mod azapi;
mod data_services;
mod identity;
mod kubernetes;
mod lifecycle;
mod load_balancers;
mod network;
mod other_clouds;
mod preflight;
mod redis_parts;
mod refresh;
mod storage;
mod support;
mod vaults_and_monitoring;

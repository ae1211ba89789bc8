//! Talking to Azure Resource Manager: who we are, where it is, and how to ask it politely.
//!
//! Every request of the provider goes through [`ArmClient`], which knows nothing of resource types.

pub(crate) mod arm_client;
pub(crate) mod call;
pub(crate) mod error;
mod error_advice;
pub(crate) mod locks;
pub(crate) mod long_running_operation;
mod registration;
pub(crate) mod request;
mod retry;
#[cfg(test)]
pub(crate) mod scripted_server;
mod throttle;

pub(crate) use arm_client::ArmClient;
pub(crate) use call::{Call, StopSignal};
pub(crate) use error::ArmError;
pub(crate) use locks::KeyedLocks;
pub(crate) use request::{ArmRequest, Method};
pub(crate) use retry::Pace;

//! The Azure provider against the emulator, at the level of the provider trait.

mod identity;
mod lifecycle;
mod load_balancers;
mod network;
mod support;

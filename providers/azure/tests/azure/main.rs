//! The Azure provider against the emulator, at the level of the provider trait.

mod lifecycle;
mod network;
mod support;

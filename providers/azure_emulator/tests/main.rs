//! Tests of the emulator over HTTPS, as its clients see it.

mod support;

mod access;
mod groups;
mod platform;
mod samples;

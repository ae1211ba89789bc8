//! What the tests share.

pub(crate) mod cluster;
pub(crate) mod engine;
pub(crate) mod render;
pub(crate) mod terraform;
pub(crate) mod written;

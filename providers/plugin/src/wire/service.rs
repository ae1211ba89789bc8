//! The services that every plugin offers beside its own: ending itself, and passing on what it prints.

use prost::Message;
use prost::bytes::Bytes;

/// Asks the process to end; answered with the same.
pub(crate) const SHUTDOWN_PATH: &str = "/plugin.GRPCController/Shutdown";

/// Asks for a stream of [`StandardOutput`].
pub(crate) const STREAM_OUTPUT_PATH: &str = "/plugin.GRPCStdio/StreamStdio";

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Empty {}

/// A piece of what the process prints once it serves: from then on its own standard output and error are
/// pipes inside the process, and it stands still when nobody empties them.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct StandardOutput {
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) data: Bytes,
}

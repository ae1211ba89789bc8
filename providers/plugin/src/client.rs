//! Calling a plugin.

use std::time::Duration;

use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;

use crate::method::Protocol;
use crate::wire::Request;
use crate::wire::service::{Empty, SHUTDOWN_PATH, STREAM_OUTPUT_PATH, StandardOutput};

/// Largest message in either direction, as in Terraform.
pub(crate) const MESSAGE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How long a plugin may take to answer that it will end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection to a plugin; clones share it.
#[derive(Clone)]
pub(crate) struct Client {
    channel: Channel,
    pub(crate) protocol: Protocol,
}

impl Client {
    /// Speaks a version of the protocol over a channel.
    pub(crate) fn new(channel: Channel, protocol: Protocol) -> Self {
        Self { channel, protocol }
    }

    fn grpc(&self) -> Grpc<Channel> {
        Grpc::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// Makes a call.
    ///
    /// # Errors
    /// When the call has no answer; what a provider has to say against a request is in its answer.
    pub(crate) async fn call<R: Request>(&self, request: R) -> Result<R::Response, Status> {
        let mut grpc = self.grpc();
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<R, R::Response>::default();
        let response = grpc.unary(tonic::Request::new(request), R::METHOD.path(self.protocol), codec).await?;
        Ok(response.into_inner())
    }

    /// Makes a call that is answered by a stream.
    ///
    /// # Errors
    /// When the call has no answer.
    pub(crate) async fn call_stream<R: Request>(&self, request: R) -> Result<Streaming<R::Response>, Status> {
        let mut grpc = self.grpc();
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<R, R::Response>::default();
        let request = tonic::Request::new(request);
        Ok(grpc.server_streaming(request, R::METHOD.path(self.protocol), codec).await?.into_inner())
    }

    /// Returns what the plugin prints from now on.
    ///
    /// # Errors
    /// When the plugin is too old to tell.
    pub(crate) async fn stream_output(&self) -> Result<Streaming<StandardOutput>, Status> {
        let mut grpc = self.grpc();
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<Empty, StandardOutput>::default();
        let path = PathAndQuery::from_static(STREAM_OUTPUT_PATH);
        Ok(grpc.server_streaming(tonic::Request::new(Empty {}), path, codec).await?.into_inner())
    }

    /// Asks the plugin to end itself; does not wait for ever.
    pub(crate) async fn shut_down(&self) {
        let call = async {
            let mut grpc = self.grpc();
            grpc.ready().await.ok()?;
            let codec = ProstCodec::<Empty, Empty>::default();
            let path = PathAndQuery::from_static(SHUTDOWN_PATH);
            // The process may be gone before its answer arrives.
            grpc.unary(tonic::Request::new(Empty {}), path, codec).await.ok()
        };
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, call).await;
    }
}

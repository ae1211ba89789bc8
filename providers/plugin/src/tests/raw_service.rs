//! A gRPC service that answers any path with bytes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use prost::bytes::{Buf, BufMut, Bytes};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::{Request, Response};
use tonic::server::{Grpc, ServerStreamingService};
use tonic::{Status, codegen::Service};

/// Answers one call, with one message or with several.
pub(super) type Handler = Arc<dyn Fn(Bytes) -> BoxFuture<'static, Result<Vec<Bytes>, Status>> + Send + Sync>;

/// Handlers by path.
#[derive(Clone, Default)]
pub(super) struct RawService {
    pub(super) handlers: Arc<BTreeMap<String, Handler>>,
}

impl Service<Request<Body>> for RawService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let handler = self.handlers.get(request.uri().path()).cloned();
        Box::pin(async move { Ok(Grpc::new(RawCodec).server_streaming(Answering(handler), request).await) })
    }
}

/// On the wire, one answer is a stream of one message.
struct Answering(Option<Handler>);

impl ServerStreamingService<Bytes> for Answering {
    type Response = Bytes;
    type ResponseStream = futures_util::stream::Iter<std::vec::IntoIter<Result<Bytes, Status>>>;
    type Future = BoxFuture<'static, Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let handler = self.0.clone();
        Box::pin(async move {
            let handler = handler.ok_or_else(|| Status::unimplemented("unknown method"))?;
            let messages = handler(request.into_inner()).await?;
            let messages: Vec<_> = messages.into_iter().map(Ok).collect();
            Ok(tonic::Response::new(futures_util::stream::iter(messages)))
        })
    }
}

#[derive(Clone, Copy)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

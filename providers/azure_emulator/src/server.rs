//! The HTTPS server: connections and requests, nothing about Azure.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response as HttpResponse};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::core::Core;
use crate::error::ArmError;
use crate::faults::{Effect, Faults};
use crate::http::{Request, Response};
use crate::proxy::{Arrival, receive};
use crate::request_log::RequestLog;

/// Larger bodies are refused, as the Resource Manager does.
const BODY_SIZE_MAX_BYTES: usize = 4 << 20;

/// Data planes take more.
const DATA_SIZE_MAX_BYTES: usize = 64 << 20;

/// What every connection needs.
pub(crate) struct Shared {
    pub(crate) core: Core,
    pub(crate) faults: Faults,
    pub(crate) request_log: Option<RequestLog>,
}

/// Accepts connections until `stop` changes, then waits for those that are open.
pub(crate) async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that could not be accepted is the client's loss; the next may do better.
                let Ok((stream, _)) = accepted else { continue };
                connections.spawn(connection(stream, acceptor.clone(), shared.clone(), stop.clone()));
            }
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    // Answers are small: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let Ok(Arrival::Tls(stream)) = receive(stream).await else { return };
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| answer(request, shared.clone()));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Operation URLs are some kilobytes long.
    builder.http1().max_buf_size(64 << 10);
    builder.http2().max_header_list_size(64 << 10);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    loop {
        tokio::select! {
            _ = connection.as_mut() => break,
            _ = stop.changed() => connection.as_mut().graceful_shutdown(),
        }
    }
}

/// The client finds the connection closed.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
struct Dropped;

async fn answer(
    request: HttpRequest<Incoming>,
    shared: Arc<Shared>,
) -> Result<HttpResponse<Full<Bytes>>, Dropped> {
    let started = Instant::now();
    let moment = shared.core.clock.now();
    let (head, body) = request.into_parts();
    let mut request = Request::new(head.method, &head.uri, head.headers, Bytes::new());
    let size_max_bytes =
        if request.host.ends_with(".core.windows.net") { DATA_SIZE_MAX_BYTES } else { BODY_SIZE_MAX_BYTES };
    request.body = match Limited::new(body, size_max_bytes).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Ok(to_http(too_large(size_max_bytes)));
        }
        // The client went away while sending.
        Err(_) => return Err(Dropped),
    };
    let response = decide(&request, &shared).await;
    if let Some(log) = &shared.request_log {
        log.write(&request, moment, response.as_ref().map(|response| response.status), started.elapsed());
    }
    response.map(to_http).ok_or(Dropped)
}

/// Lets the fault rules have their say, then the cloud. `None` drops the connection.
async fn decide(request: &Request, shared: &Shared) -> Option<Response> {
    let verdict = shared.faults.decide(request);
    if !verdict.delay.is_zero() {
        tokio::time::sleep(verdict.delay).await;
    }
    match verdict.effect {
        Effect::None => Some(shared.core.answer(request, None)),
        Effect::Answer(response) => Some(response),
        Effect::DropBefore => None,
        Effect::DropAfter => {
            shared.core.answer(request, None);
            None
        }
        Effect::FailOperation(failure) => Some(shared.core.answer(request, Some(failure))),
    }
}

fn too_large(size_max_bytes: usize) -> Response {
    ArmError::gateway(
        413,
        "RequestContentTooLarge",
        format!("The request content size exceeds the maximum size of {size_max_bytes} bytes."),
    )
    .into()
}

fn to_http(response: Response) -> HttpResponse<Full<Bytes>> {
    let has_body = !response.body.is_empty();
    let content = response.content.unwrap_or_else(|| Bytes::from(response.body));
    let mut answer = HttpResponse::new(Full::new(content));
    *answer.status_mut() = hyper::StatusCode::from_u16(response.status).unwrap_or_default();
    let headers = answer.headers_mut();
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    // What the answer says itself comes later and so wins, as with the XML of storage.
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    for (name, value) in response.metadata {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(&value)) {
            headers.insert(name, value);
        }
    }
    answer
}

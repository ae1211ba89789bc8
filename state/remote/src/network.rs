//! Requests that are made again when they did not get through.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode};
use terrane_model::with_causes;
use terrane_state::BackendError;

use crate::error::remote;

/// How often a request is made at most.
const TRIES: u32 = 5;
/// The time before the second try; it doubles with every further one.
const FIRST_DELAY: Duration = Duration::from_millis(300);

/// Sends a request, and again where the network or the service is at fault. What is sent must come to the same
/// when it is done twice.
///
/// # Errors
/// When no answer came. The text holds no address: there may be secrets in it.
pub(crate) async fn send(request: RequestBuilder) -> Result<Response, BackendError> {
    let mut delay = FIRST_DELAY;
    for _ in 1..TRIES {
        let Some(attempt) = request.try_clone() else { break };
        match attempt.send().await {
            Ok(response) if !is_passing(response.status()) => return Ok(response),
            Ok(_) | Err(_) => tokio::time::sleep(delay).await,
        }
        delay *= 2;
    }
    request.send().await.map_err(no_answer)
}

/// Reads an answer to its end.
pub(crate) async fn body(response: Response) -> Result<Vec<u8>, BackendError> {
    Ok(response.bytes().await.map_err(no_answer)?.to_vec())
}

/// Tells whether a status is worth another try.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
        || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
}

fn no_answer(error: reqwest::Error) -> BackendError {
    let host = error.url().and_then(|url| url.host_str()).unwrap_or("the server").to_owned();
    remote(format!("no answer from {host}: {}", with_causes(&error.without_url())))
}

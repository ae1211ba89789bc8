//! When a request is made again, and after how long.
//!
//! The rules are those of HashiCorp's retrying client: connections that fail, 429 and 5xx but 501 are tried
//! again; a server's `Retry-After` counts, else the wait doubles with every attempt.

use std::time::Duration;

use reqwest::StatusCode;
use terrane_model::Value;

use crate::object::Fields;

const WAIT_MIN_DEFAULT: Duration = Duration::from_secs(1);
const WAIT_MAX_DEFAULT: Duration = Duration::from_secs(30);

/// The `retry` block.
pub(super) struct Retry {
    /// How often a request is made again.
    pub(super) attempts: i64,
    wait_min: Duration,
    wait_max: Duration,
}

impl Retry {
    pub(super) fn new(config: &Value) -> Self {
        let millis = |name| config.integer(name).map(|ms| Duration::from_millis(ms.max(0).unsigned_abs()));
        Self {
            attempts: config.integer("attempts").unwrap_or(0),
            wait_min: millis("min_delay_ms").unwrap_or(WAIT_MIN_DEFAULT),
            wait_max: millis("max_delay_ms").unwrap_or(WAIT_MAX_DEFAULT),
        }
    }

    /// Returns how long to wait before the next request, when so many have been made again.
    pub(super) fn wait(&self, retries: i64, answer: Option<&reqwest::Response>) -> Duration {
        if let Some(asked) = answer.and_then(asked_wait) {
            return asked;
        }
        let factor = u32::try_from(retries).ok().and_then(|retries| 2_u32.checked_pow(retries));
        factor
            .and_then(|factor| self.wait_min.checked_mul(factor))
            .unwrap_or(self.wait_max)
            .min(self.wait_max)
    }
}

/// Tells whether a status may be another one next time.
pub(super) fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
        || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

/// Tells whether a request that was not answered may be answered next time.
pub(super) fn may_pass(error: &reqwest::Error) -> bool {
    !(error.is_builder() || error.is_redirect() || has_bad_certificate(error))
}

fn has_bad_certificate(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        // The TLS error hides inside an I/O error, which does not name it as its source.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = inner.and_then(|inner| inner.downcast_ref()).or(error.downcast_ref::<rustls::Error>());
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Returns the wait that a busy server asks for, in whole seconds. Dates are not looked at.
fn asked_wait(answer: &reqwest::Response) -> Option<Duration> {
    if !matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let seconds = answer.headers().get(reqwest::header::RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.trim().parse().ok()?))
}

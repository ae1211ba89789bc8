//! Which failures are worth another try, and after how long. Pure: no clock, no dice.

use std::time::Duration;

use crate::client::error::{ArmError, Refusal};

/// How patient the client is. Production uses [`Pace::default`]; tests of the protocol shorten it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// Wait before the first try of a failed request; doubled with each further one.
    pub(crate) retry_base: Duration,
    /// Longest wait between two tries when the service names none.
    pub(crate) retry_max: Duration,
    /// Shortest wait between two looks at a running operation.
    pub(crate) poll_min: Duration,
    /// Longest wait between two looks when the service names none.
    pub(crate) poll_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            retry_base: Duration::from_millis(500),
            retry_max: Duration::from_secs(30),
            poll_min: Duration::from_millis(50),
            poll_max: Duration::from_secs(10),
        }
    }
}

impl Pace {
    /// Returns how long to wait before looking again at an operation that has been running for `elapsed`:
    /// a sixteenth of that, so that the answer is never much older than the operation's own length, and at
    /// least what the service asks for. A service that asks for no wait at all gets none at first.
    pub(crate) fn until_next_poll(&self, elapsed: Duration, asked: Option<Duration>) -> Duration {
        let least = if asked == Some(Duration::ZERO) { Duration::ZERO } else { self.poll_min };
        (elapsed / 16).clamp(least, self.poll_max).max(asked.unwrap_or_default())
    }
}

/// How often a request has failed so far, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    /// No answer, or one that says the service itself failed.
    faults: u32,
    /// Too many requests.
    throttled: u32,
    /// Another operation in the way.
    conflicts: u32,
    /// Something just created is not known everywhere yet.
    replication: u32,
}

/// Another try is worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retry {
    /// How long to wait.
    pub(crate) delay: Duration,
    /// Whether requests like this one should wait too, and who refused.
    pub(crate) throttled: Option<ThrottledBy>,
}

/// Who counts the requests that were too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThrottledBy {
    /// Azure Resource Manager, for the whole class of requests.
    Gateway,
    /// One service.
    Service,
}

/// After this many faults in a row the service counts as down.
const FAULTS_MAX: u32 = 9;
/// Entra needs up to about two minutes to make a new principal known.
const REPLICATION_MAX: u32 = 24;

/// Codes that mean: another operation is in the way, come back later.
const CONFLICT_CODES: &[&str] = &[
    "AnotherOperationInProgress",
    "RetryableErrorDueToAnotherOperation",
    "RetryableError",
    "ServerIsBusy",
    "StorageAccountOperationInProgress",
    "ReferencedResourceNotProvisioned",
    "ConcurrentUpdateError",
];

/// Codes that mean: what the request refers to exists, but is not known here yet.
const REPLICATION_CODES: &[&str] = &["PrincipalNotFound"];

/// Decides about a failed request and counts it.
///
/// `jitter` is a number from 0 to 1 that spreads the tries of many requests that failed together.
pub(crate) fn judge(error: &ArmError, failures: &mut Failures, pace: &Pace, jitter: f64) -> Option<Retry> {
    match error {
        ArmError::Connection { .. } => fault(failures, pace, jitter, None),
        ArmError::Refused(refusal) => judge_refusal(refusal, failures, pace, jitter),
        ArmError::OperationFailed(refusal) if is_conflict(refusal) => {
            Some(later(&mut failures.conflicts, pace, jitter, None, None))
        }
        _ => None,
    }
}

fn judge_refusal(refusal: &Refusal, failures: &mut Failures, pace: &Pace, jitter: f64) -> Option<Retry> {
    let asked = refusal.headers.retry_after;
    if is_conflict(refusal) {
        return Some(later(&mut failures.conflicts, pace, jitter, asked, None));
    }
    if refusal.status == 400 && REPLICATION_CODES.iter().any(|code| refusal.has_code(code)) {
        let again = failures.replication < REPLICATION_MAX;
        return again.then(|| later(&mut failures.replication, pace, jitter, asked, None));
    }
    match refusal.status {
        429 => {
            let by_gateway = refusal.headers.failure_cause.as_deref() == Some("gateway");
            let by = if by_gateway { ThrottledBy::Gateway } else { ThrottledBy::Service };
            Some(later(&mut failures.throttled, pace, jitter, asked, Some(by)))
        }
        408 | 424 | 500 | 502..=599 => fault(failures, pace, jitter, asked),
        _ => None,
    }
}

/// Tells whether a refusal means that another operation has to end first.
fn is_conflict(refusal: &Refusal) -> bool {
    if CONFLICT_CODES.iter().any(|code| refusal.has_code(code)) {
        return true;
    }
    // Container Service has one code for all that is not allowed; only some of it passes with time.
    refusal.has_code("OperationNotAllowed")
        && (refusal.mentions("is in progress") || refusal.mentions("Another agentpool operation"))
        || refusal.status == 409 && refusal.mentions("is busy")
}

fn fault(failures: &mut Failures, pace: &Pace, jitter: f64, asked: Option<Duration>) -> Option<Retry> {
    let again = failures.faults < FAULTS_MAX;
    again.then(|| later(&mut failures.faults, pace, jitter, asked, None))
}

fn later(
    count: &mut u32,
    pace: &Pace,
    jitter: f64,
    asked: Option<Duration>,
    throttled: Option<ThrottledBy>,
) -> Retry {
    let doubled = pace.retry_base.saturating_mul(2_u32.saturating_pow((*count).min(16)));
    *count += 1;
    let own = doubled.min(pace.retry_max).mul_f64(0.75 + jitter / 2.0);
    // Never before the service allows it; a little spread behind it keeps a crowd apart.
    let delay = asked.map_or(own, |asked| asked + own.min(pace.retry_base).mul_f64(jitter));
    Retry { delay, throttled }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::request::{Method, ResponseHeaders};

    fn refused(status: u16, code: &str, message: &str, retry_after: Option<u64>) -> ArmError {
        let body = serde_json::json!({"error": {"code": code, "message": message}});
        let retry_after = retry_after.map(Duration::from_secs);
        let headers = ResponseHeaders { retry_after, ..ResponseHeaders::default() };
        ArmError::Refused(Box::new(Refusal::from_answer(Method::Put, "/x", status, &body, headers)))
    }

    fn retries(error: &ArmError) -> Option<Retry> {
        judge(error, &mut Failures::default(), &Pace::default(), 0.5)
    }

    #[test]
    fn what_passes_with_time_is_tried_again() {
        for error in [
            refused(503, "", "", None),
            refused(408, "", "", None),
            refused(429, "TooManyRequests", "", Some(3)),
            refused(409, "AnotherOperationInProgress", "", None),
            refused(429, "RetryableErrorDueToAnotherOperation", "", None),
            refused(409, "OperationNotAllowed", "Another operation (p - Updating) is in progress", None),
            refused(400, "PrincipalNotFound", "", None),
            ArmError::Connection { host: "h".to_owned(), reason: "r".to_owned() },
        ] {
            assert!(retries(&error).is_some(), "{error}");
        }
    }

    #[test]
    fn what_stays_wrong_is_not() {
        for error in [
            refused(400, "BadRequest", "", None),
            refused(404, "ResourceNotFound", "", None),
            refused(409, "OperationNotAllowed", "Upgrading from 1.27 to 1.29 is not allowed", None),
            refused(409, "RoleAssignmentExists", "", None),
            refused(412, "PreconditionFailed", "", None),
            refused(501, "NotImplemented", "", None),
            ArmError::Credential("no".to_owned()),
        ] {
            assert_eq!(retries(&error), None, "{error}");
        }
    }

    #[test]
    fn the_time_that_the_service_asks_for_is_kept() {
        let retry = retries(&refused(429, "", "", Some(7))).unwrap();
        assert!(retry.delay >= Duration::from_secs(7));
        assert_eq!(retry.throttled, Some(ThrottledBy::Service));
    }

    #[test]
    fn faults_are_tried_ever_later_and_at_last_reported() {
        let (mut failures, pace) = (Failures::default(), Pace::default());
        let mut delays = Vec::new();
        while let Some(retry) = judge(&refused(500, "", "", None), &mut failures, &pace, 0.5) {
            delays.push(retry.delay);
        }
        assert_eq!(delays.len() as u32, FAULTS_MAX);
        assert!(delays.is_sorted() && delays[0] == pace.retry_base && delays[8] == pace.retry_max);
    }

    #[test]
    fn operations_are_looked_at_often_while_they_are_young() {
        let pace = Pace::default();
        assert_eq!(pace.until_next_poll(Duration::ZERO, None), pace.poll_min);
        assert_eq!(pace.until_next_poll(Duration::from_secs(16), None), Duration::from_secs(1));
        assert_eq!(pace.until_next_poll(Duration::from_secs(600), None), pace.poll_max);
        let asked = Some(Duration::from_secs(15));
        assert_eq!(pace.until_next_poll(Duration::ZERO, asked), Duration::from_secs(15));
        assert_eq!(pace.until_next_poll(Duration::ZERO, None), pace.poll_min);
        assert_eq!(pace.until_next_poll(Duration::ZERO, Some(Duration::ZERO)), Duration::ZERO);
    }
}

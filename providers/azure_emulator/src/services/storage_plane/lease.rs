//! Leases on blobs: locks that one client holds, for a time or until it gives them up.

use hyper::Method;
use serde_json::{Value, json};

use super::{Plane, not_emulated};
use crate::behaviour::Object;
use crate::clock::Timestamp;
use crate::error::ArmError;
use crate::guid;
use crate::http::{Request, Response};

/// The lease that a blob is under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) id: String,
    /// `None` if it is held until it is given up.
    pub(super) ends: Option<Timestamp>,
    /// Its length, to renew it by.
    duration_seconds: Option<u64>,
}

impl Lease {
    /// Reads the lease that is in force from a blob's hidden part.
    pub(super) fn of(hidden: &Object, now: Timestamp) -> Option<Lease> {
        Lease::stored(hidden).filter(|lease| lease.ends.is_none_or(|end| end > now))
    }

    /// Reads the last lease, even if its time is over.
    fn stored(hidden: &Object) -> Option<Lease> {
        let lease = hidden.get("lease")?;
        Some(Lease {
            id: lease.get("id")?.as_str()?.to_owned(),
            ends: lease.get("ends").and_then(Value::as_u64).map(Timestamp),
            duration_seconds: lease.get("duration").and_then(Value::as_u64),
        })
    }

    fn starting(id: String, duration_seconds: Option<u64>, now: Timestamp) -> Lease {
        let ends = duration_seconds.map(|seconds| now.after(std::time::Duration::from_secs(seconds)));
        Lease { id, ends, duration_seconds }
    }

    fn to_json(&self) -> Value {
        json!({"id": self.id, "ends": self.ends.map(|end| end.0), "duration": self.duration_seconds})
    }
}

/// Checks that a request that changes a blob names the lease that the blob is under, and none if it is under none.
pub(super) fn check_writer(hidden: &Object, request: &Request, now: Timestamp) -> Result<(), ArmError> {
    let sent = request.header("x-ms-lease-id");
    match (Lease::of(hidden, now), sent) {
        (None, None) => Ok(()),
        (Some(lease), Some(sent)) if lease.id.eq_ignore_ascii_case(sent) => Ok(()),
        (Some(_), None) => Err(ArmError::new(
            412,
            "LeaseIdMissing",
            "There is currently a lease on the blob and no lease ID was specified in the request.",
        )),
        (Some(_), Some(_)) => Err(ArmError::new(
            412,
            "LeaseIdMismatchWithBlobOperation",
            "The lease ID specified did not match the lease ID for the blob.",
        )),
        (None, Some(_)) => Err(ArmError::new(
            412,
            "LeaseNotPresentWithBlobOperation",
            "There is currently no lease on the blob.",
        )),
    }
}

impl Plane<'_> {
    /// Acquires, renews, changes, releases or breaks the lease on a blob.
    pub(super) fn lease(&mut self, key: &str) -> Result<Response, ArmError> {
        if self.request.method != Method::PUT {
            return Err(not_emulated());
        }
        let hidden = self.world.get(key).map(crate::world::Resource::hidden).unwrap_or_default();
        let action = self.request.header("x-ms-lease-action").unwrap_or_default().to_ascii_lowercase();
        let current = Lease::of(&hidden, self.now);
        let sent = self.request.header("x-ms-lease-id").unwrap_or_default().to_owned();
        let proposed = self.request.header("x-ms-proposed-lease-id").map(str::to_owned);
        let (status, next) = match action.as_str() {
            "acquire" => (201, Some(self.acquire(current, proposed)?)),
            "renew" => {
                let lease = named(Lease::stored(&hidden), &sent)?;
                (200, Some(Lease::starting(lease.id, lease.duration_seconds, self.now)))
            }
            "change" => {
                let lease = named(current, &sent)?;
                let id = proposed.ok_or_else(|| missing("x-ms-proposed-lease-id"))?;
                (200, Some(Lease { id, ..lease }))
            }
            "release" => {
                named(current, &sent)?;
                (200, None)
            }
            "break" => {
                current.ok_or_else(not_present)?;
                (202, None)
            }
            _ => return Err(missing("x-ms-lease-action")),
        };
        let stored = next.as_ref().map_or(Value::Null, Lease::to_json);
        self.hide(key, "lease", stored);
        let response = Response::empty(status);
        Ok(match next {
            Some(lease) => response.with_header("x-ms-lease-id", lease.id),
            None if action == "break" => response.with_header("x-ms-lease-time", "0"),
            None => response,
        })
    }

    fn acquire(&self, current: Option<Lease>, proposed: Option<String>) -> Result<Lease, ArmError> {
        if let Some(current) = current
            && proposed.as_ref().is_none_or(|proposed| !proposed.eq_ignore_ascii_case(&current.id))
        {
            return Err(ArmError::conflict("LeaseAlreadyPresent", "There is already a lease present."));
        }
        let duration = match self.request.header("x-ms-lease-duration").and_then(|it| it.parse::<i64>().ok())
        {
            Some(-1) => None,
            Some(seconds @ 15..=60) => Some(seconds.unsigned_abs()),
            _ => {
                return Err(ArmError::bad_request(
                    "InvalidHeaderValue",
                    "The value for x-ms-lease-duration must be -1 or between 15 and 60.",
                ));
            }
        };
        Ok(Lease::starting(proposed.unwrap_or_else(guid::random), duration, self.now))
    }
}

fn named(lease: Option<Lease>, id: &str) -> Result<Lease, ArmError> {
    let lease = lease.ok_or_else(not_present)?;
    if lease.id.eq_ignore_ascii_case(id) {
        return Ok(lease);
    }
    Err(ArmError::conflict(
        "LeaseIdMismatchWithLeaseOperation",
        "The lease ID specified did not match the lease ID for the blob.",
    ))
}

fn not_present() -> ArmError {
    ArmError::conflict("LeaseNotPresentWithLeaseOperation", "There is currently no lease on the blob.")
}

fn missing(header: &str) -> ArmError {
    ArmError::bad_request(
        "MissingRequiredHeader",
        format!("An HTTP header that's mandatory for this request is not specified: {header}."),
    )
}

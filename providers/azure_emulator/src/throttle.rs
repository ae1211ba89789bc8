//! Request limits as Azure has them: token buckets per class of operation.

use std::collections::HashMap;

use hyper::Method;

use crate::clock::Timestamp;
use crate::error::ArmError;
use crate::http::Request;

/// The limits of the Resource Manager and of the services behind it.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    buckets: HashMap<&'static str, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled: Timestamp,
}

/// A bucket's size and how fast it fills.
#[derive(Clone, Copy, Debug)]
struct Limit {
    name: &'static str,
    capacity: f64,
    per_second: f64,
}

const READS: Limit = Limit { name: "reads", capacity: 250.0, per_second: 25.0 };
const WRITES: Limit = Limit { name: "writes", capacity: 200.0, per_second: 10.0 };
const DELETES: Limit = Limit { name: "deletes", capacity: 200.0, per_second: 10.0 };
const NETWORK_WRITES: Limit = Limit { name: "network writes", capacity: 1000.0, per_second: 1000.0 / 300.0 };
const NETWORK_READS: Limit =
    Limit { name: "network reads", capacity: 10_000.0, per_second: 10_000.0 / 300.0 };
const PRIVATE_DNS_READS: Limit =
    Limit { name: "private DNS reads", capacity: 500.0, per_second: 500.0 / 300.0 };
const CLUSTER_WRITES: Limit = Limit { name: "cluster writes", capacity: 20.0, per_second: 1.0 / 60.0 };
const POOL_WRITES: Limit = Limit { name: "node pool writes", capacity: 20.0, per_second: 1.0 / 60.0 };

/// The subscription's limit over all regions is this many times as large.
const GLOBAL_FACTOR: u64 = 15;

impl Throttle {
    /// Takes one request out of its buckets.
    ///
    /// # Errors
    ///
    /// 429 with the seconds until the next request has a chance.
    pub(crate) fn admit(
        &mut self,
        request: &Request,
        subscription: &str,
        now: Timestamp,
    ) -> Result<(), ArmError> {
        let class = class_of(&request.method);
        if let Some(seconds) = self.take(class, now) {
            let mut error = ArmError::gateway(
                429,
                "SubscriptionRequestsThrottled",
                format!(
                    "Number of '{}' requests for subscription '{subscription}' exceeded the limit of '{}'. Please try \
                     again after '{seconds}' seconds.",
                    class.name, class.capacity
                ),
            );
            error.retry_after_seconds = Some(seconds);
            return Err(error);
        }
        for limit in service_limits(request) {
            if let Some(seconds) = self.take(*limit, now) {
                let code = if limit.name.starts_with("network") { "TooManyRequests" } else { "Throttled" };
                let text = format!(
                    "The limit of {} was exceeded. Please retry after {seconds} seconds.",
                    limit.name
                );
                let mut error = ArmError::new(429, code, text);
                error.retry_after_seconds = Some(seconds);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes a token; returns the seconds to wait if there is none.
    fn take(&mut self, limit: Limit, now: Timestamp) -> Option<u64> {
        let bucket = self.buckets.entry(limit.name).or_insert(Bucket { tokens: limit.capacity, filled: now });
        #[expect(clippy::cast_precision_loss, reason = "an approximation of time is enough")]
        let seconds = now.0.saturating_sub(bucket.filled.0) as f64 / 1000.0;
        bucket.tokens = (bucket.tokens + seconds * limit.per_second).min(limit.capacity);
        bucket.filled = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return None;
        }
        let wait = ((1.0 - bucket.tokens) / limit.per_second).ceil().max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 61 seconds")]
        Some(wait as u64)
    }

    /// Returns the tokens left for a method's class.
    fn remaining(&self, limit: Limit) -> u64 {
        let tokens = self.buckets.get(limit.name).map_or(limit.capacity, |bucket| bucket.tokens);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the capacity"
        )]
        let tokens = tokens as u64;
        tokens
    }
}

/// What is left where nothing is limited: more than a bucket holds, so that clients that keep one do not slow down.
const UNLIMITED: u64 = 11_999;

/// Returns the headers that tell how much is left.
pub(crate) fn remaining_headers(throttle: Option<&Throttle>, method: &Method) -> Vec<(&'static str, String)> {
    let class = class_of(method);
    let left = throttle.map_or(UNLIMITED, |throttle| throttle.remaining(class));
    let global = left * GLOBAL_FACTOR;
    match class.name {
        // Azure tells only of all regions' reads together, from which nothing follows for one.
        "reads" if throttle.is_some() => {
            vec![("x-ms-ratelimit-remaining-subscription-global-reads", global.to_string())]
        }
        "reads" => vec![
            ("x-ms-ratelimit-remaining-subscription-reads", left.to_string()),
            ("x-ms-ratelimit-remaining-subscription-global-reads", global.to_string()),
        ],
        "writes" => vec![
            ("x-ms-ratelimit-remaining-subscription-writes", left.to_string()),
            ("x-ms-ratelimit-remaining-subscription-global-writes", global.to_string()),
        ],
        _ => vec![
            ("x-ms-ratelimit-remaining-subscription-deletes", left.to_string()),
            ("x-ms-ratelimit-remaining-subscription-global-deletes", global.to_string()),
        ],
    }
}

fn class_of(method: &Method) -> Limit {
    match *method {
        Method::GET | Method::HEAD => READS,
        Method::DELETE => DELETES,
        _ => WRITES,
    }
}

fn service_limits(request: &Request) -> &'static [Limit] {
    let path = request.raw_path.to_ascii_lowercase();
    let writes = matches!(request.method, Method::PUT | Method::PATCH | Method::DELETE);
    let puts = request.method == Method::PUT;
    if path.contains("/providers/microsoft.network/privatednszones/") && !writes {
        &[PRIVATE_DNS_READS]
    } else if path.contains("/providers/microsoft.network/") {
        if writes { &[NETWORK_WRITES] } else { &[NETWORK_READS] }
    } else if path.contains("/agentpools/") && puts {
        &[POOL_WRITES]
    } else if path.contains("/managedclusters/") && puts {
        &[CLUSTER_WRITES]
    } else {
        &[]
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::HeaderMap;

    use super::*;

    fn request(method: Method, path: &str) -> Request {
        Request::new(method, &path.parse().expect("a path"), HeaderMap::new(), Bytes::new())
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let mut throttle = Throttle::default();
        let write = request(Method::PUT, "/subscriptions/s/resourceGroups/g");
        let start = Timestamp(1_000_000);
        for _ in 0..200 {
            throttle.admit(&write, "s", start).expect("the bucket was full");
        }
        let error = throttle.admit(&write, "s", start).expect_err("the bucket is empty");
        assert_eq!((error.status, error.retry_after_seconds), (429, Some(1)));
        let later = Timestamp(start.0 + 1000);
        throttle.admit(&write, "s", later).expect("ten tokens came in a second");
        let read = request(Method::GET, "/subscriptions/s/resourceGroups/g");
        throttle.admit(&read, "s", start).expect("reads have a bucket of their own");
        assert_eq!(
            remaining_headers(Some(&throttle), &Method::PUT)[0],
            ("x-ms-ratelimit-remaining-subscription-writes", "9".to_owned())
        );
    }

    #[test]
    fn without_limits_more_is_left_than_clients_count_on() {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let (name, left) = remaining_headers(None, &method).swap_remove(0);
            assert!(
                !name.contains("global") && left.parse::<u64>().expect("a number") > 1000,
                "{name}: {left}"
            );
        }
    }

    #[test]
    fn services_have_stricter_limits() {
        let mut throttle = Throttle::default();
        let put =
            request(Method::PUT, "/subscriptions/s/x/providers/Microsoft.ContainerService/managedClusters/a");
        for _ in 0..20 {
            throttle.admit(&put, "s", Timestamp(0)).expect("twenty are allowed");
        }
        let error = throttle.admit(&put, "s", Timestamp(0)).expect_err("the bucket is empty");
        assert_eq!((error.code.as_ref(), error.retry_after_seconds), ("Throttled", Some(60)));
    }
}

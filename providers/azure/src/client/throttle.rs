//! Staying below Azure Resource Manager's limits, per subscription and class of request.
//!
//! Azure keeps a bucket of tokens per subscription, principal and class; a request takes one, and they come
//! back at a steady rate (Microsoft, "Understand how Azure Resource Manager throttles requests"). We keep the
//! same bucket, correct it by what answers say is left, and stand still for as long as a 429 says.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::client::request::Method;

/// What a request counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// GET and HEAD.
    Read,
    /// PUT, PATCH and POST.
    Write,
    /// DELETE.
    Delete,
}

impl Class {
    pub(crate) fn of(method: Method) -> Self {
        match method {
            Method::Get | Method::Head => Self::Read,
            Method::Put | Method::Patch | Method::Post => Self::Write,
            Method::Delete => Self::Delete,
        }
    }

    /// Tokens in a full bucket, and how many come back per second.
    fn allowance(self) -> (f64, f64) {
        match self {
            Self::Read => (250.0, 25.0),
            Self::Write | Self::Delete => (200.0, 10.0),
        }
    }
}

/// What shares a bucket: the subscription (or tenant), and for refusals by a single service its namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    pub(crate) subscription: String,
    pub(crate) namespace: String,
    pub(crate) class: Class,
}

impl Scope {
    /// Reads the scope off a request's path.
    pub(crate) fn of(method: Method, path: &str) -> Self {
        let lower = path.to_ascii_lowercase();
        let after = |marker: &str| {
            let start = lower.rfind(marker)? + marker.len();
            lower[start..].split('/').next()
        };
        let subscription = lower.strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next());
        Self {
            subscription: subscription.unwrap_or("tenant").to_owned(),
            namespace: after("/providers/").unwrap_or("microsoft.resources").to_owned(),
            class: Class::of(method),
        }
    }

    fn whole_class(&self) -> Self {
        Self { namespace: String::new(), ..self.clone() }
    }
}

#[derive(Debug)]
struct Bucket {
    /// May fall below zero: that many requests are waiting already.
    tokens: f64,
    filled_at: Instant,
    blocked_until: Option<Instant>,
}

/// All buckets of one identity.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<Scope, Bucket>>);

impl Throttle {
    /// Takes a token and returns how long to wait before using it.
    pub(crate) fn reserve(&self, scope: &Scope, now: Instant) -> Duration {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let service_block = buckets.get(scope).and_then(|bucket| bucket.blocked_until);
        let (size, per_second) = scope.class.allowance();
        let bucket = buckets.entry(scope.whole_class()).or_insert_with(|| Bucket::full(size, now));
        let elapsed = now.saturating_duration_since(bucket.filled_at).as_secs_f64();
        // Azure may have told of more tokens than our own bucket holds: keep those, but add none above.
        let ceiling = bucket.tokens.max(size);
        bucket.tokens = (bucket.tokens + elapsed * per_second).min(ceiling) - 1.0;
        bucket.filled_at = now;
        let for_token = Duration::from_secs_f64((-bucket.tokens / per_second).max(0.0));
        let for_block = service_block.max(bucket.blocked_until);
        for_token.max(for_block.map_or(Duration::ZERO, |until| until.saturating_duration_since(now)))
    }

    /// Takes note of how many requests Azure says are left.
    pub(crate) fn correct(&self, scope: &Scope, remaining: u32, now: Instant) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (size, _) = scope.class.allowance();
        let bucket = buckets.entry(scope.whole_class()).or_insert_with(|| Bucket::full(size, now));
        // Requests on their way are not in Azure's count yet, so the larger number of ours is not believed.
        if f64::from(remaining) > size || f64::from(remaining) < bucket.tokens {
            bucket.tokens = f64::from(remaining);
        }
    }

    /// Lets nothing of the scope through before `until`: nothing for the one service when it refused by
    /// itself, nothing of the class at all when Azure Resource Manager did.
    pub(crate) fn block(&self, scope: &Scope, by_service: bool, until: Instant) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (size, _) = scope.class.allowance();
        let scope = if by_service { scope.clone() } else { scope.whole_class() };
        let bucket = buckets.entry(scope).or_insert_with(|| Bucket::full(size, until));
        bucket.blocked_until = bucket.blocked_until.max(Some(until));
    }
}

impl Bucket {
    fn full(size: f64, now: Instant) -> Self {
        Self { tokens: size, filled_at: now, blocked_until: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/subscriptions/S/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";

    #[test]
    fn scopes_are_read_off_paths() {
        let scope = Scope::of(Method::Put, PATH);
        assert_eq!((scope.subscription.as_str(), scope.namespace.as_str()), ("s", "microsoft.network"));
        assert_eq!(Scope::of(Method::Get, "/tenants").subscription, "tenant");
    }

    #[test]
    fn a_burst_passes_and_the_rest_comes_at_the_rate_of_refilling() {
        let throttle = Throttle::default();
        let (scope, now) = (Scope::of(Method::Put, PATH), Instant::now());
        for _ in 0..200 {
            assert_eq!(throttle.reserve(&scope, now), Duration::ZERO);
        }
        assert_eq!(throttle.reserve(&scope, now), Duration::from_millis(100));
        assert_eq!(throttle.reserve(&scope, now), Duration::from_millis(200));
        let later = now + Duration::from_secs(1);
        assert_eq!(throttle.reserve(&scope, later), Duration::ZERO);
    }

    #[test]
    fn the_count_of_azure_corrects_ours() {
        let throttle = Throttle::default();
        let (scope, now) = (Scope::of(Method::Delete, PATH), Instant::now());
        throttle.correct(&scope, 0, now);
        assert_eq!(throttle.reserve(&scope, now), Duration::from_millis(100));
        throttle.correct(&scope, 799, now);
        for _ in 0..799 {
            assert_eq!(throttle.reserve(&scope, now), Duration::ZERO);
        }
    }

    #[test]
    fn a_refusal_stops_its_service_or_the_whole_class() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let network = Scope::of(Method::Get, PATH);
        let cache = Scope::of(Method::Get, "/subscriptions/s/providers/Microsoft.Cache/redis");
        throttle.block(&network, true, now + Duration::from_secs(5));
        assert_eq!(throttle.reserve(&network, now), Duration::from_secs(5));
        assert_eq!(throttle.reserve(&cache, now), Duration::ZERO);
        throttle.block(&network, false, now + Duration::from_secs(9));
        assert_eq!(throttle.reserve(&cache, now), Duration::from_secs(9));
    }
}

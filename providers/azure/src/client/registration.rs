//! Registering resource providers with a subscription, only when one turns out to be missing.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;

use crate::client::arm_client::ArmClient;
use crate::client::{ArmError, ArmRequest, Call, KeyedLocks};

const API_VERSION: &str = "2022-09-01";
/// Registering takes from seconds to a few minutes; Azure says nothing about progress.
const POLL_INTERVAL: Duration = Duration::from_secs(3);

/// Which namespaces have been registered by this run, and who is registering one now.
#[derive(Debug, Default)]
pub(crate) struct Registrations {
    done: Mutex<HashSet<String>>,
    locks: KeyedLocks,
}

impl Registrations {
    /// Registers the namespace of a path's resource type; returns whether it is worth asking again.
    ///
    /// # Errors
    /// When the identity may not register providers, or time is over.
    pub(crate) async fn register(
        &self,
        client: &ArmClient,
        path: &str,
        call: &Call<'_>,
    ) -> Result<bool, ArmError> {
        let Some((subscription, namespace)) = subscription_and_namespace(path) else { return Ok(false) };
        let key = format!("{subscription}/{namespace}").to_ascii_lowercase();
        let _guard = self.locks.hold([key.clone()]).await;
        if self.done.lock().unwrap_or_else(PoisonError::into_inner).contains(&key) {
            return Ok(false);
        }
        call.report(format!("registering {namespace} with the subscription"));
        let provider = format!("/subscriptions/{subscription}/providers/{namespace}");
        let request = ArmRequest::post(format!("{provider}/register"), API_VERSION);
        let mut answer = Box::pin(client.send(&request, call)).await?.body;
        while !is_registered(&answer) {
            call.wait(client.pace().poll_max.min(POLL_INTERVAL), "the registration of a resource provider")
                .await?;
            let request = ArmRequest::get(provider.clone(), API_VERSION);
            answer = Box::pin(client.send(&request, call)).await?.body;
        }
        self.done.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        Ok(true)
    }
}

fn is_registered(provider: &Json) -> bool {
    let state = provider.get("registrationState").and_then(Json::as_str);
    state.is_some_and(|state| state.eq_ignore_ascii_case("Registered"))
}

/// Splits `/subscriptions/S/…/providers/NAMESPACE/…`; of several namespaces the last counts.
fn subscription_and_namespace(path: &str) -> Option<(&str, &str)> {
    let mut segments = path.split('/').skip(1);
    segments.next().filter(|segment| segment.eq_ignore_ascii_case("subscriptions"))?;
    let subscription = segments.next()?;
    let rest: Vec<&str> = segments.collect();
    let providers = rest.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers"))?;
    Some((subscription, rest.get(providers + 1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_is_that_of_the_last_provider_in_the_path() {
        let path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cache/redis/r/providers/Microsoft.Authorization/locks/l";
        assert_eq!(subscription_and_namespace(path), Some(("s", "Microsoft.Authorization")));
        assert_eq!(subscription_and_namespace("/subscriptions/s/resourceGroups/g"), None);
    }
}

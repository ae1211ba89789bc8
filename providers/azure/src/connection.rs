//! A configured provider's way to Azure, opened when first needed.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use terrane_azure_identity::TokenSource;
use terrane_network::NetworkSettings;
use terrane_provider::NoProgress;

use crate::client::arm_client::ClientSettings;
use crate::client::{ArmClient, ArmError, ArmRequest, Call, Pace, StopSignal};
use crate::lifecycle::falling::Leaving;
use crate::lifecycle::recent::Recent;
use crate::settings::{ProviderSettings, Registration};

/// Everything that calls need.
pub(crate) struct Connection {
    pub(crate) client: ArmClient,
    pub(crate) settings: ProviderSettings,
    /// The subscription that resources are made in.
    pub(crate) subscription_id: String,
    /// Answers of this run's refresh.
    pub(crate) recent: Recent,
    /// What this run removes from groups.
    pub(crate) leaving: Arc<Leaving>,
    created: CreatedPaths,
}

/// Paths of objects that this run has made: nothing can be in them that this run has not put there.
#[derive(Debug, Default)]
struct CreatedPaths(Mutex<HashSet<String>>);

impl Connection {
    /// Finds the cloud, signs in and finds the subscription.
    ///
    /// # Errors
    /// When any of that does not work.
    pub(crate) async fn open(
        settings: ProviderSettings,
        environment: &HashMap<String, String>,
        terraform_version: &str,
        pace: Pace,
        stop: &StopSignal,
    ) -> Result<Self, ArmError> {
        let http = NetworkSettings::from_environment(|name| environment.get(name))
            .api_client()
            .map_err(|error| ArmError::Settings(format!("{error}.")))?;
        let cloud = settings.cloud.find(&http).await?;
        let credential = settings.identity.credential(&cloud, &http)?;
        let client_settings = ClientSettings {
            user_agent: user_agent(terraform_version, settings.partner_id.as_deref()),
            correlation_id: correlation_id(&settings),
            registers_providers: settings.registration == Registration::WhenNeeded,
            pace,
        };
        let client = ArmClient::new(http, cloud, TokenSource::new(credential), client_settings);
        let subscription_id = match &settings.subscription_id {
            Some(id) => id.clone(),
            None => only_subscription(&client, stop).await?,
        };
        Ok(Self {
            client,
            settings,
            subscription_id,
            recent: Recent::default(),
            leaving: Arc::default(),
            created: CreatedPaths::default(),
        })
    }

    /// Takes note of an object that this run has made.
    pub(crate) fn note_created(&self, path: &str) {
        self.created.insert(path);
    }

    /// Tells whether an object cannot exist yet, because this run has made what it would be in.
    pub(crate) fn is_surely_new(&self, path: &str) -> bool {
        self.created.contains_only_parent_of(path)
    }

    /// Takes back what was noted, when the object is deleted again.
    pub(crate) fn forget_created(&self, path: &str) {
        self.created.remove(path);
    }
}

impl CreatedPaths {
    fn insert(&self, path: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_ascii_lowercase());
    }

    fn remove(&self, path: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&path.to_ascii_lowercase());
    }

    fn contains_only_parent_of(&self, path: &str) -> bool {
        let paths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut path = path.to_ascii_lowercase();
        // What was made itself is there, whatever it was made in.
        if paths.contains(&path) {
            return false;
        }
        while let Some(slash) = path.rfind('/') {
            path.truncate(slash);
            if paths.contains(&path) {
                return true;
            }
        }
        false
    }
}

fn user_agent(terraform_version: &str, partner_id: Option<&str>) -> String {
    let own = concat!("terrane/", env!("CARGO_PKG_VERSION"));
    let partner = partner_id.map(|id| format!(" pid-{id}")).unwrap_or_default();
    format!("{own} (Terraform {terraform_version}){partner}")
}

fn correlation_id(settings: &ProviderSettings) -> Option<String> {
    let given = settings.correlation_id.clone();
    settings.sends_correlation_id.then(|| given.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()))
}

async fn only_subscription(client: &ArmClient, stop: &StopSignal) -> Result<String, ArmError> {
    let call = Call::begin(Duration::from_secs(60), &NoProgress, stop);
    let found =
        client.list(ArmRequest::get("/subscriptions", "2022-12-01"), &call).await?.unwrap_or_default();
    let ids: Vec<&str> = found.iter().filter_map(|item| item.get("subscriptionId")?.as_str()).collect();
    match ids.as_slice() {
        [only] => Ok((*only).to_owned()),
        _ => Err(ArmError::Settings(format!(
            "subscription_id is not set, and the identity in use can see {} subscriptions. Set it in the \
             provider block, or ARM_SUBSCRIPTION_ID.",
            ids.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_something_new_is_new() {
        let created = CreatedPaths::default();
        created.insert("/subscriptions/s/resourceGroups/g");
        assert!(created.contains_only_parent_of("/subscriptions/S/resourcegroups/G/providers/x/y/z"));
        assert!(!created.contains_only_parent_of("/subscriptions/s/resourceGroups/g"));
        created.remove("/subscriptions/s/resourceGroups/G");
        assert!(!created.contains_only_parent_of("/subscriptions/s/resourceGroups/g/x"));
    }
}

//! A Resource Manager that takes the place of Azure's, whatever the configuration says.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use terrane_azure_identity::{CloudChoice, IdentitySettings};

use crate::settings::ProviderSettings;

/// A cloud that is used in place of Azure, such as an emulator in the same process, and how to sign in to it.
///
/// What the provider block and the environment say about clouds, subscriptions and signing in is not looked at
/// then: a configuration that is meant for a real subscription runs against the endpoint unchanged, and no
/// request can reach Azure by mistake. All provider configurations share the endpoint's one subscription.
#[derive(Clone, PartialEq, Eq)]
pub struct AzureEndpoint {
    /// Where the metadata document is, such as `https://localhost:9443`: it names the endpoints for tokens and
    /// for the Resource Manager.
    pub url: String,
    /// A file with the certificates of the authorities to trust (PEM); empty for the system's.
    pub ca_file: String,
    /// The tenant to sign in to.
    pub tenant_id: String,
    /// The application that signs in.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The subscription that everything is made in.
    pub subscription_id: String,
    /// A proxy through which hosts other than `localhost` are reached, such as those of key vaults; empty for
    /// none.
    pub proxy: String,
}

impl AzureEndpoint {
    /// Reads an endpoint from the variables that an emulator hands out: `ARM_METADATA_HOSTNAME`,
    /// `ARM_TENANT_ID`, `ARM_CLIENT_ID`, `ARM_CLIENT_SECRET`, `ARM_SUBSCRIPTION_ID`, `SSL_CERT_FILE` and
    /// `HTTPS_PROXY`. Nothing when one of the first five is missing. The process's own environment is not
    /// touched.
    #[must_use]
    pub fn from_variables(variables: &BTreeMap<String, String>) -> Option<Self> {
        let text = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        Some(Self {
            url: format!("https://{}", text("ARM_METADATA_HOSTNAME")?),
            ca_file: text("SSL_CERT_FILE").unwrap_or_default(),
            tenant_id: text("ARM_TENANT_ID")?,
            client_id: text("ARM_CLIENT_ID")?,
            client_secret: text("ARM_CLIENT_SECRET")?,
            subscription_id: text("ARM_SUBSCRIPTION_ID")?,
            proxy: text("HTTPS_PROXY").unwrap_or_default(),
        })
    }

    /// Returns the environment in which the HTTP client is made.
    pub(super) fn environment(&self) -> HashMap<String, String> {
        let variables = [
            ("SSL_CERT_FILE", self.ca_file.as_str()),
            ("HTTPS_PROXY", self.proxy.as_str()),
            ("NO_PROXY", "localhost,127.0.0.1,::1"),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Takes the place of what the settings say about where Azure is and who we are.
    pub(super) fn put_into(&self, settings: &mut ProviderSettings) {
        settings.identity = IdentitySettings {
            tenant_id: Some(self.tenant_id.clone()),
            client_id: Some(self.client_id.clone()),
            client_secret: Some(self.client_secret.clone()),
            subscription_id: Some(self.subscription_id.clone()),
            ..IdentitySettings::default()
        };
        settings.cloud = CloudChoice::Described(self.url.clone());
        settings.subscription_id.get_or_insert_with(|| self.subscription_id.clone());
    }
}

/// Without the secret.
impl fmt::Debug for AzureEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AzureEndpoint")
            .field("url", &self.url)
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .field("subscription_id", &self.subscription_id)
            .finish_non_exhaustive()
    }
}

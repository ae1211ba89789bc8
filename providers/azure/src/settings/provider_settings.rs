//! All settings of one provider configuration.

use terrane_azure_identity::{
    Cloud, CloudChoice, IdentitySettings, SettingSources, read_cloud, read_identity,
};

use crate::client::ArmError;
use crate::settings::Features;

/// What the provider was told.
#[derive(Clone)]
pub(crate) struct ProviderSettings {
    pub(crate) identity: IdentitySettings,
    /// The subscription that resources are made in; asked of Azure where nobody says.
    pub(crate) subscription_id: Option<String>,
    pub(crate) cloud: CloudChoice,
    pub(crate) features: Features,
    pub(crate) registration: Registration,
    /// Whether requests carry an id that Azure logs.
    pub(crate) sends_correlation_id: bool,
    /// An id that was given for that.
    pub(crate) correlation_id: Option<String>,
    /// What follows our own name in user agents.
    pub(crate) partner_id: Option<String>,
}

/// When resource providers are registered with the subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Registration {
    /// Never.
    Never,
    /// When a request turns out to need one.
    WhenNeeded,
}

impl ProviderSettings {
    /// Reads all settings.
    ///
    /// # Errors
    /// When a file cannot be read or a value makes no sense.
    pub(crate) fn read(sources: &SettingSources<'_>) -> Result<Self, ArmError> {
        let subscription_id = sources.text("subscription_id", &["ARM_SUBSCRIPTION_ID"]);
        Ok(Self {
            identity: read_identity(sources, subscription_id.clone())?,
            subscription_id,
            cloud: read_cloud(sources)?,
            ..Self::without_identity(sources)
        })
    }

    /// Reads all settings but those that say who we are and where Azure is.
    pub(crate) fn without_identity(sources: &SettingSources<'_>) -> Self {
        Self {
            identity: IdentitySettings::default(),
            subscription_id: sources.text("subscription_id", &[]),
            cloud: CloudChoice::Known(Box::new(Cloud::public())),
            features: Features::read(sources),
            registration: read_registration(sources),
            sends_correlation_id: !sources.flag(
                "disable_correlation_request_id",
                &["ARM_DISABLE_CORRELATION_REQUEST_ID"],
                false,
            ),
            correlation_id: sources.variable(&["ARM_CORRELATION_REQUEST_ID"]),
            partner_id: sources.text("partner_id", &["ARM_PARTNER_ID"]),
        }
    }
}

fn read_registration(sources: &SettingSources<'_>) -> Registration {
    let choice = sources
        .text("resource_provider_registrations", &["ARM_RESOURCE_PROVIDER_REGISTRATIONS"])
        .is_some_and(|choice| choice == "none");
    let skipped = sources.flag("skip_provider_registration", &["ARM_SKIP_PROVIDER_REGISTRATION"], false);
    if choice || skipped { Registration::Never } else { Registration::WhenNeeded }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use terrane_azure_identity::SignIn;
    use terrane_model::Value;

    use super::*;

    fn read(config: &[(&str, Value)], environment: &[(&str, &str)]) -> Result<ProviderSettings, ArmError> {
        let config = Value::object(config.iter().map(|(name, value)| (*name, value.clone())));
        let environment: HashMap<String, String> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ProviderSettings::read(&SettingSources { config: &config, environment: &environment })
    }

    #[test]
    fn the_block_counts_before_the_environment() {
        let settings = read(
            &[("client_id", "block".into()), ("tenant_id", "".into())],
            &[("ARM_CLIENT_ID", "variable"), ("ARM_TENANT_ID", "t"), ("ARM_CLIENT_SECRET", "s")],
        )
        .unwrap();
        assert_eq!(settings.identity.client_id.as_deref(), Some("block"));
        assert_eq!(settings.identity.tenant_id.as_deref(), Some("t"));
        assert_eq!(settings.identity.choose(), Some(SignIn::Secret));
    }

    #[test]
    fn workload_identity_reads_what_kubernetes_injects() {
        let injected =
            [("AZURE_CLIENT_ID", "c"), ("AZURE_TENANT_ID", "t"), ("AZURE_FEDERATED_TOKEN_FILE", "/token")];
        let settings = read(&[("use_aks_workload_identity", true.into())], &injected).unwrap();
        assert_eq!(settings.identity.choose(), Some(SignIn::TokenFile));
        let without = read(&[], &injected).unwrap();
        assert_eq!(without.identity.choose(), Some(SignIn::Cli));
    }

    #[test]
    fn clouds_are_chosen_by_name_or_describe_themselves() {
        let described = read(&[], &[("ARM_METADATA_HOSTNAME", "localhost:9443")]).unwrap();
        assert_eq!(described.cloud, CloudChoice::Described("localhost:9443".to_owned()));
        let china = read(&[("environment", "china".into())], &[]).unwrap();
        assert!(matches!(china.cloud, CloudChoice::Known(cloud) if cloud.name == "AzureChinaCloud"));
        let error = read(&[("environment", "mars".into())], &[]).err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("mars")));
    }

    #[test]
    fn files_that_cannot_be_read_are_named() {
        let error =
            read(&[("client_secret_file_path", "/nowhere".into())], &[]).err().map(|error| error.to_string());
        assert!(
            error
                .is_some_and(|error| error.contains("/nowhere") && error.contains("client_secret_file_path"))
        );
    }

    #[test]
    fn features_have_the_defaults_of_azurerm() {
        let features = read(&[], &[]).unwrap().features;
        assert!(features.keep_filled_resource_groups && features.purge_key_vaults);
        assert!(!features.overwrites_existing && !features.purge_workspaces);
        let group = Value::object([("prevent_deletion_if_contains_resources", false.into())]);
        let group = Value::list(group.ty(), [group]);
        let block = Value::object([("resource_group", group)]);
        let block = Value::list(block.ty(), [block]);
        assert!(!read(&[("features", block)], &[]).unwrap().features.keep_filled_resource_groups);
    }
}

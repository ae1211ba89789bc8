//! What a configured provider keeps: its settings, and the connection that is opened when first needed.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use terrane_azure_identity::SettingSources;
use terrane_model::{Diagnostics, Str, Value};
use terrane_provider::ConfigureRequest;
use tokio::sync::OnceCell;

use crate::client::{ArmError, Pace, StopSignal};
use crate::connection::Connection;
use crate::lifecycle::falling::Leaving;
use crate::provider::{AzureEndpoint, AzureOptions};
use crate::settings::ProviderSettings;

/// Settings and connection of one provider configuration.
pub(crate) struct Session {
    environment: HashMap<String, String>,
    endpoint: Option<AzureEndpoint>,
    configuration: OnceLock<Configuration>,
    connection: OnceCell<Result<Connection, ArmError>>,
    stop: StopSignal,
    pace: Pace,
    leaving: Arc<Leaving>,
}

/// What `configure` has left.
struct Configuration {
    /// Nothing while parts of the provider block are unknown.
    settings: Option<Result<ProviderSettings, ArmError>>,
    terraform_version: Str,
}

impl Session {
    /// Makes a session that has not been configured.
    pub(crate) fn new(options: AzureOptions, stop: StopSignal) -> Self {
        Self {
            environment: match &options.endpoint {
                Some(endpoint) => endpoint.environment(),
                None => options.environment,
            },
            endpoint: options.endpoint,
            configuration: OnceLock::new(),
            connection: OnceCell::new(),
            stop,
            pace: Pace::default(),
            leaving: Arc::default(),
        }
    }

    /// Returns what this run removes from groups.
    pub(crate) fn leaving(&self) -> &Leaving {
        &self.leaving
    }

    /// Takes the configuration.
    pub(crate) fn configure(&self, request: ConfigureRequest) -> Diagnostics {
        let settings = request.config.is_wholly_known().then(|| self.read_settings(&request.config));
        let diagnostics = match &settings {
            Some(Err(error)) => error.to_diagnostic("configuring the Azure provider").into(),
            _ => Diagnostics::new(),
        };
        let terraform_version = request.terraform_version;
        // Configured once; a second configuration would not reach an open connection.
        let _ = self.configuration.set(Configuration { settings, terraform_version });
        diagnostics
    }

    /// Tells whether the provider block still has unknown parts: nothing can be asked of Azure then.
    pub(crate) fn is_configuration_unknown(&self) -> bool {
        self.configuration.get().is_some_and(|configuration| configuration.settings.is_none())
    }

    /// Returns the subscription that resources are made in, when the settings name one.
    pub(crate) fn subscription_id(&self) -> Option<&str> {
        let settings = self.configuration.get()?.settings.as_ref()?.as_ref().ok()?;
        settings.subscription_id.as_deref()
    }

    /// Opens the connection, or returns the one that is open. A failure is kept: trying again for each of a
    /// thousand resources would only take longer.
    ///
    /// # Errors
    /// When there is no connection.
    pub(crate) async fn connection(&self) -> Result<&Connection, ArmError> {
        let opened = self.connection.get_or_init(|| self.open()).await;
        opened.as_ref().map_err(Clone::clone)
    }

    async fn open(&self) -> Result<Connection, ArmError> {
        let Some(configuration) = self.configuration.get() else {
            return Err(ArmError::Settings("The provider has not been configured.".to_owned()));
        };
        let settings = configuration.settings.clone().unwrap_or_else(|| {
            Err(ArmError::Settings(
                "Parts of the provider block are not known yet, so Azure cannot be asked anything."
                    .to_owned(),
            ))
        })?;
        let version = &configuration.terraform_version;
        let mut connection =
            Connection::open(settings, &self.environment, version, self.pace, &self.stop).await?;
        connection.leaving = Arc::clone(&self.leaving);
        Ok(connection)
    }

    fn read_settings(&self, config: &Value) -> Result<ProviderSettings, ArmError> {
        let sources = SettingSources { config, environment: &self.environment };
        match &self.endpoint {
            Some(endpoint) => {
                let mut settings = ProviderSettings::without_identity(&sources);
                endpoint.put_into(&mut settings);
                Ok(settings)
            }
            None => ProviderSettings::read(&sources),
        }
    }
}

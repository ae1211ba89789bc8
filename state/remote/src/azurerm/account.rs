//! From settings to an open container: which cloud, which address, which key.

use std::collections::HashMap;

use reqwest::{Client, Method, StatusCode};
use serde_json::Value as Json;
use terrane_azure_identity::{
    Cloud, CloudChoice, IdentitySettings, SettingSources, SignIn, TokenSource, read_cloud, read_identity,
};
use terrane_network::NetworkSettings;
use terrane_state::BackendError;

use super::blobs::{Access, Container};
use super::shared_key::SharedKey;
use crate::error::remote;
use crate::network::{body, send};
use crate::settings::{ConfigError, Settings};

const API_VERSION: &str = "2023-01-01";
/// The audience of tokens for all storage accounts of all clouds.
const STORAGE_SCOPE: &str = "https://storage.azure.com/.default";

/// What is known of an account before anybody was asked.
pub(super) struct Account {
    http: Client,
    name: String,
    container: String,
    resource_group: Option<String>,
    looks_up_endpoint: bool,
    choice: Choice,
    cloud: CloudChoice,
    identity: IdentitySettings,
}

/// What is to open the account.
enum Choice {
    Key(String),
    Sas(String),
    Tokens,
    /// The key, as Azure Resource Manager tells it to whoever may know it.
    LookedUp,
}

/// What Azure Resource Manager says about the account.
struct Described {
    endpoint: String,
    key: Option<String>,
}

impl Account {
    /// Reads the settings.
    ///
    /// # Errors
    /// When they do not suffice.
    pub(super) fn read(settings: &Settings<'_>) -> Result<Self, ConfigError> {
        settings.check_required()?;
        let choice = match (settings.text("access_key"), settings.text("sas_token")) {
            (Some(key), _) => Choice::Key(key),
            (None, Some(token)) => Choice::Sas(token.trim().trim_start_matches('?').to_owned()),
            (None, None) if settings.flag("use_azuread_auth")? => Choice::Tokens,
            (None, None) => Choice::LookedUp,
        };
        let resource_group = settings.text("resource_group_name");
        let looks_up_endpoint = settings.flag("lookup_blob_endpoint")?;
        if resource_group.is_none() && matches!(choice, Choice::LookedUp) {
            return Err(ConfigError::Other(NOTHING_OPENS.to_owned()));
        }
        if resource_group.is_none() && looks_up_endpoint {
            return Err(ConfigError::Missing { argument: "resource_group_name" });
        }
        let environment: HashMap<String, String> =
            settings.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let sources = SettingSources { config: settings.config, environment: &environment };
        let other = |error: &dyn std::fmt::Display| {
            ConfigError::Other(error.to_string().trim_end_matches('.').to_owned())
        };
        let subscription_id = settings.text("subscription_id");
        let network = NetworkSettings::from_environment(|name| environment.get(name));
        Ok(Self {
            http: network.api_client().map_err(|error| other(&error))?,
            name: settings.required("storage_account_name")?,
            container: settings.required("container_name")?,
            resource_group,
            looks_up_endpoint,
            choice,
            cloud: read_cloud(&sources).map_err(|error| other(&error))?,
            identity: read_identity(&sources, subscription_id).map_err(|error| other(&error))?,
        })
    }

    /// Opens the container.
    ///
    /// # Errors
    /// When Azure has to be asked, and does not say what is needed.
    pub(super) async fn open(&self) -> Result<Container, BackendError> {
        let cloud = self.cloud.find(&self.http).await.map_err(|error| remote(error.to_string()))?;
        let described = match &self.choice {
            Choice::LookedUp => Some(self.describe(&cloud, true).await?),
            _ if self.looks_up_endpoint => Some(self.describe(&cloud, false).await?),
            _ => None,
        };
        let usual = || format!("https://{}.blob.{}", self.name, cloud.suffixes.storage);
        let endpoint = described.as_ref().map_or_else(usual, |described| described.endpoint.clone());
        let key = |key: &str| {
            let key = SharedKey::new(&self.name, key);
            key.map(Access::Key)
                .ok_or_else(|| remote("the access key of the storage account is not in Base64"))
        };
        let access = match &self.choice {
            Choice::Key(text) => key(text)?,
            Choice::Sas(token) => Access::Sas(token.clone()),
            Choice::Tokens => Access::Tokens(self.tokens(&cloud)?, STORAGE_SCOPE.to_owned()),
            Choice::LookedUp => key(&described.and_then(|described| described.key).unwrap_or_default())?,
        };
        Ok(Container { http: self.http.clone(), endpoint, name: self.container.clone(), access })
    }

    fn tokens(&self, cloud: &Cloud) -> Result<TokenSource, BackendError> {
        let credential = self.identity.credential(cloud, &self.http);
        credential.map(TokenSource::new).map_err(|error| remote(error.to_string()))
    }

    /// Asks Azure Resource Manager about the account.
    async fn describe(&self, cloud: &Cloud, with_key: bool) -> Result<Described, BackendError> {
        let tokens = self.tokens(cloud)?;
        let group = self.resource_group.as_deref().unwrap_or_default();
        let id = format!(
            "/subscriptions/{}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{}",
            self.subscription().await?,
            self.name
        );
        let account = self.ask(cloud, &tokens, Method::GET, &id).await?;
        let endpoint = account.pointer("/properties/primaryEndpoints/blob").and_then(Json::as_str);
        let endpoint = endpoint.ok_or_else(|| {
            remote(format!("the storage account {:?} has no endpoint for blobs", self.name))
        })?;
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        if !with_key {
            return Ok(Described { endpoint, key: None });
        }
        let listed = self.ask(cloud, &tokens, Method::POST, &format!("{id}/listKeys")).await?;
        let keys = listed.get("keys").and_then(Json::as_array).into_iter().flatten();
        let may_write = |key: &&Json| {
            let permissions = key.get("permissions").and_then(Json::as_str);
            permissions.is_some_and(|permissions| permissions.eq_ignore_ascii_case("full"))
        };
        let key = keys.filter(may_write).find_map(|key| key.get("value")?.as_str());
        let key = key.ok_or_else(|| {
            remote(format!("the storage account {:?} has no key that may write", self.name))
        })?;
        Ok(Described { endpoint, key: Some(key.to_owned()) })
    }

    async fn ask(
        &self,
        cloud: &Cloud,
        tokens: &TokenSource,
        method: Method,
        path: &str,
    ) -> Result<Json, BackendError> {
        let bearer =
            tokens.bearer(&cloud.management_scope()).await.map_err(|error| remote(error.to_string()))?;
        let url = format!("{}{path}?api-version={API_VERSION}", cloud.resource_manager);
        let mut request = self.http.request(method.clone(), url).header("authorization", bearer);
        if method == Method::POST {
            request = request.header("content-length", "0");
        }
        let response = send(request).await?;
        let status = response.status();
        let answer: Json = serde_json::from_slice(&body(response).await?).unwrap_or_default();
        if status != StatusCode::OK {
            let message = answer.pointer("/error/message").and_then(Json::as_str).unwrap_or_default();
            return Err(remote(format!(
                "the storage account {:?} cannot be looked up: Azure Resource Manager answered {} {message}",
                self.name,
                status.as_u16()
            )));
        }
        Ok(answer)
    }

    /// Returns the subscription; where nobody says, the one that `az` has selected.
    async fn subscription(&self) -> Result<String, BackendError> {
        if let Some(id) = &self.identity.subscription_id {
            return Ok(id.clone());
        }
        let missing = || remote("subscription_id is not set, nor is ARM_SUBSCRIPTION_ID");
        if self.identity.choose() != Some(SignIn::Cli) {
            return Err(missing());
        }
        let mut command = tokio::process::Command::new("az");
        command.args(["account", "show", "--query", "id", "--output", "tsv"]).kill_on_drop(true);
        let output = command.output().await.map_err(|error| remote(format!("az cannot be run: {error}")))?;
        let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && !id.is_empty() { Ok(id) } else { Err(missing()) }
    }
}

const NOTHING_OPENS: &str = "one of access_key, sas_token, use_azuread_auth and resource_group_name must be \
    specified: with the last one, the access key is looked up";

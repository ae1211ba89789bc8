//! Who we are: the credential that the settings ask for, and its tokens.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{AccessToken, Secret, TokenCredential};
use azure_core::http::{
    ClientMethodOptions, ClientOptions, ExponentialRetryOptions, RetryOptions, Transport,
};
use azure_core::time::OffsetDateTime;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertion, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::HeaderValue;
use serde_json::Value as Json;
use tokio::sync::Mutex;

use crate::certificate::SignedAssertion;
use crate::cloud::Cloud;
use crate::error::IdentityError;
use crate::managed_identity::ManagedIdentityEndpoint;

/// Tokens are renewed this long before they end.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// Everything by which the provider may sign in, from its block and the environment. Empty texts are absent.
#[derive(Clone, Default)]
pub struct IdentitySettings {
    /// The tenant (directory) to sign in to.
    pub tenant_id: Option<String>,
    /// The application, or the managed identity, that signs in.
    pub client_id: Option<String>,
    /// The application's secret.
    pub client_secret: Option<String>,
    /// PKCS#12 or PEM.
    pub certificate: Option<Vec<u8>>,
    /// What the PKCS#12 is encrypted with.
    pub certificate_password: Option<String>,
    /// Whether tokens of other issuers may be used.
    pub use_oidc: bool,
    /// Such a token.
    pub oidc_token: Option<String>,
    /// A file that has such a token, and may get a new one.
    pub oidc_token_file: Option<PathBuf>,
    /// Where a pipeline hands out its tokens.
    pub oidc_request_url: Option<String>,
    /// For asking there.
    pub oidc_request_token: Option<String>,
    /// Set in Azure Pipelines only.
    pub pipeline_service_connection_id: Option<String>,
    /// Whether the machine's own identity may be used.
    pub use_managed_identity: bool,
    /// Where the machine's own identity gets its tokens, when that is not where it usually is.
    pub managed_identity_endpoint: Option<String>,
    /// Whether the `az` command may be asked.
    pub use_cli: bool,
    /// The subscription that `az` is asked for.
    pub subscription_id: Option<String>,
}

/// The ways of signing in, in order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// An application's secret.
    Secret,
    /// An application's certificate.
    Certificate,
    /// A token of another issuer, in a file.
    TokenFile,
    /// A token of another issuer.
    Token,
    /// A token that the pipeline hands out.
    Pipeline,
    /// The machine's own identity.
    ManagedIdentity,
    /// The `az` command's.
    Cli,
}

impl IdentitySettings {
    /// Chooses the way of signing in: the first for which everything is there.
    pub fn choose(&self) -> Option<SignIn> {
        let application = self.tenant_id.is_some() && self.client_id.is_some();
        let pipeline = self.oidc_request_url.is_some() && self.oidc_request_token.is_some();
        let ways = [
            (SignIn::Secret, application && self.client_secret.is_some()),
            (SignIn::Certificate, application && self.certificate.is_some()),
            (SignIn::TokenFile, application && self.use_oidc && self.oidc_token_file.is_some()),
            (SignIn::Token, application && self.use_oidc && self.oidc_token.is_some()),
            (SignIn::Pipeline, application && self.use_oidc && pipeline),
            (SignIn::ManagedIdentity, self.use_managed_identity),
            (SignIn::Cli, self.use_cli),
        ];
        ways.into_iter().find_map(|(way, possible)| possible.then_some(way))
    }

    /// Makes the credential.
    ///
    /// # Errors
    /// When no way of signing in is complete, or what is given does not work.
    pub fn credential(
        &self,
        cloud: &Cloud,
        http: &reqwest::Client,
    ) -> Result<Arc<dyn TokenCredential>, IdentityError> {
        let tenant_id = self.tenant_id.clone().unwrap_or_default();
        let client_id = self.client_id.clone().unwrap_or_default();
        let client_options = client_options(cloud, http);
        let assertion_options =
            || ClientAssertionCredentialOptions { client_options: client_options.clone() };
        let Some(way) = self.choose() else {
            return Err(IdentityError::Credential(NOTHING_COMPLETE.to_owned()));
        };
        let credential: azure_core::Result<Arc<dyn TokenCredential>> = match way {
            SignIn::Secret => self.secret_credential(cloud, http, client_options),
            SignIn::Certificate => {
                let assertion = self.signed_assertion(cloud, &tenant_id, &client_id)?;
                upcast(ClientAssertionCredential::new(
                    tenant_id,
                    client_id,
                    assertion,
                    Some(assertion_options()),
                ))
            }
            SignIn::TokenFile => {
                upcast(WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                    credential_options: assertion_options(),
                    client_id: Some(client_id),
                    tenant_id: Some(tenant_id),
                    token_file_path: self.oidc_token_file.clone(),
                })))
            }
            SignIn::Token => {
                let token = GivenToken(Secret::new(self.oidc_token.clone().unwrap_or_default()));
                upcast(ClientAssertionCredential::new(tenant_id, client_id, token, Some(assertion_options())))
            }
            SignIn::Pipeline => {
                let assertion = self.pipeline_assertion(http);
                upcast(ClientAssertionCredential::new(
                    tenant_id,
                    client_id,
                    assertion,
                    Some(assertion_options()),
                ))
            }
            SignIn::ManagedIdentity if self.managed_identity_endpoint.is_some() => {
                Ok(Arc::new(ManagedIdentityEndpoint {
                    http: http.clone(),
                    url: self.managed_identity_endpoint.clone().unwrap_or_default(),
                    client_id: self.client_id.clone(),
                }))
            }
            SignIn::ManagedIdentity => {
                let user_assigned_id = self.client_id.clone().map(UserAssignedId::ClientId);
                upcast(ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id,
                    client_options,
                })))
            }
            SignIn::Cli => upcast(AzureCliCredential::new(Some(AzureCliCredentialOptions {
                subscription: self.subscription_id.clone(),
                // az refuses both together; the subscription says the tenant.
                tenant_id: self.tenant_id.clone().filter(|_| self.subscription_id.is_none()),
                executor: None,
            }))),
        };
        credential.map_err(|error| IdentityError::Credential(format!("signing in is not possible: {error}.")))
    }

    fn secret_credential(
        &self,
        cloud: &Cloud,
        http: &reqwest::Client,
        client_options: ClientOptions,
    ) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let tenant_id = self.tenant_id.clone().unwrap_or_default();
        let client_id = self.client_id.clone().unwrap_or_default();
        let secret = Secret::new(self.client_secret.clone().unwrap_or_default());
        if is_loopback(&cloud.login_endpoint) {
            let url = token_url(cloud, &tenant_id);
            return Ok(Arc::new(LoopbackCredential { http: http.clone(), url, client_id, secret }));
        }
        let options = ClientSecretCredentialOptions { client_options };
        upcast(ClientSecretCredential::new(&tenant_id, client_id, secret, Some(options)))
    }

    fn signed_assertion(
        &self,
        cloud: &Cloud,
        tenant_id: &str,
        client_id: &str,
    ) -> Result<SignedAssertion, IdentityError> {
        let bytes = self.certificate.as_deref().unwrap_or_default();
        let password = self.certificate_password.as_deref().unwrap_or_default();
        SignedAssertion::new(bytes, password, token_url(cloud, tenant_id), client_id.to_owned()).map_err(
            |error| IdentityError::Credential(format!("the client certificate cannot be used: {error}.")),
        )
    }

    fn pipeline_assertion(&self, http: &reqwest::Client) -> PipelineAssertion {
        PipelineAssertion {
            http: http.clone(),
            url: self.oidc_request_url.clone().unwrap_or_default(),
            token: Secret::new(self.oidc_request_token.clone().unwrap_or_default()),
            service_connection_id: self.pipeline_service_connection_id.clone(),
        }
    }
}

const NOTHING_COMPLETE: &str = "there is no complete way of signing in. Set tenant_id and client_id with a \
    client_secret, a client_certificate_path or an OIDC token (ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET …), \
    or use_msi = true on a machine with a managed identity, or sign in with az login and leave use_cli as it is.";

fn upcast<C: TokenCredential + 'static>(
    credential: azure_core::Result<Arc<C>>,
) -> azure_core::Result<Arc<dyn TokenCredential>> {
    Ok(credential?)
}

fn token_url(cloud: &Cloud, tenant_id: &str) -> String {
    format!("{}/{tenant_id}/oauth2/v2.0/token", cloud.login_endpoint)
}

fn client_options(cloud: &Cloud, http: &reqwest::Client) -> ClientOptions {
    let mut authority = CustomConfiguration::default();
    authority.authority_host.clone_from(&cloud.login_endpoint);
    // The crate's own limits let a machine without network hang for most of a minute.
    let retry = ExponentialRetryOptions {
        max_retries: 3,
        max_total_elapsed: azure_core::time::Duration::seconds(15),
        ..ExponentialRetryOptions::default()
    };
    ClientOptions {
        transport: Some(Transport::new(Arc::new(http.clone()))),
        retry: RetryOptions::exponential(retry),
        cloud: Some(Arc::new(CloudConfiguration::Custom(authority))),
        ..ClientOptions::default()
    }
}

/// Tells whether a URL is one on this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    url.host_str().is_some_and(|host| {
        matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
    })
}

/// A token that someone else got.
#[derive(Debug)]
struct GivenToken(Secret);

#[async_trait::async_trait]
impl ClientAssertion for GivenToken {
    async fn secret(&self, _options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.secret().to_owned())
    }
}

/// Asks a pipeline's own service for a token: GitHub Actions by GET, Azure Pipelines by POST.
#[derive(Debug)]
struct PipelineAssertion {
    http: reqwest::Client,
    url: String,
    token: Secret,
    service_connection_id: Option<String>,
}

#[async_trait::async_trait]
impl ClientAssertion for PipelineAssertion {
    async fn secret(&self, _options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let mut url = reqwest::Url::parse(&self.url).map_err(|error| credential_error(error.to_string()))?;
        let azure_pipelines = self.service_connection_id.is_some();
        match &self.service_connection_id {
            Some(id) => {
                url.query_pairs_mut().append_pair("api-version", "7.1").append_pair("serviceConnectionId", id)
            }
            None => url.query_pairs_mut().append_pair("audience", "api://AzureADTokenExchange"),
        };
        let method = if azure_pipelines { reqwest::Method::POST } else { reqwest::Method::GET };
        let request = self.http.request(method, url).bearer_auth(self.token.secret());
        let request = request.header("content-type", "application/json");
        let document = json_answer(request).await?;
        let field = if azure_pipelines { "oidcToken" } else { "value" };
        let token = document.get(field).and_then(Json::as_str);
        token
            .map(str::to_owned)
            .ok_or_else(|| credential_error(format!("the pipeline's answer has no {field}")))
    }
}

/// Signs in to a token service on this machine. Those may speak plain HTTP, which azure_identity refuses, and answer
/// with less than it wants.
#[derive(Debug)]
struct LoopbackCredential {
    http: reqwest::Client,
    url: String,
    client_id: String,
    secret: Secret,
}

#[async_trait::async_trait]
impl TokenCredential for LoopbackCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<azure_core::credentials::TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let form = format!(
            "client_id={}&client_secret={}&grant_type=client_credentials&scope={}",
            encode(&self.client_id),
            encode(self.secret.secret()),
            encode(&scopes.join(" "))
        );
        let ask = || {
            let request = self.http.post(&self.url).body(form.clone());
            json_answer(request.header("content-type", "application/x-www-form-urlencoded"))
        };
        let document = match ask().await {
            Ok(document) => document,
            // A dropped connection, most likely: what is wrong for good will be wrong again.
            Err(_) => ask().await?,
        };
        token_of(&document)
    }
}

/// Reads a token as token services answer; some write numbers as texts.
pub(crate) fn token_of(document: &Json) -> azure_core::Result<AccessToken> {
    let token = document.get("access_token").and_then(Json::as_str);
    let token = token.ok_or_else(|| credential_error("the answer has no access_token".to_owned()))?;
    let expires_in = document.get("expires_in");
    let seconds = expires_in.and_then(|field| field.as_i64().or_else(|| field.as_str()?.parse().ok()));
    let lifetime = azure_core::time::Duration::seconds(seconds.unwrap_or(3600));
    Ok(AccessToken::new(Secret::new(token.to_owned()), OffsetDateTime::now_utc() + lifetime))
}

pub(crate) async fn json_answer(request: reqwest::RequestBuilder) -> azure_core::Result<Json> {
    let response = request.send().await.map_err(|error| credential_error(error.without_url().to_string()))?;
    let status = response.status();
    let body = response.bytes().await.map_err(|error| credential_error(error.without_url().to_string()))?;
    if !status.is_success() {
        return Err(credential_error(format!("the token service answered {}", status.as_u16())));
    }
    serde_json::from_slice(&body).map_err(|error| credential_error(error.to_string()))
}

pub(crate) fn credential_error(reason: String) -> azure_core::Error {
    azure_core::Error::with_message(azure_core::error::ErrorKind::Credential, reason)
}

/// The tokens of one identity, by audience.
#[derive(Debug)]
pub struct TokenSource {
    credential: Arc<dyn TokenCredential>,
    /// Kept here because not every credential keeps its own: az is a process that takes half a second.
    tokens: Mutex<HashMap<String, AccessToken>>,
}

impl TokenSource {
    /// Makes a source without tokens.
    pub fn new(credential: Arc<dyn TokenCredential>) -> Self {
        Self { credential, tokens: Mutex::new(HashMap::new()) }
    }

    /// Returns the value of the `Authorization` header for an audience.
    ///
    /// # Errors
    /// When there is no token.
    pub async fn bearer(&self, scope: &str) -> Result<HeaderValue, IdentityError> {
        let token = self.token(scope).await?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.token.secret())).map_err(|_| {
            IdentityError::Credential("the token holds characters that no header may.".to_owned())
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Returns what the token says about its owner.
    ///
    /// Null when it is one that only its makers can read.
    ///
    /// # Errors
    /// When there is no token.
    pub async fn claims(&self, scope: &str) -> Result<Json, IdentityError> {
        let token = self.token(scope).await?;
        let middle = token.token.secret().split('.').nth(1).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(middle.trim_end_matches('=')).ok();
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    async fn token(&self, scope: &str) -> Result<AccessToken, IdentityError> {
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.get(scope)
            && token.expires_on > OffsetDateTime::now_utc() + RENEW_BEFORE
        {
            return Ok(token.clone());
        }
        let token = self.credential.get_token(&[scope], None).await.map_err(|error| {
            IdentityError::Credential(format!("no token could be got from Entra ID: {error}"))
        })?;
        tokens.insert(scope.to_owned(), token.clone());
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application() -> IdentitySettings {
        IdentitySettings {
            tenant_id: Some("t".to_owned()),
            client_id: Some("c".to_owned()),
            ..IdentitySettings::default()
        }
    }

    #[test]
    fn the_first_complete_way_of_signing_in_is_taken() {
        let all = IdentitySettings {
            client_secret: Some("s".to_owned()),
            certificate: Some(Vec::new()),
            use_oidc: true,
            oidc_token: Some("o".to_owned()),
            use_managed_identity: true,
            use_cli: true,
            ..application()
        };
        assert_eq!(all.choose(), Some(SignIn::Secret));
        let without_secret = IdentitySettings { client_secret: None, ..all.clone() };
        assert_eq!(without_secret.choose(), Some(SignIn::Certificate));
        let without_application = IdentitySettings { client_id: None, ..all };
        assert_eq!(without_application.choose(), Some(SignIn::ManagedIdentity));
        assert_eq!(IdentitySettings { use_cli: true, ..application() }.choose(), Some(SignIn::Cli));
        assert_eq!(application().choose(), None);
    }

    #[test]
    fn only_this_machine_may_hand_out_tokens_in_the_clear() {
        assert!(is_loopback("http://localhost:9090") && is_loopback("https://cloud.localhost"));
        assert!(!is_loopback("https://login.example"));
    }

    #[test]
    fn nothing_complete_is_an_error_that_lists_the_ways() {
        let http = terrane_network::NetworkSettings::default().api_client().unwrap();
        let error = application().credential(&Cloud::public(), &http).unwrap_err().to_string();
        assert!(error.contains("client_secret") && error.contains("az login"), "{error}");
    }
}

//! What a block and the environment say about clouds and identities.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::authenticate::{IdentitySettings, is_loopback};
use crate::cloud::Cloud;
use crate::error::IdentityError;
use crate::sources::SettingSources;

/// Which cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudChoice {
    /// One that is known.
    Known(Box<Cloud>),
    /// One that describes itself at this host.
    Described(String),
}

impl CloudChoice {
    /// Finds the cloud, asking it to describe itself where it is to.
    ///
    /// # Errors
    /// When it does not answer, or answers with something else.
    pub async fn find(&self, http: &reqwest::Client) -> Result<Cloud, IdentityError> {
        match self {
            Self::Known(cloud) => Ok((**cloud).clone()),
            Self::Described(host) => describe(http, host).await,
        }
    }
}

/// Reads which cloud is meant.
///
/// # Errors
/// When there is none of that name.
pub fn read_cloud(sources: &SettingSources<'_>) -> Result<CloudChoice, IdentityError> {
    if let Some(host) = sources.text("metadata_host", &["ARM_METADATA_HOSTNAME", "ARM_METADATA_HOST"]) {
        return Ok(CloudChoice::Described(host));
    }
    let environment =
        sources.text("environment", &["ARM_ENVIRONMENT"]).unwrap_or_else(|| "public".to_owned());
    let cloud = Cloud::named(&environment).ok_or_else(|| {
        IdentityError::Settings(format!(
            "There is no Azure environment named {environment:?}. Use public, usgovernment, dod or china, or set \
             metadata_host for a cloud that describes itself."
        ))
    })?;
    Ok(CloudChoice::Known(Box::new(cloud)))
}

/// Reads who is to sign in.
///
/// # Errors
/// When a file that is named cannot be read.
pub fn read_identity(
    sources: &SettingSources<'_>,
    subscription_id: Option<String>,
) -> Result<IdentitySettings, IdentityError> {
    let workload_identity =
        sources.flag("use_aks_workload_identity", &["ARM_USE_AKS_WORKLOAD_IDENTITY"], false);
    let workload = |variable: &str| sources.variable(&[variable]).filter(|_| workload_identity);
    let client_id = sources.text_or_file(
        ("client_id", &["ARM_CLIENT_ID"]),
        ("client_id_file_path", &["ARM_CLIENT_ID_FILE_PATH"]),
    )?;
    let client_secret = sources.text_or_file(
        ("client_secret", &["ARM_CLIENT_SECRET"]),
        ("client_secret_file_path", &["ARM_CLIENT_SECRET_FILE_PATH"]),
    )?;
    let token_file = sources.path("oidc_token_file_path", &["ARM_OIDC_TOKEN_FILE_PATH"]);
    let use_oidc = sources.flag("use_oidc", &["ARM_USE_OIDC"], false);
    let request_url = ["ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI"];
    let request_token = ["ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"];
    let connection_id = [
        "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
        "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID",
        "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
    ];
    Ok(IdentitySettings {
        tenant_id: sources.text("tenant_id", &["ARM_TENANT_ID"]).or_else(|| workload("AZURE_TENANT_ID")),
        client_id: client_id.or_else(|| workload("AZURE_CLIENT_ID")),
        client_secret,
        certificate: read_certificate(sources)?,
        certificate_password: sources
            .text("client_certificate_password", &["ARM_CLIENT_CERTIFICATE_PASSWORD"]),
        use_oidc: use_oidc || workload_identity,
        oidc_token: sources.text("oidc_token", &["ARM_OIDC_TOKEN"]),
        oidc_token_file: token_file.or_else(|| workload("AZURE_FEDERATED_TOKEN_FILE").map(Into::into)),
        oidc_request_url: sources.text("oidc_request_url", &request_url),
        oidc_request_token: sources.text("oidc_request_token", &request_token),
        pipeline_service_connection_id: sources.text("ado_pipeline_service_connection_id", &connection_id),
        use_managed_identity: sources.flag("use_msi", &["ARM_USE_MSI"], false),
        managed_identity_endpoint: sources.text("msi_endpoint", &["ARM_MSI_ENDPOINT"]),
        use_cli: sources.flag("use_cli", &["ARM_USE_CLI"], true),
        subscription_id,
    })
}

fn read_certificate(sources: &SettingSources<'_>) -> Result<Option<Vec<u8>>, IdentityError> {
    if let Some(text) = sources.text("client_certificate", &["ARM_CLIENT_CERTIFICATE"]) {
        let bytes = STANDARD.decode(text.split_whitespace().collect::<String>());
        return bytes.map(Some).map_err(|_| {
            IdentityError::Settings("client_certificate is not the Base64 of a certificate.".to_owned())
        });
    }
    sources.file("client_certificate_path", &["ARM_CLIENT_CERTIFICATE_PATH"])
}

/// A cloud answers at once or not at all; three tries bridge a dropped connection.
const DESCRIBE_TRIES: u32 = 3;

/// Asks a cloud what belongs to it. A host may come with a scheme: clouds on this machine may speak plain HTTP. One on
/// this machine that does not describe itself is taken to be all of a cloud.
async fn describe(http: &reqwest::Client, given: &str) -> Result<Cloud, IdentityError> {
    let (scheme, host) = given.split_once("://").unwrap_or(("https", given));
    let host = host.trim_end_matches('/');
    let base = format!("{scheme}://{host}");
    let is_local = is_loopback(&base);
    if scheme != "https" && !is_local {
        let detail =
            format!("{given} would get secrets without encryption; only clouds on this machine may.");
        return Err(IdentityError::Settings(detail));
    }
    let url = format!("{base}/metadata/endpoints?api-version=2022-09-01");
    let mut last = String::new();
    for attempt in 0..DESCRIBE_TRIES {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(200) * attempt).await;
        }
        match fetch_document(http, &url).await {
            Ok(document) => {
                return Cloud::from_metadata(&document).map_err(|error| {
                    IdentityError::Settings(format!(
                        "What {host} says about its cloud cannot be used: {error}."
                    ))
                });
            }
            Err(NoDocument::Absent) if is_local => return Ok(Cloud::at(&base)),
            Err(error) => last = error.to_string(),
        }
    }
    Err(IdentityError::Connection { host: host.to_owned(), reason: last })
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
enum NoDocument {
    /// The host has none.
    #[error("it answered 404")]
    Absent,
    /// It could not be had, or read.
    #[error("{0}")]
    Failed(String),
}

async fn fetch_document(http: &reqwest::Client, url: &str) -> Result<Json, NoDocument> {
    let failed = |error| NoDocument::Failed(innermost_cause(error));
    let response = http.get(url).send().await.map_err(failed)?;
    let status = response.status();
    let bytes = response.bytes().await.map_err(failed)?;
    if status == reqwest::StatusCode::NOT_FOUND {
        return Err(NoDocument::Absent);
    }
    if !status.is_success() {
        return Err(NoDocument::Failed(format!("it answered {}", status.as_u16())));
    }
    // Some clouds put a byte order mark in front.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    serde_json::from_slice(bytes).map_err(|error| NoDocument::Failed(error.to_string()))
}

/// Returns the innermost cause, which says what happened; the outer ones repeat the URL.
pub fn innermost_cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}

//! Tokens of Google: given, or got with a key, a login, another issuer's token or the machine that this runs on.
//!
//! Sources: Google's "Using OAuth 2.0 for Server to Server Applications", the Security Token Service and IAM
//! Credentials APIs, and "How Application Default Credentials works".

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value as Json, json};
use terrane_state::BackendError;
use tokio::sync::Mutex;

use crate::error::remote;
use crate::network::{body, send};
use crate::settings::{ConfigError, Settings};

/// Tokens are renewed this long before they end.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// How long a token is good for where nobody says.
const LIFETIME_SECONDS: i64 = 3600;
/// A service on this machine answers at once, or is not there.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(2);
const STORAGE_SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_write";
const CLOUD_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const IAM: &str = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts";

/// Where tokens come from.
pub(super) struct Credentials {
    http: Client,
    source: Source,
    /// An account to become, by way of others.
    impersonated: Option<(String, Vec<String>)>,
    present: Mutex<Option<(String, Timestamp)>>,
}

enum Source {
    /// Somebody has got one.
    Token(String),
    /// A file of credentials, of whatever kind.
    File(Json),
    /// The metadata of the machine, at this host.
    Machine(String),
}

/// A token and how many seconds it is good for.
type Lent = (String, i64);

impl Credentials {
    /// Reads the settings.
    ///
    /// # Errors
    /// When credentials are not understood.
    pub(super) fn read(settings: &Settings<'_>, http: &Client) -> Result<Self, ConfigError> {
        let account = settings.text("impersonate_service_account");
        let delegates = settings.texts("impersonate_service_account_delegates");
        Ok(Self {
            http: http.clone(),
            source: Source::find(settings)?,
            impersonated: account.map(|account| (account, delegates)),
            present: Mutex::default(),
        })
    }

    /// Returns a token; a new one, where the present one is about to end.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn token(&self) -> Result<String, BackendError> {
        let mut present = self.present.lock().await;
        let soon = Timestamp::now() + RENEW_BEFORE;
        if let Some((token, _)) = present.as_ref().filter(|(_, until)| *until > soon) {
            return Ok(token.clone());
        }
        let mut lent = self.base().await?;
        if let Some((account, delegates)) = &self.impersonated {
            let url = format!("{IAM}/{account}:generateAccessToken");
            lent = self.impersonate(&url, delegates, STORAGE_SCOPE, &lent.0).await?;
        }
        let until = Timestamp::now() + Duration::from_secs(u64::try_from(lent.1).unwrap_or_default());
        *present = Some((lent.0.clone(), until));
        Ok(lent.0)
    }

    async fn base(&self) -> Result<Lent, BackendError> {
        // Who is to become somebody else needs to be allowed that, and nothing of the storage.
        let scope = if self.impersonated.is_some() { CLOUD_SCOPE } else { STORAGE_SCOPE };
        match &self.source {
            Source::Token(token) => Ok((token.clone(), LIFETIME_SECONDS)),
            Source::Machine(host) => self.of_machine(host).await,
            Source::File(file) => match text(file, "type") {
                "service_account" => self.of_service_account(file, scope).await,
                "authorized_user" => self.of_login(file).await,
                "external_account" => self.of_other_issuer(file, scope).await,
                "impersonated_service_account" => {
                    let source = file.get("source_credentials").cloned().unwrap_or_default();
                    let login = self.of_login(&source).await?;
                    self.impersonate(text(file, "service_account_impersonation_url"), &[], scope, &login.0)
                        .await
                }
                other => {
                    Err(remote(format!("there is no way to sign in with credentials of the type {other:?}")))
                }
            },
        }
    }

    /// Signs an assertion with the account's key, and gets a token for it.
    async fn of_service_account(&self, file: &Json, scope: &str) -> Result<Lent, BackendError> {
        let url = or(text(file, "token_uri"), "https://oauth2.googleapis.com/token");
        let now = Timestamp::now().as_second();
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": text(file, "private_key_id")});
        let claims = json!({
            "iss": text(file, "client_email"),
            "scope": scope,
            "aud": url,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
        });
        let assertion = signed(&header, &claims, text(file, "private_key"))
            .ok_or_else(|| remote("the private key of the service account cannot be used"))?;
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        self.ask(self.form(url, &[("grant_type", grant), ("assertion", &assertion)])).await
    }

    async fn of_login(&self, file: &Json) -> Result<Lent, BackendError> {
        let url = or(text(file, "token_uri"), "https://oauth2.googleapis.com/token");
        let parameters = [
            ("grant_type", "refresh_token"),
            ("client_id", text(file, "client_id")),
            ("client_secret", text(file, "client_secret")),
            ("refresh_token", text(file, "refresh_token")),
        ];
        self.ask(self.form(url, &parameters)).await
    }

    /// Exchanges a token of another issuer, and becomes the account that it is meant for.
    async fn of_other_issuer(&self, file: &Json, scope: &str) -> Result<Lent, BackendError> {
        let subject = self.subject(file.get("credential_source").unwrap_or(&Json::Null)).await?;
        let account = text(file, "service_account_impersonation_url");
        let parameters = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("audience", text(file, "audience")),
            ("subject_token_type", text(file, "subject_token_type")),
            ("subject_token", &subject),
            ("scope", if account.is_empty() { scope } else { CLOUD_SCOPE }),
        ];
        let url = or(text(file, "token_url"), "https://sts.googleapis.com/v1/token");
        let lent = self.ask(self.form(url, &parameters)).await?;
        if account.is_empty() {
            return Ok(lent);
        }
        self.impersonate(account, &[], scope, &lent.0).await
    }

    /// Returns the other issuer's token, from a file or a service.
    async fn subject(&self, source: &Json) -> Result<String, BackendError> {
        let content = match (text(source, "file"), text(source, "url")) {
            ("", "") => return Err(remote("the credentials name neither a file nor an address of a token")),
            ("", url) => {
                let mut request = self.http.get(url);
                let headers = source.get("headers").and_then(Json::as_object).into_iter().flatten();
                for (name, value) in headers {
                    request = request.header(name, value.as_str().unwrap_or_default());
                }
                let response = send(request).await?;
                if response.status() != StatusCode::OK {
                    let status = response.status().as_u16();
                    return Err(remote(format!("the other issuer's token was answered {status}")));
                }
                String::from_utf8_lossy(&body(response).await?).into_owned()
            }
            (path, _) => std::fs::read_to_string(path)
                .map_err(|error| remote(format!("the token in {path} cannot be read: {error}")))?,
        };
        let format = source.get("format").unwrap_or(&Json::Null);
        if text(format, "type") != "json" {
            return Ok(content.trim().to_owned());
        }
        let document: Json = serde_json::from_str(&content).unwrap_or_default();
        let field = text(format, "subject_token_field_name");
        match text(&document, field) {
            "" => Err(remote(format!("the other issuer's answer has no {field:?}"))),
            token => Ok(token.to_owned()),
        }
    }

    async fn impersonate(
        &self,
        url: &str,
        delegates: &[String],
        scope: &str,
        token: &str,
    ) -> Result<Lent, BackendError> {
        let delegates: Vec<String> =
            delegates.iter().map(|account| format!("projects/-/serviceAccounts/{account}")).collect();
        let request = json!({"scope": [scope], "delegates": delegates, "lifetime": "3600s"});
        let request = self.http.post(url).bearer_auth(token).body(request.to_string());
        self.ask(request.header("content-type", "application/json")).await
    }

    async fn of_machine(&self, host: &str) -> Result<Lent, BackendError> {
        let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
        let request = self.http.get(url).header("metadata-flavor", "Google").timeout(LOCAL_TIMEOUT);
        let response = request.send().await.map_err(|_| remote(NO_CREDENTIALS))?;
        lent(&serde_json::from_slice(&body(response).await?).unwrap_or_default())
            .ok_or_else(|| remote(NO_CREDENTIALS))
    }

    fn form(&self, url: &str, parameters: &[(&str, &str)]) -> RequestBuilder {
        let mut form = Url::parse("form:").expect("it is an address");
        form.query_pairs_mut().extend_pairs(parameters);
        let request = self.http.post(url).header("content-type", "application/x-www-form-urlencoded");
        request.body(form.query().unwrap_or_default().to_owned())
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Lent, BackendError> {
        let response = send(request).await?;
        let status = response.status().as_u16();
        let answer: Json = serde_json::from_slice(&body(response).await?).unwrap_or_default();
        lent(&answer).ok_or_else(|| {
            let message = answer.pointer("/error/message").and_then(Json::as_str);
            let message = message.unwrap_or_else(|| text(&answer, "error_description"));
            remote(format!("no token could be got from Google: it answered {status} {message}"))
        })
    }
}

impl Source {
    fn find(settings: &Settings<'_>) -> Result<Self, ConfigError> {
        if let Some(token) = settings.text("access_token") {
            return Ok(Self::Token(token));
        }
        let home = settings.variable(&["HOME"]).map(PathBuf::from);
        if let Some(given) = settings.text("credentials") {
            // The content itself, or where it is.
            let content = if given.trim_start().starts_with('{') {
                given
            } else {
                let path = match (given.strip_prefix("~/"), &home) {
                    (Some(rest), Some(home)) => home.join(rest),
                    _ => PathBuf::from(&given),
                };
                std::fs::read_to_string(path).map_err(|_| unreadable("credentials"))?
            };
            return serde_json::from_str(&content).map(Self::File).map_err(|_| unreadable("credentials"));
        }
        let variable = "GOOGLE_APPLICATION_CREDENTIALS";
        if let Some(path) = settings.variable(&[variable]) {
            let content = std::fs::read_to_string(path).map_err(|_| unreadable(variable))?;
            return serde_json::from_str(&content).map(Self::File).map_err(|_| unreadable(variable));
        }
        let folder = settings.variable(&["CLOUDSDK_CONFIG"]).map(PathBuf::from);
        let folder = folder.or_else(|| Some(home?.join(".config/gcloud")));
        let usual = folder.map(|folder| folder.join("application_default_credentials.json"));
        if let Some(content) = usual.and_then(|path| std::fs::read_to_string(path).ok()) {
            return serde_json::from_str(&content).map(Self::File).map_err(|_| unreadable("credentials"));
        }
        let host = settings.variable(&["GCE_METADATA_HOST"]);
        Ok(Self::Machine(host.unwrap_or_else(|| "metadata.google.internal".to_owned())))
    }
}

fn unreadable(argument: &str) -> ConfigError {
    ConfigError::invalid(argument, "it is neither JSON nor a file with JSON")
}

/// Reads a token as the services answer.
fn lent(answer: &Json) -> Option<Lent> {
    let token = answer.get("access_token").or_else(|| answer.get("accessToken"))?.as_str()?;
    let until =
        answer.get("expireTime").and_then(Json::as_str).and_then(|time| time.parse::<Timestamp>().ok());
    let seconds = match until {
        Some(until) => until.as_second() - Timestamp::now().as_second(),
        None => answer.get("expires_in").and_then(Json::as_i64).unwrap_or(LIFETIME_SECONDS),
    };
    Some((token.to_owned(), seconds))
}

fn signed(header: &Json, claims: &Json, key_pem: &str) -> Option<String> {
    let key = PrivatePkcs8KeyDer::from_pem_slice(key_pem.as_bytes()).ok()?;
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok()?;
    let encode = |part: &Json| URL_SAFE_NO_PAD.encode(part.to_string());
    let text = format!("{}.{}", encode(header), encode(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
    Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn text<'a>(document: &'a Json, field: &str) -> &'a str {
    document.get(field).and_then(Json::as_str).unwrap_or_default()
}

fn or<'a>(text: &'a str, usual: &'a str) -> &'a str {
    if text.is_empty() { usual } else { text }
}

const NO_CREDENTIALS: &str = "no credentials of Google were found: not in the block, in GOOGLE_CREDENTIALS or \
    GOOGLE_APPLICATION_CREDENTIALS, from gcloud auth application-default login, nor on the machine that this runs on";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_all_services_answer() {
        let plain = lent(&json!({"access_token": "a", "expires_in": 10}));
        assert_eq!(plain, Some(("a".to_owned(), 10)));
        let (token, seconds) =
            lent(&json!({"accessToken": "b", "expireTime": "2000-01-01T00:00:00Z"})).unwrap();
        assert!(token == "b" && seconds < 0);
        assert_eq!(lent(&json!({"error": "invalid_grant"})), None);
    }

    #[test]
    fn a_key_that_is_none_signs_nothing() {
        assert_eq!(
            signed(&Json::Null, &Json::Null, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
            None
        );
    }
}

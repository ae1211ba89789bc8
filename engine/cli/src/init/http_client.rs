//! Requests to registries, mirrors and module sources.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Response, StatusCode, Url};
use terrane_model::with_causes;
use terrane_network::NetworkSettings;

use crate::project::TERRAFORM_VERSION;

/// Largest answer that is not a download: the longest lists of versions have some hundred kilobytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest download: the largest provider known has a tenth of it.
const DOWNLOAD_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Makes requests.
pub struct HttpClient {
    client: reqwest::Client,
    /// How long an answer that is not a download may take.
    timeout: Duration,
    /// How often a request is made again that did not get through.
    retries_max: u32,
}

/// An answer with its whole body.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// Where it came from in the end; services' addresses may be relative to it.
    pub url: Url,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is none, or not one that can be asked.
    #[error("invalid address {url:?}")]
    Address {
        /// The address.
        url: String,
    },
    /// The connection did not work out.
    #[error("failed to request {url}: {reason}")]
    Connection {
        /// What was asked, without credentials.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The answer was not the one that is needed.
    #[error("{url} answered {status}")]
    Status {
        /// What was asked, without credentials.
        url: String,
        /// The status.
        status: StatusCode,
    },
    /// The answer is longer than any good one.
    #[error("the answer of {url} is longer than {limit_bytes} bytes")]
    TooLong {
        /// What was asked.
        url: String,
        /// What is allowed.
        limit_bytes: u64,
    },
    /// What was downloaded cannot be stored.
    #[error("the download cannot be stored: {0}")]
    Store(#[from] std::io::Error),
    /// There is no way to the network.
    #[error("{0}")]
    Setup(String),
}

impl HttpClient {
    /// Makes a client with the settings of an environment.
    ///
    /// # Errors
    /// When certificate authorities or proxies are named that cannot be used.
    pub fn new(environment: &BTreeMap<String, String>) -> Result<Self, HttpError> {
        let number = |name: &str| environment.get(name).and_then(|text| text.parse::<u32>().ok());
        let mut agent = format!("Terraform/{TERRAFORM_VERSION} Terrane/{}", env!("CARGO_PKG_VERSION"));
        if let Some(more) = environment.get("TF_APPEND_USER_AGENT").filter(|more| !more.trim().is_empty()) {
            agent.push(' ');
            agent.push_str(more.trim());
        }
        let mut headers = HeaderMap::new();
        headers.insert("X-Terraform-Version", HeaderValue::from_static(TERRAFORM_VERSION));
        if let Ok(agent) = HeaderValue::from_str(&agent) {
            headers.insert(USER_AGENT, agent);
        }
        let builder = NetworkSettings::from_environment(|name| environment.get(name)).client_builder();
        let builder = builder.map_err(|error| HttpError::Setup(with_causes(&error)))?;
        let client = builder.default_headers(headers).connect_timeout(CONNECT_TIMEOUT).build();
        Ok(Self {
            client: client.map_err(|error| HttpError::Setup(with_causes(&error)))?,
            timeout: Duration::from_secs(number("TF_REGISTRY_CLIENT_TIMEOUT").unwrap_or(10).max(1).into()),
            retries_max: number("TF_REGISTRY_DISCOVERY_RETRY").unwrap_or(1),
        })
    }

    /// Gets what an address has, whatever the status is.
    ///
    /// # Errors
    /// When there is no answer, or too long a one.
    pub async fn get(&self, url: &Url, token: Option<&str>) -> Result<Answer, HttpError> {
        let mut attempt = 0;
        loop {
            let outcome = tokio::time::timeout(self.timeout, self.get_once(url, token)).await;
            let outcome = outcome.unwrap_or_else(|_| {
                let reason = format!("no answer within {} seconds", self.timeout.as_secs());
                Err(HttpError::Connection { url: shown(url), reason })
            });
            let is_passing = match &outcome {
                Ok(answer) => answer.status.is_server_error(),
                Err(HttpError::Connection { .. }) => true,
                Err(_) => false,
            };
            if !is_passing || attempt >= self.retries_max {
                return outcome;
            }
            attempt += 1;
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }

    async fn get_once(&self, url: &Url, token: Option<&str>) -> Result<Answer, HttpError> {
        let mut response = self.send(url, token).await?;
        let (status, headers, from) = (response.status(), response.headers().clone(), response.url().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| connection(url, &error))? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(HttpError::TooLong { url: shown(url), limit_bytes: ANSWER_BYTES_MAX as u64 });
            }
        }
        Ok(Answer { status, headers, url: from, body })
    }

    /// Gets what an address has, which must be there.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn get_existing(&self, url: &Url, token: Option<&str>) -> Result<Answer, HttpError> {
        let answer = self.get(url, token).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(HttpError::Status { url: shown(url), status: answer.status })
    }

    /// Stores what an address has in a file.
    ///
    /// # Errors
    /// When it is not there or cannot be stored.
    pub async fn download(&self, url: &Url, token: Option<&str>, path: &Path) -> Result<(), HttpError> {
        let mut response = self.send(url, token).await?;
        if !response.status().is_success() {
            return Err(HttpError::Status { url: shown(url), status: response.status() });
        }
        let mut file = std::fs::File::create(path)?;
        let mut bytes_left = DOWNLOAD_BYTES_MAX;
        while let Some(chunk) = response.chunk().await.map_err(|error| connection(url, &error))? {
            let too_long = || HttpError::TooLong { url: shown(url), limit_bytes: DOWNLOAD_BYTES_MAX };
            bytes_left = bytes_left.checked_sub(chunk.len() as u64).ok_or_else(too_long)?;
            file.write_all(&chunk)?;
        }
        file.flush()?;
        Ok(())
    }

    async fn send(&self, url: &Url, token: Option<&str>) -> Result<Response, HttpError> {
        let mut request = self.client.get(url.clone());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.map_err(|error| connection(url, &error))
    }
}

/// Reads an address that can be asked.
///
/// # Errors
/// When it is none.
pub fn parse_url(text: &str) -> Result<Url, HttpError> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| HttpError::Address { url: text.to_owned() })
}

/// Resolves an address that may be relative to another.
///
/// # Errors
/// When it is none.
pub fn join_url(base: &Url, text: &str) -> Result<Url, HttpError> {
    let joined = base.join(text).map_err(|_| HttpError::Address { url: text.to_owned() })?;
    parse_url(joined.as_str())
}

/// Returns an address without what may be secret in it.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Addresses that can have no user have no password either.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    if url.query().is_some() {
        url.set_query(Some("…"));
    }
    url.to_string()
}

fn connection(url: &Url, error: &reqwest::Error) -> HttpError {
    let causes = std::error::Error::source(error).map_or_else(|| error.to_string(), with_causes);
    HttpError::Connection { url: shown(url), reason: causes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_show_no_secrets() {
        let url = parse_url("https://user:secret@host.test/a/b?token=secret").unwrap();
        assert_eq!(shown(&url), "https://host.test/a/b?%E2%80%A6");
    }

    #[test]
    fn only_the_web_can_be_asked() {
        for bad in ["", "host.test/a", "file:///etc/passwd", "ftp://host.test/", "https://"] {
            assert!(parse_url(bad).is_err(), "{bad}");
        }
        let base = parse_url("https://host.test/v1/providers/").unwrap();
        assert_eq!(join_url(&base, "a/b").unwrap().as_str(), "https://host.test/v1/providers/a/b");
        assert_eq!(join_url(&base, "/c").unwrap().as_str(), "https://host.test/c");
        assert!(join_url(&base, "file:///etc/passwd").is_err());
    }
}

//! One container of a storage account: blobs with metadata and leases.
//!
//! Source of the protocol: Azure Storage's REST API, service version 2023-11-03.

use std::collections::BTreeMap;
use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Response, StatusCode, Url};
use terrane_azure_identity::TokenSource;
use terrane_state::BackendError;

use super::shared_key::SharedKey;
use crate::error::remote;
use crate::network::{body, send};
use crate::xml;

const VERSION: &str = "2023-11-03";
/// What a path's segment may hold as it is; slashes part the segments of a blob's name.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// Longer lists than this are a loop in the service.
const PAGES_MAX: usize = 10_000;

/// What opens an account.
pub(super) enum Access {
    /// Its key.
    Key(SharedKey),
    /// A token that is part of every address; without the question mark.
    Sas(String),
    /// Tokens of Entra ID, for this scope.
    Tokens(TokenSource, String),
}

/// One container.
pub(super) struct Container {
    pub(super) http: Client,
    /// Where the account's blobs are, without a trailing slash.
    pub(super) endpoint: String,
    pub(super) name: String,
    pub(super) access: Access,
}

/// What is known of a blob beside its content.
pub(super) struct Properties {
    /// Names are in lower case.
    pub(super) metadata: BTreeMap<String, String>,
    /// Whether somebody has a lease on it.
    pub(super) is_leased: bool,
}

/// How a lease could not be had.
pub(super) enum LeaseError {
    /// Somebody has one.
    Present,
    /// Something else.
    Other(BackendError),
}

/// One request.
struct Call<'a> {
    method: Method,
    /// Empty for the container itself.
    blob: &'a str,
    query: &'a [(&'a str, &'a str)],
    headers: Vec<(String, String)>,
    content: Option<Vec<u8>>,
}

impl<'a> Call<'a> {
    fn new(method: Method, blob: &'a str, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { method, blob, query, headers: Vec::new(), content: None }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn lease(self, lease: Option<&str>) -> Self {
        match lease {
            Some(lease) => self.header("x-ms-lease-id", lease),
            None => self,
        }
    }

    fn metadata(mut self, metadata: &BTreeMap<String, String>) -> Self {
        self.headers
            .extend(metadata.iter().map(|(name, value)| (format!("x-ms-meta-{name}"), value.clone())));
        self
    }

    fn content(self, content: Vec<u8>) -> Self {
        let call = self.header("content-type", "application/json").header("x-ms-blob-type", "BlockBlob");
        Self { content: Some(content), ..call }
    }
}

impl Container {
    /// Returns a blob's content, or nothing.
    pub(super) async fn get(&self, blob: &str, lease: Option<&str>) -> Result<Option<Vec<u8>>, BackendError> {
        let response = self.send(Call::new(Method::GET, blob, &[]).lease(lease)).await?;
        match response.status() {
            StatusCode::OK => body(response).await.map(Some),
            StatusCode::NOT_FOUND if is_missing_blob(&response) => Ok(None),
            _ => Err(refusal("reading the blob", response).await),
        }
    }

    /// Returns what is known of a blob, or nothing.
    pub(super) async fn properties(&self, blob: &str) -> Result<Option<Properties>, BackendError> {
        let response = self.send(Call::new(Method::HEAD, blob, &[])).await?;
        match response.status() {
            StatusCode::OK => Ok(Some(properties(response.headers()))),
            StatusCode::NOT_FOUND if is_missing_blob(&response) => Ok(None),
            _ => Err(refusal("looking for the blob", response).await),
        }
    }

    /// Replaces a blob's content and metadata.
    pub(super) async fn put(
        &self,
        blob: &str,
        content: &[u8],
        metadata: &BTreeMap<String, String>,
        lease: Option<&str>,
    ) -> Result<(), BackendError> {
        let call =
            Call::new(Method::PUT, blob, &[]).lease(lease).metadata(metadata).content(content.to_vec());
        expect(StatusCode::CREATED, "writing the blob", self.send(call).await?).await
    }

    /// Makes an empty blob where there is none.
    pub(super) async fn create(&self, blob: &str) -> Result<(), BackendError> {
        let call = Call::new(Method::PUT, blob, &[]).header("if-none-match", "*").content(Vec::new());
        let response = self.send(call).await?;
        // Somebody else was faster, or even has a lease on it.
        if matches!(response.status(), StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED) {
            return Ok(());
        }
        expect(StatusCode::CREATED, "creating the blob", response).await
    }

    /// Deletes a blob with its snapshots, if it is there.
    pub(super) async fn delete(&self, blob: &str, lease: Option<&str>) -> Result<(), BackendError> {
        let call = Call::new(Method::DELETE, blob, &[]).lease(lease);
        // A blob with snapshots is not deleted without saying what becomes of them.
        let response = self.send(call.header("x-ms-delete-snapshots", "include")).await?;
        if response.status() == StatusCode::NOT_FOUND && is_missing_blob(&response) {
            return Ok(());
        }
        expect(StatusCode::ACCEPTED, "deleting the blob", response).await
    }

    /// Keeps a blob's present content, if there is a blob.
    pub(super) async fn snapshot(&self, blob: &str, lease: Option<&str>) -> Result<(), BackendError> {
        let call = Call::new(Method::PUT, blob, &[("comp", "snapshot")]).lease(lease);
        let response = self.send(call).await?;
        if response.status() == StatusCode::NOT_FOUND && is_missing_blob(&response) {
            return Ok(());
        }
        expect(StatusCode::CREATED, "making a snapshot of the blob", response).await
    }

    /// Replaces a blob's metadata.
    pub(super) async fn set_metadata(
        &self,
        blob: &str,
        metadata: &BTreeMap<String, String>,
        lease: &str,
    ) -> Result<(), BackendError> {
        let call =
            Call::new(Method::PUT, blob, &[("comp", "metadata")]).lease(Some(lease)).metadata(metadata);
        expect(StatusCode::OK, "writing the blob's metadata", self.send(call).await?).await
    }

    /// Gets a lease without end, under an id of our own.
    pub(super) async fn acquire_lease(&self, blob: &str, id: &str) -> Result<(), LeaseError> {
        let call = Call::new(Method::PUT, blob, &[("comp", "lease")])
            .header("x-ms-lease-action", "acquire")
            .header("x-ms-lease-duration", "-1")
            .header("x-ms-proposed-lease-id", id);
        let response = self.send(call).await.map_err(LeaseError::Other)?;
        match response.status() {
            StatusCode::CREATED => Ok(()),
            StatusCode::CONFLICT => Err(LeaseError::Present),
            _ => Err(LeaseError::Other(refusal("leasing the blob", response).await)),
        }
    }

    /// Gives a lease back.
    pub(super) async fn release_lease(&self, blob: &str, id: &str) -> Result<(), BackendError> {
        let call = Call::new(Method::PUT, blob, &[("comp", "lease")])
            .header("x-ms-lease-action", "release")
            .lease(Some(id));
        expect(StatusCode::OK, "releasing the lease of the blob", self.send(call).await?).await
    }

    /// Returns the names of the blobs that begin with a text.
    pub(super) async fn names(&self, prefix: &str) -> Result<Vec<String>, BackendError> {
        let mut names = Vec::new();
        let mut marker = String::new();
        for _ in 0..PAGES_MAX {
            let query = [("restype", "container"), ("comp", "list"), ("prefix", prefix), ("marker", &marker)];
            let given = if marker.is_empty() { &query[..3] } else { &query[..] };
            let response = self.send(Call::new(Method::GET, "", given)).await?;
            if response.status() != StatusCode::OK {
                return Err(refusal("listing the container's blobs", response).await);
            }
            let page = String::from_utf8_lossy(&body(response).await?).into_owned();
            names.extend(xml::texts(&page, "Name"));
            match xml::text(&page, "NextMarker") {
                Some(next) => marker = next,
                None => break,
            }
        }
        Ok(names)
    }

    async fn send(&self, call: Call<'_>) -> Result<Response, BackendError> {
        let url = self.url(call.blob, call.query)?;
        let mut request = self.http.request(call.method.clone(), url);
        request = request.header("x-ms-version", VERSION).header("x-ms-date", http_date(SystemTime::now()));
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if call.method == Method::PUT {
            let content = call.content.unwrap_or_default();
            // Said here, because it is part of what is signed.
            request = request.header("content-length", content.len().to_string()).body(content);
        }
        let invalid = |_| remote("the request holds characters that no header may");
        match &self.access {
            Access::Sas(_) => {}
            Access::Tokens(tokens, scope) => {
                let bearer = tokens.bearer(scope).await.map_err(|error| remote(error.to_string()))?;
                request = request.header("authorization", bearer);
            }
            Access::Key(key) => {
                let mut signed = request.build().map_err(|error| remote(error.without_url().to_string()))?;
                key.sign(&mut signed).map_err(invalid)?;
                request = reqwest::RequestBuilder::from_parts(self.http.clone(), signed);
            }
        }
        send(request).await
    }

    fn url(&self, blob: &str, query: &[(&str, &str)]) -> Result<Url, BackendError> {
        let mut address = format!("{}/{}", self.endpoint, utf8_percent_encode(&self.name, PATH));
        if !blob.is_empty() {
            address = format!("{address}/{}", utf8_percent_encode(blob, PATH));
        }
        let mut url = Url::parse(&address).map_err(|error| {
            remote(format!("{:?} is no address of a storage account: {error}", self.endpoint))
        })?;
        if let Access::Sas(token) = &self.access {
            url.set_query(Some(token));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

fn properties(headers: &HeaderMap) -> Properties {
    let metadata = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix("x-ms-meta-")?;
        Some((name.to_owned(), value.to_str().ok()?.to_owned()))
    });
    let status = headers.get("x-ms-lease-status").and_then(|value| value.to_str().ok());
    Properties { metadata: metadata.collect(), is_leased: status == Some("locked") }
}

/// Tells whether a blob is missing; a missing container or account is something else.
fn is_missing_blob(response: &Response) -> bool {
    match response.headers().get("x-ms-error-code").and_then(|code| code.to_str().ok()) {
        Some(code) => code == "BlobNotFound",
        None => true,
    }
}

async fn expect(status: StatusCode, doing: &str, response: Response) -> Result<(), BackendError> {
    if response.status() == status { Ok(()) } else { Err(refusal(doing, response).await) }
}

async fn refusal(doing: &str, response: Response) -> BackendError {
    let status = response.status().as_u16();
    let code =
        response.headers().get("x-ms-error-code").and_then(|code| code.to_str().ok().map(str::to_owned));
    let answer = body(response).await.unwrap_or_default();
    let message = xml::text(&String::from_utf8_lossy(&answer), "Message").unwrap_or_default();
    // Behind the first line stand numbers that only the service's own people can use.
    let message = message.lines().next().unwrap_or_default().trim().to_owned();
    let said: Vec<String> =
        code.into_iter().chain(Some(message).filter(|message| !message.is_empty())).collect();
    remote(
        format!("{doing}: the storage account answered {status} {}", said.join(": ")).trim_end().to_owned(),
    )
}

/// Returns a time as HTTP's headers have it.
fn http_date(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn times_are_those_of_http() {
        let time = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn addresses_keep_slashes_and_tokens() {
        let container = Container {
            http: crate::network_tests::client(),
            endpoint: "https://a.blob.core.windows.net".to_owned(),
            name: "states".to_owned(),
            access: Access::Sas("sv=1&sig=a%2Bb".to_owned()),
        };
        let url = container.url("x/prod env:a ü", &[("comp", "lease")]).unwrap();
        assert_eq!(
            url.as_str(),
            "https://a.blob.core.windows.net/states/x/prod%20env%3Aa%20%C3%BC?sv=1&sig=a%2Bb&comp=lease"
        );
    }
}

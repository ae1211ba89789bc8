//! One bucket: objects with the numbers of their generations.
//!
//! Source of the protocol: Google Cloud Storage's JSON API, version 1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use terrane_network::NetworkSettings;
use terrane_state::BackendError;

use super::credentials::Credentials;
use crate::error::remote;
use crate::network::{body, send};
use crate::settings::{ConfigError, Settings};

const USUAL_ENDPOINT: &str = "https://storage.googleapis.com/storage/v1";
/// Longer lists than this are a loop in the service.
const PAGES_MAX: usize = 10_000;

/// One bucket, and how objects are kept in it.
pub(super) struct Bucket {
    pub(super) name: String,
    http: Client,
    /// Of the API, without a trailing slash.
    endpoint: String,
    credentials: Credentials,
    /// Every request brings this key along.
    own_key: Option<Vec<u8>>,
    kms_key: Option<String>,
}

/// How an object was not made.
pub(super) enum CreateError {
    /// There is one.
    Present,
    /// Something else.
    Other(BackendError),
}

/// How an object was not deleted.
pub(super) enum DeleteError {
    /// There is none.
    Absent,
    /// It is another one.
    Changed,
    /// Something else.
    Other(BackendError),
}

impl Bucket {
    /// Reads the settings.
    ///
    /// # Errors
    /// When they make no sense.
    pub(super) fn read(settings: &Settings<'_>) -> Result<Self, ConfigError> {
        let (own_key, kms_key) = (settings.text("encryption_key"), settings.text("kms_encryption_key"));
        if own_key.is_some() && kms_key.is_some() {
            return Err(ConfigError::Other(
                "can't set both encryption_key and kms_encryption_key".to_owned(),
            ));
        }
        let own_key = own_key.map(|key| {
            let bytes = STANDARD.decode(key).ok().filter(|bytes| bytes.len() == 32);
            bytes.ok_or_else(|| ConfigError::invalid("encryption_key", "it is not the Base64 of 32 bytes"))
        });
        let http = NetworkSettings::from_environment(|name| settings.environment.get(name)).api_client();
        let http = http.map_err(|error| ConfigError::Other(error.to_string()))?;
        let endpoint = settings.text("storage_custom_endpoint").unwrap_or_else(|| USUAL_ENDPOINT.to_owned());
        Ok(Self {
            name: settings.required("bucket")?,
            credentials: Credentials::read(settings, &http)?,
            http,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            own_key: own_key.transpose()?,
            kms_key,
        })
    }

    /// Returns an object's content, or nothing. Locks are not encrypted with a key of our own, so that everybody
    /// can see who holds them.
    pub(super) async fn get(&self, object: &str, is_state: bool) -> Result<Option<Vec<u8>>, BackendError> {
        let request = self.http.get(format!("{}?alt=media", self.object(object)));
        let request = if is_state { self.with_own_key(request) } else { request };
        let response = self.send(request).await?;
        match response.status() {
            StatusCode::OK => body(response).await.map(Some),
            StatusCode::NOT_FOUND => self.absent(response).await.map(|()| None),
            _ => Err(self.refusal("reading", response).await),
        }
    }

    /// Returns the number of an object's generation, or nothing.
    pub(super) async fn generation(&self, object: &str) -> Result<Option<String>, BackendError> {
        let response = self.send(self.http.get(self.object(object))).await?;
        match response.status() {
            StatusCode::OK => Ok(Some(generation(&json(response).await?)?)),
            StatusCode::NOT_FOUND => self.absent(response).await.map(|()| None),
            _ => Err(self.refusal("reading", response).await),
        }
    }

    /// Replaces an object.
    pub(super) async fn put(&self, object: &str, content: &[u8]) -> Result<(), BackendError> {
        let mut query = String::new();
        if let Some(key) = &self.kms_key {
            query = format!("&kmsKeyName={}", encoded(key));
        }
        let response = self.send(self.with_own_key(self.upload(object, &query, content))).await?;
        if response.status() == StatusCode::OK {
            return Ok(());
        }
        Err(self.refusal("writing", response).await)
    }

    /// Makes an object where there is none. Returns the number of its generation.
    pub(super) async fn create(&self, object: &str, content: &[u8]) -> Result<String, CreateError> {
        let request = self.upload(object, "&ifGenerationMatch=0", content);
        let response = self.send(request).await.map_err(CreateError::Other)?;
        match response.status() {
            StatusCode::OK => {
                let made = json(response).await.map_err(CreateError::Other)?;
                generation(&made).map_err(CreateError::Other)
            }
            StatusCode::PRECONDITION_FAILED => Err(CreateError::Present),
            _ => Err(CreateError::Other(self.refusal("writing", response).await)),
        }
    }

    /// Deletes an object; only that of a generation, if one is given.
    pub(super) async fn delete(&self, object: &str, generation: Option<&str>) -> Result<(), DeleteError> {
        let query = generation.map(|number| format!("?ifGenerationMatch={}", encoded(number)));
        let url = format!("{}{}", self.object(object), query.unwrap_or_default());
        let response = self.send(self.http.request(Method::DELETE, url)).await.map_err(DeleteError::Other)?;
        match response.status() {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            StatusCode::NOT_FOUND => Err(DeleteError::Absent),
            StatusCode::PRECONDITION_FAILED => Err(DeleteError::Changed),
            _ => Err(DeleteError::Other(self.refusal("deleting from", response).await)),
        }
    }

    /// Returns the names of the objects right under a prefix.
    pub(super) async fn names(&self, prefix: &str) -> Result<Vec<String>, BackendError> {
        let mut names = Vec::new();
        let mut token = String::new();
        for _ in 0..PAGES_MAX {
            let mut url = format!("{}?delimiter=/&prefix={}", self.objects(""), encoded(prefix));
            if !token.is_empty() {
                url = format!("{url}&pageToken={}", encoded(&token));
            }
            let response = self.send(self.http.get(url)).await?;
            if response.status() != StatusCode::OK {
                return Err(self.refusal("listing", response).await);
            }
            let page = json(response).await?;
            let items = page.get("items").and_then(Json::as_array).into_iter().flatten();
            names.extend(items.filter_map(|item| item.get("name")?.as_str().map(str::to_owned)));
            match page.get("nextPageToken").and_then(Json::as_str) {
                Some(next) if !next.is_empty() => next.clone_into(&mut token),
                _ => break,
            }
        }
        Ok(names)
    }

    /// Tells a missing object from a missing bucket: only the former is an empty state.
    async fn absent(&self, response: Response) -> Result<(), BackendError> {
        let answer = body(response).await.unwrap_or_default();
        if String::from_utf8_lossy(&answer).contains("bucket does not exist") {
            return Err(remote(format!("the bucket {:?} does not exist", self.name)));
        }
        Ok(())
    }

    fn objects(&self, upload: &str) -> String {
        // Uploads have a path of their own in front of the API's.
        let endpoint = match self.endpoint.strip_suffix("/storage/v1") {
            Some(host) if !upload.is_empty() => format!("{host}{upload}/storage/v1"),
            _ => format!("{}{upload}", self.endpoint),
        };
        format!("{endpoint}/b/{}/o", encoded(&self.name))
    }

    fn object(&self, name: &str) -> String {
        format!("{}/{}", self.objects(""), encoded(name))
    }

    fn upload(&self, object: &str, query: &str, content: &[u8]) -> RequestBuilder {
        let url = format!("{}?uploadType=multipart{query}", self.objects("/upload"));
        let about = serde_json::json!({"name": object, "contentType": "application/json"});
        // Whatever has the hash of the content in it is not the content.
        let boundary = crate::s3::hex(&Sha256::digest(content));
        let mut parts = Vec::with_capacity(content.len() + 512);
        for part in [about.to_string().as_bytes(), content] {
            parts.extend_from_slice(
                format!("--{boundary}\r\ncontent-type: application/json\r\n\r\n").as_bytes(),
            );
            parts.extend_from_slice(part);
            parts.extend_from_slice(b"\r\n");
        }
        parts.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let kind = format!("multipart/related; boundary={boundary}");
        self.http.post(url).header("content-type", kind).body(parts)
    }

    fn with_own_key(&self, request: RequestBuilder) -> RequestBuilder {
        let Some(key) = &self.own_key else { return request };
        request
            .header("x-goog-encryption-algorithm", "AES256")
            .header("x-goog-encryption-key", STANDARD.encode(key))
            .header("x-goog-encryption-key-sha256", STANDARD.encode(Sha256::digest(key)))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, BackendError> {
        send(request.bearer_auth(self.credentials.token().await?)).await
    }

    async fn refusal(&self, doing: &str, response: Response) -> BackendError {
        let status = response.status().as_u16();
        let answer = body(response).await.unwrap_or_default();
        let answer: Json = serde_json::from_slice(&answer).unwrap_or_default();
        let message = answer.pointer("/error/message").and_then(Json::as_str).unwrap_or_default();
        remote(format!("{doing} the bucket {:?} was answered {status} {message}", self.name))
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

async fn json(response: Response) -> Result<Json, BackendError> {
    let answer = body(response).await?;
    serde_json::from_slice(&answer).map_err(|error| remote(format!("the answer is not understood: {error}")))
}

/// Numbers of generations are texts, as they are too large for other languages' numbers.
fn generation(object: &Json) -> Result<String, BackendError> {
    let number = object.get("generation");
    let text = number
        .and_then(|number| number.as_str().map(str::to_owned).or_else(|| Some(number.as_i64()?.to_string())));
    text.ok_or_else(|| remote("the answer has no generation"))
}

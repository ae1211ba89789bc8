//! One bucket: objects, some of which are only made where there is none.
//!
//! Source of the protocol: Amazon S3 API Reference, version 2006-03-01.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use percent_encoding::utf8_percent_encode;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use sha2::Sha256;
use terrane_state::BackendError;

use super::service::Service;
use super::signature::UNRESERVED;
use crate::error::remote;
use crate::network::body;
use crate::settings::{ConfigError, Settings};
use crate::xml;

/// Longer lists than this are a loop in the service.
const PAGES_MAX: usize = 10_000;

/// One bucket, and how objects are kept in it.
pub(super) struct Bucket {
    pub(super) name: String,
    uses_path: bool,
    encryption: Encryption,
    acl: Option<String>,
    sends_checksum: bool,
}

/// How objects are encrypted.
enum Encryption {
    /// As the bucket says.
    Bucket,
    /// With keys of S3.
    Service,
    /// With a key of the Key Management Service.
    Kms(String),
    /// With a key that every request brings along.
    Own(Vec<u8>),
}

/// How an object was not made.
pub(super) enum CreateError {
    /// There is one.
    Present,
    /// Something else.
    Other(BackendError),
}

/// A list of objects that may not be seen.
pub(super) enum ListError {
    /// The keys may not list.
    Denied(BackendError),
    /// Something else.
    Other(BackendError),
}

impl Bucket {
    /// Reads the settings.
    ///
    /// # Errors
    /// When a key for encryption is none.
    pub(super) fn read(settings: &Settings<'_>) -> Result<Self, ConfigError> {
        let encryption = match (settings.text("kms_key_id"), settings.text("sse_customer_key")) {
            _ if !settings.flag("encrypt")? => Encryption::Bucket,
            (Some(_), Some(_)) => {
                return Err(ConfigError::Other(
                    "only one of kms_key_id and sse_customer_key can be used".into(),
                ));
            }
            (Some(key), None) => Encryption::Kms(key),
            (None, Some(key)) => {
                let bytes = STANDARD.decode(&key).ok().filter(|bytes| bytes.len() == 32);
                Encryption::Own(bytes.ok_or_else(|| {
                    ConfigError::invalid("sse_customer_key", "it is not the Base64 of 32 bytes")
                })?)
            }
            (None, None) => Encryption::Service,
        };
        Ok(Self {
            name: settings.required("bucket")?,
            uses_path: settings.flag("use_path_style")? || settings.flag("force_path_style")?,
            encryption,
            acl: settings.text("acl"),
            sends_checksum: !settings.flag("skip_s3_checksum")?,
        })
    }

    /// Returns an object's content, or nothing.
    pub(super) async fn get(&self, service: &Service, key: &str) -> Result<Option<Vec<u8>>, BackendError> {
        let request = self.with_own_key(service.http.request(Method::GET, self.url(service, key)));
        let response = service.send("s3", request, Vec::new()).await?;
        match response.status() {
            StatusCode::OK => body(response).await.map(Some),
            StatusCode::NOT_FOUND => {
                let refusal = Refusal::read(response).await;
                // A bucket that is missing is no empty state.
                if refusal.code == "NoSuchBucket" { Err(refusal.error(self, "reading")) } else { Ok(None) }
            }
            _ => Err(Refusal::read(response).await.error(self, "reading")),
        }
    }

    /// Replaces an object.
    pub(super) async fn put(&self, service: &Service, key: &str, content: &[u8]) -> Result<(), BackendError> {
        let request = self.upload(service.http.request(Method::PUT, self.url(service, key)), content);
        let response = service.send("s3", request, content.to_vec()).await?;
        if response.status() == StatusCode::OK {
            return Ok(());
        }
        Err(Refusal::read(response).await.error(self, "writing"))
    }

    /// Makes an object where there is none.
    pub(super) async fn create(
        &self,
        service: &Service,
        key: &str,
        content: &[u8],
    ) -> Result<(), CreateError> {
        let request = self.upload(service.http.request(Method::PUT, self.url(service, key)), content);
        let request = request.header("if-none-match", "*");
        let response = service.send("s3", request, content.to_vec()).await.map_err(CreateError::Other)?;
        match response.status() {
            StatusCode::OK => Ok(()),
            StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT => Err(CreateError::Present),
            _ => Err(CreateError::Other(Refusal::read(response).await.error(self, "writing"))),
        }
    }

    /// Deletes an object, if it is there.
    pub(super) async fn delete(&self, service: &Service, key: &str) -> Result<(), BackendError> {
        let request = service.http.request(Method::DELETE, self.url(service, key));
        let response = service.send("s3", request, Vec::new()).await?;
        match response.status() {
            StatusCode::OK | StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(()),
            _ => Err(Refusal::read(response).await.error(self, "deleting from")),
        }
    }

    /// Returns the keys of the objects that begin with a text.
    pub(super) async fn keys(&self, service: &Service, prefix: &str) -> Result<Vec<String>, ListError> {
        let mut keys = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut url = self.url(service, "");
            let mut query = vec![("list-type", "2"), ("max-keys", "1000"), ("prefix", prefix)];
            query.extend(token.as_deref().map(|token| ("continuation-token", token)));
            let encoded = |text| utf8_percent_encode(text, UNRESERVED).to_string();
            let query: Vec<String> =
                query.into_iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
            url = format!("{url}?{}", query.join("&"));
            let request = service.http.request(Method::GET, url);
            let response = service.send("s3", request, Vec::new()).await.map_err(ListError::Other)?;
            if response.status() != StatusCode::OK {
                let refusal = Refusal::read(response).await;
                let is_denied = refusal.code == "AccessDenied";
                let error = refusal.error(self, "listing");
                return Err(if is_denied { ListError::Denied(error) } else { ListError::Other(error) });
            }
            let page = body(response).await.map_err(ListError::Other)?;
            let page = String::from_utf8_lossy(&page).into_owned();
            keys.extend(xml::texts(&page, "Key"));
            token = xml::text(&page, "NextContinuationToken");
            if token.is_none() {
                break;
            }
        }
        Ok(keys)
    }

    /// Returns an object's address; the bucket's own for the empty key.
    fn url(&self, service: &Service, key: &str) -> String {
        let segments: Vec<String> =
            key.split('/').map(|part| utf8_percent_encode(part, UNRESERVED).to_string()).collect();
        let key = segments.join("/");
        let (scheme, host) = service.objects.split_once("://").unwrap_or(("https", &service.objects));
        // A name with dots is no single label, so that no certificate fits.
        if self.uses_path || (self.name.contains('.') && scheme == "https") {
            format!("{scheme}://{host}/{}/{key}", self.name)
        } else {
            format!("{scheme}://{}.{host}/{key}", self.name)
        }
    }

    fn upload(&self, request: RequestBuilder, content: &[u8]) -> RequestBuilder {
        let mut request = request.header("content-type", "application/json");
        if self.sends_checksum {
            request = request
                .header("x-amz-sdk-checksum-algorithm", "SHA256")
                .header("x-amz-checksum-sha256", STANDARD.encode(Sha256::digest(content)));
        }
        if let Some(acl) = &self.acl {
            request = request.header("x-amz-acl", acl);
        }
        match &self.encryption {
            Encryption::Bucket => request,
            Encryption::Service => request.header("x-amz-server-side-encryption", "AES256"),
            Encryption::Kms(key) => request
                .header("x-amz-server-side-encryption", "aws:kms")
                .header("x-amz-server-side-encryption-aws-kms-key-id", key),
            Encryption::Own(_) => self.with_own_key(request),
        }
    }

    fn with_own_key(&self, request: RequestBuilder) -> RequestBuilder {
        let Encryption::Own(key) = &self.encryption else { return request };
        request
            .header("x-amz-server-side-encryption-customer-algorithm", "AES256")
            .header("x-amz-server-side-encryption-customer-key", STANDARD.encode(key))
            .header("x-amz-server-side-encryption-customer-key-md5", STANDARD.encode(Md5::digest(key)))
    }
}

/// What the service says when it does not do something.
struct Refusal {
    status: u16,
    code: String,
    message: String,
    /// Where the bucket is, when it was looked for elsewhere.
    region: Option<String>,
}

impl Refusal {
    async fn read(response: Response) -> Self {
        let status = response.status().as_u16();
        let region = response.headers().get("x-amz-bucket-region").and_then(|value| value.to_str().ok());
        let region = region.map(str::to_owned);
        let answer = String::from_utf8_lossy(&body(response).await.unwrap_or_default()).into_owned();
        let [code, message] = ["Code", "Message"].map(|name| xml::text(&answer, name).unwrap_or_default());
        Self { status, code, message, region }
    }

    fn error(self, bucket: &Bucket, doing: &str) -> BackendError {
        let Self { status, code, message, region } = self;
        let name = &bucket.name;
        let hint = match (code.as_str(), region) {
            ("NoSuchBucket", _) => {
                format!(". The bucket {name:?} has to be made before states are kept in it")
            }
            (_, Some(region)) if (300..=400).contains(&status) => {
                format!(". The bucket is in the region {region}")
            }
            _ => String::new(),
        };
        remote(format!("{doing} the bucket {name:?} was answered {status} {code} {message}{hint}"))
    }
}

//! States on a server that speaks plain HTTP: GET, POST (or another method) and DELETE on one address, and
//! methods of its own for locks. There is one state, and no other workspaces.
//!
//! The protocol is that of Terraform's `http` backend.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use reqwest::{Certificate, Client, Identity, Method, RequestBuilder, Response, StatusCode, Url};
use terrane_model::Str;
use tokio::sync::Mutex;

use crate::backend::{BackendError, StateBackend};
use crate::lock::{LockError, LockInfo, LockRequest};
use crate::workspace::DEFAULT_WORKSPACE;

/// How a server with a state is reached.
#[derive(Clone)]
pub struct HttpOptions {
    /// Where the state is.
    pub address: String,
    /// The method that replaces it; `POST` as a rule.
    pub update_method: String,
    /// Where its lock is; without, it cannot be locked.
    pub lock_address: Option<String>,
    /// Where its lock is given back.
    pub unlock_address: Option<String>,
    /// `LOCK` as a rule.
    pub lock_method: String,
    /// `UNLOCK` as a rule.
    pub unlock_method: String,
    /// For basic authentication.
    pub username: Option<String>,
    /// For basic authentication.
    pub password: Option<String>,
    /// Whether anybody's certificate will do.
    pub skips_verification: bool,
    /// How often a request is made again that did not get through.
    pub retries_max: u32,
    /// The time before the first retry; it doubles with every further one.
    pub retry_wait_min: Duration,
    /// The longest time between two tries.
    pub retry_wait_max: Duration,
    /// Certificates of authorities in place of the system's, in PEM.
    pub authorities_pem: Option<String>,
    /// The client's certificate, in PEM.
    pub client_certificate_pem: Option<String>,
    /// Its key, in PEM.
    pub client_key_pem: Option<String>,
}

/// Keeps one state on a server.
pub struct HttpBackend {
    client: Client,
    options: HttpOptions,
    /// What this process has locked: the server wants to see it when it is written or given back.
    locked: Mutex<Option<LockInfo>>,
}

impl HttpBackend {
    /// Makes a backend; asks nobody.
    ///
    /// # Errors
    /// When an address, method or certificate cannot be used.
    pub fn new(options: HttpOptions) -> Result<Self, BackendError> {
        for address in
            [Some(&options.address), options.lock_address.as_ref(), options.unlock_address.as_ref()]
        {
            address.map(|address| url(address)).transpose()?;
        }
        for method in [&options.update_method, &options.lock_method, &options.unlock_method] {
            self::method(method)?;
        }
        let client = client(&options)?;
        Ok(Self { client, options, locked: Mutex::new(None) })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, BackendError> {
        let request = match &self.options.username {
            Some(name) => request.basic_auth(name, self.options.password.as_ref()),
            None => request,
        };
        let mut delay = self.options.retry_wait_min;
        for _ in 0..self.options.retries_max {
            let Some(attempt) = request.try_clone() else { break };
            match attempt.send().await {
                Ok(response) if !is_passing(response.status()) => return Ok(response),
                Ok(_) | Err(_) => tokio::time::sleep(delay).await,
            }
            delay = (delay * 2).min(self.options.retry_wait_max);
        }
        request.send().await.map_err(|error| remote(&with_causes(&error)))
    }

    fn only_default(workspace: &str) -> Result<(), BackendError> {
        if workspace == DEFAULT_WORKSPACE {
            return Ok(());
        }
        Err(remote("workspaces are not supported by the http backend"))
    }

    async fn ask_for_lock(&self, address: &str, lock: &LockInfo) -> Result<Response, LockError> {
        let failed = |error: BackendError| LockError::Backend(error.to_string());
        let method = method(&self.options.lock_method).map_err(failed)?;
        let request = self.client.request(method, url(address).map_err(failed)?);
        let request = request.header("Content-Type", "application/json").body(lock.to_json());
        self.send(request).await.map_err(failed)
    }

    async fn give_back(&self, lock: &LockInfo) -> Result<(), LockError> {
        let Some(address) = &self.options.unlock_address else { return Ok(()) };
        let failed = |error: BackendError| LockError::Backend(error.to_string());
        let method = method(&self.options.unlock_method).map_err(failed)?;
        let request = self.client.request(method, url(address).map_err(failed)?);
        let request = request.header("Content-Type", "application/json").body(lock.to_json());
        let response = self.send(request).await.map_err(failed)?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(LockError::Backend(format!(
            "unexpected HTTP response code {} to unlocking",
            response.status().as_u16()
        )))
    }
}

#[async_trait]
impl StateBackend for HttpBackend {
    async fn workspaces(&self) -> Result<Vec<Str>, BackendError> {
        Ok(vec![DEFAULT_WORKSPACE.into()])
    }

    async fn create_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        Self::only_default(workspace)
    }

    async fn delete_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        Self::only_default(workspace)?;
        Err(BackendError::DefaultWorkspace)
    }

    async fn read(&self, workspace: &str) -> Result<Vec<u8>, BackendError> {
        Self::only_default(workspace)?;
        let response = self.send(self.client.get(url(&self.options.address)?)).await?;
        match response.status() {
            StatusCode::OK => {
                let bytes = response.bytes().await.map_err(|error| remote(&with_causes(&error)))?;
                Ok(bytes.to_vec())
            }
            StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(Vec::new()),
            StatusCode::UNAUTHORIZED => Err(remote("HTTP remote state endpoint requires auth")),
            StatusCode::FORBIDDEN => Err(remote("HTTP remote state endpoint invalid auth")),
            StatusCode::INTERNAL_SERVER_ERROR => Err(remote("HTTP remote state internal server error")),
            status => Err(remote(&format!("unexpected HTTP response code {}", status.as_u16()))),
        }
    }

    async fn write(&self, workspace: &str, content: &[u8]) -> Result<(), BackendError> {
        Self::only_default(workspace)?;
        let mut address = url(&self.options.address)?;
        if content.is_empty() {
            let response = self.send(self.client.delete(address)).await?;
            return match response.status() {
                status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
                status => Err(remote(&format!("HTTP error: {}", status.as_u16()))),
            };
        }
        if let Some(lock) = &*self.locked.lock().await {
            address.query_pairs_mut().append_pair("ID", &lock.id);
        }
        let request = self.client.request(method(&self.options.update_method)?, address);
        let request = request
            .header("Content-Type", "application/json")
            .header("Content-MD5", STANDARD.encode(Md5::digest(content)))
            .body(content.to_vec());
        let response = self.send(request).await?;
        match response.status() {
            StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            status => Err(remote(&format!("HTTP error: {}", status.as_u16()))),
        }
    }

    async fn lock(&self, workspace: &str, request: &LockRequest) -> Result<LockInfo, LockError> {
        Self::only_default(workspace).map_err(|error| LockError::Backend(error.to_string()))?;
        let lock = LockInfo::new(request, String::new());
        let Some(address) = &self.options.lock_address else { return Ok(lock) };
        let response = self.ask_for_lock(address, &lock).await?;
        let refused = |reason: &str| LockError::Backend(format!("HTTP remote state endpoint {reason}"));
        match response.status() {
            StatusCode::OK => {
                *self.locked.lock().await = Some(lock.clone());
                Ok(lock)
            }
            StatusCode::UNAUTHORIZED => Err(refused("requires auth")),
            StatusCode::FORBIDDEN => Err(refused("invalid auth")),
            StatusCode::CONFLICT | StatusCode::LOCKED => {
                let holder = response
                    .bytes()
                    .await
                    .ok()
                    .and_then(|body| serde_json::from_slice::<LockInfo>(&body).ok());
                let id = holder.as_ref().map(|holder| holder.id.clone()).unwrap_or_default();
                let cause = format!("HTTP remote state already locked: ID={id}");
                Err(LockError::Held { cause, holder: holder.map(Box::new) })
            }
            status => Err(LockError::Backend(format!("unexpected HTTP response code {}", status.as_u16()))),
        }
    }

    async fn unlock(&self, _workspace: &str, id: &str) -> Result<(), LockError> {
        let mut locked = self.locked.lock().await;
        // Without an address for locks, there is nothing to give back.
        let Some(lock) = locked.as_ref() else { return Ok(()) };
        if lock.id != id {
            return Err(LockError::WrongId { given: id.to_owned(), existing: lock.id.clone() });
        }
        self.give_back(lock).await?;
        *locked = None;
        Ok(())
    }

    async fn force_unlock(&self, _workspace: &str, id: &str) -> Result<(), LockError> {
        if self.options.unlock_address.is_none() {
            return Err(LockError::NotLocked);
        }
        // The server knows the rest of the lock; whoever breaks it knows only this.
        self.give_back(&LockInfo { id: id.to_owned(), ..LockInfo::default() }).await
    }
}

fn client(options: &HttpOptions) -> Result<Client, BackendError> {
    let unusable = |error: reqwest::Error| remote(&with_causes(&error));
    let mut builder = Client::builder().connect_timeout(Duration::from_secs(30));
    if options.skips_verification {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    if let Some(pem) = &options.authorities_pem {
        let authorities = Certificate::from_pem_bundle(pem.as_bytes()).map_err(unusable)?;
        builder = builder.tls_certs_only(authorities);
    }
    match (&options.client_certificate_pem, &options.client_key_pem) {
        (Some(certificate), Some(key)) => {
            let pem = format!("{key}\n{certificate}");
            builder = builder.identity(Identity::from_pem(pem.as_bytes()).map_err(unusable)?);
        }
        (None, None) => {}
        _ => {
            return Err(remote(
                "client_certificate_pem is set without client_private_key_pem, or the other way round",
            ));
        }
    }
    builder.build().map_err(unusable)
}

fn url(text: &str) -> Result<Url, BackendError> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| remote("address must be HTTP or HTTPS"))
}

fn method(text: &str) -> Result<Method, BackendError> {
    Method::from_bytes(text.as_bytes()).map_err(|_| remote(&format!("{text:?} is no HTTP method")))
}

fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
        || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
}

fn remote(reason: &str) -> BackendError {
    BackendError::Remote(reason.to_owned())
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

//! States on a server that speaks plain HTTP: GET, POST (or another method) and DELETE on one address, and
//! methods of its own for locks. There is one state, and no other workspaces.
//!
//! The protocol is that of Terraform's `http` backend.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use reqwest::{Certificate, Client, Identity, Method, RequestBuilder, Response, StatusCode, Url};
use terrane_model::{Str, with_causes};
use terrane_state::{BackendError, DEFAULT_WORKSPACE, LockError, LockInfo, LockRequest, StateBackend};
use tokio::sync::Mutex;

use crate::error::remote;
use crate::kind::{Argument, RemoteKind};
use crate::network::is_passing;
use crate::settings::{ConfigError, Settings};

/// The kind.
pub(crate) const KIND: RemoteKind = RemoteKind { name: "http", arguments: ARGUMENTS, open };

const ARGUMENTS: &[Argument] = &[
    Argument::text("address").or(&["TF_HTTP_ADDRESS"]).required(),
    Argument::text("update_method").or(&["TF_HTTP_UPDATE_METHOD"]).by_default("POST"),
    Argument::text("lock_address").or(&["TF_HTTP_LOCK_ADDRESS"]),
    Argument::text("unlock_address").or(&["TF_HTTP_UNLOCK_ADDRESS"]),
    Argument::text("lock_method").or(&["TF_HTTP_LOCK_METHOD"]).by_default("LOCK"),
    Argument::text("unlock_method").or(&["TF_HTTP_UNLOCK_METHOD"]).by_default("UNLOCK"),
    Argument::text("username").or(&["TF_HTTP_USERNAME"]),
    Argument::secret("password").or(&["TF_HTTP_PASSWORD"]),
    Argument::flag("skip_cert_verification").or(&["TF_HTTP_SKIP_CERT_VERIFICATION"]),
    Argument::number("retry_max").or(&["TF_HTTP_RETRY_MAX"]),
    Argument::number("retry_wait_min").or(&["TF_HTTP_RETRY_WAIT_MIN"]),
    Argument::number("retry_wait_max").or(&["TF_HTTP_RETRY_WAIT_MAX"]),
    Argument::text("client_ca_certificate_pem").or(&["TF_HTTP_CLIENT_CA_CERTIFICATE_PEM"]),
    Argument::text("client_certificate_pem").or(&["TF_HTTP_CLIENT_CERTIFICATE_PEM"]),
    Argument::secret("client_private_key_pem").or(&["TF_HTTP_CLIENT_PRIVATE_KEY_PEM"]),
];

fn open(settings: &Settings<'_>) -> Result<Arc<dyn StateBackend>, ConfigError> {
    let wait = |name: &str, default: u32| Ok(Duration::from_secs(settings.number(name, default)?.into()));
    let options = HttpOptions {
        address: settings.required("address")?,
        update_method: settings.required("update_method")?,
        lock_address: settings.text("lock_address"),
        unlock_address: settings.text("unlock_address"),
        lock_method: settings.required("lock_method")?,
        unlock_method: settings.required("unlock_method")?,
        username: settings.text("username"),
        password: settings.text("password"),
        skips_verification: settings.flag("skip_cert_verification")?,
        retries_max: settings.number("retry_max", 2)?,
        retry_wait_min: wait("retry_wait_min", 1)?,
        retry_wait_max: wait("retry_wait_max", 30)?,
        authorities_pem: settings.text("client_ca_certificate_pem"),
        client_certificate_pem: settings.text("client_certificate_pem"),
        client_key_pem: settings.text("client_private_key_pem"),
    };
    let backend = HttpBackend::new(options).map_err(|error| ConfigError::Other(error.to_string()))?;
    Ok(Arc::new(backend))
}

/// How a server with a state is reached.
#[derive(Clone)]
struct HttpOptions {
    /// Where the state is.
    address: String,
    /// The method that replaces it; `POST` as a rule.
    update_method: String,
    /// Where its lock is; without, it cannot be locked.
    lock_address: Option<String>,
    /// Where its lock is given back.
    unlock_address: Option<String>,
    /// `LOCK` as a rule.
    lock_method: String,
    /// `UNLOCK` as a rule.
    unlock_method: String,
    /// For basic authentication.
    username: Option<String>,
    /// For basic authentication.
    password: Option<String>,
    /// Whether anybody's certificate will do.
    skips_verification: bool,
    /// How often a request is made again that did not get through.
    retries_max: u32,
    /// The time before the first retry; it doubles with every further one.
    retry_wait_min: Duration,
    /// The longest time between two tries.
    retry_wait_max: Duration,
    /// Certificates of authorities in place of the system's, in PEM.
    authorities_pem: Option<String>,
    /// The client's certificate, in PEM.
    client_certificate_pem: Option<String>,
    /// Its key, in PEM.
    client_key_pem: Option<String>,
}

/// Keeps one state on a server.
struct HttpBackend {
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
    fn new(options: HttpOptions) -> Result<Self, BackendError> {
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
        request.send().await.map_err(|error| remote(with_causes(&error)))
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
                let bytes = response.bytes().await.map_err(|error| remote(with_causes(&error)))?;
                Ok(bytes.to_vec())
            }
            StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => Ok(Vec::new()),
            StatusCode::UNAUTHORIZED => Err(remote("HTTP remote state endpoint requires auth")),
            StatusCode::FORBIDDEN => Err(remote("HTTP remote state endpoint invalid auth")),
            StatusCode::INTERNAL_SERVER_ERROR => Err(remote("HTTP remote state internal server error")),
            status => Err(remote(format!("unexpected HTTP response code {}", status.as_u16()))),
        }
    }

    async fn write(&self, workspace: &str, content: &[u8]) -> Result<(), BackendError> {
        Self::only_default(workspace)?;
        let mut address = url(&self.options.address)?;
        if content.is_empty() {
            let response = self.send(self.client.delete(address)).await?;
            return match response.status() {
                status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
                status => Err(remote(format!("HTTP error: {}", status.as_u16()))),
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
            status => Err(remote(format!("HTTP error: {}", status.as_u16()))),
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
    let unusable = |error: reqwest::Error| remote(with_causes(&error));
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
    Method::from_bytes(text.as_bytes()).map_err(|_| remote(format!("{text:?} is no HTTP method")))
}

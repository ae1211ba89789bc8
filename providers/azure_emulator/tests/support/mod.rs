//! A small HTTPS client and an emulator to talk to.

#![allow(dead_code, reason = "not every test module uses everything")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use terrane_azure_emulator::{Emulator, EmulatorConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// API versions that tests need not repeat.
pub(crate) const VERSIONS: &[(&str, &str)] = &[
    ("/providers/microsoft.network/privatednszones", "2024-06-01"),
    ("/providers/microsoft.network/dnszones", "2018-05-01"),
    ("/providers/microsoft.authorization/roleassignments", "2022-04-01"),
    ("/providers/microsoft.authorization/roledefinitions", "2022-05-01-preview"),
    ("/providers/microsoft.authorization/locks", "2020-05-01"),
    ("/providers/microsoft.network/", "2025-01-01"),
    ("/providers/microsoft.containerservice/", "2025-10-01"),
    ("/providers/microsoft.containerregistry/", "2025-11-01"),
    ("/providers/microsoft.cache/redisenterprise", "2025-07-01"),
    ("/providers/microsoft.cache/", "2024-11-01"),
    ("/providers/microsoft.dbforpostgresql/", "2025-08-01"),
    ("/providers/microsoft.managedidentity/", "2024-11-30"),
    ("/providers/microsoft.storage/", "2025-08-01"),
    ("/providers/microsoft.keyvault/", "2026-02-01"),
    ("/providers/microsoft.operationalinsights/", "2025-07-01"),
    ("/providers/microsoft.insights/", "2020-02-02"),
];

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The error code, or nothing.
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// Panics unless the status is the expected one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The body's text, where it is no JSON.
    pub(crate) fn text(&self) -> &str {
        self.body.as_str().unwrap_or_default()
    }

    /// Panics unless this is the expected error.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, code: &str) -> Answer {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        self
    }
}

/// An emulator with a token for it.
pub(crate) struct Cloud {
    pub(crate) emulator: Emulator,
    pub(crate) token: String,
    pub(crate) subscription: String,
    tls: Arc<ClientConfig>,
}

impl Cloud {
    pub(crate) async fn start() -> Cloud {
        Cloud::start_with(EmulatorConfig::default()).await
    }

    pub(crate) async fn start_with(config: EmulatorConfig) -> Cloud {
        let mut cloud = Cloud::of(Emulator::start(config).await.expect("the emulator starts"));
        cloud.sign_in().await;
        cloud
    }

    /// A client of a running emulator, with the token that it gives out itself.
    pub(crate) fn of(emulator: Emulator) -> Cloud {
        let tls = client_config(&emulator);
        let subscription = format!("/subscriptions/{}", emulator.env()["ARM_SUBSCRIPTION_ID"]);
        Cloud { token: emulator.management_token(), emulator, subscription, tls }
    }

    /// Fetches a token as clients do.
    pub(crate) async fn sign_in(&mut self) {
        self.token = self.token_for(self.emulator.url()).await;
    }

    /// Fetches a token for an audience.
    pub(crate) async fn token_for(&self, audience: &str) -> String {
        let env = self.emulator.env();
        let path = format!("/{}/oauth2/v2.0/token", env["ARM_TENANT_ID"]);
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope={}%2F.default",
            env["ARM_CLIENT_ID"],
            env["ARM_CLIENT_SECRET"],
            audience.replace(':', "%3A").replace('/', "%2F"),
        );
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", self.host())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form)))
            .expect("a request");
        let answer = self.send_request(request).await.expect("the server answers").expect(200);
        answer.body["access_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) fn host(&self) -> String {
        self.emulator.url().trim_start_matches("https://").to_owned()
    }

    /// Id of a resource group.
    pub(crate) fn group(&self, name: &str) -> String {
        format!("{}/resourceGroups/{name}", self.subscription)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Puts a resource and waits until it is there; returns its final body.
    #[track_caller]
    pub(crate) fn make(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        let location = std::panic::Location::caller();
        async move {
            let answer = self.put(path, body).await;
            assert!(matches!(answer.status, 200..=202), "{location}: {} {}", answer.status, answer.body);
            let got = self.get(path).await;
            assert_eq!(got.status, 200, "{location}: {}", got.body);
            got.body
        }
    }

    /// Makes a resource group in West Europe; returns its id.
    pub(crate) async fn make_group(&self, name: &str) -> String {
        let id = self.group(name);
        self.put(&id, json!({"location": "westeurope"})).await.expect(201);
        id
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send_with(method, path, body, &[]).await
    }

    /// Sends a request with extra headers; a missing API version is added.
    pub(crate) async fn send_with(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send_text(method, path, body, headers).await.expect("the server answers")
    }

    pub(crate) async fn send_text(
        &self,
        method: Method,
        path: &str,
        body: String,
        headers: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let mut builder = Request::builder()
            .method(method)
            .uri(with_version(path))
            .header("host", self.host())
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let request = builder.body(Full::new(Bytes::from(body))).expect("a request");
        self.send_request(request).await
    }

    /// Opens a connection, TLS included.
    pub(crate) async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let port: u16 = self.host().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP socket");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await.expect("TLS works");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP works");
        tokio::spawn(connection);
        sender
    }

    /// Sends an anonymous GET over a stream that leads to a host.
    pub(crate) async fn get_on(&self, stream: TcpStream, host: &'static str, path: &str) -> Answer {
        let name = ServerName::try_from(host).expect("a name");
        let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await.expect("TLS works");
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP works");
        tokio::spawn(connection);
        let request =
            Request::builder().uri(path).header("host", host).body(Full::default()).expect("a request");
        read_answer(&mut sender, request).await.expect("the server answers")
    }

    pub(crate) async fn send_request(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let mut sender = self.connect().await;
        read_answer(&mut sender, request).await
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&self, seconds: u64) {
        self.emulator.advance_clock(Duration::from_secs(seconds));
    }
}

/// Sends a request on an open connection.
pub(crate) async fn read_answer(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Answer, String> {
    sender.ready().await.map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    let is_json =
        head.headers.get("content-type").is_some_and(|it| it.as_bytes().starts_with(b"application/json"));
    let body = match (bytes.is_empty(), is_json) {
        (true, _) => Value::Null,
        (false, true) => serde_json::from_slice(&bytes).expect("JSON"),
        (false, false) => text(),
    };
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}

/// Adds the API version that belongs to a path's type, unless there is one.
pub(crate) fn with_version(path: &str) -> String {
    if path.contains("api-version=") || path.starts_with("/metadata") {
        return path.to_owned();
    }
    let lower = path.to_ascii_lowercase();
    let at = lower.rfind("/providers/").map_or("", |at| &lower[at..]);
    let version =
        VERSIONS.iter().find(|(prefix, _)| at.starts_with(prefix)).map_or("2023-07-01", |(_, it)| it);
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}api-version={version}")
}

fn client_config(emulator: &Emulator) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(emulator.ca_file()).expect("a certificate");
    roots.add(ca).expect("a certificate of an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the usual versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

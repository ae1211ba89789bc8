//! `hashicorp/tls`: the certificates of servers.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;

use insta::assert_snapshot;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value as Json, json};
use terrane_model::{Str, Value};
use terrane_provider::{ConfigureRequest, Provider};

use crate::support::engine::{Instance, open, read_data};
use crate::support::{Folder, render, start, start_in, written};

/// An authority, and a server with a certificate of it.
struct Chain {
    authority: String,
    server: String,
    key: String,
}

impl Chain {
    async fn new() -> Self {
        let authority_key = Self::key().await;
        let authority = json!({
            "private_key_pem": authority_key, "is_ca_certificate": true, "validity_period_hours": 24,
            "allowed_uses": ["cert_signing"], "subject": [{"common_name": "Authority"}],
        });
        let authority = Self::made("tls_self_signed_cert", &authority, "cert_pem").await;
        let key = Self::key().await;
        let request = json!({
            "private_key_pem": key, "dns_names": ["localhost"], "ip_addresses": ["127.0.0.1"],
            "subject": [{"common_name": "server"}],
        });
        let request = Self::made("tls_cert_request", &request, "cert_request_pem").await;
        let server = json!({
            "cert_request_pem": request, "ca_private_key_pem": authority_key, "ca_cert_pem": authority,
            "validity_period_hours": 24, "allowed_uses": ["server_auth", "digital_signature"],
        });
        let server = Self::made("tls_locally_signed_cert", &server, "cert_pem").await;
        Self { authority, server, key }
    }

    async fn key() -> String {
        let key = r#"{"algorithm": "ECDSA", "ecdsa_curve": "P256"}"#;
        let key = open(start("tls").as_ref(), "tls_private_key", key).await.expect("keys are made");
        key.attribute("private_key_pem").as_str().expect("it is a text").to_string()
    }

    async fn made(type_name: &str, config: &Json, result: &str) -> String {
        let mut instance = Instance::new(start("tls"), type_name).await;
        instance.converge(&config.to_string()).await;
        instance.text(result)
    }

    /// Serves connections on a thread, as many as are expected, and returns the port.
    fn serve(&self, connections: usize) -> u16 {
        let both = format!("{}{}", self.server, self.authority);
        let chain: Vec<_> = CertificateDer::pem_slice_iter(both.as_bytes())
            .map(|certificate| certificate.expect("it is a certificate"))
            .collect();
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("it is a key");
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(crypto)
            .with_safe_default_protocol_versions()
            .expect("ring has the versions");
        let config = Arc::new(
            config
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .expect("the key is that of the certificate"),
        );
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("the port is bound").port();
        std::thread::spawn(move || {
            for _ in 0..connections {
                let (stream, _) = listener.accept().expect("a client comes");
                let connection = ServerConnection::new(config.clone()).expect("the configuration is good");
                answer(StreamOwned::new(connection, stream));
            }
        });
        port
    }

    fn trusted(&self, folder: &Folder) -> Arc<dyn Provider> {
        let path = folder.path().join("authority.pem");
        fs::write(&path, &self.authority).expect("files can be written");
        let path = path.to_str().expect("the path is a text").to_owned();
        start_in("tls", BTreeMap::from([("SSL_CERT_FILE".to_owned(), path)]))
    }
}

/// Answers one request. A client may have seen enough before.
fn answer(mut stream: impl Read + Write) {
    let mut request = [0; 1024];
    if stream.read(&mut request).is_ok_and(|read| read > 0) {
        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        let _ = stream.flush();
    }
}

/// Waits for one client on a thread, and returns the port and what the thread returns.
fn listen(serve: impl FnOnce(TcpStream) -> String + Send + 'static) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("the port is bound").port();
    (port, std::thread::spawn(move || serve(listener.accept().expect("a client comes").0)))
}

/// Passes on what client and server say.
fn lead_on(mut client: TcpStream, target: u16) {
    let mut server = TcpStream::connect(("127.0.0.1", target)).expect("the server listens");
    let (mut from, mut to) =
        (client.try_clone().expect("it can be shared"), server.try_clone().expect("it can be shared"));
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    let _ = std::io::copy(&mut server, &mut client);
}

/// A proxy of HTTP that leads wherever it is asked to the same server, and tells what it was asked.
fn http_proxy(target: u16) -> (u16, JoinHandle<String>) {
    listen(move |mut client| {
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|read| read > 0) {
            request.push(byte[0]);
        }
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("the client listens");
        lead_on(client, target);
        String::from_utf8(request).expect("requests are texts")
    })
}

/// A proxy of SOCKS 5 (RFC 1928) without names and passwords, which tells the host that it was asked for.
fn socks_proxy(target: u16) -> (u16, JoinHandle<String>) {
    listen(move |mut client| {
        let mut greeting = [0; 2];
        client.read_exact(&mut greeting).expect("the client greets");
        let mut methods = vec![0; usize::from(greeting[1])];
        client.read_exact(&mut methods).expect("the client has methods");
        client.write_all(&[5, 0]).expect("the client listens");
        let mut request = [0; 5];
        client.read_exact(&mut request).expect("the client asks");
        assert_eq!(request[..4], [5, 1, 0, 3], "a connection to a name is asked for");
        let mut host = vec![0; usize::from(request[4]) + 2];
        client.read_exact(&mut host).expect("the client names a host");
        client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).expect("the client listens");
        lead_on(client, target);
        String::from_utf8_lossy(&host[..host.len() - 2]).into_owned()
    })
}

/// Starts the provider with a `proxy` block.
async fn start_behind(proxy: Json) -> Arc<dyn Provider> {
    let provider = start("tls");
    let schemas = provider.schemas().await.expect("the provider has schemas");
    let config = written::config(&schemas.provider, &json!({"proxy": [proxy]}).to_string());
    assert!(provider.validate_provider_config(config.clone()).await.is_empty());
    let request =
        ConfigureRequest { config, terraform_version: "1.11.4".into(), version_constraint: Str::new() };
    assert!(provider.configure(request).await.is_empty());
    provider
}

async fn read(provider: &dyn Provider, config: &Json) -> Result<Vec<String>, String> {
    let state = read_data(provider, "tls_certificate", &config.to_string()).await;
    let state = state.map_err(|diagnostics| render::diagnostics(&diagnostics))?;
    let certificates = state.attribute("certificates");
    let pem =
        |certificate: &Value| certificate.attribute("cert_pem").as_str().expect("it is a text").to_string();
    Ok(certificates.as_sequence().expect("it is a list").iter().map(pem).collect())
}

#[tokio::test]
async fn servers_show_their_chains() {
    let (chain, folder) = (Chain::new().await, Folder::new());
    let port = chain.serve(4);
    let expected = Ok(vec![chain.authority.clone(), chain.server.clone()]);
    let trusting = chain.trusted(&folder);
    for (provider, scheme, verify) in [
        (&trusting, "https", json!(null)),
        (&trusting, "tls", json!(true)),
        (&start("tls"), "https", json!(false)),
        (&start("tls"), "tls", json!(false)),
    ] {
        let config = json!({"url": format!("{scheme}://localhost:{port}"), "verify_chain": verify});
        assert_eq!(read(provider.as_ref(), &config).await, expected, "{config}");
    }
}

#[tokio::test]
async fn unknown_authorities_are_not_trusted() {
    let (chain, other) = (Chain::new().await, Chain::new().await);
    let folder = Folder::new();
    let port = chain.serve(3);
    let mistrusting = other.trusted(&folder);
    for scheme in ["https", "tls"] {
        let config = json!({"url": format!("{scheme}://127.0.0.1:{port}")});
        let error = read(mistrusting.as_ref(), &config).await.unwrap_err();
        assert!(error.contains("invalid peer certificate"), "{error}");
    }
}

#[tokio::test]
async fn proxies_lead_to_servers() {
    let chain = Chain::new().await;
    let expected = Ok(vec![chain.authority.clone(), chain.server.clone()]);
    let config = json!({"url": "https://example.invalid", "verify_chain": false});

    let (port, asked) = http_proxy(chain.serve(1));
    let url = format!("http://127.0.0.1:{port}");
    let provider = start_behind(json!({"url": url, "username": "user", "password": "word"})).await;
    assert_eq!(read(provider.as_ref(), &config).await, expected);
    assert_snapshot!(asked.join().unwrap().replace('\r', ""), @"
    CONNECT example.invalid:443 HTTP/1.1
    Host: example.invalid:443
    user-agent: terrane
    proxy-authorization: Basic dXNlcjp3b3Jk
    ");

    let (port, asked) = socks_proxy(chain.serve(1));
    let provider = start_behind(json!({"url": format!("socks5://127.0.0.1:{port}")})).await;
    assert_eq!(read(provider.as_ref(), &config).await, expected);
    assert_eq!(asked.join().unwrap(), "example.invalid");

    let (port, asked) = http_proxy(chain.serve(1));
    let environment = BTreeMap::from([("HTTPS_PROXY".to_owned(), format!("http://127.0.0.1:{port}"))]);
    assert_eq!(read(start_in("tls", environment).as_ref(), &config).await, expected);
    assert!(asked.join().unwrap().starts_with("CONNECT example.invalid:443 "));
}

#[tokio::test]
async fn mistakes_in_addresses() {
    let provider = start("tls");
    let mut messages = String::new();
    for config in [
        json!({}),
        json!({"url": "http://localhost"}),
        json!({"url": "localhost:443"}),
        json!({"url": "::"}),
        json!({"url": "tls://localhost"}),
        json!({"content": "a", "url": "https://localhost"}),
        json!({"content": "a", "verify_chain": false}),
        json!({"content": "a"}),
        json!({"content": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}),
        json!({"content": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}),
    ] {
        messages += &format!("{config}\n{}", read(provider.as_ref(), &config).await.unwrap_err());
    }
    assert_snapshot!(messages, @r#"
    {}
    error: Missing Attribute Configuration: Exactly one of these attributes must be configured: "content", "url"
    {"url":"http://localhost"}
    error at .url: Invalid URL scheme: URL "http://localhost" expected to use scheme from "https", "tls", got: "http"
    {"url":"localhost:443"}
    error at .url: Invalid URL: URL "localhost:443" contains no host
    {"url":"::"}
    error at .url: Invalid URL: Parsing URL "::" failed: relative URL without a base
    {"url":"tls://localhost"}
    error: Failed to fetch certificates: The port is missing in tls://localhost.
    {"content":"a","url":"https://localhost"}
    error at .content: Invalid Attribute Combination: Only one of these attributes can be configured: "content", "url"
    {"content":"a","verify_chain":false}
    error at .verify_chain: Invalid Attribute Combination: Attribute "verify_chain" cannot be specified when "content" is specified
    {"content":"a"}
    error at .content: Failed to decode PEM: The content has no PEM block with a certificate.
    {"content":"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}
    error: Unexpected PEM preamble: The PEM block is of type "PUBLIC KEY", not "CERTIFICATE".
    {"content":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}
    error: Unable to parse certificate: The content is no certificate.
    "#);
}

#[tokio::test]
async fn mistakes_in_proxies() {
    let provider = start("tls");
    let schemas = provider.schemas().await.unwrap();
    let mut messages = String::new();
    for proxy in [
        json!([{}, {}]),
        json!([{"url": "http://proxy", "from_env": true}]),
        json!([{"username": "user"}]),
        json!([{"url": "http://proxy", "password": "word"}]),
        json!([{"url": "ftp://proxy"}]),
    ] {
        let config = written::config(&schemas.provider, &json!({"proxy": proxy}).to_string());
        messages += &render::diagnostics(&provider.validate_provider_config(config).await);
    }
    assert_snapshot!(messages, @r#"
    error at .proxy: Invalid Attribute Value: At most 1 blocks of type proxy may be written, got: 2
    error at .proxy[0].from_env: Invalid Attribute Combination: Attribute "from_env" cannot be specified when "url" is specified
    error at .proxy[0].username: Invalid Attribute Combination: Attribute "url" must be specified when "username" is specified
    error at .proxy[0].password: Invalid Attribute Combination: Attribute "username" must be specified when "password" is specified
    error at .proxy[0].url: Invalid URL scheme: URL "ftp://proxy" expected to use scheme from "http", "https", "socks5", got: "ftp"
    "#);
}

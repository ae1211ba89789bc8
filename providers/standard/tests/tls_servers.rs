//! `hashicorp/tls`: the certificates of servers.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

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
        let key = open(start("tls").as_ref(), "tls_private_key", key).await.unwrap();
        key.attribute("private_key_pem").as_str().unwrap().to_string()
    }

    async fn made(type_name: &str, config: &Json, result: &str) -> String {
        let mut instance = Instance::new(start("tls"), type_name).await;
        instance.converge(&config.to_string()).await;
        instance.text(result)
    }

    /// Serves connections on a thread, as many as are expected, and returns the port.
    fn serve(&self, connections: usize) -> u16 {
        let both = format!("{}{}", self.server, self.authority);
        let chain: Vec<_> = CertificateDer::pem_slice_iter(both.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(crypto).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
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
        fs::write(&path, &self.authority).unwrap();
        let path = path.to_str().unwrap().to_owned();
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

/// Leads one client on, as a proxy does, and returns where it listens and what it was asked.
fn proxy(target: u16) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|read| read > 0) {
            request.push(byte[0]);
        }
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", target)).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        let _ = std::io::copy(&mut server, &mut client);
        String::from_utf8(request).unwrap()
    });
    (url, asked)
}

async fn read(provider: &dyn Provider, config: &Json) -> Result<Vec<String>, String> {
    let state = read_data(provider, "tls_certificate", &config.to_string()).await;
    let state = state.map_err(|diagnostics| render::diagnostics(&diagnostics))?;
    let certificates = state.attribute("certificates");
    let pem = |certificate: &Value| certificate.attribute("cert_pem").as_str().unwrap().to_string();
    Ok(certificates.as_sequence().unwrap().iter().map(pem).collect())
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
    let (url, asked) = proxy(chain.serve(1));
    let provider = start("tls");
    let schemas = provider.schemas().await.unwrap();
    let config = json!({"proxy": [{"url": url, "username": "user", "password": "word"}]}).to_string();
    let config = written::config(&schemas.provider, &config);
    assert!(provider.validate_provider_config(config.clone()).await.is_empty());
    let request =
        ConfigureRequest { config, terraform_version: "1.11.4".into(), version_constraint: Str::new() };
    assert!(provider.configure(request).await.is_empty());
    let config = json!({"url": "https://example.invalid", "verify_chain": false});
    assert_eq!(read(provider.as_ref(), &config).await, Ok(vec![chain.authority, chain.server]));
    assert_snapshot!(asked.join().unwrap().replace('\r', ""), @"
    CONNECT example.invalid:443 HTTP/1.1
    Host: example.invalid:443
    user-agent: terrane
    proxy-authorization: Basic dXNlcjp3b3Jk
    ");
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

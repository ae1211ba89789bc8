//! Asking servers for their certificates.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, Proxy, Url};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use terrane_model::{Diagnostics, Value, with_causes};
use terrane_network::{Names, NetworkSettings, Trust, recording_tls_config};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::provider::{ProxyChoice, proxy_choice};
use crate::Environment;
use crate::toolkit::failure;

/// No server takes longer than this to show its certificates.
const TIMEOUT: Duration = Duration::from_secs(60);
const HTTPS_PORT: u16 = 443;

/// Returns the certificates that a server shows, its own first. Requests of HTTP go through the proxy that the
/// provider's block names, and follow redirections.
///
/// # Errors
/// When the server cannot be reached, is not trusted though it has to be, or answers no request.
pub(super) async fn fetch(
    url: &str,
    verify: bool,
    provider_config: &Value,
    environment: &Environment,
) -> Result<Vec<Vec<u8>>, Diagnostics> {
    let error = |detail: String| failure("Failed to fetch certificates", detail);
    let url = Url::parse(url).map_err(|cause| error(format!("{url:?} is no URL: {cause}.")))?;
    let settings = NetworkSettings::from_environment(|name| environment.get(name));
    let trust = if verify { Trust::System } else { Trust::Anyone };
    let (tls, shown) =
        recording_tls_config(trust, Names::Checked, &settings).map_err(|cause| error(with_causes(&cause)))?;
    if url.scheme() == "tls" {
        let connected = tokio::time::timeout(TIMEOUT, shake_hands(&url, tls)).await;
        connected.unwrap_or_else(|_| Err(format!("{url} did not answer in time."))).map_err(error)?;
    } else {
        let client = client(tls, proxy_choice(provider_config), &settings).map_err(error)?;
        ask(&client, &url).await.map_err(error)?;
    }
    Ok(shown.chain().into_iter().map(|certificate| certificate.to_vec()).collect())
}

/// Connects without HTTP and without a proxy.
async fn shake_hands(url: &Url, tls: ClientConfig) -> Result<(), String> {
    let (Some(host), Some(port)) = (url.host_str(), url.port()) else {
        return Err(format!("The port is missing in {url}."));
    };
    // Addresses of IPv6 are in brackets.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let failed = |cause: &dyn std::error::Error| format!("{url} cannot be reached: {}", with_causes(cause));
    let name = ServerName::try_from(host.to_owned()).map_err(|cause| failed(&cause))?;
    let stream = TcpStream::connect((host, port)).await.map_err(|cause| failed(&cause))?;
    let connected = TlsConnector::from(Arc::new(tls)).connect(name, stream).await;
    connected.map(|_| ()).map_err(|cause| failed(&cause))
}

fn client(tls: ClientConfig, proxy: ProxyChoice<'_>, settings: &NetworkSettings) -> Result<Client, String> {
    let builder = Client::builder()
        .user_agent("terrane")
        .timeout(TIMEOUT)
        // Each request shakes hands anew, so that the last certificates are those of the last answer.
        .pool_max_idle_per_host(0)
        .tls_backend_preconfigured(tls);
    let built = match proxy {
        ProxyChoice::Environment => settings.with_proxies(builder),
        ProxyChoice::None => Ok(builder.no_proxy()),
        ProxyChoice::Written { url, username, password } => written_proxy(url).map(|proxy| {
            let proxy = match username {
                Some(username) => proxy.basic_auth(username, password),
                None => proxy,
            };
            builder.no_proxy().proxy(proxy)
        }),
    };
    built.and_then(reqwest::ClientBuilder::build).map_err(|cause| with_causes(&cause))
}

/// A proxy of SOCKS looks up names itself, as it does for Go.
fn written_proxy(url: &str) -> reqwest::Result<Proxy> {
    match url.strip_prefix("socks5://") {
        Some(rest) => Proxy::all(format!("socks5h://{rest}")),
        None => Proxy::all(url),
    }
}

/// Makes a request for the headers, and where that fails one for all.
async fn ask(client: &Client, url: &Url) -> Result<(), String> {
    let mut problem = String::new();
    for method in [Method::HEAD, Method::GET] {
        match client.request(method, url.clone()).send().await {
            Ok(response) if response.url().scheme() == "https" => return Ok(()),
            Ok(response) => {
                let (status, end) = (response.status(), response.url().scheme());
                problem = format!("{url} leads to an answer over {end}, without certificates ({status}).");
            }
            Err(cause) => {
                let port = url.port().unwrap_or(HTTPS_PORT);
                problem = format!("{url} (port {port}) cannot be reached: {}", with_causes(&cause));
            }
        }
    }
    Err(problem)
}

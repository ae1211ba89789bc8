//! Measures the emulator: `cargo run --release --example load -- [RESOURCES]`.
//!
//! Starts an emulator with a world of that many resources (default 100,000) on one thread, reads over keep-alive
//! connections from another thread, and prints requests per second of the server's processor time and its memory.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::json;
use terrane_azure_emulator::{Emulator, EmulatorConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

const READS: usize = 20_000;
const CONNECTIONS: usize = 4;

type Sender = SendRequest<Full<Bytes>>;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(100_000), |count| count.parse())?;
    let (ready, started) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("server".into()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let emulator = Emulator::start(EmulatorConfig::default()).await.expect("the emulator starts");
            ready
                .send((emulator.url().to_owned(), emulator.ca_file().to_owned(), emulator.env()))
                .expect("main waits");
            std::future::pending::<()>().await;
        });
    })?;
    let (url, ca_file, env) = started.recv()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(count, &url, &ca_file, &env))?;
    #[expect(clippy::print_stdout, reason = "it is what the program is for")]
    {
        print!("{report}");
    }
    Ok(())
}

async fn measure(
    count: usize,
    url: &str,
    ca_file: &std::path::Path,
    env: &std::collections::BTreeMap<String, String>,
) -> Result<String, Box<dyn Error>> {
    let mut report = String::new();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = TlsConnector::from(Arc::new(tls));
    let host = url.trim_start_matches("https://").to_owned();
    let mut senders = Vec::new();
    for _ in 0..CONNECTIONS {
        senders.push(connect(&tls, &host).await?);
    }
    let token = sign_in(&mut senders[0], &host, env).await?;
    let group = format!("/subscriptions/{}/resourceGroups/load", env["ARM_SUBSCRIPTION_ID"]);
    let version = "?api-version=2023-07-01";
    send(
        &mut senders[0],
        Method::PUT,
        &host,
        &token,
        &format!("{group}{version}"),
        json!({"location": "westeurope"}).to_string(),
    )
    .await?;

    let (start, cpu) = (Instant::now(), server_seconds());
    let before = resident_bytes();
    let body = json!({"location": "westeurope", "tags": {"team": "data", "environment": "load"}}).to_string();
    let path = |number: usize| {
        format!(
            "{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity-{number}?api-version=2024-11-30"
        )
    };
    for number in 0..count {
        send(&mut senders[number % CONNECTIONS], Method::PUT, &host, &token, &path(number), body.clone())
            .await?;
    }
    let seconds = server_seconds() - cpu;
    writeln!(
        report,
        "{count} resources put in {:.1} s, {seconds:.1} s of it in the server",
        start.elapsed().as_secs_f64()
    )?;
    writeln!(report, "memory: {} MiB more than before", (resident_bytes().saturating_sub(before)) >> 20)?;

    let (start, cpu) = (Instant::now(), server_seconds());
    for number in 0..READS {
        let path = path(number * 7919 % count);
        send(&mut senders[number % CONNECTIONS], Method::GET, &host, &token, &path, String::new()).await?;
    }
    let (wall, seconds) = (start.elapsed().as_secs_f64(), server_seconds() - cpu);
    writeln!(
        report,
        "{:.0} GET/s of server processor time, {:.0} GET/s of wall time",
        READS as f64 / seconds,
        READS as f64 / wall
    )?;
    Ok(report)
}

async fn connect(tls: &TlsConnector, host: &str) -> Result<Sender, Box<dyn Error>> {
    let port: u16 = host.rsplit(':').next().unwrap_or_default().parse()?;
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let stream = tls.connect(ServerName::try_from("localhost")?, stream).await?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn sign_in(
    sender: &mut Sender,
    host: &str,
    env: &std::collections::BTreeMap<String, String>,
) -> Result<String, Box<dyn Error>> {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&resource=https%3A%2F%2Fmanagement.azure.com",
        env["ARM_CLIENT_ID"], env["ARM_CLIENT_SECRET"]
    );
    let path = format!("/{}/oauth2/token", env["ARM_TENANT_ID"]);
    let answer = send(sender, Method::POST, host, "", &path, form).await?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    Ok(answer["access_token"].as_str().unwrap_or_default().to_owned())
}

async fn send(
    sender: &mut Sender,
    method: Method,
    host: &str,
    token: &str,
    path: &str,
    body: String,
) -> Result<Bytes, Box<dyn Error>> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", host)
        .header("authorization", format!("Bearer {token}"))
        .body(Full::new(Bytes::from(body)))?;
    sender.ready().await?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    if status.is_success() {
        Ok(bytes)
    } else {
        Err(format!("{status}: {}", String::from_utf8_lossy(&bytes)).into())
    }
}

/// Processor time of the server's thread so far.
fn server_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
    let server = stats.into_iter().find(|stat| stat.contains("(server)"));
    let fields =
        server.and_then(|stat| stat.rsplit_once(')').map(|(_, rest)| rest.to_owned())).unwrap_or_default();
    let ticks: f64 =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default().trim();
    line.split_whitespace().next().and_then(|number| number.parse::<usize>().ok()).unwrap_or(0) << 10
}

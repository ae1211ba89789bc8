//! The connection to a plugin: HTTP/2 over a socket of this machine, with or without TLS.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

/// How much may be on its way before the receiver has taken it; schemas of big providers have many megabytes.
const WINDOW_BYTES: u32 = 8 * 1024 * 1024;

/// Where a plugin listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket in the file system.
    Unix(PathBuf),
    /// A port.
    Tcp(SocketAddr),
}

impl Address {
    /// Reads an address of a network, `unix` or `tcp`.
    pub fn parse(network: &str, address: &str) -> Option<Self> {
        match network {
            "unix" if !address.is_empty() => Some(Self::Unix(address.into())),
            "tcp" => address.parse().ok().map(Self::Tcp),
            _ => None,
        }
    }

    /// Tells whether the address is on this machine for sure.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp(address) => address.ip().is_loopback(),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects to a plugin.
///
/// # Errors
/// When nobody listens there, or the certificates do not fit.
pub(crate) async fn connect(
    address: Address,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Channel, tonic::transport::Error> {
    // The name is never looked up: the connector knows where to go.
    let endpoint = Endpoint::from_static("http://localhost")
        .initial_connection_window_size(WINDOW_BYTES)
        .initial_stream_window_size(WINDOW_BYTES);
    let connector = service_fn(move |_: Uri| {
        let (address, tls) = (address.clone(), tls.clone());
        async move { open(&address, tls).await.map(TokioIo::new) }
    });
    endpoint.connect_with_connector(connector).await
}

async fn open(address: &Address, tls: Option<Arc<ClientConfig>>) -> std::io::Result<Box<dyn Stream>> {
    let stream = open_plain(address).await?;
    let Some(tls) = tls else { return Ok(stream) };
    let name = ServerName::try_from("localhost").expect("localhost is a name");
    let stream = TlsConnector::from(tls).connect(name, stream).await?;
    Ok(Box::new(stream))
}

async fn open_plain(address: &Address) -> std::io::Result<Box<dyn Stream>> {
    match address {
        #[cfg(unix)]
        Address::Unix(path) => Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
        #[cfg(not(unix))]
        Address::Unix(_) => Err(std::io::ErrorKind::Unsupported.into()),
        Address::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
    }
}

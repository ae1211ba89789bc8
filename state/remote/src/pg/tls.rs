//! TLS to a database server, by rustls with ring.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use terrane_network::{Names, NetworkSettings, Trust, tls_config};
use terrane_state::BackendError;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

use super::connection_string::{Target, Verification};
use crate::error::remote;

/// Makes TLS connections.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Sets TLS up as a target wants it; the system's authorities are those of the settings.
    ///
    /// # Errors
    /// When certificates cannot be used.
    pub(super) fn new(target: &Target, settings: &NetworkSettings) -> Result<Self, BackendError> {
        let unusable = |error: &dyn std::fmt::Display| remote(format!("TLS cannot be set up: {error}"));
        let authorities = || target.authorities.as_deref().map_or(Ok(Trust::System), named);
        let (trust, names) = match target.verification {
            None | Some(Verification::None) => (Trust::Anyone, Names::Ignored),
            Some(Verification::Authority) => (authorities()?, Names::Ignored),
            Some(Verification::Full) => (authorities()?, Names::Checked),
        };
        let builder = tls_config(trust, names, settings).map_err(|error| unusable(&error))?;
        let config = match &target.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain: Result<Vec<_>, _> =
                    CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
                let chain =
                    chain.map_err(|error| unusable(&format!("{}: {error}", certificate.display())))?;
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| unusable(&format!("{}: {error}", key.display())))?;
                builder.with_client_auth_cert(chain, key).map_err(|error| unusable(&error))?
            }
        };
        Ok(Self(Arc::new(config)))
    }
}

/// Reads the authorities of a file.
fn named(path: &Path) -> Result<Trust, BackendError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    Ok(Trust::Authorities(read.map_err(|error| remote(format!("sslrootcert {}: {error}", path.display())))?))
}

/// TLS to one host.
pub(super) struct TlsTo {
    config: Arc<ClientConfig>,
    host: String,
}

/// A connection under TLS.
pub(super) struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = TlsTo;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<TlsTo> {
        Ok(TlsTo { config: Arc::clone(&self.0), host: host.to_owned() })
    }
}

impl TlsConnect<Socket> for TlsTo {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.host).map_err(io::Error::other)?;
            let connector = tokio_rustls::TlsConnector::from(self.config);
            connector.connect(name, stream).await.map(Encrypted)
        })
    }
}

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

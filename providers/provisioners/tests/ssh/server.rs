//! An SSH server for tests: it runs commands in a shell of this machine, and forwards connections.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{ChildStdin, Command};

/// The password of everybody.
pub(crate) const PASSWORD: &str = "open sesame";

/// A running server.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// The server's public key.
    pub(crate) host_key: String,
    /// A private key that the server lets in.
    pub(crate) user_key: String,
    forwarded: Arc<AtomicUsize>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        let host = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap();
        let user = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap();
        let host_key = host.public_key().to_openssh().unwrap();
        let config = Config {
            keys: vec![host],
            auth_rejection_time: std::time::Duration::ZERO,
            auth_rejection_time_initial: Some(std::time::Duration::ZERO),
            ..Config::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let forwarded = Arc::new(AtomicUsize::new(0));
        let template = Connected {
            allowed: user.public_key().clone(),
            forwarded: Arc::clone(&forwarded),
            inputs: HashMap::new(),
        };
        let config = Arc::new(config);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let handler = Connected {
                    allowed: template.allowed.clone(),
                    forwarded: Arc::clone(&template.forwarded),
                    inputs: HashMap::new(),
                };
                let config = Arc::clone(&config);
                tokio::spawn(async move {
                    if let Ok(session) = russh::server::run_stream(config, stream, handler).await {
                        drop(session.await);
                    }
                });
            }
        });
        let user_key = user.to_openssh(LineEnding::LF).unwrap().to_string();
        Self { port, host_key, user_key, forwarded, accepting }
    }

    /// Returns how many connections were forwarded.
    pub(crate) fn forwarded(&self) -> usize {
        self.forwarded.load(Ordering::SeqCst)
    }
}

struct Connected {
    allowed: PublicKey,
    forwarded: Arc<AtomicUsize>,
    inputs: HashMap<ChannelId, ChildStdin>,
}

impl Handler for Connected {
    type Error = russh::Error;

    async fn auth_password(&mut self, _user: &str, password: &str) -> Result<Auth, Self::Error> {
        Ok(if password == PASSWORD { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let is_allowed = key.public_key.key_data() == self.allowed.key_data();
        Ok(if is_allowed { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _originator: &str,
        _originator_port: u32,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        let mut target = TcpStream::connect((host, port as u16)).await?;
        self.forwarded.fetch_add(1, Ordering::SeqCst);
        reply.accept().await;
        tokio::spawn(async move {
            let mut stream = channel.into_stream();
            drop(tokio::io::copy_bidirectional(&mut stream, &mut target).await);
        });
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let text = String::from_utf8_lossy(command).into_owned();
        let mut child = Command::new("/bin/sh")
            .args(["-c", &text])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(input) = child.stdin.take() {
            self.inputs.insert(channel, input);
        }
        session.channel_success(channel)?;
        let handle = session.handle();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        tokio::spawn(async move {
            let out = pass_on(stdout, channel, handle.clone(), false);
            let err = pass_on(stderr, channel, handle.clone(), true);
            tokio::join!(out, err);
            let code = child.wait().await.ok().and_then(|status| status.code()).unwrap_or(255);
            let _ = handle.exit_status_request(channel, code as u32).await;
            let _ = handle.eof(channel).await;
            let _ = handle.close(channel).await;
        });
        Ok(())
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if let Some(input) = self.inputs.get_mut(&channel) {
            // A command that reads no further has ended.
            let _ = input.write_all(data).await;
        }
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.inputs.remove(&channel);
        Ok(())
    }
}

async fn pass_on(
    source: Option<impl tokio::io::AsyncRead + Unpin>,
    channel: ChannelId,
    handle: russh::server::Handle,
    is_error: bool,
) {
    let Some(mut source) = source else { return };
    let mut buffer = vec![0; 8192];
    while let Ok(length @ 1..) = source.read(&mut buffer).await {
        let piece = buffer[..length].to_vec();
        let sent = match is_error {
            false => handle.data(channel, piece).await.is_ok(),
            true => handle.extended_data(channel, 1, piece).await.is_ok(),
        };
        if !sent {
            return;
        }
    }
}

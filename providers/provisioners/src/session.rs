//! One SSH session: connecting, logging in, running commands.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{Certificate, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate, decode_secret_key};
use russh::{ChannelMsg, Disconnect};
use terrane_provider::ProvisionOutput;
use tokio::time::{Instant, sleep, timeout_at};

use crate::connection::{Connection, Login};

/// First pause between two attempts to connect; each further one is twice as long, up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(20);

/// How often a quiet connection is used, so that nobody on the way gives it up.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Why a session could not do something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// The connection did not come about, or broke.
    #[error("{0}")]
    Ssh(#[from] russh::Error),
    /// A key, certificate or agent cannot be used.
    #[error("{0}")]
    Key(String),
    /// The machine shows another key than the one that it must have.
    #[error("the host key of {0} is not the one in host_key")]
    HostKey(String),
    /// No way to log in was accepted.
    #[error("ssh: handshake failed: unable to authenticate as {user} at {host}, attempted methods {methods}")]
    Refused {
        /// Who.
        user: String,
        /// Where.
        host: String,
        /// How.
        methods: String,
    },
}

impl SessionError {
    /// Tells whether another attempt may end otherwise: machines that start refuse connections and logins at first.
    fn is_worth_retrying(&self) -> bool {
        matches!(self, Self::Ssh(_) | Self::Refused { .. })
    }
}

/// A session on the object's machine.
pub(crate) struct Session {
    handle: Handle<Client>,
    /// The session that this one goes through.
    _bastion: Option<Handle<Client>>,
}

/// What a command writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Errors,
}

/// How a command ended, as messages say it; nothing when it was successful.
pub(crate) type CommandEnd = Option<String>;

impl Session {
    /// Connects and logs in; tries again until the connection's time is over.
    ///
    /// # Errors
    /// With what the last attempt ended with.
    pub(crate) async fn open(connection: &Connection, output: &dyn ProvisionOutput) -> Result<Self, String> {
        let deadline = Instant::now() + connection.timeout;
        let mut pause = PAUSE_FIRST;
        let mut last: Option<SessionError> = None;
        loop {
            describe(connection, output);
            match timeout_at(deadline, connect(connection)).await {
                Ok(Ok(session)) => {
                    output.line("Connected!");
                    return Ok(session);
                }
                Ok(Err(error)) if !error.is_worth_retrying() => return Err(error.to_string()),
                Ok(Err(error)) => last = Some(error),
                Err(_) => return Err(timed_out(last)),
            }
            if Instant::now() + pause >= deadline {
                return Err(timed_out(last));
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Runs a command. `input` is its standard input; pieces of its output go to `receive`.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn run(
        &self,
        command: &str,
        input: Option<&[u8]>,
        receive: &mut (dyn FnMut(Stream, &[u8]) + Send),
    ) -> Result<CommandEnd, SessionError> {
        let mut channel = self.handle.channel_open_session().await?;
        channel.exec(true, command).await?;
        if let Some(input) = input {
            channel.data(input).await?;
        }
        channel.eof().await?;
        let mut end: Option<CommandEnd> = None;
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => receive(Stream::Output, &data),
                ChannelMsg::ExtendedData { data, .. } => receive(Stream::Errors, &data),
                ChannelMsg::ExitStatus { exit_status: 0 } => end = Some(None),
                ChannelMsg::ExitStatus { exit_status } => {
                    end = Some(Some(format!("Process exited with status {exit_status}")));
                }
                ChannelMsg::ExitSignal { signal_name, .. } => {
                    end = Some(Some(format!("Process exited by signal {signal_name:?}")));
                }
                ChannelMsg::Failure => return Ok(Some("the server refused to run the command".to_owned())),
                _ => {}
            }
        }
        Ok(end.unwrap_or_else(|| Some("the connection ended before the command did".to_owned())))
    }

    /// Ends the session.
    pub(crate) async fn close(self) {
        // The machine ends the session as well when it does not hear this.
        let _ = self.handle.disconnect(Disconnect::ByApplication, "", "").await;
    }
}

fn timed_out(last: Option<SessionError>) -> String {
    let why = last.map_or_else(|| "no answer".to_owned(), |error| error.to_string());
    format!("timeout - last error: {why}")
}

/// Tells how the connection is made, without any secret.
fn describe(connection: &Connection, output: &dyn ProvisionOutput) {
    if let Some(bastion) = &connection.bastion {
        output.line("Using configured bastion host...");
        describe_login(bastion, output);
    }
    output.line("Connecting to remote host via SSH...");
    describe_login(&connection.target, output);
}

fn describe_login(login: &Login, output: &dyn ProvisionOutput) {
    output.line(&format!("  Host: {}", login.host));
    output.line(&format!("  User: {}", login.user));
    output.line(&format!("  Password: {}", login.password.is_some()));
    output.line(&format!("  Private key: {}", login.private_key.is_some()));
    output.line(&format!("  Certificate: {}", login.certificate.is_some()));
    output.line(&format!("  SSH Agent: {}", login.agent.is_some()));
    output.line(&format!("  Checking Host Key: {}", login.host_key.is_some()));
}

async fn connect(connection: &Connection) -> Result<Session, SessionError> {
    let config = Arc::new(client::Config {
        keepalive_interval: Some(KEEPALIVE),
        nodelay: true,
        ..client::Config::default()
    });
    let target = &connection.target;
    let Some(bastion) = &connection.bastion else {
        let address = (target.host.as_str(), target.port);
        let mut handle = client::connect(config, address, Client::new(target)?).await?;
        log_in(&mut handle, target).await?;
        return Ok(Session { handle, _bastion: None });
    };
    let address = (bastion.host.as_str(), bastion.port);
    let mut through = client::connect(Arc::clone(&config), address, Client::new(bastion)?).await?;
    log_in(&mut through, bastion).await?;
    let channel = through
        .channel_open_direct_tcpip(target.host.clone(), u32::from(target.port), "127.0.0.1", 0)
        .await?;
    let mut handle = client::connect_stream(config, channel.into_stream(), Client::new(target)?).await?;
    log_in(&mut handle, target).await?;
    Ok(Session { handle, _bastion: Some(through) })
}

/// Checks the machine's key.
struct Client {
    host: String,
    expected: Option<PublicKey>,
}

impl Client {
    fn new(login: &Login) -> Result<Self, SessionError> {
        let expected = login.host_key.as_deref().map(|text| {
            PublicKey::from_openssh(text)
                .map_err(|error| SessionError::Key(format!("host_key is no public key: {error}")))
        });
        Ok(Self { host: login.host.clone(), expected: expected.transpose()? })
    }
}

impl client::Handler for Client {
    type Error = SessionError;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let Some(expected) = &self.expected else { return Ok(true) };
        let shown = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => key.key_data(),
            // A certificate counts by the authority that signed it.
            PublicKeyOrCertificate::Certificate(certificate) => certificate.signature_key(),
        };
        if shown == expected.key_data() { Ok(true) } else { Err(SessionError::HostKey(self.host.clone())) }
    }
}

/// Tries every way to log in that there is: key, agent, password.
async fn log_in(handle: &mut Handle<Client>, login: &Login) -> Result<(), SessionError> {
    let mut methods = vec!["none"];
    if login.private_key.is_some() {
        methods.push("publickey");
        if log_in_with_key(handle, login).await? {
            return Ok(());
        }
    }
    if login.agent.is_some() {
        methods.push("publickey (agent)");
        if log_in_with_agent(handle, login).await? {
            return Ok(());
        }
    }
    if let Some(password) = &login.password {
        methods.push("password");
        if handle.authenticate_password(&login.user, password).await?.success()
            || log_in_with_answers(handle, login, password).await?
        {
            return Ok(());
        }
    }
    if methods.len() == 1 && handle.authenticate_none(&login.user).await?.success() {
        return Ok(());
    }
    Err(SessionError::Refused {
        user: login.user.clone(),
        host: login.host.clone(),
        methods: methods.join(", "),
    })
}

async fn log_in_with_key(handle: &mut Handle<Client>, login: &Login) -> Result<bool, SessionError> {
    let text = login.private_key.as_deref().unwrap_or_default();
    let key = decode_secret_key(text, None)
        .map_err(|error| SessionError::Key(format!("Failed to parse ssh private key: {error}")))?;
    let key = Arc::new(key);
    let result = match &login.certificate {
        Some(text) => {
            let certificate = Certificate::from_openssh(text)
                .map_err(|error| SessionError::Key(format!("failed to parse certificate: {error}")))?;
            handle.authenticate_openssh_cert(&login.user, key, certificate).await?
        }
        None => {
            let hash = handle.best_supported_rsa_hash().await?.flatten();
            handle.authenticate_publickey(&login.user, PrivateKeyWithHashAlg::new(key, hash)).await?
        }
    };
    Ok(result.success())
}

async fn log_in_with_agent(handle: &mut Handle<Client>, login: &Login) -> Result<bool, SessionError> {
    let Some(socket) = &login.agent else { return Ok(false) };
    let unusable = |error: &dyn std::fmt::Display| SessionError::Key(format!("SSH agent: {error}"));
    let mut agent = AgentClient::connect_uds(socket).await.map_err(|error| unusable(&error))?;
    let identities = agent.request_identities().await.map_err(|error| unusable(&error))?;
    let hash = handle.best_supported_rsa_hash().await?.flatten();
    for identity in identities {
        let AgentIdentity::PublicKey { key, comment } = identity else { continue };
        if !is_wanted(login.agent_identity.as_deref(), &key, &comment) {
            continue;
        }
        let hash = hash.filter(|_| key.algorithm().is_rsa());
        let result = handle.authenticate_publickey_with(&login.user, key, hash, &mut agent).await;
        if result.is_ok_and(|result: AuthResult| result.success()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_wanted(identity: Option<&str>, key: &PublicKey, comment: &str) -> bool {
    let Some(identity) = identity else { return true };
    identity == comment
        || PublicKey::from_openssh(identity).is_ok_and(|wanted| wanted.key_data() == key.key_data())
}

/// Some machines ask for the password as a question.
async fn log_in_with_answers(
    handle: &mut Handle<Client>,
    login: &Login,
    password: &str,
) -> Result<bool, SessionError> {
    let mut response = handle.authenticate_keyboard_interactive_start(&login.user, None).await?;
    loop {
        response = match response {
            KeyboardInteractiveAuthResponse::Success => return Ok(true),
            KeyboardInteractiveAuthResponse::Failure { .. } => return Ok(false),
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                let answers = prompts.iter().map(|_| password.to_owned()).collect();
                handle.authenticate_keyboard_interactive_respond(answers).await?
            }
        };
    }
}

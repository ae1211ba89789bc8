//! `connection` blocks: how an object is reached.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use terrane_model::{Attribute, Block, Type, Value};

use crate::reading::{block, flag, optional, text_of_some_length};

/// Port of SSH unless said otherwise.
const SSH_PORT: u16 = 22;

/// How long to try to get a connection unless said otherwise.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Who logs in unless said otherwise.
const USER: &str = "root";

/// Where scripts go unless said otherwise.
const SCRIPT_PATH: &str = "/tmp/terraform_%RAND%.sh";

/// Returns what may be written in a `connection` block.
pub(crate) fn connection_schema() -> Arc<Block> {
    let text = || optional(Type::String);
    let secret = || optional(Type::String).sensitive();
    let number = || optional(Type::Number);
    let switch = || optional(Type::Bool);
    Arc::new(block([
        ("agent", switch()),
        ("agent_identity", text()),
        ("bastion_certificate", text()),
        ("bastion_host", text()),
        ("bastion_host_key", text()),
        ("bastion_password", secret()),
        ("bastion_port", number()),
        ("bastion_private_key", secret()),
        ("bastion_user", text()),
        ("cacert", text()),
        ("certificate", text()),
        ("host", Attribute::required(Type::String)),
        ("host_key", text()),
        ("https", switch()),
        ("insecure", switch()),
        ("password", secret()),
        ("port", number()),
        ("private_key", secret()),
        ("proxy_host", text()),
        ("proxy_port", number()),
        ("proxy_scheme", text()),
        ("proxy_user_name", text()),
        ("proxy_user_password", secret()),
        ("script_path", text()),
        ("target_platform", text()),
        ("timeout", text()),
        ("type", text()),
        ("use_ntlm", switch()),
        ("user", text()),
    ]))
}

/// How an object is reached.
#[derive(Clone)]
pub(crate) struct Connection {
    /// The object's machine.
    pub(crate) target: Login,
    /// The machine that the connection goes through.
    pub(crate) bastion: Option<Login>,
    /// How long to try.
    pub(crate) timeout: Duration,
    /// Where scripts go; `%RAND%` stands for a number.
    pub(crate) script_path: String,
}

/// How to log in to one machine.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: Option<String>,
    pub(crate) private_key: Option<String>,
    pub(crate) certificate: Option<String>,
    /// The only key that the machine may show, as OpenSSH writes it; any key will do when none is given.
    pub(crate) host_key: Option<String>,
    /// Socket of the agent that holds keys.
    pub(crate) agent: Option<PathBuf>,
    /// The only key of the agent that is used: its comment, or the key as OpenSSH writes it.
    pub(crate) agent_identity: Option<String>,
}

impl Connection {
    /// Reads a block. `agent` is the socket of the user's agent.
    ///
    /// # Errors
    /// With what is wrong, in a sentence.
    pub(crate) fn read(config: &Value, agent: Option<&PathBuf>) -> Result<Self, String> {
        if config.is_null() {
            return Err("a connection block with the host is required".to_owned());
        }
        match text_of_some_length(config, "type").as_deref() {
            None | Some("ssh") => {}
            Some(other) => {
                return Err(format!("connections of type {other:?} are not supported, only \"ssh\" is"));
            }
        }
        let Some(host) = text_of_some_length(config, "host") else {
            return Err("host for provisioner cannot be empty".to_owned());
        };
        let agent = agent.filter(|_| flag(config, "agent") != Some(false)).cloned();
        let target = Login {
            host,
            port: port(config, "port")?,
            user: text_of_some_length(config, "user").unwrap_or_else(|| USER.to_owned()),
            password: text_of_some_length(config, "password"),
            private_key: text_of_some_length(config, "private_key"),
            certificate: text_of_some_length(config, "certificate"),
            host_key: text_of_some_length(config, "host_key"),
            agent,
            agent_identity: text_of_some_length(config, "agent_identity"),
        };
        Ok(Self {
            bastion: bastion(config, &target)?,
            target,
            timeout: match text_of_some_length(config, "timeout") {
                None => TIMEOUT,
                Some(text) => {
                    parse_duration(&text).ok_or_else(|| format!("the timeout {text:?} is no duration"))?
                }
            },
            script_path: text_of_some_length(config, "script_path").unwrap_or_else(|| SCRIPT_PATH.to_owned()),
        })
    }
}

/// What is not said about the bastion is as for the object's machine.
fn bastion(config: &Value, target: &Login) -> Result<Option<Login>, String> {
    let Some(host) = text_of_some_length(config, "bastion_host") else { return Ok(None) };
    let own = |name: &str| text_of_some_length(config, name);
    Ok(Some(Login {
        host,
        port: port(config, "bastion_port")?,
        user: own("bastion_user").unwrap_or_else(|| target.user.clone()),
        password: own("bastion_password").or_else(|| target.password.clone()),
        private_key: own("bastion_private_key").or_else(|| target.private_key.clone()),
        certificate: own("bastion_certificate"),
        host_key: own("bastion_host_key"),
        agent: target.agent.clone(),
        agent_identity: target.agent_identity.clone(),
    }))
}

fn port(config: &Value, name: &str) -> Result<u16, String> {
    let Some(number) = config.get(name).and_then(Value::as_number) else { return Ok(SSH_PORT) };
    match number.to_i64().and_then(|number| u16::try_from(number).ok()) {
        Some(0) => Ok(SSH_PORT),
        Some(port) => Ok(port),
        None => Err(format!("{name} must be a whole number from 1 to 65535")),
    }
}

/// Reads a duration such as `5m` or `1m30s`.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        total += number
            * match &rest[..end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => return None,
            };
        rest = &rest[end..];
    }
    (total > 0.0 && total <= 1e9).then(|| Duration::from_secs_f64(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(attributes: &[(&str, Value)]) -> Result<Connection, String> {
        let attributes = attributes.iter().map(|(name, value)| (*name, value.clone()));
        Connection::read(&Value::object(attributes), Some(&PathBuf::from("/agent")))
    }

    #[test]
    fn what_is_not_said_has_defaults() {
        let connection = read(&[("host", "h".into())]).unwrap();
        assert_eq!((connection.target.port, connection.target.user.as_str()), (22, "root"));
        assert_eq!(connection.timeout, Duration::from_secs(300));
        assert_eq!(connection.script_path, "/tmp/terraform_%RAND%.sh");
        assert!(connection.target.agent.is_some() && connection.bastion.is_none());
        assert!(read(&[("host", "h".into()), ("agent", false.into())]).unwrap().target.agent.is_none());
    }

    #[test]
    fn bastions_take_over_what_the_target_has() {
        let connection = read(&[
            ("host", "h".into()),
            ("user", "u".into()),
            ("password", "p".into()),
            ("bastion_host", "b".into()),
            ("bastion_port", 2222.into()),
            ("timeout", "1m30s".into()),
        ])
        .unwrap();
        let bastion = connection.bastion.unwrap();
        assert_eq!((bastion.host.as_str(), bastion.port, bastion.user.as_str()), ("b", 2222, "u"));
        assert_eq!(bastion.password.as_deref(), Some("p"));
        assert_eq!(connection.timeout, Duration::from_secs(90));
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for (attributes, expected) in [
            (vec![], "host for provisioner cannot be empty"),
            (vec![("host", Value::from("h")), ("type", "winrm".into())], "connections of type \"winrm\""),
            (vec![("host", "h".into()), ("port", 70_000.into())], "port must be a whole number"),
            (vec![("host", "h".into()), ("timeout", "soon".into())], "the timeout \"soon\" is no duration"),
        ] {
            let error = read(&attributes).err().unwrap();
            assert!(error.starts_with(expected), "{error}");
        }
        assert!(Connection::read(&Value::dynamic_null(), None).is_err());
    }
}

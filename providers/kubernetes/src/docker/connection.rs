//! Where the Docker engine is.
//!
//! The order is that of the `docker` command: what the configuration names, `DOCKER_HOST`, `DOCKER_CONTEXT`,
//! the current context of `config.json`, the socket of the system.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bollard::{API_DEFAULT_VERSION, Docker};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::engine::Engine;
use super::error::DockerError;

const SYSTEM_SOCKET: &str = "unix:///var/run/docker.sock";

/// The longest that the engine may take to start answering one request: a container's first start copies
/// its image's volumes, which takes a while on slow disks.
const REQUEST_TIMEOUT_SECONDS: u64 = 600;

/// What decides where the engine is.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionSettings {
    /// The environment variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// An address that goes before all others.
    pub(crate) host: Option<String>,
    /// A context that goes before the environment.
    pub(crate) context: Option<String>,
    /// The folder with `ca.pem`, `cert.pem` and `key.pem`, where the address is to be spoken to in TLS.
    pub(crate) certificates: Option<PathBuf>,
}

/// An engine's address and how to prove who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Endpoint {
    address: String,
    certificates: Option<PathBuf>,
}

impl ConnectionSettings {
    /// Returns the value of an environment variable that is not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the folder with the Docker client's own files.
    pub(crate) fn client_folder(&self) -> Option<PathBuf> {
        let configured = self.variable("DOCKER_CONFIG").map(PathBuf::from);
        configured.or_else(|| self.variable("HOME").map(|home| Path::new(home).join(".docker")))
    }

    fn endpoint(&self) -> Result<Endpoint, DockerError> {
        let at =
            |address: &str| Endpoint { address: address.to_owned(), certificates: self.tls_certificates() };
        if let Some(host) = &self.host {
            return Ok(at(host));
        }
        if let Some(context) = &self.context {
            return self.context_endpoint(context);
        }
        if let Some(host) = self.variable("DOCKER_HOST") {
            return Ok(at(host));
        }
        let context = self.variable("DOCKER_CONTEXT").map(str::to_owned).or_else(|| self.current_context());
        match context.as_deref() {
            None | Some("default" | "") => Ok(at(SYSTEM_SOCKET)),
            Some(context) => self.context_endpoint(context),
        }
    }

    fn tls_certificates(&self) -> Option<PathBuf> {
        self.certificates.clone().or_else(|| {
            self.variable("DOCKER_TLS_VERIFY")?;
            self.variable("DOCKER_CERT_PATH").map(PathBuf::from).or_else(|| self.client_folder())
        })
    }

    fn current_context(&self) -> Option<String> {
        let file = std::fs::read(self.client_folder()?.join("config.json")).ok()?;
        let config: Json = serde_json::from_slice(&file).ok()?;
        Some(config.get("currentContext")?.as_str()?.to_owned())
    }

    /// Contexts are files in a folder named by the hash of the context's name.
    fn context_endpoint(&self, context: &str) -> Result<Endpoint, DockerError> {
        let unusable = |reason: &str| DockerError::Address {
            address: format!("context {context}"),
            reason: reason.to_owned(),
        };
        if context == "default" {
            return Ok(Endpoint { address: SYSTEM_SOCKET.to_owned(), certificates: None });
        }
        let contexts = self.client_folder().ok_or_else(|| unusable("HOME is not set"))?.join("contexts");
        let folder: String =
            Sha256::digest(context.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let file = std::fs::read(contexts.join("meta").join(&folder).join("meta.json"))
            .map_err(|_| unusable("there is no such Docker context"))?;
        let meta: Json =
            serde_json::from_slice(&file).map_err(|_| unusable("its description is not JSON"))?;
        let host =
            meta.pointer("/Endpoints/docker/Host").and_then(Json::as_str).filter(|host| !host.is_empty());
        let tls = contexts.join("tls").join(&folder).join("docker");
        Ok(Endpoint {
            address: host.unwrap_or(SYSTEM_SOCKET).to_owned(),
            certificates: tls.is_dir().then_some(tls),
        })
    }
}

/// Connects to the engine and agrees on a version of its interface.
///
/// # Errors
/// When the address cannot be used or nothing answers there.
pub(crate) async fn connect(settings: &ConnectionSettings) -> Result<Engine, DockerError> {
    let endpoint = settings.endpoint()?;
    let no_engine = |error: bollard::errors::Error| DockerError::NoEngine {
        address: endpoint.address.clone(),
        reason: innermost(&error),
    };
    let docker = open(&endpoint)?;
    let docker = docker.negotiate_version().await.map_err(no_engine)?;
    let is_local = endpoint.address.starts_with("unix://") || endpoint.address.starts_with("npipe://");
    Ok(Engine::new(docker, endpoint.address, is_local, settings.clone()))
}

fn open(endpoint: &Endpoint) -> Result<Docker, DockerError> {
    let address = endpoint.address.as_str();
    let unusable = |reason: String| DockerError::Address { address: address.to_owned(), reason };
    let (timeout, version) = (REQUEST_TIMEOUT_SECONDS, API_DEFAULT_VERSION);
    let scheme = address.split_once("://").map_or("", |(scheme, _)| scheme);
    let opened = match (scheme, &endpoint.certificates) {
        #[cfg(unix)]
        ("unix", _) => Docker::connect_with_unix(address, timeout, version),
        #[cfg(windows)]
        ("npipe", _) => Docker::connect_with_named_pipe(address, timeout, version),
        ("tcp" | "https", Some(folder)) => Docker::connect_with_ssl(
            address,
            &folder.join("key.pem"),
            &folder.join("cert.pem"),
            &folder.join("ca.pem"),
            timeout,
            version,
        ),
        ("tcp" | "http", None) => Docker::connect_with_http(address, timeout, version),
        ("ssh", _) => {
            let reason =
                "connections over SSH are not supported; forward the engine's socket and name that instead";
            return Err(unusable(reason.to_owned()));
        }
        _ => return Err(unusable("it does not start with unix://, tcp:// or http://".to_owned())),
    };
    opened.map_err(|error| match error {
        bollard::errors::Error::SocketNotFoundError(_) => DockerError::NoEngine {
            address: address.to_owned(),
            reason: "there is no such socket".to_owned(),
        },
        error => unusable(innermost(&error)),
    })
}

/// Returns the root of an error, which says most: "connection refused" rather than "client error".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> ConnectionSettings {
        let environment =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ConnectionSettings { environment, ..ConnectionSettings::default() }
    }

    fn address(settings: &ConnectionSettings) -> String {
        settings.endpoint().map_or_else(|error| error.to_string(), |endpoint| endpoint.address)
    }

    #[test]
    fn the_configuration_goes_before_the_environment() {
        assert_eq!(address(&settings(&[])), SYSTEM_SOCKET);
        let from_environment =
            settings(&[("DOCKER_HOST", "tcp://10.0.0.1:2375"), ("DOCKER_CONTEXT", "other")]);
        assert_eq!(address(&from_environment), "tcp://10.0.0.1:2375");
        let configured = ConnectionSettings { host: Some("unix:///x".to_owned()), ..from_environment };
        assert_eq!(address(&configured), "unix:///x");
        assert_eq!(address(&settings(&[("DOCKER_CONTEXT", "default")])), SYSTEM_SOCKET);
    }

    #[test]
    fn contexts_are_read_from_the_client_folder() {
        let folder = std::env::temp_dir().join(format!("terrane-docker-contexts-{}", std::process::id()));
        // The SHA-256 of "remote".
        let hash: String = Sha256::digest(b"remote").iter().map(|byte| format!("{byte:02x}")).collect();
        let meta = folder.join("contexts/meta").join(hash);
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(folder.join("config.json"), r#"{"currentContext": "remote"}"#).unwrap();
        std::fs::write(meta.join("meta.json"), r#"{"Endpoints": {"docker": {"Host": "tcp://h:1"}}}"#)
            .unwrap();
        let client = folder.to_str().unwrap();
        assert_eq!(address(&settings(&[("DOCKER_CONFIG", client)])), "tcp://h:1");
        let missing = settings(&[("DOCKER_CONFIG", client), ("DOCKER_CONTEXT", "missing")]);
        assert!(address(&missing).contains("there is no such Docker context"), "{}", address(&missing));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn an_absent_engine_is_reported_with_its_address() {
        let absent = settings(&[("DOCKER_HOST", "unix:///nonexistent/docker.sock")]);
        let Err(error) = connect(&absent).await else { panic!("nothing is there") };
        assert!(error.is_unreachable());
        insta::assert_snapshot!(error, @"no Docker engine answers at unix:///nonexistent/docker.sock: there is no such socket");
        let Err(error) = connect(&settings(&[("DOCKER_HOST", "ssh://host")])).await else {
            panic!("not supported")
        };
        assert!(error.to_string().contains("SSH"), "{error}");
    }
}

//! Who we are to registries, as the Docker client remembers it: in `config.json`, or in a helper program that
//! it names.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bollard::auth::DockerCredentials;
use serde_json::Value as Json;
use tokio::io::AsyncWriteExt;

use super::engine::Engine;

/// The name under which the default registry's credentials are kept.
const DEFAULT_REGISTRY_KEY: &str = "https://index.docker.io/v1/";

/// What a helper answers as user name when its secret is a token.
const TOKEN_USER: &str = "<token>";

impl Engine {
    /// Returns the credentials for an image's registry. Without any, or where they cannot be read, the
    /// registry is asked as nobody, and its own refusal is what the user sees.
    pub(super) async fn credentials_for(&self, image: &str) -> Option<DockerCredentials> {
        let registry = registry_of(image);
        let file = tokio::fs::read(self.settings.client_folder()?.join("config.json")).await.ok()?;
        let config: Json = serde_json::from_slice(&file).ok()?;
        let helper = config
            .pointer("/credHelpers")
            .and_then(|helpers| helpers.get(registry))
            .or(config.get("credsStore"));
        match helper.and_then(Json::as_str).filter(|helper| !helper.is_empty()) {
            Some(helper) => ask_helper(helper, registry).await,
            None => written_credentials(&config, registry),
        }
    }
}

/// Returns the registry part of an image's name: the first part, if it looks like a host.
fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => {
            if host == "docker.io" || host == "index.docker.io" { DEFAULT_REGISTRY_KEY } else { host }
        }
        _ => DEFAULT_REGISTRY_KEY,
    }
}

fn written_credentials(config: &Json, registry: &str) -> Option<DockerCredentials> {
    let auths = config.get("auths")?;
    let with_scheme = format!("https://{registry}");
    let entry = auths.get(registry).or_else(|| auths.get(&with_scheme))?;
    let text = |name: &str| {
        entry.get(name).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let decoded = text("auth")
        .and_then(|auth| BASE64_STANDARD.decode(auth).ok())
        .and_then(|auth| String::from_utf8(auth).ok());
    let (username, password) = match decoded.as_deref().and_then(|auth| auth.split_once(':')) {
        Some((username, password)) => {
            (Some(username.to_owned()), Some(password.trim_end_matches('\0').to_owned()))
        }
        None => (text("username"), text("password")),
    };
    Some(DockerCredentials {
        username,
        password,
        identitytoken: text("identitytoken"),
        serveraddress: Some(registry.to_owned()),
        ..DockerCredentials::default()
    })
}

/// Helpers are programs that read the registry and answer in JSON.
async fn ask_helper(helper: &str, registry: &str) -> Option<DockerCredentials> {
    let mut process = tokio::process::Command::new(format!("docker-credential-{helper}"))
        .arg("get")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut input = process.stdin.take()?;
    input.write_all(registry.as_bytes()).await.ok()?;
    drop(input);
    let output = process.wait_with_output().await.ok()?;
    let answer: Json = serde_json::from_slice(&output.stdout).ok()?;
    let text = |name: &str| answer.get(name).and_then(Json::as_str).map(str::to_owned);
    let (username, secret) = (text("Username")?, text("Secret")?);
    let mut credentials =
        DockerCredentials { serveraddress: Some(registry.to_owned()), ..DockerCredentials::default() };
    if username == TOKEN_USER {
        credentials.identitytoken = Some(secret);
    } else {
        (credentials.username, credentials.password) = (Some(username), Some(secret));
    }
    Some(credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_the_first_part_if_it_looks_like_a_host() {
        let table = [
            ("node", DEFAULT_REGISTRY_KEY),
            ("kindest/node:v1", DEFAULT_REGISTRY_KEY),
            ("docker.io/kindest/node", DEFAULT_REGISTRY_KEY),
            ("localhost/node", "localhost"),
            ("localhost:5000/node", "localhost:5000"),
            ("example.test/team/node", "example.test"),
        ];
        for (image, registry) in table {
            assert_eq!(registry_of(image), registry, "{image}");
        }
    }

    #[test]
    fn written_credentials_are_decoded() {
        let config = serde_json::json!({"auths": {"https://r.test": {"auth": BASE64_STANDARD.encode("me:pass:word")}}});
        let credentials = written_credentials(&config, "r.test").unwrap();
        assert_eq!(credentials.username.as_deref(), Some("me"));
        assert_eq!(credentials.password.as_deref(), Some("pass:word"));
        assert!(written_credentials(&config, "other.test").is_none());
    }
}

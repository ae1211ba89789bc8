//! Whose keys sign: from the block, the environment, profiles, roles, or the machine that this runs on.
//!
//! The order is that of Amazon's SDKs: what is written, variables, a token of another issuer, a profile, the
//! container, the instance. A role that is to be assumed is assumed with what that came to.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, Method};
use serde_json::Value as Json;
use terrane_model::Value;
use terrane_state::BackendError;
use tokio::sync::Mutex;

use super::profiles::Profiles;
use super::roles::{Role, Sts};
use super::single_sign_on::Login;
use crate::error::remote;
use crate::network::body;
use crate::settings::{ConfigError, Settings, as_text};

/// Keys are renewed this long before they end.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// A service on this machine answers at once, or is not there.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(2);
/// How many profiles may lead to each other.
const CHAIN_MAX: usize = 8;

/// Keys to sign with.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) access_key: String,
    pub(super) secret_key: String,
    pub(super) session_token: Option<String>,
}

/// Keys, and until when they are good for anything.
#[derive(Clone)]
pub(super) struct Lent {
    pub(super) keys: Keys,
    pub(super) until: Option<Timestamp>,
}

/// Where keys come from.
pub(super) struct Credentials {
    http: Client,
    sts: Sts,
    /// Written in the block or the environment.
    given: Option<Keys>,
    web_identity: Option<Role>,
    role: Option<Role>,
    profiles: Profiles,
    profile: String,
    home: PathBuf,
    container: Option<Container>,
    /// Where the instance's metadata are; nothing where nobody is to ask.
    metadata: Option<String>,
    present: Mutex<Option<Lent>>,
}

/// A container's service for keys.
struct Container {
    url: String,
    token: Option<String>,
    token_file: Option<String>,
}

impl Credentials {
    /// Reads the settings.
    ///
    /// # Errors
    /// When one of two keys is missing, or a profile that is asked for.
    pub(super) fn read(settings: &Settings<'_>, http: &Client, sts: Sts) -> Result<Self, ConfigError> {
        let profiles = Profiles::read(settings);
        let asked_for = settings.text("profile");
        let named = asked_for.clone().or_else(|| settings.variable(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]));
        if let Some(profile) = named.as_deref().filter(|profile| !profiles.has(profile)) {
            return Err(ConfigError::invalid("profile", format!("there is no profile {profile:?}")));
        }
        let written = pair(settings.text("access_key"), settings.text("secret_key"), settings.text("token"))?;
        let variable = |name| settings.variable(&[name]);
        // A profile that is asked for in the block counts before variables.
        let variables = match asked_for {
            Some(_) => None,
            None => pair(
                variable("AWS_ACCESS_KEY_ID"),
                variable("AWS_SECRET_ACCESS_KEY"),
                variable("AWS_SESSION_TOKEN"),
            )?,
        };
        let endpoint = settings.text("ec2_metadata_service_endpoint");
        let asks_instance = !settings.flag("skip_metadata_api_check")?;
        let metadata = endpoint.unwrap_or_else(|| {
            let is_six =
                settings.text("ec2_metadata_service_endpoint_mode").is_some_and(|mode| mode == "IPv6");
            if is_six { "http://[fd00:ec2::254]" } else { "http://169.254.169.254" }.to_owned()
        });
        Ok(Self {
            http: http.clone(),
            sts,
            given: written.or(variables),
            web_identity: web_identity(settings),
            role: settings.nested("assume_role").as_ref().and_then(Role::read),
            profiles,
            profile: named.unwrap_or_else(|| "default".to_owned()),
            home: settings.variable(&["HOME"]).unwrap_or_default().into(),
            container: Container::find(settings),
            metadata: asks_instance.then(|| metadata.trim_end_matches('/').to_owned()),
            present: Mutex::default(),
        })
    }

    /// Returns the region of the profile.
    pub(super) fn region(&self) -> Option<&str> {
        self.profiles.setting(&self.profile, "region")
    }

    /// Returns the keys; new ones, where the present ones are about to end.
    ///
    /// # Errors
    /// When there are none.
    pub(super) async fn keys(&self) -> Result<Keys, BackendError> {
        let mut present = self.present.lock().await;
        let soon = Timestamp::now() + RENEW_BEFORE;
        if let Some(lent) = present.as_ref().filter(|lent| lent.until.is_none_or(|until| until > soon)) {
            return Ok(lent.keys.clone());
        }
        let mut lent = self.base().await?;
        if let Some(role) = &self.role {
            lent = self.sts.assume(role, &lent.keys).await?;
        }
        *present = Some(lent.clone());
        Ok(lent.keys)
    }

    async fn base(&self) -> Result<Lent, BackendError> {
        if let Some(keys) = &self.given {
            return Ok(forever(keys.clone()));
        }
        if let Some(role) = &self.web_identity {
            return self.sts.assume_with_web_identity(role).await;
        }
        if let Some(lent) = self.of_profile().await? {
            return Ok(lent);
        }
        if let Some(container) = &self.container {
            return container.ask(&self.http).await;
        }
        match &self.metadata {
            Some(address) => self.ask_instance(address).await,
            None => Err(remote(NO_KEYS)),
        }
    }

    /// Goes from profile to profile until one has keys, and then back through the roles on the way.
    async fn of_profile(&self) -> Result<Option<Lent>, BackendError> {
        let mut roles = Vec::new();
        let mut profile = self.profile.as_str();
        for _ in 0..CHAIN_MAX {
            let setting = |name| self.profiles.setting(profile, name);
            let own = match (setting("aws_access_key_id"), setting("aws_secret_access_key")) {
                (Some(access_key), Some(secret_key)) => Some(forever(Keys {
                    access_key: access_key.to_owned(),
                    secret_key: secret_key.to_owned(),
                    session_token: setting("aws_session_token").map(str::to_owned),
                })),
                _ => None,
            };
            let role = setting("role_arn").map(|arn| Role {
                arn: arn.to_owned(),
                external_id: setting("external_id").map(str::to_owned),
                session_name: setting("role_session_name").map(str::to_owned),
                token_file: setting("web_identity_token_file").map(str::to_owned),
                ..Role::default()
            });
            let mut lent = match (role, setting("source_profile")) {
                (Some(role), _) if role.token_file.is_some() => {
                    self.sts.assume_with_web_identity(&role).await?
                }
                (Some(role), Some(source)) if source != profile => {
                    roles.push(role);
                    profile = source;
                    continue;
                }
                (Some(role), source) => {
                    roles.push(role);
                    match (own, setting("credential_source"), &self.container, &self.metadata) {
                        (Some(own), ..) if source.is_some() => own,
                        (_, Some("EcsContainer"), Some(container), _) => container.ask(&self.http).await?,
                        (_, Some("Ec2InstanceMetadata"), _, Some(address)) => {
                            self.ask_instance(address).await?
                        }
                        (_, Some("Environment"), ..) => {
                            forever(self.given.clone().ok_or_else(|| remote(NO_KEYS))?)
                        }
                        _ => {
                            return Err(remote(format!(
                                "the profile {profile:?} has a role and no source of keys"
                            )));
                        }
                    }
                }
                (None, _) => {
                    let login = Login::find(&self.profiles, profile);
                    match (own, setting("credential_process"), login) {
                        (Some(own), ..) => own,
                        (None, Some(command), _) => ask_process(command).await?,
                        (None, None, Some(login)) => login.keys(&self.http, &self.home).await?,
                        (None, None, None) if roles.is_empty() => return Ok(None),
                        (None, None, None) => {
                            return Err(remote(format!("the profile {profile:?} has no keys")));
                        }
                    }
                }
            };
            for role in roles.iter().rev() {
                lent = self.sts.assume(role, &lent.keys).await?;
            }
            return Ok(Some(lent));
        }
        Err(remote(format!("the profile {:?} leads from profile to profile without end", self.profile)))
    }

    /// Asks the instance's metadata service, version 2.
    async fn ask_instance(&self, address: &str) -> Result<Lent, BackendError> {
        let at = |path: &str| format!("{address}/latest/{path}");
        let absent = |_| remote(NO_KEYS);
        let request = self.http.request(Method::PUT, at("api/token")).timeout(LOCAL_TIMEOUT);
        let request = request.header("x-aws-ec2-metadata-token-ttl-seconds", "300");
        let token = request.send().await.and_then(reqwest::Response::error_for_status).map_err(absent)?;
        let token = String::from_utf8_lossy(&body(token).await?).into_owned();
        let get = async |path: &str| -> Result<Vec<u8>, BackendError> {
            let request = self.http.get(at(path)).timeout(LOCAL_TIMEOUT);
            let response = request.header("x-aws-ec2-metadata-token", &token).send().await;
            let response = response.and_then(reqwest::Response::error_for_status).map_err(absent)?;
            body(response).await
        };
        let path = "meta-data/iam/security-credentials/";
        let roles = String::from_utf8_lossy(&get(path).await?).into_owned();
        let role = roles.lines().next().unwrap_or_default();
        from_json(&get(&format!("{path}{role}")).await?)
    }
}

impl Container {
    fn find(settings: &Settings<'_>) -> Option<Self> {
        let relative = settings.variable(&["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]);
        let full = settings.variable(&["AWS_CONTAINER_CREDENTIALS_FULL_URI"]);
        Some(Self {
            url: relative.map(|path| format!("http://169.254.170.2{path}")).or(full)?,
            token: settings.variable(&["AWS_CONTAINER_AUTHORIZATION_TOKEN"]),
            token_file: settings.variable(&["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]),
        })
    }

    async fn ask(&self, http: &Client) -> Result<Lent, BackendError> {
        let mut request = http.get(&self.url).timeout(LOCAL_TIMEOUT);
        let in_file = self.token_file.as_ref().map(std::fs::read_to_string).transpose();
        let in_file =
            in_file.map_err(|error| remote(format!("the container's token cannot be read: {error}")))?;
        if let Some(token) = in_file.as_deref().map(str::trim).or(self.token.as_deref()) {
            request = request.header("authorization", token);
        }
        let response = request.send().await.and_then(reqwest::Response::error_for_status);
        let refused = |error: reqwest::Error| {
            remote(format!("the container's service gives no keys: {}", error.without_url()))
        };
        from_json(&body(response.map_err(refused)?).await?)
    }
}

/// Runs a program that prints keys as JSON.
async fn ask_process(command: &str) -> Result<Lent, BackendError> {
    let mut shell = tokio::process::Command::new("sh");
    let output = shell.args(["-c", command]).kill_on_drop(true).output().await;
    let output = output.map_err(|error| remote(format!("credential_process cannot be run: {error}")))?;
    if !output.status.success() {
        return Err(remote(format!("credential_process failed: {}", output.status)));
    }
    from_json(&output.stdout)
}

/// Reads keys as services and programs print them: `Token` of the one is `SessionToken` of the other.
fn from_json(bytes: &[u8]) -> Result<Lent, BackendError> {
    let unusable = || remote("what should be keys of an account is not understood");
    let json: Json = serde_json::from_slice(bytes).map_err(|_| unusable())?;
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    Ok(Lent {
        keys: Keys {
            access_key: text("AccessKeyId").ok_or_else(unusable)?,
            secret_key: text("SecretAccessKey").ok_or_else(unusable)?,
            session_token: text("Token").or_else(|| text("SessionToken")),
        },
        until: text("Expiration").and_then(|time| time.parse().ok()),
    })
}

fn forever(keys: Keys) -> Lent {
    Lent { keys, until: None }
}

fn pair(
    access_key: Option<String>,
    secret_key: Option<String>,
    session_token: Option<String>,
) -> Result<Option<Keys>, ConfigError> {
    match (access_key, secret_key) {
        (Some(access_key), Some(secret_key)) => Ok(Some(Keys { access_key, secret_key, session_token })),
        (None, None) => Ok(None),
        _ => Err(ConfigError::Other("an access key and its secret key need each other".to_owned())),
    }
}

fn web_identity(settings: &Settings<'_>) -> Option<Role> {
    let variable = |name| settings.variable(&[name]);
    let block = settings.nested("assume_role_with_web_identity");
    let mut role = block.as_ref().and_then(Role::read).unwrap_or_default();
    let written = |name: &str| {
        block.as_ref().map(|block| block.attribute(name)).as_ref().and_then(as_text as fn(&Value) -> _)
    };
    role.token = written("web_identity_token");
    role.token_file = written("web_identity_token_file").or_else(|| variable("AWS_WEB_IDENTITY_TOKEN_FILE"));
    if role.arn.is_empty() {
        role.arn = variable("AWS_ROLE_ARN")?;
    }
    role.session_name = role.session_name.or_else(|| variable("AWS_ROLE_SESSION_NAME"));
    (role.token.is_some() || role.token_file.is_some()).then_some(role)
}

const NO_KEYS: &str = "no keys of an account were found: not in the block, in AWS_ACCESS_KEY_ID and \
    AWS_SECRET_ACCESS_KEY, in a profile, nor with the machine that this runs on";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_services_and_programs_print_them() {
        let service =
            br#"{"AccessKeyId":"a","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-21T21:00:00Z"}"#;
        let lent = from_json(service).ok().unwrap();
        assert_eq!(lent.keys.session_token.as_deref(), Some("t"));
        assert_eq!(lent.until, "2026-11-21T21:00:00Z".parse().ok());
        let program = br#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"s"}"#;
        assert!(from_json(program).is_ok_and(|lent| lent.until.is_none()));
        assert!(from_json(b"{\"AccessKeyId\":\"a\"}").is_err());
    }

    #[test]
    fn one_key_alone_is_a_mistake() {
        assert!(pair(Some("a".to_owned()), None, None).is_err());
        assert!(pair(None, None, Some("t".to_owned())).is_ok_and(|keys| keys.is_none()));
    }
}

//! Roles: keys that the Security Token Service lends.
//!
//! Source: AWS Security Token Service API Reference, version 2011-06-15.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, StatusCode, Url};
use terrane_model::Value;
use terrane_state::BackendError;

use super::credentials::{Keys, Lent};
use super::signature::sign;
use crate::error::remote;
use crate::network::{body, send};
use crate::settings::as_text;
use crate::xml;

/// How long keys are lent where nobody says.
const DURATION_SECONDS: i64 = 3600;

/// A role to assume.
#[derive(Clone, Default)]
pub(super) struct Role {
    pub(super) arn: String,
    pub(super) duration_seconds: Option<i64>,
    pub(super) external_id: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) policy_arns: Vec<String>,
    pub(super) session_name: Option<String>,
    pub(super) source_identity: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) transitive_tag_keys: Vec<String>,
    /// A token of another issuer.
    pub(super) token: Option<String>,
    /// A file with such a token.
    pub(super) token_file: Option<String>,
}

impl Role {
    /// Reads an object of the block. Nothing when it names no role.
    pub(super) fn read(block: &Value) -> Option<Self> {
        let text = |name: &str| as_text(&block.attribute(name));
        let texts = |name: &str| -> Vec<String> {
            let value = block.attribute(name);
            value.as_sequence().unwrap_or_default().iter().filter_map(as_text).collect()
        };
        let tags = block.attribute("tags");
        let tags = tags.as_entries().unwrap_or_default().iter();
        Some(Self {
            arn: text("role_arn")?,
            duration_seconds: text("duration").as_deref().and_then(seconds),
            external_id: text("external_id"),
            policy: text("policy").map(|policy| policy.trim().to_owned()),
            policy_arns: texts("policy_arns"),
            session_name: text("session_name"),
            source_identity: text("source_identity"),
            tags: tags.map(|(name, value)| (name.to_string(), as_text(value).unwrap_or_default())).collect(),
            transitive_tag_keys: texts("transitive_tag_keys"),
            ..Self::default()
        })
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let seconds = self.duration_seconds.unwrap_or(DURATION_SECONDS);
        let name =
            self.session_name.clone().unwrap_or_else(|| format!("terrane-{}", Timestamp::now().as_second()));
        let mut parameters: Vec<(String, String)> = vec![
            ("RoleArn".into(), self.arn.clone()),
            ("RoleSessionName".into(), name),
            ("DurationSeconds".into(), seconds.to_string()),
        ];
        for (name, value) in [
            ("ExternalId", &self.external_id),
            ("Policy", &self.policy),
            ("SourceIdentity", &self.source_identity),
        ] {
            parameters.extend(value.iter().map(|value| (name.to_owned(), value.clone())));
        }
        for (index, arn) in self.policy_arns.iter().enumerate() {
            parameters.push((format!("PolicyArns.member.{}.arn", index + 1), arn.clone()));
        }
        for (index, (key, value)) in self.tags.iter().enumerate() {
            parameters.push((format!("Tags.member.{}.Key", index + 1), key.clone()));
            parameters.push((format!("Tags.member.{}.Value", index + 1), value.clone()));
        }
        for (index, key) in self.transitive_tag_keys.iter().enumerate() {
            parameters.push((format!("TransitiveTagKeys.member.{}", index + 1), key.clone()));
        }
        parameters
    }
}

/// Reads a duration of hours, minutes and seconds: `1h30m`.
fn seconds(text: &str) -> Option<i64> {
    text.parse::<SignedDuration>().ok().map(|duration| duration.as_secs()).filter(|seconds| *seconds > 0)
}

/// The service.
#[derive(Clone)]
pub(super) struct Sts {
    pub(super) http: Client,
    pub(super) endpoint: String,
    pub(super) region: String,
}

impl Sts {
    /// Gets a role's keys with other keys.
    pub(super) async fn assume(&self, role: &Role, keys: &Keys) -> Result<Lent, BackendError> {
        lent(&self.call("AssumeRole", role.parameters(), Some(keys)).await?)
    }

    /// Gets a role's keys with a token of another issuer.
    pub(super) async fn assume_with_web_identity(&self, role: &Role) -> Result<Lent, BackendError> {
        let in_file = role.token_file.as_ref().map(std::fs::read_to_string).transpose();
        let in_file =
            in_file.map_err(|error| remote(format!("the web identity's token cannot be read: {error}")))?;
        let token = role.token.clone().or(in_file).unwrap_or_default();
        let mut parameters = role.parameters();
        parameters.push(("WebIdentityToken".to_owned(), token.trim().to_owned()));
        lent(&self.call("AssumeRoleWithWebIdentity", parameters, None).await?)
    }

    /// Returns the account that keys belong to.
    pub(super) async fn account(&self, keys: &Keys) -> Result<String, BackendError> {
        let answer = self.call("GetCallerIdentity", Vec::new(), Some(keys)).await?;
        xml::text(&answer, "Account").ok_or_else(|| remote("the token service names no account"))
    }

    async fn call(
        &self,
        action: &str,
        parameters: Vec<(String, String)>,
        keys: Option<&Keys>,
    ) -> Result<String, BackendError> {
        let mut form = Url::parse("form:").expect("it is an address");
        form.query_pairs_mut()
            .append_pair("Action", action)
            .append_pair("Version", "2011-06-15")
            .extend_pairs(parameters);
        let form = form.query().unwrap_or_default().to_owned();
        let request = self.http.post(format!("{}/", self.endpoint.trim_end_matches('/')));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.clone());
        let mut request = request.build().map_err(|error| remote(error.without_url().to_string()))?;
        if let Some(keys) = keys {
            sign(&mut request, form.as_bytes(), keys, (&self.region, "sts"), Timestamp::now())
                .map_err(|_| remote("a key holds characters that no header may"))?;
        }
        let response = send(reqwest::RequestBuilder::from_parts(self.http.clone(), request)).await?;
        let status = response.status();
        let answer = String::from_utf8_lossy(&body(response).await?).into_owned();
        if status == StatusCode::OK {
            return Ok(answer);
        }
        let [code, message] = ["Code", "Message"].map(|name| xml::text(&answer, name).unwrap_or_default());
        Err(remote(format!("the token service answered {} to {action}: {code} {message}", status.as_u16())))
    }
}

fn lent(answer: &str) -> Result<Lent, BackendError> {
    let text = |name: &str| xml::text(answer, name);
    let unusable = || remote("the token service's answer has no keys");
    Ok(Lent {
        keys: Keys {
            access_key: text("AccessKeyId").ok_or_else(unusable)?,
            secret_key: text("SecretAccessKey").ok_or_else(unusable)?,
            session_token: text("SessionToken"),
        },
        until: text("Expiration").and_then(|time| time.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_become_parameters() {
        let role = Role::read(&Value::object([
            ("role_arn", Value::string("arn")),
            ("duration", Value::string("1h30m")),
            ("session_name", Value::string("n")),
            ("policy_arns", Value::list_of_strings(["p"])),
            ("tags", Value::map(terrane_model::Type::String, [("k", Value::string("v"))])),
        ]));
        let parameters: Vec<String> =
            role.unwrap().parameters().iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            parameters,
            [
                "RoleArn=arn",
                "RoleSessionName=n",
                "DurationSeconds=5400",
                "PolicyArns.member.1.arn=p",
                "Tags.member.1.Key=k",
                "Tags.member.1.Value=v"
            ]
        );
        assert!(Role::read(&Value::empty_object()).is_none());
    }
}

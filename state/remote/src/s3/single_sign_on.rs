//! Profiles of IAM Identity Center: the token that `aws sso login` has left, and the keys that it is good for.
//!
//! Sources: AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider"; the portal's API reference.

use std::path::Path;

use jiff::Timestamp;
use reqwest::{Client, StatusCode};
use serde_json::Value as Json;
use sha1::{Digest, Sha1};
use terrane_state::BackendError;

use super::credentials::{Keys, Lent};
use super::profiles::Profiles;
use super::signature::hex;
use crate::error::remote;
use crate::network::{body, send};

/// Who has signed in where, and as what.
pub(super) struct Login {
    /// What the token's file is named after.
    token_name: String,
    region: String,
    account: String,
    role: String,
}

impl Login {
    /// Reads a profile. Nothing when it is of another kind.
    pub(super) fn find(profiles: &Profiles, profile: &str) -> Option<Self> {
        let own = |name| profiles.setting(profile, name);
        let session = own("sso_session");
        let section = session.map(|session| format!("sso-session {session}"));
        let of_session = |name| {
            section.as_deref().and_then(|section| profiles.setting(section, name)).or_else(|| own(name))
        };
        Some(Self {
            token_name: session.or_else(|| own("sso_start_url"))?.to_owned(),
            region: of_session("sso_region")?.to_owned(),
            account: own("sso_account_id")?.to_owned(),
            role: own("sso_role_name")?.to_owned(),
        })
    }

    /// Gets the keys.
    pub(super) async fn keys(&self, http: &Client, home: &Path) -> Result<Lent, BackendError> {
        let sign_in = || remote("the sign-in has ended or was never made: run aws sso login");
        let path = home.join(".aws/sso/cache").join(self.file_name());
        let cached: Json = std::fs::read(path)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .ok_or_else(sign_in)?;
        let token = cached.get("accessToken").and_then(Json::as_str).ok_or_else(sign_in)?;
        let url = format!("https://portal.sso.{}.amazonaws.com/federation/credentials", self.region);
        let mut url = reqwest::Url::parse(&url).map_err(|_| remote("sso_region is no region"))?;
        url.query_pairs_mut().append_pair("role_name", &self.role).append_pair("account_id", &self.account);
        let response = send(http.get(url).header("x-amz-sso_bearer_token", token)).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => return Err(sign_in()),
            status => {
                return Err(remote(format!(
                    "IAM Identity Center gives no keys: it answered {}",
                    status.as_u16()
                )));
            }
        }
        let answer: Json = serde_json::from_slice(&body(response).await?).unwrap_or_default();
        lent(&answer).ok_or_else(|| remote("the answer of IAM Identity Center has no keys"))
    }

    fn file_name(&self) -> String {
        format!("{}.json", hex(&Sha1::digest(&self.token_name)))
    }
}

fn lent(answer: &Json) -> Option<Lent> {
    let keys = answer.get("roleCredentials")?;
    let text = |name: &str| keys.get(name).and_then(Json::as_str).map(str::to_owned);
    let until = keys.get("expiration").and_then(Json::as_i64);
    Some(Lent {
        keys: Keys {
            access_key: text("accessKeyId")?,
            secret_key: text("secretAccessKey")?,
            session_token: text("sessionToken"),
        },
        until: until.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_profiles_are_read() {
        let profiles = Profiles::of(
            "[profile new]\nsso_session = work\nsso_account_id = 1\nsso_role_name = r\n\
             [sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://x\n\
             [profile old]\nsso_start_url = https://x\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r\n\
             [profile other]\nregion = eu-west-1\n",
        );
        let new = Login::find(&profiles, "new").unwrap();
        // The SHA-1 of `work`.
        assert_eq!(new.file_name(), "e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json");
        assert_eq!(new.region, "eu-west-1");
        assert_eq!(Login::find(&profiles, "old").unwrap().token_name, "https://x");
        assert!(Login::find(&profiles, "other").is_none());
    }

    #[test]
    fn keys_come_with_their_end() {
        let answer = serde_json::json!({"roleCredentials": {
            "accessKeyId": "a", "secretAccessKey": "s", "sessionToken": "t", "expiration": 1_000
        }});
        assert_eq!(lent(&answer).unwrap().until, Timestamp::from_millisecond(1_000).ok());
        assert!(lent(&serde_json::json!({"message": "no"})).is_none());
    }
}

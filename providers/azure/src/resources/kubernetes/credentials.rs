//! Kubeconfigs: fetched by POST, taken apart for configurations that want the parts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::client::ArmRequest;
use crate::lifecycle::{Failure, Work};
use crate::mapping::Documents;
use crate::resources::kubernetes::{API_VERSION, yaml};

/// Takes the kubeconfigs apart that were fetched, after fetching the administrator's where there is one.
///
/// # Errors
/// When the exchange fails.
pub(crate) async fn complete_credentials(work: &Work<'_>, documents: &mut Documents) -> Result<(), Failure> {
    if has_administrator(documents) && !documents.unread.contains("user") {
        let path = format!("{}/listClusterAdminCredential", documents.path);
        let request = ArmRequest::post(path, API_VERSION);
        match work.client().send(&request, &work.call).await {
            Ok(response) => {
                documents.named.insert("admin".into(), response.body);
            }
            Err(error) if error.refusal().is_some_and(|refusal| refusal.status == 403) => {}
            Err(error) => return Err(error.into()),
        }
    } else if documents.unread.contains("user") {
        documents.unread.insert("admin".into());
    }
    for name in ["user", "admin"] {
        if let Some(document) = documents.named.get_mut(name) {
            *document = take_apart(document);
        }
    }
    Ok(())
}

/// Without Entra ID the user is the administrator; with it, one is there unless local accounts are off.
fn has_administrator(documents: &Documents) -> bool {
    let is_disabled = documents.at("properties.disableLocalAccounts").and_then(Json::as_bool) == Some(true);
    documents.at("properties.aadProfile").is_some() && !is_disabled
}

fn take_apart(document: &Json) -> Json {
    let encoded = document.pointer("/kubeconfigs/0/value").and_then(Json::as_str).unwrap_or_default();
    let raw =
        STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let parsed: Vec<Json> = parts(&raw).into_iter().collect();
    json!({"raw": raw, "parsed": parsed})
}

/// Reads the first cluster and user of a kubeconfig.
fn parts(raw: &str) -> Option<Json> {
    let config = yaml::parse(raw)?;
    let text = |path: &str| config.pointer(path).and_then(Json::as_str).unwrap_or_default().to_owned();
    Some(json!({
        "host": text("/clusters/0/cluster/server"),
        "cluster_ca_certificate": text("/clusters/0/cluster/certificate-authority-data"),
        "username": text("/users/0/name"),
        "password": text("/users/0/user/token"),
        "client_certificate": text("/users/0/user/client-certificate-data"),
        "client_key": text("/users/0/user/client-key-data"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubeconfigs_are_taken_apart() {
        let raw = "apiVersion: v1\nclusters:\n- name: c\n  cluster:\n    server: https://c:443\n    certificate-authority-data: Q0E=\n\
                   users:\n- name: clusterUser_rg_c\n  user:\n    client-certificate-data: Q0M=\n    client-key-data: Q0s=\n    token: t\n";
        let document = json!({"kubeconfigs": [{"name": "clusterUser", "value": STANDARD.encode(raw)}]});
        let apart = take_apart(&document);
        assert_eq!(apart["raw"], raw);
        assert_eq!(apart["parsed"][0]["host"], "https://c:443");
        assert_eq!(apart["parsed"][0]["password"], "t");
        assert_eq!(take_apart(&json!({}))["parsed"], json!([]));
    }
}

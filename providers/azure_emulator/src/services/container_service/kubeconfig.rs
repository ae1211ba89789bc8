//! Kubeconfigs that clusters hand out, with certificates of an authority of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::behaviour::Object;
use crate::body::text_at;
use crate::certificate::Authority;
use crate::credentials::random_hex;
use crate::error::ArmError;

/// Whose credentials are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    Cluster,
    Admin,
    Monitoring,
}

impl User {
    /// The name in answers.
    pub(super) fn name(self) -> &'static str {
        match self {
            User::Cluster => "clusterUser",
            User::Admin => "clusterAdmin",
            User::Monitoring => "clusterMonitoringUser",
        }
    }
}

/// Makes the certificates of a cluster: what is kept in its hidden part.
pub(super) fn make_certificates() -> Result<Object, ArmError> {
    let failed = |error: rcgen::Error| ArmError::new(500, "InternalServerError", error.to_string());
    let authority = Authority::generate("ca").map_err(failed)?;
    let client = authority.issue_client("masterclient", "system:masters").map_err(failed)?;
    let made = json!({
        "ca": authority.certificate_pem,
        "certificate": client.certificate_pem,
        "key": client.key_pem,
        "token": random_hex(64),
    });
    Ok(made.as_object().cloned().unwrap_or_default())
}

/// Writes the kubeconfig of a cluster.
pub(super) fn write_kubeconfig(
    group: &str,
    cluster: &str,
    body: &Object,
    certificates: &Object,
    user: User,
) -> String {
    let text = |name: &str| text_at(certificates, &[name]).unwrap_or_default();
    let data = |name: &str| STANDARD.encode(text(name));
    let host = text_at(body, &["properties", "fqdn"])
        .or_else(|| text_at(body, &["properties", "privateFQDN"]))
        .unwrap_or_default();
    let user_name = format!("{}_{group}_{cluster}", user.name());
    let context = if user == User::Admin { format!("{cluster}-admin") } else { cluster.to_owned() };
    let has_directory = crate::body::at(body, &["properties", "aadProfile"]).is_some();
    let credentials = if has_directory && user == User::Cluster {
        directory_login(body)
    } else {
        format!(
            "    client-certificate-data: {}\n    client-key-data: {}\n    token: {}\n",
            data("certificate"),
            data("key"),
            text("token")
        )
    };
    format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {}\n    server: https://{host}:443\n  \
         name: {cluster}\ncontexts:\n- context:\n    cluster: {cluster}\n    user: {user_name}\n  name: {context}\n\
         current-context: {context}\nkind: Config\npreferences: {{}}\nusers:\n- name: {user_name}\n  user:\n{credentials}",
        data("ca")
    )
}

/// Sign-in through kubelogin, as clusters with Entra integration demand.
fn directory_login(body: &Object) -> String {
    let tenant = text_at(body, &["properties", "aadProfile", "tenantID"]).unwrap_or_default();
    format!(
        "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      args:\n      - get-token\n      - \
         --environment\n      - AzurePublicCloud\n      - --server-id\n      - 6dae42f8-4368-4678-94ff-3960e28e3630\n      \
         - --client-id\n      - 80faf920-1908-4b52-b5ef-a8e7bedfc67a\n      - --tenant-id\n      - {tenant}\n      - \
         --login\n      - devicecode\n      command: kubelogin\n      env: null\n      provideClusterInfo: false\n"
    )
}

/// The answer to a request for credentials.
pub(super) fn credentials(user: User, kubeconfig: &[u8]) -> Value {
    json!({"kubeconfigs": [{"name": user.name(), "value": STANDARD.encode(kubeconfig)}]})
}

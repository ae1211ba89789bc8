//! Managed clusters.

use std::time::Duration;

use serde_json::{Value, json};

use super::computed::fill_computed;
use super::credentials::{list_credentials, rotate_certificates};
use super::kubeconfig::User;
use super::versions::{self, Version};
use super::{automatic, network_profile, node_group};
use crate::behaviour::{Action, Behaviour, Draft, Effects, Object, Outcome, View};
use crate::body::{object_at, set_default, text_at};
use crate::credentials::random_hex;
use crate::error::ArmError;
use crate::guid;
use crate::resource_id::{Key, is_same_id};
use crate::services::identity::fill_identity;
use crate::world::{OperationKind, Resource};

pub(in crate::services) struct ManagedCluster;

/// What can be given only when the cluster is made.
const FIXED: &[&[&str]] = &[
    &["properties", "dnsPrefix"],
    &["properties", "fqdnSubdomain"],
    &["properties", "nodeResourceGroup"],
    &["properties", "enableRBAC"],
    &["properties", "diskEncryptionSetID"],
    &["properties", "apiServerAccessProfile", "enablePrivateCluster"],
    &["properties", "apiServerAccessProfile", "privateDNSZone"],
    &["properties", "linuxProfile", "adminUsername"],
    &["properties", "windowsProfile", "adminUsername"],
];

/// Names of the node resource group have at most this many characters.
const NODE_GROUP_LENGTH_MAX: usize = 80;

impl Behaviour for ManagedCluster {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        automatic::prepare(draft);
        check_pools(draft)?;
        for path in FIXED {
            match draft.before(path).cloned() {
                Some(before) if draft.at(path).is_none() => restore(draft, path, before),
                Some(_) if draft.changes(path) => return Err(change_not_allowed(&path.join("."))),
                _ => {}
            }
        }
        check_names(draft)?;
        prepare_version(draft)?;
        prepare_identity(draft)?;
        network_profile::prepare(draft)?;
        fill_computed(draft);
        check_directory(draft)
    }

    fn settled(&self, effects: &mut Effects<'_>, key: &Key, kind: OperationKind) {
        if kind == OperationKind::Create
            && let Some(cluster) = effects.world.get(key).cloned()
        {
            node_group::make(effects, &cluster);
        }
    }

    fn removed(&self, effects: &mut Effects<'_>, resource: &Resource) {
        if let Some(group) = node_group::key_of_group(resource) {
            effects.remove_tree(&group);
        }
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, _view: View<'_>, resource: &Resource, body: &mut Object) {
        // What was put as `standard` comes back as `Standard` when the cluster is done.
        let profile = object_at(object_at(body, "properties"), "networkProfile");
        if resource.pending.is_none() && text_at(profile, &["loadBalancerSku"]) == Some("standard") {
            profile.insert("loadBalancerSku".into(), json!("Standard"));
        }
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        let later = |code, minutes: u64, state| {
            Ok(Outcome::Later { code, duration: Duration::from_secs(minutes * 60), state, result: None })
        };
        let name = action.name.clone();
        Some(match name.as_str() {
            "listclusterusercredential" => list_credentials(action, User::Cluster),
            "listclusteradmincredential" => list_credentials(action, User::Admin),
            "listclustermonitoringusercredential" => list_credentials(action, User::Monitoring),
            "start" => set_power(action, "Running").and_then(|()| later(202, 4, "Starting")),
            "stop" => set_power(action, "Stopped").and_then(|()| later(202, 3, "Stopping")),
            "rotateclustercertificates" => {
                rotate_certificates(action).and_then(|()| later(202, 10, "RotatingClusterCertificates"))
            }
            "rotateserviceaccountsigningkeys" => later(202, 10, "RotatingServiceAccountSigningKeys"),
            "resetserviceprincipalprofile" | "resetaadprofile" => later(202, 5, "Updating"),
            "abort" => later(202, 1, "Canceling"),
            "runcommand" => Ok(run_command()),
            _ => return None,
        })
    }
}

fn restore(draft: &mut Draft<'_>, path: &[&str], value: Value) {
    let Some((last, parents)) = path.split_last() else { return };
    // Absent parents were dropped on purpose together with the rest of them.
    let object =
        parents.iter().try_fold(&mut draft.body, |object, name| object.get_mut(*name)?.as_object_mut());
    if let Some(object) = object {
        object.insert((*last).to_owned(), value);
    }
}

/// `PropertyChangeNotAllowed`.
pub(super) fn change_not_allowed(path: &str) -> ArmError {
    ArmError::bad_request("PropertyChangeNotAllowed", format!("Changing property '{path}' is not allowed."))
        .at(path)
}

/// A new cluster needs a Linux system pool; later its pools come and go by themselves.
fn check_pools(draft: &Draft<'_>) -> Result<(), ArmError> {
    // Nodes of these come when something needs them.
    if automatic::is_automatic(draft) && draft.children.is_empty() {
        return Ok(());
    }
    let is_system = |pool: &Draft<'_>| pool.text(&["properties", "mode"]) == Some("System");
    if !draft.is_create() {
        let is_tags_patch = !draft.sent.contains_key("properties");
        if is_tags_patch {
            return Ok(());
        }
        let existing = draft.view.world.children(&draft.key, "agentPools");
        let new = draft.children.iter().find(|pool| pool.is_create());
        let missing = existing.iter().any(|(key, _)| !draft.children.iter().any(|pool| pool.key == **key));
        if new.is_some() || missing {
            let what = if new.is_some() {
                "introduced. Adding agent pools to"
            } else {
                "removed. Removing agent pools from"
            };
            return Err(ArmError::bad_request(
                "BadRequest",
                format!(
                    "A new agent pool was {what} an existing cluster is not allowed through managed cluster \
                     operations. For agent pool specific change, please use per agent pool operations: \
                     https://aka.ms/agent-pool-rest-api"
                ),
            )
            .at("agentPoolProfiles"));
        }
    } else if draft.children.is_empty() {
        return Err(ArmError::bad_request(
            "InvalidParameter",
            "Required parameter agentPoolProfiles is missing (null).",
        )
        .at("agentPoolProfiles"));
    }
    if !draft.children.iter().any(is_system) {
        return Err(no_system_pool());
    }
    Ok(())
}

/// `MustDefineAtLeastOneSystemPool`.
pub(super) fn no_system_pool() -> ArmError {
    ArmError::bad_request("MustDefineAtLeastOneSystemPool", "Must define at least one system pool.")
}

fn check_names(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    let prefix =
        draft.text(&["properties", "dnsPrefix"]).or_else(|| draft.text(&["properties", "fqdnSubdomain"]));
    let is_good = prefix.is_some_and(|prefix| {
        let ends = |character: Option<char>| character.is_some_and(|it| it.is_ascii_alphanumeric());
        (1..=54).contains(&prefix.len())
            && ends(prefix.chars().next())
            && ends(prefix.chars().last())
            && prefix.chars().all(|it| it.is_ascii_alphanumeric() || it == '-')
    });
    if !is_good {
        return Err(ArmError::bad_request(
            "InvalidParameter",
            format!(
                "The value of parameter dnsPrefix is invalid. Error details: DNS prefix '{}' is invalid. DNS prefix must \
                 contain between 1 and 54 characters, only letters, numbers and hyphens, and start and end with a letter \
                 or number. Please see https://aka.ms/aks-naming-rules for more details.",
                prefix.unwrap_or_default()
            ),
        )
        .at("dnsPrefix"));
    }
    let default = node_group::default_name(draft.group(), draft.name(), &draft.location());
    set_default(draft.properties(), "nodeResourceGroup", default);
    let group = draft.text(&["properties", "nodeResourceGroup"]).unwrap_or_default().to_owned();
    if group.chars().count() > NODE_GROUP_LENGTH_MAX {
        return Err(ArmError::bad_request(
            "InvalidParameter",
            format!(
                "The length of the node resource group name is too long. The maximum length is {NODE_GROUP_LENGTH_MAX} \
                 and the length of the value provided is {}. Please see https://aka.ms/aks-naming-rules for more details.",
                group.chars().count()
            ),
        )
        .at("nodeResourceGroup"));
    }
    if draft.is_create() && draft.group().eq_ignore_ascii_case(&group) {
        return Err(ArmError::bad_request(
            "InvalidParameter",
            "The node resource group must not be the resource group of the cluster.",
        )
        .at("nodeResourceGroup"));
    }
    Ok(())
}

fn prepare_version(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    let before = draft.before(&["properties", "kubernetesVersion"]).cloned();
    let default = before.unwrap_or_else(|| json!(versions::DEFAULT_VERSION));
    set_default(draft.properties(), "kubernetesVersion", default);
    let wanted = draft.text(&["properties", "kubernetesVersion"]).unwrap_or_default().to_owned();
    let version = Version::resolve(&wanted).ok_or_else(|| versions::not_supported(draft.name(), &wanted))?;
    let current = draft.before(&["properties", "currentKubernetesVersion"]).and_then(Value::as_str);
    let current = current.and_then(Version::resolve);
    // A minor version names whatever patch the cluster has.
    let keeps =
        current.is_some_and(|current| wanted.matches('.').count() == 1 && current.minor == version.minor);
    let version = if let (true, Some(current)) = (keeps, current) { current } else { version };
    if let Some(current) = current {
        versions::check_upgrade(current, version)?;
        if current != version {
            draft.state = Some("Upgrading");
            draft.duration = Some(Duration::from_secs(600));
        }
    }
    draft.set("currentKubernetesVersion", version.to_string());
    Ok(())
}

fn prepare_identity(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    let has_identity = draft.text(&["identity", "type"]).is_some_and(|kind| kind != "None");
    let has_principal =
        draft.text(&["properties", "servicePrincipalProfile", "clientId"]).is_some_and(|id| id != "msi");
    let used_identity =
        draft.before(&["identity", "type"]).and_then(Value::as_str).is_some_and(|kind| kind != "None");
    if !has_identity && !has_principal {
        return Err(ArmError::bad_request(
            "InvalidParameter",
            "Either a service principal or a managed identity must be given for the cluster.",
        )
        .at("identity"));
    }
    if used_identity && !has_identity {
        return Err(change_not_allowed("identity"));
    }
    if !has_identity {
        return Ok(());
    }
    fill_identity(draft)?;
    draft.set("servicePrincipalProfile", json!({"clientId": "msi"}));
    let custom =
        draft.text(&["properties", "identityProfile", "kubeletidentity", "resourceId"]).map(str::to_owned);
    let own = node_group::kubelet_identity_id(draft);
    let custom = custom.filter(|id| !is_same_id(id, &own));
    let kubelet = match custom {
        None => {
            let before = draft.before(&["properties", "identityProfile", "kubeletidentity"]).cloned();
            before.unwrap_or_else(
                || json!({"resourceId": own, "clientId": guid::random(), "objectId": guid::random()}),
            )
        }
        Some(id) => {
            if draft.text(&["identity", "type"]) != Some("UserAssigned") {
                return Err(ArmError::bad_request(
                    "InvalidParameter",
                    "A custom kubelet identity needs a user-assigned identity of the control plane.",
                )
                .at("identityProfile"));
            }
            draft.require_reference(&id)?;
            let body = draft.view.find(&id).map(Resource::body).unwrap_or_default();
            json!({
                "resourceId": id,
                "clientId": text_at(&body, &["properties", "clientId"]),
                "objectId": text_at(&body, &["properties", "principalId"]),
            })
        }
    };
    draft.set("identityProfile", json!({"kubeletidentity": kubelet}));
    Ok(())
}

fn check_directory(draft: &Draft<'_>) -> Result<(), ArmError> {
    let without_accounts = draft.at(&["properties", "disableLocalAccounts"]) == Some(&json!(true));
    let has_directory = draft.at(&["properties", "aadProfile"]).is_some();
    if without_accounts && !has_directory {
        return Err(ArmError::bad_request(
            "BadRequest",
            "Disabling local accounts is allowed only for clusters with managed Entra integration.",
        ));
    }
    let uses_workload_identity = draft.at(&["properties", "securityProfile", "workloadIdentity", "enabled"]);
    let has_issuer = draft.at(&["properties", "oidcIssuerProfile", "enabled"]) == Some(&json!(true));
    if uses_workload_identity == Some(&json!(true)) && !has_issuer {
        return Err(ArmError::bad_request(
            "InvalidParameter",
            "Workload identity needs the OIDC issuer to be enabled.",
        )
        .at("securityProfile.workloadIdentity"));
    }
    Ok(())
}

fn set_power(action: &mut Action<'_, '_>, code: &str) -> Result<(), ArmError> {
    let key = action.key.clone();
    action.effects.edit(&key, |body| {
        object_at(body, "properties").insert("powerState".into(), json!({"code": code}));
    });
    Ok(())
}

fn run_command() -> Outcome {
    let id = random_hex(16);
    let result = json!({
        "id": id,
        "properties": {
            "provisioningState": "Succeeded",
            "exitCode": 0,
            "startedAt": "2026-01-01T00:00:00Z",
            "finishedAt": "2026-01-01T00:00:05Z",
            "logs": "",
        },
    });
    Outcome::Later { code: 202, duration: Duration::from_secs(30), state: "Updating", result: Some(result) }
}

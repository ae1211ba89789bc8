//! Node pools: alone, or as part of their cluster's body.

use std::time::Duration;

use serde_json::{Value, json};

use super::cluster::{change_not_allowed, no_system_pool};
use super::versions::{self, Version};
use crate::behaviour::{Action, Behaviour, Draft, Object, Outcome, View};
use crate::body::{object_at, set_default, text_at};
use crate::error::ArmError;
use crate::resource_id::parent_key;
use crate::services::quotas::check_cores;
use crate::world::{Resource, subnet_prefixes};

pub(in crate::services) struct AgentPool;

/// What can be given only when the pool is made.
const FIXED: &[&str] = &[
    "vmSize",
    "osType",
    "vnetSubnetID",
    "podSubnetID",
    "availabilityZones",
    "maxPods",
    "osDiskSizeGB",
    "osDiskType",
    "type",
    "scaleSetPriority",
    "scaleSetEvictionPolicy",
    "spotMaxPrice",
    "enableFIPS",
    "enableUltraSSD",
    "proximityPlacementGroupID",
    "hostGroupID",
];

const SPOT_LABEL: &str = "kubernetes.azure.com/scalesetpriority";

impl Behaviour for AgentPool {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        keep_fixed(draft)?;
        fill_defaults(draft);
        check_scale(draft)?;
        check_cores(draft)?;
        check_mode(draft)?;
        prepare_version(draft)?;
        check_subnet(draft)?;
        prepare_spot(draft)?;
        let is_windows = draft.text(&["properties", "osType"]) == Some("Windows");
        if is_windows && draft.name().len() > 6 {
            return Err(invalid(
                "agentPoolProfile.name",
                &format!("Windows agent pool name '{}' can have at most 6 characters.", draft.name()),
            ));
        }
        draft.set(
            "nodeImageVersion",
            if is_windows {
                "AKSWindows-2022-containerd-20348.4297.251111"
            } else {
                "AKSUbuntu-2204gen2containerd-202511.11.0"
            },
        );
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let is_system = |pool: &Resource| text_at(&pool.body(), &["properties", "mode"]) == Some("System");
        let key = resource.key();
        let cluster = parent_key(&key).unwrap_or_default();
        let mut others =
            view.world.children(cluster, "agentPools").into_iter().filter(|(other, _)| **other != key);
        if is_system(resource) && !others.any(|(_, pool)| is_system(pool)) {
            return Err(no_system_pool());
        }
        Ok(())
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        let minutes = match action.name.as_str() {
            "upgradenodeimageversion" => 10,
            "abort" => 1,
            "deletemachines" => 3,
            _ => return None,
        };
        let state =
            if action.name == "deletemachines" { "DeletingMachines" } else { "UpgradingNodeImageVersion" };
        let duration = Duration::from_secs(minutes * 60);
        Some(Ok(Outcome::Later { code: 202, duration, state, result: None }))
    }
}

fn keep_fixed(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    if draft.is_create() {
        return Ok(());
    }
    for name in FIXED {
        let before = draft.before(&["properties", name]).cloned();
        // What only the service set, and the client leaves out, stays.
        match (
            before,
            draft.sent.get("properties").and_then(|sent| sent.get(*name)).filter(|it| !it.is_null()),
        ) {
            (Some(before), None) => draft.set(name, before),
            (before, Some(_)) => {
                let after = draft.at(&["properties", name]).cloned();
                if !is_same(before.as_ref(), after.as_ref()) {
                    return Err(change_not_allowed(&format!("properties.{name}")));
                }
            }
            (None, None) => {}
        }
    }
    Ok(())
}

fn is_same(before: Option<&Value>, after: Option<&Value>) -> bool {
    match (before, after) {
        (Some(Value::String(before)), Some(Value::String(after))) => before.eq_ignore_ascii_case(after),
        (Some(Value::Number(before)), Some(Value::Number(after))) => before.as_f64() == after.as_f64(),
        // The service's answer to an unsaid size is 0 in some clients.
        (_, Some(Value::Number(after))) if after.as_u64() == Some(0) => true,
        (None, Some(Value::Array(after))) => after.is_empty(),
        (None, Some(Value::Bool(false))) => true,
        (before, after) => before == after,
    }
}

/// `upgradeSettings` are left as the request says them. The service would add a surge of 10 %, which azurerm then
/// plans to remove from a pool whose configuration has no such block, at every plan and without end.
fn fill_defaults(draft: &mut Draft<'_>) {
    let network = |name: &str| {
        draft
            .parent
            .as_ref()
            .and_then(|parent| text_at(parent, &["properties", "networkProfile", name]))
            .map(str::to_owned)
    };
    let is_overlay = network("networkPluginMode").as_deref() == Some("overlay");
    let has_pod_subnet = draft.text(&["properties", "podSubnetID"]).is_some();
    let pods_max = match network("networkPlugin").as_deref() {
        Some("azure") if is_overlay || has_pod_subnet => 250,
        Some("azure") => 30,
        Some("none") => 250,
        _ => 110,
    };
    let is_windows = draft.text(&["properties", "osType"]) == Some("Windows");
    let properties = draft.properties();
    let scales = properties.get("enableAutoScaling") == Some(&json!(true));
    let minimum = properties.get("minCount").cloned().filter(|_| scales);
    set_default(properties, "count", minimum.unwrap_or_else(|| json!(1)));
    set_default(properties, "vmSize", "Standard_D4s_v5");
    if properties.get("maxPods").and_then(Value::as_u64).unwrap_or(0) == 0 {
        properties.insert("maxPods".into(), json!(pods_max));
    }
    if properties.get("osDiskSizeGB").and_then(Value::as_u64).unwrap_or(0) == 0 {
        properties.insert("osDiskSizeGB".into(), json!(128));
    }
    set_default(properties, "osSKU", if is_windows { "Windows2022" } else { "Ubuntu" });
    if !is_windows {
        let security = object_at(properties, "securityProfile");
        set_default(security, "enableVTPM", false);
        set_default(security, "enableSecureBoot", false);
    }
}

fn check_scale(draft: &Draft<'_>) -> Result<(), ArmError> {
    let number = |name: &str| draft.at(&["properties", name]).and_then(Value::as_u64);
    let scales = draft.at(&["properties", "enableAutoScaling"]) == Some(&json!(true));
    let (count, minimum, maximum) = (number("count").unwrap_or(0), number("minCount"), number("maxCount"));
    let is_system = draft.text(&["properties", "mode"]) == Some("System");
    if count > 1000 || (is_system && count == 0) {
        return Err(invalid(
            "agentPoolProfile.count",
            &format!(
                "The count {count} is out of range: system pools have 1 to 1000 nodes, user pools 0 to 1000."
            ),
        ));
    }
    match (scales, minimum, maximum) {
        (true, Some(minimum), Some(maximum)) => {
            if minimum > maximum || (is_system && minimum == 0) {
                return Err(invalid(
                    "agentPoolProfile.minCount",
                    &format!(
                        "minCount {minimum} must be at least 1 in system pools, and not above maxCount {maximum}."
                    ),
                ));
            }
            if count < minimum || count > maximum {
                return Err(invalid(
                    "agentPoolProfile.count",
                    &format!("count {count} must be between minCount {minimum} and maxCount {maximum}."),
                ));
            }
            Ok(())
        }
        (true, ..) => Err(invalid(
            "agentPoolProfile.minCount",
            "minCount and maxCount are required with enableAutoScaling.",
        )),
        (false, None, None) => Ok(()),
        (false, ..) => Err(invalid(
            "agentPoolProfile.minCount",
            "minCount and maxCount are allowed only with enableAutoScaling.",
        )),
    }
}

fn check_mode(draft: &Draft<'_>) -> Result<(), ArmError> {
    let is_system = draft.text(&["properties", "mode"]) == Some("System");
    if is_system && draft.text(&["properties", "osType"]) == Some("Windows") {
        return Err(invalid("agentPoolProfile.osType", "System pools must be Linux."));
    }
    let was_system = draft.before(&["properties", "mode"]).and_then(Value::as_str) == Some("System");
    if was_system && !is_system && !draft.with_parent {
        let cluster = parent_key(&draft.key).unwrap_or_default();
        let mut others = draft.view.world.children(cluster, "agentPools").into_iter();
        let has_other = others.any(|(key, pool)| {
            *key != draft.key && text_at(&pool.body(), &["properties", "mode"]) == Some("System")
        });
        if !has_other {
            return Err(no_system_pool());
        }
    }
    Ok(())
}

fn prepare_version(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    let of_cluster =
        |name: &str| draft.parent.as_ref().and_then(|parent| text_at(parent, &["properties", name]));
    let cluster_version = of_cluster("currentKubernetesVersion").and_then(Version::resolve);
    let cluster_wants = of_cluster("kubernetesVersion").unwrap_or(versions::DEFAULT_VERSION).to_owned();
    let before = draft.before(&["properties", "orchestratorVersion"]).cloned();
    let default = before.unwrap_or_else(|| json!(cluster_wants));
    set_default(draft.properties(), "orchestratorVersion", default);
    let wanted = draft.text(&["properties", "orchestratorVersion"]).unwrap_or_default().to_owned();
    let version = Version::resolve(&wanted).ok_or_else(|| versions::not_supported(draft.name(), &wanted))?;
    let current = draft.before(&["properties", "currentOrchestratorVersion"]).and_then(Value::as_str);
    let current = current.and_then(Version::resolve);
    let is_minor_only = wanted.matches('.').count() == 1;
    let version = match (is_minor_only, current, cluster_version) {
        (true, Some(current), _) if current.minor == version.minor => current,
        (true, _, Some(cluster)) if cluster.minor == version.minor => cluster,
        _ => version,
    };
    if let Some(cluster) = cluster_version {
        versions::check_pool(cluster, version)?;
    }
    match current {
        Some(current) if current != version => {
            draft.state = Some("Upgrading");
            draft.duration = Some(Duration::from_secs(600));
        }
        Some(_) if draft.changes(&["properties", "count"]) => draft.state = Some("Scaling"),
        _ => {}
    }
    draft.set("currentOrchestratorVersion", version.to_string());
    Ok(())
}

/// The subnet must exist, be in the network of the other pools, and have room for nodes and pods.
fn check_subnet(draft: &Draft<'_>) -> Result<(), ArmError> {
    let Some(id) = draft.text(&["properties", "vnetSubnetID"]) else { return Ok(()) };
    let Some(subnet) = draft.view.find(id) else {
        return Err(ArmError::bad_request(
            "InvalidResourceReference",
            format!(
                "Resource {id} referenced by agent pool {} was not found. Please make sure that the subnet exists and \
                 is in the region of the cluster.",
                draft.name()
            ),
        )
        .at("agentPoolProfile.vnetSubnetID"));
    };
    let network_of = |id: &str| id.to_ascii_lowercase().split("/subnets/").next().map(str::to_owned);
    if !draft.with_parent {
        let cluster = parent_key(&draft.key).unwrap_or_default();
        for (_, pool) in draft.view.world.children(cluster, "agentPools") {
            let body = pool.body();
            let other = text_at(&body, &["properties", "vnetSubnetID"]).and_then(network_of);
            if other.is_some() && other != network_of(id) {
                return Err(ArmError::bad_request(
                    "AgentPoolsInDifferentVnets",
                    "All agent pools of a cluster must be in the same virtual network.",
                ));
            }
        }
    }
    check_room(draft, subnet)
}

/// With pods on the subnet, each node takes an address for itself and one per pod; an upgrade needs one node more.
fn check_room(draft: &Draft<'_>, subnet: &Resource) -> Result<(), ArmError> {
    let network = |name: &str| {
        draft.parent.as_ref().and_then(|parent| text_at(parent, &["properties", "networkProfile", name]))
    };
    let number = |name: &str| draft.at(&["properties", name]).and_then(Value::as_u64).unwrap_or(0);
    let pods_take_addresses = network("networkPlugin") == Some("azure")
        && network("networkPluginMode") != Some("overlay")
        && draft.text(&["properties", "podSubnetID"]).is_none();
    let per_node = if pods_take_addresses { number("maxPods") + 1 } else { 1 };
    let nodes = number("count").max(number("minCount")) + 1;
    let prefixes = subnet_prefixes(&subnet.body());
    let Some(prefix) = prefixes.iter().find(|prefix| prefix.is_ipv4()) else { return Ok(()) };
    let available = prefix.size().saturating_sub(5);
    let needed = u128::from(nodes * per_node);
    if needed <= available {
        return Ok(());
    }
    Err(ArmError::bad_request(
        "InsufficientSubnetSize",
        format!(
            "Pre-allocated IPs {needed} exceeds IPs available {available} in Subnet Cidr {prefix}, Subnet Name {}. \
             http://aka.ms/aks/insufficientsubnetsize",
            subnet.name()
        ),
    )
    .at("agentPoolProfile.vnetSubnetID"))
}

/// Spot pools are user pools, and carry a label and a taint that say so.
fn prepare_spot(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    if draft.text(&["properties", "scaleSetPriority"]) != Some("Spot") {
        return Ok(());
    }
    if draft.text(&["properties", "mode"]) == Some("System") {
        return Err(invalid("agentPoolProfile.scaleSetPriority", "System pools cannot be Spot."));
    }
    let properties: &mut Object = draft.properties();
    set_default(properties, "scaleSetEvictionPolicy", "Delete");
    set_default(properties, "spotMaxPrice", json!(-1.0));
    set_default(object_at(properties, "nodeLabels"), SPOT_LABEL, "spot");
    let taint = json!(format!("{SPOT_LABEL}=spot:NoSchedule"));
    let taints = properties.entry("nodeTaints").or_insert_with(|| json!([]));
    if let Value::Array(taints) = taints
        && !taints.contains(&taint)
    {
        taints.push(taint);
    }
    Ok(())
}

fn invalid(parameter: &str, reason: &str) -> ArmError {
    ArmError::bad_request(
        "InvalidParameter",
        format!("The value of parameter {parameter} is invalid. Error details: {reason}"),
    )
    .at(parameter)
}

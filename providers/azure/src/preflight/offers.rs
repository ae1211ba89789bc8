//! What regions offer: sizes of servers, versions of clusters, and what is left of the quota for machines.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::Value as Json;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Severity};
use terrane_provider::PlannedResource;

use crate::client::{ArmRequest, Call};
use crate::connection::Connection;
use crate::mapping::same::normal_location;
use crate::preflight::{complaint, is_changed, text};

/// What a region is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    ServerSizes,
    ClusterVersions,
    MachineQuota,
}

impl Question {
    /// Path below the region, and the version of the interface.
    fn address(self, location: &str) -> (String, &'static str) {
        match self {
            Self::ServerSizes => {
                (format!("Microsoft.DBforPostgreSQL/locations/{location}/capabilities"), "2025-08-01")
            }
            Self::ClusterVersions => {
                (format!("Microsoft.ContainerService/locations/{location}/kubernetesVersions"), "2025-10-01")
            }
            Self::MachineQuota => (format!("Microsoft.Compute/locations/{location}/usages"), "2024-07-01"),
        }
    }
}

type Answers = BTreeMap<(Question, String), Json>;

/// Complains about sizes and versions that a region does not have, and warns of more machines than the subscription
/// may have there. A region that cannot be asked is not asked again; the create will tell.
pub(crate) async fn check_offers(
    connection: &Connection,
    resources: &[PlannedResource],
    call: &Call<'_>,
) -> Diagnostics {
    let changed: Vec<&PlannedResource> = resources.iter().filter(|it| is_changed(it)).collect();
    let questions: BTreeSet<(Question, String)> = changed.iter().flat_map(|it| questions(it)).collect();
    let asked = questions.into_iter().map(|(question, location)| async move {
        let (path, api_version) = question.address(&location);
        let path = format!("/subscriptions/{}/providers/{path}", connection.subscription_id);
        match connection.client.send(&ArmRequest::get(path, api_version), call).await {
            Ok(response) => Some(((question, location), response.body)),
            Err(error) => {
                tracing::info!(%error, location, ?question, "could not ask what a region offers");
                None
            }
        }
    });
    let answers: Answers = join_all(asked).await.into_iter().flatten().collect();
    judge(&changed, &answers)
}

fn questions(resource: &PlannedResource) -> Vec<(Question, String)> {
    let Some(location) = location_of(resource) else { return Vec::new() };
    let mut questions = Vec::new();
    if wanted_size(resource).is_some() {
        questions.push((Question::ServerSizes, location.clone()));
    }
    if wanted_version(resource).is_some() {
        questions.push((Question::ClusterVersions, location.clone()));
    }
    if cores(resource) > 0 {
        questions.push((Question::MachineQuota, location));
    }
    questions
}

fn location_of(resource: &PlannedResource) -> Option<String> {
    text(&resource.planned_state, "location").map(|location| normal_location(&location))
}

/// Returns the size of a server that is new or changes its size.
fn wanted_size(resource: &PlannedResource) -> Option<String> {
    let size = text(&resource.planned_state, "sku_name")?;
    let is_new = text(&resource.prior_state, "sku_name").as_ref() != Some(&size);
    (resource.type_name == "azurerm_postgresql_flexible_server" && is_new).then_some(size)
}

/// Returns the version of a cluster that is new or changes its version.
fn wanted_version(resource: &PlannedResource) -> Option<String> {
    let version = text(&resource.planned_state, "kubernetes_version")?;
    let is_new = text(&resource.prior_state, "kubernetes_version").as_ref() != Some(&version);
    (resource.type_name == "azurerm_kubernetes_cluster" && is_new).then_some(version)
}

/// Returns how many cores the first machines of a new cluster need.
fn cores(resource: &PlannedResource) -> u64 {
    if resource.type_name != "azurerm_kubernetes_cluster" || !resource.prior_state.is_null() {
        return 0;
    }
    let pools = resource.planned_state.attribute("default_node_pool");
    let Some(pool) = pools.as_sequence().and_then(<[terrane_model::Value]>::first) else { return 0 };
    let count = ["node_count", "min_count"]
        .iter()
        .filter_map(|name| pool.attribute(name).as_number()?.to_usize())
        .max();
    let size = text(pool, "vm_size").unwrap_or_default();
    count.unwrap_or(0) as u64 * u64::from(cores_of(&size).unwrap_or(0))
}

/// Reads the number of cores out of a size such as `Standard_D4s_v5`.
fn cores_of(size: &str) -> Option<u32> {
    let family = size.split('_').nth(1)?;
    let digits: String =
        family.chars().skip_while(char::is_ascii_alphabetic).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn judge(resources: &[&PlannedResource], answers: &Answers) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let mut wanted_cores: BTreeMap<String, (u64, &PlannedResource)> = BTreeMap::new();
    for resource in resources {
        let Some(location) = location_of(resource) else { continue };
        let answer = |question| answers.get(&(question, location.clone()));
        let mut tell = |severity: Severity, summary: &str, attribute: &str, detail: String| {
            let path = AttributePath::root().attribute(attribute);
            let complaint = complaint(summary, resource, &detail).on_attribute(path);
            diagnostics.push(Diagnostic { severity, ..complaint });
        };
        if let (Some(size), Some(offer)) = (wanted_size(resource), answer(Question::ServerSizes))
            && let Some(others) = lacks_size(offer, &size)
        {
            let detail =
                format!("The region {location} offers no server of the size {size}. It has {others}.");
            tell(Severity::Error, "Size is not offered", "sku_name", detail);
        }
        if let (Some(version), Some(offer)) = (wanted_version(resource), answer(Question::ClusterVersions))
            && let Some((severity, others)) = lacks_version(offer, &version)
        {
            let detail = format!(
                "The region {location} offers no Kubernetes version {version} for new clusters. It has {others}."
            );
            tell(severity, "Version is not offered", "kubernetes_version", detail);
        }
        let cores = cores(resource);
        if cores > 0 {
            wanted_cores.entry(location).or_insert((0, resource)).0 += cores;
        }
    }
    for (location, (cores, resource)) in wanted_cores {
        let usages = answers.get(&(Question::MachineQuota, location.clone()));
        if let Some((used, limit)) = usages.and_then(core_quota)
            && used + cores > limit
        {
            let detail = format!(
                "The nodes need about {cores} cores in {location}, where the subscription uses {used} of {limit}. Ask for \
                 more quota, or take fewer or smaller machines."
            );
            diagnostics.push(Diagnostic::warning("Quota may not suffice", detail).about(&resource.address));
        }
    }
    diagnostics
}

/// Returns what there is of a tier that lacks a size; nothing when the size is there, or nobody knows the tier.
fn lacks_size(offer: &Json, size: &str) -> Option<String> {
    let (tier, machine) = size.split_once('_')?;
    let tier = match tier {
        "B" => "Burstable",
        "GP" => "GeneralPurpose",
        "MO" => "MemoryOptimized",
        _ => return None,
    };
    let editions = offer.pointer("/value/0/supportedServerEditions")?.as_array()?;
    let edition = editions.iter().find(|edition| named(edition) == Some(tier))?;
    let sizes: Vec<&str> = edition.get("supportedServerSkus")?.as_array()?.iter().filter_map(named).collect();
    let is_there = sizes.iter().any(|own| own.eq_ignore_ascii_case(machine));
    (!is_there && !sizes.is_empty()).then(|| sizes.join(", "))
}

fn named(json: &Json) -> Option<&str> {
    json.get("name")?.as_str()
}

/// Returns the versions that there are; nothing when the one asked for, of two or three parts, is among them. Where
/// only its last part is unknown, the region's list may just be behind.
fn lacks_version(offer: &Json, wanted: &str) -> Option<(Severity, String)> {
    let mut versions = Vec::new();
    for minor in offer.get("values")?.as_array()? {
        versions.extend(minor.get("version").and_then(Json::as_str).map(str::to_owned));
        let patches = minor.get("patchVersions").and_then(Json::as_object).into_iter().flatten();
        versions.extend(patches.map(|(patch, _)| patch.clone()));
    }
    let is_there = versions.iter().any(|version| version == wanted);
    let minor = wanted.rsplitn(wanted.matches('.').count().max(1), '.').last().unwrap_or(wanted);
    let is_minor_there = minor != wanted && versions.iter().any(|version| version == minor);
    let severity = if is_minor_there { Severity::Warning } else { Severity::Error };
    (!is_there && !versions.is_empty()).then(|| (severity, versions.join(", ")))
}

/// Returns how many cores are used in a region, and how many may be.
fn core_quota(usages: &Json) -> Option<(u64, u64)> {
    let usages = usages.get("value")?.as_array()?;
    let cores =
        usages.iter().find(|usage| usage.pointer("/name/value").and_then(Json::as_str) == Some("cores"))?;
    Some((cores.get("currentValue")?.as_u64()?, cores.get("limit")?.as_u64()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_are_looked_for_in_their_tier() {
        let offer = json!({"value": [{"supportedServerEditions": [
            {"name": "Burstable", "supportedServerSkus": [{"name": "Standard_B1ms"}]},
            {"name": "GeneralPurpose", "supportedServerSkus": [{"name": "Standard_D2s_v3"}]},
        ]}]});
        assert_eq!(lacks_size(&offer, "B_Standard_B1ms"), None);
        assert_eq!(lacks_size(&offer, "GP_Standard_B1ms").as_deref(), Some("Standard_D2s_v3"));
        assert_eq!(lacks_size(&offer, "MO_Standard_E2s_v3"), None, "the region does not say");
    }

    #[test]
    fn versions_have_two_or_three_parts() {
        let offer = json!({"values": [{"version": "1.33", "patchVersions": {"1.33.2": {}}}]});
        assert_eq!(lacks_version(&offer, "1.33"), None);
        assert_eq!(lacks_version(&offer, "1.33.2"), None);
        let others = "1.33, 1.33.2".to_owned();
        assert_eq!(lacks_version(&offer, "1.33.7"), Some((Severity::Warning, others.clone())));
        assert_eq!(lacks_version(&offer, "1.20"), Some((Severity::Error, others.clone())));
        assert_eq!(lacks_version(&offer, "1.20.1"), Some((Severity::Error, others)));
    }

    #[test]
    fn cores_are_in_the_names_of_sizes() {
        assert_eq!(cores_of("Standard_D4s_v5"), Some(4));
        assert_eq!(cores_of("Standard_E16-8ads_v5"), Some(16));
        assert_eq!(cores_of("Standard_NC24ads_A100_v4"), Some(24));
        assert_eq!(cores_of("odd"), None);
    }
}

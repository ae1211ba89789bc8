//! How much of what a subscription may have in a region: what is used is counted when somebody asks.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::{Value, json};

use crate::arm::Context;
use crate::behaviour::{Draft, Object, View};
use crate::body::{at, text_at};
use crate::error::ArmError;
use crate::http::Response;
use crate::regions::normalize;
use crate::resource_id::{key_of, parent_key};
use crate::table::CATALOG;
use crate::world::Resource;

/// What is shown where the emulator was told no limit; then nothing is refused.
const USUAL_CORES: u32 = 350;

/// Types that are counted as such: namespace, name of the quota, label, type and limit.
const COUNTED: &[(&str, &str, &str, &str, u32)] = &[
    ("microsoft.network", "VirtualNetworks", "Virtual Networks", "Microsoft.Network/virtualNetworks", 1000),
    (
        "microsoft.network",
        "PublicIPAddresses",
        "Public IP Addresses",
        "Microsoft.Network/publicIPAddresses",
        1000,
    ),
    (
        "microsoft.network",
        "NetworkSecurityGroups",
        "Network Security Groups",
        "Microsoft.Network/networkSecurityGroups",
        5000,
    ),
    ("microsoft.network", "LoadBalancers", "Load Balancers", "Microsoft.Network/loadBalancers", 1000),
    ("microsoft.storage", "StorageAccounts", "Storage Accounts", "Microsoft.Storage/storageAccounts", 250),
    (
        "microsoft.containerservice",
        "ManagedCluster",
        "Managed Clusters",
        "Microsoft.ContainerService/managedClusters",
        5000,
    ),
];

/// Answers `usages` of a service in a region.
pub(super) fn answer(
    context: &Context<'_>,
    namespace: &str,
    location: Option<&str>,
    rest: &[&str],
) -> Option<Result<Response, ArmError>> {
    if rest != ["usages"] || context.request.method != Method::GET {
        return None;
    }
    let location = location.map(normalize);
    let view = context.view();
    let mut usages: Vec<Value> = COUNTED
        .iter()
        .filter(|(of_namespace, ..)| *of_namespace == namespace)
        .map(|(_, name, label, type_name, limit)| {
            let count = count(view, type_name, location.as_deref());
            usage(name, label, count, u64::from(*limit))
        })
        .collect();
    if namespace == "microsoft.compute" {
        usages.extend(machine_usages(view, location.as_deref().unwrap_or_default()));
    }
    Some(Ok(Response::json(200, &json!({ "value": usages }))))
}

fn usage(name: &str, label: &str, current: u64, limit: u64) -> Value {
    json!({
        "name": {"value": name, "localizedValue": label}, "currentValue": current, "limit": limit,
        "unit": "Count",
    })
}

fn count(view: View<'_>, type_name: &str, location: Option<&str>) -> u64 {
    let kind = CATALOG.find(type_name);
    let all = kind.into_iter().flat_map(|kind| view.world.of_type(kind));
    let there = all.filter_map(|key| view.world.get(key)).filter(|resource| {
        location.is_none_or(|location| location_of(&resource.body()).as_deref() == Some(location))
    });
    there.count() as u64
}

fn location_of(body: &Object) -> Option<String> {
    text_at(body, &["location"]).map(normalize)
}

fn machine_usages(view: View<'_>, location: &str) -> Vec<Value> {
    let limit = u64::from(view.settings.cores_per_region.unwrap_or(USUAL_CORES));
    let mut families: BTreeMap<String, u64> = BTreeMap::new();
    families.insert("standardDSv5Family".to_owned(), 0);
    let mut all = 0;
    for pool in pools(view).filter(|pool| is_in(view, pool, location)) {
        let body = pool.body();
        let cores = cores_of_pool(&body);
        all += cores;
        let size = text_at(&body, &["properties", "vmSize"]).unwrap_or_default();
        *families.entry(family_of(size)).or_default() += cores;
    }
    let mut usages = vec![usage("cores", "Total Regional vCPUs", all, limit)];
    usages.extend(families.iter().map(|(family, cores)| {
        let label =
            family.strip_prefix("standard").and_then(|it| it.strip_suffix("Family")).unwrap_or(family);
        usage(family, &format!("Standard {label} Family vCPUs"), *cores, limit)
    }));
    usages
}

fn pools(view: View<'_>) -> impl Iterator<Item = &Resource> {
    let kind = CATALOG.find("Microsoft.ContainerService/managedClusters/agentPools");
    kind.into_iter().flat_map(move |kind| view.world.of_type(kind)).filter_map(move |key| view.world.get(key))
}

fn is_in(view: View<'_>, pool: &Resource, location: &str) -> bool {
    let key = pool.key();
    let cluster = parent_key(&key).and_then(|key| view.world.get(key));
    cluster.and_then(|cluster| location_of(&cluster.body())).as_deref() == Some(location)
}

/// Cores of a pool's machines, now; scaling is not emulated.
fn cores_of_pool(body: &Object) -> u64 {
    let count = at(body, &["properties", "count"]).and_then(Value::as_u64).unwrap_or(0);
    count * cores_of(text_at(body, &["properties", "vmSize"]).unwrap_or_default())
}

/// The first number in the second word of a size: `Standard_D4s_v5` has 4 cores.
fn cores_of(size: &str) -> u64 {
    let word = size.split('_').nth(1).unwrap_or_default();
    let digits: String =
        word.chars().skip_while(|it| !it.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// The family of a size: that of `Standard_D4s_v5` is `standardDSv5Family`.
fn family_of(size: &str) -> String {
    let mut words = size.split('_').skip(1);
    let letters: String =
        words.next().unwrap_or_default().chars().filter(char::is_ascii_alphabetic).collect();
    let version = words.last().unwrap_or_default();
    format!("standard{}{version}Family", letters.to_ascii_uppercase())
}

/// Refuses a pool for which the region has no cores left.
pub(in crate::services) fn check_cores(draft: &Draft<'_>) -> Result<(), ArmError> {
    let Some(limit) = draft.view.settings.cores_per_region else { return Ok(()) };
    let location = draft.parent.as_ref().and_then(location_of).unwrap_or_default();
    let before = draft.prior.as_ref().map_or(0, |prior| cores_of_pool(&prior.body));
    let wanted = cores_of_pool(&draft.body).saturating_sub(before);
    if wanted == 0 {
        return Ok(());
    }
    let view = draft.view;
    let used: u64 =
        pools(view).filter(|pool| is_in(view, pool, &location)).map(|pool| cores_of_pool(&pool.body())).sum();
    let remaining = u64::from(limit).saturating_sub(used);
    if wanted <= remaining {
        return Ok(());
    }
    let size = draft.text(&["properties", "vmSize"]).unwrap_or_default();
    Err(ArmError::bad_request(
        "ErrCode_InsufficientVCPUQuota",
        format!(
            "Insufficient vcpu quota requested {wanted}, remaining {remaining} for family {} for region {location}.",
            family_of(size)
        ),
    )
    .at(key_of(&draft.id).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_say_their_cores_and_families() {
        for (size, cores, family) in [
            ("Standard_D4s_v5", 4, "standardDSv5Family"),
            ("Standard_B2ms", 2, "standardBMSFamily"),
            ("Standard_E16ads_v6", 16, "standardEADSv6Family"),
            ("odd", 0, "standardFamily"),
        ] {
            assert_eq!((cores_of(size), family_of(size).as_str()), (cores, family), "{size}");
        }
    }
}

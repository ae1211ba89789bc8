//! What a cluster can change in place, and what it cannot.

use terrane_model::Value;

use crate::attributes::text_at;
use crate::lifecycle::Draft;
use crate::mapping::same::is_zero;
use crate::resources::kubernetes::pools::{replace_for_upgrade_settings, require_temporary_name};
use crate::resources::kubernetes::versions::refuse_upgrade;

const POOL: &str = "default_node_pool.0";

/// What the default pool is rotated for.
pub(crate) const ROTATED: &[&str] = &[
    "name",
    "host_encryption_enabled",
    "node_public_ip_enabled",
    "fips_enabled",
    "kubelet_config",
    "kubelet_disk_type",
    "linux_os_config",
    "max_pods",
    "only_critical_addons_enabled",
    "os_disk_size_gb",
    "os_disk_type",
    "pod_subnet_id",
    "snapshot_id",
    "ultra_ssd_enabled",
    "vnet_subnet_id",
    "vm_size",
    "zones",
];

/// Completes the plan of a cluster that exists.
pub(crate) fn plan(draft: &mut Draft<'_>) {
    if draft.prior.is_none() {
        return;
    }
    keep_scaled_count(draft);
    plan_network(draft);
    plan_identity(draft);
    replace_for_upgrade_settings(draft, "default_node_pool.0.upgrade_settings.0");
    plan_removals(draft);
    plan_version(draft);
    let renames_after_failed_rotation = draft.before("default_node_pool.0.name")
        == draft.before("default_node_pool.0.temporary_name_for_rotation");
    if draft.changes("default_node_pool.0.name")
        && !renames_after_failed_rotation
        && text_of(draft, "temporary_name_for_rotation").is_none()
    {
        draft.replace_for("default_node_pool.0.name");
    }
    require_temporary_name(draft, POOL, ROTATED);
}

fn text_of(draft: &Draft<'_>, name: &str) -> Option<terrane_model::Str> {
    text_at(&draft.after(POOL), name)
}

/// A pool that scales by itself has the size that it has.
fn keep_scaled_count(draft: &mut Draft<'_>) {
    let scales = draft.after("default_node_pool.0.auto_scaling_enabled").as_bool() == Some(true);
    let count = draft.before("default_node_pool.0.node_count");
    if !scales || count.is_null() {
        return;
    }
    let pools = draft.planned.get("default_node_pool");
    let (Some([pool]), Some(element)) = (pools.as_sequence(), pools.ty().element().cloned()) else { return };
    let mut pool = crate::attributes::Attributes::of(pool);
    pool.set("node_count", count);
    draft.planned.set("default_node_pool", Value::list(element.clone(), [pool.into_object(&element)]));
}

/// Networks can move towards overlay and cilium, and nowhere else.
fn plan_network(draft: &mut Draft<'_>) {
    let path = |name: &str| format!("network_profile.0.{name}");
    let text = |value: Value| value.as_str().map(ToString::to_string).unwrap_or_default();
    let change = |draft: &Draft<'_>, name: &str| {
        draft.changes(&path(name)).then(|| (text(draft.before(&path(name))), text(draft.after(&path(name)))))
    };
    let is_overlay = text(draft.after(&path("network_plugin_mode"))) == "overlay";
    if let Some((before, after)) = change(draft, "network_plugin")
        && !(before == "kubenet" && after == "azure" && is_overlay)
    {
        draft.replace_for(&path("network_plugin"));
    }
    if change(draft, "network_plugin_mode").is_some_and(|(_, after)| after != "overlay") {
        draft.replace_for(&path("network_plugin_mode"));
    }
    if let Some((before, after)) = change(draft, "network_data_plane")
        && !(matches!(before.as_str(), "azure" | "") && after == "cilium")
        && !before.is_empty()
    {
        draft.replace_for(&path("network_data_plane"));
    }
    if let Some((before, after)) = change(draft, "network_policy")
        && !before.is_empty()
        && !(matches!(before.as_str(), "azure" | "calico") && after == "cilium")
    {
        draft.replace_for(&path("network_policy"));
    }
    for name in ["pod_cidr", "pod_cidrs"] {
        if draft.changes(&path(name)) && !is_zero(&draft.before(&path(name))) && !moves_to_overlay(draft) {
            draft.replace_for(&path(name));
        }
    }
}

fn moves_to_overlay(draft: &Draft<'_>) -> bool {
    draft.changes("network_profile.0.network_plugin_mode")
        && draft.after("network_profile.0.network_plugin_mode").as_str().is_some_and(|mode| mode == "overlay")
}

/// A cluster can leave its service principal for a managed identity, and not come back.
fn plan_identity(draft: &mut Draft<'_>) {
    let had_identity = draft.before("identity").element_count() == Some(1);
    let has_principal = draft.after("service_principal").element_count() == Some(1);
    if had_identity && has_principal && draft.changes("service_principal") {
        draft.replace_for("service_principal.0.client_id");
    }
}

/// What cannot be switched off again.
fn plan_removals(draft: &mut Draft<'_>) {
    let was_on = draft.before("oidc_issuer_enabled").as_bool() == Some(true);
    if was_on && draft.after("oidc_issuer_enabled").as_bool() == Some(false) {
        draft.replace_for("oidc_issuer_enabled");
    }
    for path in [
        "api_server_access_profile.0.subnet_id",
        "windows_profile.0.gmsa",
        "windows_profile.0.gmsa.0.dns_server",
        "windows_profile.0.gmsa.0.root_domain",
    ] {
        if !is_zero(&draft.before(path)) && is_zero(&draft.after(path)) {
            draft.replace_for(path);
        }
    }
}

fn plan_version(draft: &mut Draft<'_>) {
    if !draft.changes("kubernetes_version") {
        return;
    }
    let current = draft.before("current_kubernetes_version");
    let current = if is_zero(&current) { draft.before("kubernetes_version") } else { current };
    let wanted = draft.after("kubernetes_version");
    if let (Some(from), Some(to)) = (current.as_str(), wanted.as_str())
        && let Some(problem) = refuse_upgrade(from, to)
    {
        draft.refuse("kubernetes_version", "Version cannot be reached", problem);
    }
}

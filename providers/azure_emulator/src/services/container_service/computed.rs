//! What a cluster shows that its client did not say.

use serde_json::{Value, json};

use super::node_group;
use crate::behaviour::Draft;
use crate::body::{object_at, set_default};
use crate::credentials::random_hex;
use crate::guid;

/// Fills in names, identities of add-ons, the issuer and the autoscaler's defaults.
pub(super) fn fill_computed(draft: &mut Draft<'_>) {
    let location = draft.location();
    let prefix =
        draft.text(&["properties", "dnsPrefix"]).or_else(|| draft.text(&["properties", "fqdnSubdomain"]));
    let prefix = prefix.unwrap_or_default().to_owned();
    let hash = guid::derived(&["cluster", &draft.key])[..8].to_owned();
    let is_private =
        draft.at(&["properties", "apiServerAccessProfile", "enablePrivateCluster"]) == Some(&json!(true));
    let without_public =
        draft.at(&["properties", "apiServerAccessProfile", "enablePrivateClusterPublicFQDN"])
            == Some(&json!(false));
    if !(is_private && without_public) {
        draft.set_once("fqdn", || json!(format!("{prefix}-{hash}.hcp.{location}.azmk8s.io")));
    }
    draft.set_once("azurePortalFQDN", || json!(format!("{prefix}-{hash}.portal.hcp.{location}.azmk8s.io")));
    if is_private {
        let zone = guid::derived(&["private zone", &draft.key]);
        draft.set_once("privateFQDN", || {
            json!(format!("{prefix}-{hash}.{zone}.privatelink.{location}.azmk8s.io"))
        });
    }
    draft.set_once("powerState", || json!({"code": "Running"}));
    draft.set_once("resourceUID", || json!(random_hex(12)));
    draft.set("maxAgentPools", 100);
    fill_issuer(draft, &location);
    fill_addons(draft);
    fill_autoscaler(draft);
    let tenant_id = draft.view.settings.identity.tenant_id.clone();
    if let Some(Value::Object(directory)) = draft.properties().get_mut("aadProfile") {
        set_default(directory, "tenantID", tenant_id);
        set_default(directory, "adminGroupObjectIDs", Value::Null);
    }
    let is_azure = draft.text(&["properties", "networkProfile", "networkPlugin"]) == Some("azure");
    if is_azure {
        let windows = object_at(draft.properties(), "windowsProfile");
        set_default(windows, "adminUsername", "azureuser");
        set_default(windows, "enableCSIProxy", true);
    }
}

fn fill_issuer(draft: &mut Draft<'_>, location: &str) {
    let tenant_id = draft.view.settings.identity.tenant_id.clone();
    let issuer = guid::derived(&["issuer", &draft.key]);
    let profile = object_at(draft.properties(), "oidcIssuerProfile");
    if profile.get("enabled") == Some(&json!(true)) {
        let url = format!("https://{location}.oic.prod-aks.azure.com/{tenant_id}/{issuer}/");
        profile.insert("issuerURL".into(), json!(url));
    } else {
        profile.remove("issuerURL");
    }
}

/// Add-ons that run with an identity of their own show it.
fn fill_addons(draft: &mut Draft<'_>) {
    const WITH_IDENTITY: &[(&str, &str)] = &[
        ("omsagent", "omsagent"),
        ("azurekeyvaultsecretsprovider", "azurekeyvaultsecretsprovider"),
        ("ingressapplicationgateway", "ingressapplicationgateway"),
        ("azurepolicy", "azurepolicy"),
        ("aciconnectorlinux", "aciconnectorlinux"),
    ];
    let key = draft.key.clone();
    let (group, _) = node_group::kubelet_identity_id(draft)
        .rsplit_once('/')
        .map(|(group, name)| (group.to_owned(), name.to_owned()))
        .unwrap_or_default();
    let cluster = draft.name().to_owned();
    let Some(Value::Object(addons)) = draft.properties().get_mut("addonProfiles") else { return };
    for (name, addon) in addons {
        let Some(addon) = addon.as_object_mut() else { continue };
        let identity = WITH_IDENTITY.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        if let (Some((_, short)), Some(true)) = (identity, addon.get("enabled").and_then(Value::as_bool)) {
            addon.insert(
                "identity".into(),
                json!({
                    "resourceId": format!("{group}/{short}-{cluster}"),
                    "clientId": guid::derived(&["addon client", &key, name]),
                    "objectId": guid::derived(&["addon object", &key, name]),
                }),
            );
        }
    }
}

/// Defaults of the autoscaler, shown as soon as one pool scales by itself.
fn fill_autoscaler(draft: &mut Draft<'_>) {
    const DEFAULTS: &[(&str, &str)] = &[
        ("balance-similar-node-groups", "false"),
        ("expander", "random"),
        ("max-empty-bulk-delete", "10"),
        ("max-graceful-termination-sec", "600"),
        ("max-node-provision-time", "15m"),
        ("max-total-unready-percentage", "45"),
        ("new-pod-scale-up-delay", "0s"),
        ("ok-total-unready-count", "3"),
        ("scale-down-delay-after-add", "10m"),
        ("scale-down-delay-after-delete", "10s"),
        ("scale-down-delay-after-failure", "3m"),
        ("scale-down-unneeded-time", "10m"),
        ("scale-down-unready-time", "20m"),
        ("scale-down-utilization-threshold", "0.5"),
        ("scan-interval", "10s"),
        ("skip-nodes-with-local-storage", "false"),
        ("skip-nodes-with-system-pods", "true"),
    ];
    let scales =
        draft.children.iter().any(|pool| pool.at(&["properties", "enableAutoScaling"]) == Some(&json!(true)));
    if !scales && draft.at(&["properties", "autoScalerProfile"]).is_none() {
        return;
    }
    let profile = object_at(draft.properties(), "autoScalerProfile");
    for (name, value) in DEFAULTS {
        set_default(profile, name, *value);
    }
    for name in ["daemonset-eviction-for-empty-nodes", "ignore-daemonsets-utilization"] {
        set_default(profile, name, false);
    }
    set_default(profile, "daemonset-eviction-for-occupied-nodes", true);
}

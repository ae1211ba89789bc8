//! The node resource group: what a cluster makes for itself in a group of its own.

use serde_json::{Value, json};

use crate::behaviour::{Draft, Effects, Object};
use crate::body::text_at;
use crate::guid;
use crate::resource_id::{containers_of, key_of};
use crate::world::Resource;

/// Name of the node resource group of a cluster, unless the cluster says otherwise.
pub(super) fn default_name(group: &str, cluster: &str, location: &str) -> String {
    format!("MC_{group}_{cluster}_{location}")
}

/// Id of the node resource group of a cluster about to be written.
fn group_id(draft: &Draft<'_>) -> String {
    let subscription = containers_of(&draft.id).0.unwrap_or_default();
    let name = draft.text(&["properties", "nodeResourceGroup"]).unwrap_or_default();
    format!("/subscriptions/{subscription}/resourceGroups/{name}")
}

/// Id of the identity that the nodes use.
pub(super) fn kubelet_identity_id(draft: &Draft<'_>) -> String {
    format!(
        "{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{}-agentpool",
        group_id(draft),
        draft.name()
    )
}

/// Id of the public address of the cluster's load balancer.
pub(super) fn outbound_ip_id(draft: &Draft<'_>) -> String {
    let name = guid::derived(&["outbound address", &draft.key]);
    format!("{}/providers/Microsoft.Network/publicIPAddresses/{name}", group_id(draft))
}

/// Makes the node resource group with its identity, address and load balancer.
pub(super) fn make(effects: &mut Effects<'_>, cluster: &Resource) {
    let body = cluster.body();
    let subscription = containers_of(&cluster.id).0.unwrap_or_default();
    let name = text_at(&body, &["properties", "nodeResourceGroup"]).unwrap_or_default();
    let group = format!("/subscriptions/{subscription}/resourceGroups/{name}");
    let location = body.get("location").cloned().unwrap_or_default();
    let put = |effects: &mut Effects<'_>, type_name: &str, id: &str, value: Value| {
        effects.put(type_name, id, value.as_object().cloned().unwrap_or_default(), Object::new());
    };
    let mut tags = body.get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
    tags.insert("aks-managed-cluster-name".into(), json!(cluster.name()));
    tags.insert("aks-managed-cluster-rg".into(), json!(containers_of(&cluster.id).1.unwrap_or_default()));
    put(
        effects,
        "Microsoft.Resources/resourceGroups",
        &group,
        json!({
            "location": location,
            "managedBy": cluster.id,
            "tags": tags,
            "properties": {"provisioningState": "Succeeded"},
        }),
    );
    make_identity(effects, &body, &group, &location);
    make_balancer(effects, &body, &group, &location);
}

fn make_identity(effects: &mut Effects<'_>, body: &Object, group: &str, location: &Value) {
    let kubelet = |name: &str| text_at(body, &["properties", "identityProfile", "kubeletidentity", name]);
    let Some(id) = kubelet("resourceId").filter(|id| key_of(id).starts_with(&*key_of(group))) else { return };
    let identity = json!({
        "location": location,
        "properties": {
            "tenantId": effects.settings.identity.tenant_id,
            "principalId": kubelet("objectId"),
            "clientId": kubelet("clientId"),
            "isolationScope": "None",
        },
    });
    let identity = identity.as_object().cloned().unwrap_or_default();
    effects.put("Microsoft.ManagedIdentity/userAssignedIdentities", id, identity, Object::new());
}

fn make_balancer(effects: &mut Effects<'_>, body: &Object, group: &str, location: &Value) {
    let profile = &["properties", "networkProfile", "loadBalancerProfile", "effectiveOutboundIPs"];
    let address = crate::body::list_at(body, profile).first().and_then(|item| item.get("id")?.as_str());
    let Some(address) = address.filter(|id| key_of(id).starts_with(&*key_of(group))).map(str::to_owned)
    else {
        return;
    };
    let public = json!({
        "location": location,
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": guid::random(),
            "ipAddress": format!("20.{}.0.{}", 40 + group.len() % 100, 4 + address.len() % 200),
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Static",
            "idleTimeoutInMinutes": 30,
            "ipTags": [],
            "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
        },
    });
    let balancer_id = format!("{group}/providers/Microsoft.Network/loadBalancers/kubernetes");
    let frontend = crate::resource_id::name_of(&address).to_owned();
    let frontend_id = format!("{balancer_id}/frontendIPConfigurations/{frontend}");
    let pool_id = format!("{balancer_id}/backendAddressPools/aksOutboundBackendPool");
    let balancer = json!({
        "location": location,
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": guid::random(),
            "frontendIPConfigurations": [{
                "id": frontend_id,
                "name": frontend,
                "properties": {
                    "provisioningState": "Succeeded",
                    "privateIPAllocationMethod": "Dynamic",
                    "publicIPAddress": {"id": address},
                },
            }],
            "backendAddressPools": [
                {"id": pool_id, "name": "aksOutboundBackendPool", "properties": {"provisioningState": "Succeeded"}},
            ],
            "loadBalancingRules": [],
            "probes": [],
            "inboundNatRules": [],
            "inboundNatPools": [],
            "outboundRules": [],
        },
    });
    for (type_name, id, value) in [
        ("Microsoft.Network/publicIPAddresses", address.as_str(), public),
        ("Microsoft.Network/loadBalancers", balancer_id.as_str(), balancer),
    ] {
        effects.put(type_name, id, value.as_object().cloned().unwrap_or_default(), Object::new());
    }
}

/// Key of a cluster's node resource group.
pub(super) fn key_of_group(cluster: &Resource) -> Option<crate::resource_id::Key> {
    let body = cluster.body();
    let name = text_at(&body, &["properties", "nodeResourceGroup"])?;
    let subscription = containers_of(&cluster.id).0.unwrap_or_default();
    Some(key_of(&format!("/subscriptions/{subscription}/resourceGroups/{name}")))
}

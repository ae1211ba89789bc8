//! What the table calls by names of its own and the body holds in another form.
//!
//! [`to_wire`] and [`pool_to_wire`] make what Azure takes, `from_wire` what the table reads.

use serde_json::{Map, Value as Json, json};

/// The taint that keeps a pool for Azure's own pods.
const CRITICAL: &str = "CriticalAddonsOnly=true:NoSchedule";

/// Turns a cluster's body from the table's form into Azure's.
pub(crate) fn to_wire(body: &mut Json) {
    for pool in pools_mut(body) {
        pool_to_wire(pool);
    }
    mesh_to_wire(body);
    if let Some(properties) = body.get_mut("properties").and_then(Json::as_object_mut) {
        properties.remove("nodeResourceGroupId");
    }
}

/// Turns a cluster's body from Azure's form into the table's.
pub(crate) fn from_wire(body: &mut Json, subscription_id: &str) {
    for pool in pools_mut(body) {
        pool_from_wire(pool);
    }
    mesh_from_wire(body);
    // Two words that are read in another spelling than they are written.
    if let Some(Json::String(sku)) = body.pointer_mut("/properties/networkProfile/loadBalancerSku") {
        sku.make_ascii_lowercase();
    }
    if let Some(Json::String(kind)) =
        body.pointer_mut("/properties/networkProfile/loadBalancerProfile/backendPoolType")
        && let Some(first) = kind.get_mut(..1)
    {
        first.make_ascii_uppercase();
    }
    let group = body.pointer("/properties/nodeResourceGroup").and_then(Json::as_str).map(str::to_owned);
    if let (Some(group), Some(properties)) = (group, body.get_mut("properties").and_then(Json::as_object_mut))
    {
        let id = format!("/subscriptions/{subscription_id}/resourceGroups/{group}");
        properties.insert("nodeResourceGroupId".to_owned(), id.into());
    }
}

/// Puts the pool of a name, or else the first one for Azure's own pods, in front of the others.
pub(crate) fn put_first(body: &mut Json, name: Option<&str>) {
    let Some(pools) = body.pointer_mut("/properties/agentPoolProfiles").and_then(Json::as_array_mut) else {
        return;
    };
    let text = |pool: &Json, field: &str| pool.get(field).and_then(Json::as_str).map(str::to_owned);
    let by_name =
        name.and_then(|name| pools.iter().position(|pool| text(pool, "name").as_deref() == Some(name)));
    let system = pools.iter().position(|pool| text(pool, "mode").as_deref() == Some("System"));
    if let Some(position) = by_name.or(system) {
        let pool = pools.remove(position);
        pools.insert(0, pool);
    }
}

fn pools_mut(body: &mut Json) -> impl Iterator<Item = &mut Json> {
    body.pointer_mut("/properties/agentPoolProfiles").and_then(Json::as_array_mut).into_iter().flatten()
}

/// Turns a pool from the table's form into Azure's.
pub(crate) fn pool_to_wire(pool: &mut Json) {
    let Some(pool) = pool.as_object_mut() else { return };
    if let Some(is_critical) = pool.remove("onlyCriticalAddons").and_then(|value| value.as_bool()) {
        let mut taints = taints_of(pool);
        taints.retain(|taint| taint != CRITICAL);
        if is_critical {
            taints.push(CRITICAL.to_owned());
        }
        if taints.is_empty() {
            pool.remove("nodeTaints");
        } else {
            pool.insert("nodeTaints".to_owned(), taints.into());
        }
    }
    let sysctls = pool.get_mut("linuxOSConfig").and_then(|config| config.get_mut("sysctls"));
    if let Some(sysctls) = sysctls.and_then(Json::as_object_mut) {
        let mut take = |name: &str| sysctls.remove(name).and_then(|value| value.as_i64());
        if let (Some(min), Some(max)) = (take("localPortRangeMin"), take("localPortRangeMax")) {
            sysctls.insert("netIpv4IpLocalPortRange".to_owned(), format!("{min} {max}").into());
        }
    }
}

/// Turns a pool from Azure's form into the table's.
pub(crate) fn pool_from_wire(pool: &mut Json) {
    let Some(pool) = pool.as_object_mut() else { return };
    let is_critical = taints_of(pool).iter().any(|taint| taint == CRITICAL);
    pool.insert("onlyCriticalAddons".to_owned(), is_critical.into());
    let sysctls = pool.get_mut("linuxOSConfig").and_then(|config| config.get_mut("sysctls"));
    if let Some(sysctls) = sysctls.and_then(Json::as_object_mut) {
        let range = sysctls.get("netIpv4IpLocalPortRange").and_then(Json::as_str).unwrap_or_default();
        let ends: Vec<i64> = range.split_whitespace().filter_map(|end| end.parse().ok()).collect();
        if let [min, max] = ends[..] {
            sysctls.insert("localPortRangeMin".to_owned(), min.into());
            sysctls.insert("localPortRangeMax".to_owned(), max.into());
        }
    }
}

fn taints_of(pool: &Map<String, Json>) -> Vec<String> {
    let taints = pool.get("nodeTaints").and_then(Json::as_array).into_iter().flatten();
    taints.filter_map(Json::as_str).map(str::to_owned).collect()
}

fn istio_mut(body: &mut Json) -> Option<&mut Map<String, Json>> {
    body.pointer_mut("/properties/serviceMeshProfile/istio").and_then(Json::as_object_mut)
}

fn mesh_to_wire(body: &mut Json) {
    let Some(istio) = istio_mut(body) else { return };
    let gateway = |istio: &mut Map<String, Json>, name: &str, mode: &str| {
        let is_on = istio.remove(name).and_then(|value| value.as_bool())?;
        Some(json!({"enabled": is_on, "mode": mode}))
    };
    let gateways: Vec<Json> =
        [gateway(istio, "internalIngress", "Internal"), gateway(istio, "externalIngress", "External")]
            .into_iter()
            .flatten()
            .collect();
    if !gateways.is_empty() {
        let components = istio.entry("components").or_insert_with(|| json!({}));
        components["ingressGateways"] = gateways.into();
    }
}

fn mesh_from_wire(body: &mut Json) {
    let Some(istio) = istio_mut(body) else { return };
    let gateways = istio.get("components").and_then(|components| components.get("ingressGateways"));
    let gateways = gateways.and_then(Json::as_array).cloned().unwrap_or_default();
    for (name, mode) in [("internalIngress", "Internal"), ("externalIngress", "External")] {
        let gateway =
            gateways.iter().find(|gateway| gateway.get("mode").and_then(Json::as_str) == Some(mode));
        if let Some(is_on) = gateway.and_then(|gateway| gateway.get("enabled")) {
            istio.insert(name.to_owned(), is_on.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_come_back_as_they_were_sent() {
        let wire = json!({"properties": {
            "agentPoolProfiles": [{
                "name": "a", "nodeTaints": ["x=y:NoSchedule", CRITICAL],
                "linuxOSConfig": {"sysctls": {"netIpv4IpLocalPortRange": "1024 65535"}},
            }],
            "serviceMeshProfile": {"mode": "Istio", "istio": {
                "revisions": ["asm-1-27"],
                "components": {"ingressGateways": [{"enabled": true, "mode": "External"}]},
            }},
        }});
        let mut body = wire.clone();
        from_wire(&mut body, "s");
        assert_eq!(body["properties"]["agentPoolProfiles"][0]["onlyCriticalAddons"], true);
        assert_eq!(
            body["properties"]["agentPoolProfiles"][0]["linuxOSConfig"]["sysctls"]["localPortRangeMax"],
            65535
        );
        assert_eq!(body["properties"]["serviceMeshProfile"]["istio"]["externalIngress"], true);
        to_wire(&mut body);
        assert_eq!(body, wire);
    }

    #[test]
    fn the_default_pool_comes_first() {
        let pools = |body: &Json| -> Vec<String> {
            let pools = body["properties"]["agentPoolProfiles"].as_array().unwrap();
            pools.iter().map(|pool| pool["name"].as_str().unwrap().to_owned()).collect()
        };
        let body = json!({"properties": {"agentPoolProfiles": [
            {"name": "u", "mode": "User"}, {"name": "s", "mode": "System"}, {"name": "t", "mode": "System"},
        ]}});
        let (mut by_mode, mut by_name) = (body.clone(), body);
        put_first(&mut by_mode, None);
        assert_eq!(pools(&by_mode), ["s", "u", "t"]);
        put_first(&mut by_name, Some("t"));
        assert_eq!(pools(&by_name), ["t", "u", "s"]);
    }
}

//! Load balancers and application gateways: documents whose parts refer to each other.

use std::time::Duration;

use serde_json::{Value, json};

use super::network::interface::assign_addresses;
use crate::behaviour::{Action, Behaviour, Draft, Object, Outcome, View};
use crate::body::{list_at, object_at, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::http::Response;
use crate::resource_id::{is_same_id, key_of};
use crate::world::Resource;

pub(super) struct LoadBalancer;

/// Which list's elements point at which other list's elements, by which property, and how the latter show it.
const BACK_REFERENCES: &[(&str, &str, &str, &str)] = &[
    ("loadBalancingRules", "frontendIPConfiguration", "frontendIPConfigurations", "loadBalancingRules"),
    ("loadBalancingRules", "backendAddressPool", "backendAddressPools", "loadBalancingRules"),
    ("loadBalancingRules", "backendAddressPools", "backendAddressPools", "loadBalancingRules"),
    ("loadBalancingRules", "probe", "probes", "loadBalancingRules"),
    ("inboundNatRules", "frontendIPConfiguration", "frontendIPConfigurations", "inboundNatRules"),
    ("inboundNatRules", "backendAddressPool", "backendAddressPools", "inboundNatRules"),
    ("inboundNatPools", "frontendIPConfiguration", "frontendIPConfigurations", "inboundNatPools"),
    ("outboundRules", "frontendIPConfigurations", "frontendIPConfigurations", "outboundRules"),
    ("outboundRules", "backendAddressPool", "backendAddressPools", "outboundRules"),
];

impl Behaviour for LoadBalancer {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        prepare_frontends(draft)?;
        mirror_pools(draft);
        for (list, property, target_list, shown) in BACK_REFERENCES {
            let id = draft.id.clone();
            for (element, target) in references_between(draft, list, property) {
                let name = crate::resource_id::name_of(&target).to_owned();
                if !is_same_id(&target, &format!("{id}/{target_list}/{name}")) {
                    return Err(missing_part(&id, &target));
                }
                let Some(part) = part_mut(draft, target_list, &name) else {
                    return Err(missing_part(&id, &target));
                };
                let shown_in = object_at(part, "properties").entry(*shown).or_insert_with(|| json!([]));
                let reference = json!({"id": format!("{id}/{list}/{element}")});
                if let Value::Array(all) = shown_in
                    && !all.contains(&reference)
                {
                    all.push(reference);
                }
            }
        }
        check_rules(draft)?;
        draft.set_once("resourceGuid", || json!(guid::random()));
        Ok(())
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, view: View<'_>, resource: &Resource, body: &mut Object) {
        let Some(Value::Array(pools)) = object_at(body, "properties").get_mut("backendAddressPools") else {
            return;
        };
        for pool in pools.iter_mut().filter_map(Value::as_object_mut) {
            let key = format!(
                "{}/backendaddresspools/{}",
                resource.key(),
                text_at(pool, &["name"]).unwrap_or_default()
            );
            let members = members_of_pool(view, &key.to_ascii_lowercase());
            if !members.is_empty() {
                object_at(pool, "properties").insert("backendIPConfigurations".into(), members.into());
            }
        }
    }
}

/// Interfaces' IP configurations that are in a pool.
fn members_of_pool(view: View<'_>, pool: &str) -> Vec<Value> {
    let mut members = Vec::new();
    for interface in view.referrers_of_type(pool, "Microsoft.Network/networkInterfaces") {
        for configuration in list_at(&interface.body(), &["properties", "ipConfigurations"]) {
            let pools = configuration
                .pointer("/properties/loadBalancerBackendAddressPools")
                .and_then(Value::as_array);
            let is_member = pools
                .into_iter()
                .flatten()
                .any(|it| it.get("id").and_then(Value::as_str).is_some_and(|id| *key_of(id) == *pool));
            if let (true, Some(name)) = (is_member, configuration.get("name").and_then(Value::as_str)) {
                members.push(json!({"id": format!("{}/ipConfigurations/{name}", interface.id)}));
            }
        }
    }
    members
}

/// Checks what frontends stand on, and gives private ones their addresses.
fn prepare_frontends(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    const LIST: &str = "frontendIPConfigurations";
    let mut frontends = draft.list(&["properties", LIST]).to_vec();
    for frontend in frontends.iter_mut().filter_map(Value::as_object_mut) {
        let name = text_at(frontend, &["name"]).unwrap_or_default().to_owned();
        let properties = object_at(frontend, "properties");
        for computed in ["loadBalancingRules", "inboundNatRules", "inboundNatPools", "outboundRules"] {
            properties.remove(computed);
        }
        for property in ["publicIPAddress", "publicIPPrefix", "subnet"] {
            if let Some(id) = text_at(properties, &[property, "id"]).map(str::to_owned) {
                draft.require_reference(&id)?;
                properties.insert(property.into(), json!({"id": id}));
            }
        }
        let has_base = ["publicIPAddress", "publicIPPrefix", "subnet", "gatewayLoadBalancer"]
            .iter()
            .any(|property| properties.contains_key(*property));
        if !has_base {
            return Err(ArmError::bad_request(
                "LoadBalancerFrontendIPConfigurationMissing",
                format!(
                    "Frontend IP configuration {}/{LIST}/{name} must have a subnet, a public IP address or a public IP \
                     prefix.",
                    draft.id
                ),
            ));
        }
    }
    let prior = draft.prior.as_ref().map(|prior| prior.body.clone()).unwrap_or_default();
    assign_addresses(draft.view, &draft.key, &prior, &mut frontends, LIST)?;
    draft.set(LIST, frontends);
    for (list, computed) in [
        (
            "backendAddressPools",
            &["loadBalancingRules", "inboundNatRules", "outboundRules", "backendIPConfigurations"][..],
        ),
        ("probes", &["loadBalancingRules"]),
    ] {
        if let Some(Value::Array(parts)) = draft.properties().get_mut(list) {
            for part in parts.iter_mut().filter_map(Value::as_object_mut) {
                let properties = object_at(part, "properties");
                computed.iter().for_each(|name| drop(properties.remove(*name)));
            }
        }
    }
    Ok(())
}

/// A rule shows its pool both ways, however it was sent.
fn mirror_pools(draft: &mut Draft<'_>) {
    let Some(Value::Array(rules)) = draft.properties().get_mut("loadBalancingRules") else { return };
    for rule in rules.iter_mut().filter_map(Value::as_object_mut) {
        let properties = object_at(rule, "properties");
        let single = properties.get("backendAddressPool").cloned();
        let first = list_at(properties, &["backendAddressPools"]).first().cloned();
        match (single, first) {
            (Some(single), None) => {
                properties.insert("backendAddressPools".into(), json!([single]));
            }
            (None, Some(first)) => {
                properties.insert("backendAddressPool".into(), first);
            }
            _ => {}
        }
    }
}

/// Returns the name of each element of `list` with the id (or ids) that `property` points to.
fn references_between(draft: &Draft<'_>, list: &str, property: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for element in draft.list(&["properties", list]).iter().filter_map(Value::as_object) {
        let name = text_at(element, &["name"]).unwrap_or_default();
        let value = crate::body::at(element, &["properties", property]);
        let single = value.into_iter().filter(|value| value.is_object());
        let many = value.and_then(Value::as_array).into_iter().flatten();
        for id in single.chain(many).filter_map(|reference| reference.get("id")?.as_str()) {
            found.push((name.to_owned(), id.to_owned()));
        }
    }
    found
}

fn part_mut<'d>(draft: &'d mut Draft<'_>, list: &str, name: &str) -> Option<&'d mut Object> {
    let parts = draft.properties().get_mut(list)?.as_array_mut()?;
    parts
        .iter_mut()
        .filter_map(Value::as_object_mut)
        .find(|part| text_at(part, &["name"]).is_some_and(|other| other.eq_ignore_ascii_case(name)))
}

fn missing_part(id: &str, target: &str) -> ArmError {
    ArmError::bad_request(
        "InvalidResourceReference",
        format!(
            "Resource {target} referenced by resource {id} was not found. Please make sure that the referenced resource \
             exists, and that both resources are in the same region."
        ),
    )
}

/// Two rules must not listen at one place.
fn check_rules(draft: &Draft<'_>) -> Result<(), ArmError> {
    let mut seen: Vec<(String, String, u64)> = Vec::new();
    for rule in draft.list(&["properties", "loadBalancingRules"]).iter().filter_map(Value::as_object) {
        let text = |path: &[&str]| text_at(rule, path).unwrap_or_default().to_ascii_lowercase();
        let frontend = text(&["properties", "frontendIPConfiguration", "id"]);
        let port = crate::body::at(rule, &["properties", "frontendPort"])
            .and_then(Value::as_u64)
            .unwrap_or_default();
        let place = (frontend, text(&["properties", "protocol"]), port);
        if seen.contains(&place) {
            return Err(ArmError::bad_request(
                "RulesUseSameFrontendPortProtocolAndIPConfig",
                format!(
                    "Load balancing rules of {} use the same frontend port, protocol and IP configuration.",
                    draft.id
                ),
            ));
        }
        seen.push(place);
    }
    Ok(())
}

pub(super) struct ApplicationGateway;

/// Lists whose elements name elements of other lists by id.
const GATEWAY_LISTS: &[&str] = &[
    "httpListeners",
    "requestRoutingRules",
    "urlPathMaps",
    "backendHttpSettingsCollection",
    "redirectConfigurations",
    "listeners",
    "routingRules",
];

impl Behaviour for ApplicationGateway {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let names =
            ["gatewayIPConfigurations", "frontendIPConfigurations", "frontendPorts", "backendAddressPools"];
        if let Some(missing) = names.iter().find(|name| draft.list(&["properties", name]).is_empty()) {
            return Err(ArmError::bad_request(
                "ApplicationGatewayPropertyMissing",
                format!("Application gateway {} must have at least one element in {missing}.", draft.id),
            ));
        }
        check_inner_references(draft)?;
        let mut frontends = draft.list(&["properties", "frontendIPConfigurations"]).to_vec();
        for frontend in &frontends {
            for property in ["publicIPAddress", "subnet"] {
                let id = frontend.pointer(&format!("/properties/{property}/id")).and_then(Value::as_str);
                id.map_or(Ok(()), |id| draft.require_reference(id))?;
            }
        }
        let prior = draft.prior.as_ref().map(|prior| prior.body.clone()).unwrap_or_default();
        assign_addresses(draft.view, &draft.key, &prior, &mut frontends, "frontendIPConfigurations")?;
        draft.set("frontendIPConfigurations", frontends);
        for configuration in draft.list(&["properties", "gatewayIPConfigurations"]) {
            let subnet =
                configuration.pointer("/properties/subnet/id").and_then(Value::as_str).unwrap_or_default();
            draft.require_reference(subnet)?;
        }
        draft.set("operationalState", "Running");
        draft.set_once("resourceGuid", || json!(guid::random()));
        if draft.at(&["properties", "sslPolicy"]).is_none() {
            draft.set("defaultPredefinedSslPolicy", "AppGwSslPolicy20220101");
        }
        Ok(())
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        let state = match action.name.as_str() {
            "start" => "Running",
            "stop" => "Stopped",
            "backendhealth" => {
                let health = json!({"backendAddressPools": []});
                return Some(Ok(Outcome::Done(Response::json(200, &health))));
            }
            _ => return None,
        };
        let key = action.key.clone();
        action.effects.edit(&key, |body| {
            object_at(body, "properties").insert("operationalState".into(), json!(state));
        });
        Some(Ok(Outcome::Later {
            code: 202,
            duration: Duration::from_secs(60),
            state: "Updating",
            result: None,
        }))
    }
}

/// Every id that points into the gateway must name a part that is there.
fn check_inner_references(draft: &Draft<'_>) -> Result<(), ArmError> {
    let prefix = format!("{}/", draft.key);
    for list in GATEWAY_LISTS {
        for element in draft.list(&["properties", list]) {
            let mut ids = Vec::new();
            collect_ids(element.get("properties").unwrap_or(&Value::Null), &mut ids);
            for id in ids {
                let key = key_of(id);
                let Some(rest) = key.strip_prefix(&prefix) else { continue };
                let mut segments = rest.split('/');
                let (Some(target_list), Some(name)) = (segments.next(), segments.next()) else { continue };
                let nested =
                    draft.resource_type.nested.iter().find(|nested| nested.eq_ignore_ascii_case(target_list));
                let parts = nested.map_or(&[][..], |nested| draft.list(&["properties", nested]));
                let exists = parts.iter().any(|part| {
                    part.get("name")
                        .and_then(Value::as_str)
                        .is_some_and(|other| other.eq_ignore_ascii_case(name))
                });
                if !exists {
                    return Err(missing_part(&draft.id, id));
                }
            }
        }
    }
    Ok(())
}

fn collect_ids<'v>(value: &'v Value, ids: &mut Vec<&'v str>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value.as_str() {
                    Some(id) if name == "id" => ids.push(id),
                    _ => collect_ids(value, ids),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect_ids(element, ids)),
        _ => {}
    }
}

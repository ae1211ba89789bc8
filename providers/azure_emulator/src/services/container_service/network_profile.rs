//! A cluster's network: defaults and the rules between its address ranges.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::behaviour::Draft;
use crate::body::{object_at, set_default, text_at};
use crate::cidr::Cidr;
use crate::error::ArmError;
use crate::services::network::virtual_network::address_space;

/// Properties that cannot be changed once the cluster is there.
const FIXED: &[&str] =
    &["networkMode", "dnsServiceIP", "serviceCidr", "serviceCidrs", "ipFamilies", "loadBalancerSku"];

/// Fills in and checks `networkProfile`.
pub(super) fn prepare(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    for name in FIXED {
        let path = ["properties", "networkProfile", name];
        // What is read as `Standard` is `standard` in what is put, and what was never put.
        let unset = (*name == "loadBalancerSku").then_some("standard");
        let is_respelled = match (draft.text(&path), draft.before(&path).and_then(Value::as_str).or(unset)) {
            (Some(now), Some(before)) => now.eq_ignore_ascii_case(before),
            _ => false,
        };
        if draft.at(&path).is_some() && draft.changes(&path) && !is_respelled {
            return Err(super::cluster::change_not_allowed(&path.join(".")));
        }
    }
    let prior = draft
        .prior
        .as_ref()
        .and_then(|prior| crate::body::at(&prior.body, &["properties", "networkProfile"]));
    let prior = prior.and_then(Value::as_object).cloned().unwrap_or_default();
    let profile = object_at(draft.properties(), "networkProfile");
    for name in
        FIXED.iter().chain(&["podCidr", "podCidrs", "networkPluginMode", "networkPolicy", "networkDataplane"])
    {
        if let Some(before) = prior.get(*name) {
            set_default(profile, name, before.clone());
        }
    }
    // The table's defaults fill in a profile that was sent; one that was not is made here.
    for (name, default) in
        [("networkPlugin", "kubenet"), ("loadBalancerSku", "standard"), ("outboundType", "loadBalancer")]
    {
        set_default(profile, name, default);
    }
    let plugin = text_at(profile, &["networkPlugin"]).unwrap_or_default().to_owned();
    let is_overlay = text_at(profile, &["networkPluginMode"]) == Some("overlay");
    if plugin == "azure" && !is_overlay && profile.contains_key("podCidr") {
        return Err(invalid(
            "networkProfile.podCidr",
            "podCidr is allowed with network plugin azure only in overlay mode.",
        ));
    }
    match (profile.contains_key("serviceCidr"), profile.contains_key("dnsServiceIP")) {
        (false, false) => {
            profile.insert("serviceCidr".into(), json!("10.0.0.0/16"));
            profile.insert("dnsServiceIP".into(), json!("10.0.0.10"));
        }
        (true, true) => {}
        _ => {
            return Err(invalid(
                "networkProfile.dnsServiceIP",
                "serviceCidr and dnsServiceIP must be given both or not at all.",
            ));
        }
    }
    if plugin == "kubenet" || is_overlay {
        set_default(profile, "podCidr", "10.244.0.0/16");
    }
    for (one, many) in [("podCidr", "podCidrs"), ("serviceCidr", "serviceCidrs")] {
        if let Some(cidr) = profile.get(one).cloned() {
            set_default(profile, many, json!([cidr]));
        }
    }
    set_default(profile, "ipFamilies", json!(["IPv4"]));
    set_default(profile, "networkPolicy", "none");
    set_default(profile, "networkDataplane", if plugin == "none" { "none" } else { "azure" });
    fill_outbound(draft)?;
    check_ranges(draft)
}

/// The load balancer or NAT gateway by which nodes reach the world.
fn fill_outbound(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    let outbound_ip = super::node_group::outbound_ip_id(draft);
    let artifact_source =
        draft.text(&["properties", "bootstrapProfile", "artifactSource"]).map(str::to_owned);
    let profile = object_at(draft.properties(), "networkProfile");
    let outbound = text_at(profile, &["outboundType"]).unwrap_or("loadBalancer").to_owned();
    match outbound.as_str() {
        "none" if artifact_source.as_deref() != Some("Cache") => {
            return Err(invalid(
                "networkProfile.outboundType",
                "Outbound type none needs bootstrap artifact source Cache.",
            ));
        }
        "loadBalancer" if text_at(profile, &["loadBalancerSku"]) == Some("standard") => {
            let balancer = object_at(profile, "loadBalancerProfile");
            let own: Vec<Value> = crate::body::list_at(balancer, &["outboundIPs", "publicIPs"]).to_vec();
            let has_prefixes =
                !crate::body::list_at(balancer, &["outboundIPPrefixes", "publicIPPrefixes"]).is_empty();
            if own.is_empty() && !has_prefixes {
                let managed = object_at(balancer, "managedOutboundIPs");
                set_default(managed, "count", 1);
            }
            set_default(balancer, "backendPoolType", "nodeIPConfiguration");
            let effective = if own.is_empty() { json!([{"id": outbound_ip}]) } else { json!(own) };
            balancer.insert("effectiveOutboundIPs".into(), effective);
        }
        "managedNATGateway" => {
            let gateway = object_at(profile, "natGatewayProfile");
            set_default(object_at(gateway, "managedOutboundIPProfile"), "count", 1);
            set_default(gateway, "idleTimeoutInMinutes", 4);
            gateway.insert("effectiveOutboundIPs".into(), json!([{"id": outbound_ip}]));
        }
        _ => {}
    }
    Ok(())
}

fn check_ranges(draft: &Draft<'_>) -> Result<(), ArmError> {
    let text = |name: &str| draft.text(&["properties", "networkProfile", name]);
    let cidr = |name: &str| text(name).map(|value| (value.to_owned(), Cidr::parse(value)));
    let Some((service_text, service)) = cidr("serviceCidr") else { return Ok(()) };
    let Some(service) = service.filter(|service| service.is_canonical()) else {
        return Err(invalid("networkProfile.serviceCidr", &format!("'{service_text}' is not a valid CIDR.")));
    };
    let dns: Option<IpAddr> = text("dnsServiceIP").and_then(|address| address.parse().ok());
    if !dns.is_some_and(|dns| {
        service.contains_address(dns) && dns != service.address_at(1) && dns != service.address_at(0)
    }) {
        return Err(invalid(
            "networkProfile.dnsServiceIP",
            &format!(
                "The DNS service IP must be within the service CIDR {service_text} and must not be its first address."
            ),
        ));
    }
    if let Some((pod_text, Some(pods))) = cidr("podCidr")
        && pods.overlaps(service)
    {
        return Err(ArmError::bad_request(
            "ServiceCidrOverlapPodCidr",
            format!("The specified service CIDR {service_text} overlaps with the pod CIDR {pod_text}."),
        ));
    }
    for pool in &draft.children {
        let Some(subnet) = pool.text(&["properties", "vnetSubnetID"]) else { continue };
        let (network, _) =
            subnet.split_at(subnet.to_ascii_lowercase().find("/subnets/").unwrap_or(subnet.len()));
        let space =
            draft.view.find(network).map(|network| address_space(&network.body())).unwrap_or_default();
        if let Some(conflict) = space.iter().find(|space| space.overlaps(service)) {
            return Err(ArmError::bad_request(
                "ServiceCidrOverlapExistingSubnetsCidr",
                format!(
                    "The specified service CIDR {service_text} is conflicted with an existing subnet CIDR {conflict}."
                ),
            ));
        }
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

//! Checks of a cluster's configuration that Azure would make only after minutes.

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::attributes::{at, text_at};
use crate::lifecycle::attribute_path;
use crate::mapping::Network;
use crate::resources::kubernetes::pool_body::refuse_sizes;

/// Checks a cluster.
pub(crate) fn validate(config: &Value, diagnostics: &mut Diagnostics) {
    let mut refuse = |path: AttributePath, detail: String| {
        diagnostics.push(Diagnostic::error("Invalid combination of arguments", detail).on_attribute(path));
    };
    if let Some((argument, problem)) = refuse_sizes(&at(config, "default_node_pool.0")) {
        refuse(attribute_path(&format!("default_node_pool.0.{argument}")), problem);
    }
    let network = at(config, "network_profile.0");
    if network.is_known() && !network.is_null() {
        validate_network(&network, &mut |argument, problem| {
            refuse(attribute_path(&format!("network_profile.0.{argument}")), problem);
        });
    }
    let is_private = config.attribute("private_cluster_enabled");
    if text_at(config, "dns_prefix_private_cluster").is_some()
        && is_private.as_bool() != Some(true)
        && is_private.is_known()
    {
        refuse(
            attribute_path("dns_prefix_private_cluster"),
            "dns_prefix_private_cluster is for clusters with private_cluster_enabled = true; use dns_prefix."
                .to_owned(),
        );
    }
}

fn validate_network(network: &Value, refuse: &mut impl FnMut(&str, String)) {
    let text = |name: &str| text_at(network, name);
    let is_null = |name: &str| network.attribute(name).is_null();
    let plugin = text("network_plugin").unwrap_or_default();
    let is_overlay = text("network_plugin_mode").as_deref() == Some("overlay");
    if is_null("service_cidr") != is_null("dns_service_ip") && is_null("service_cidrs") {
        let missing = if is_null("service_cidr") { "service_cidr" } else { "dns_service_ip" };
        refuse(missing, "service_cidr and dns_service_ip are set together or not at all.".to_owned());
    }
    if let (Some(range), Some(address)) = (text("service_cidr"), text("dns_service_ip")) {
        validate_dns_address(&range, &address, refuse);
    }
    if let (Some(services), Some(pods)) = (text("service_cidr"), text("pod_cidr"))
        && let (Some(services), Some(pods)) = (Network::parse(&services), Network::parse(&pods))
        && services.overlaps(&pods)
    {
        refuse("pod_cidr", format!("pod_cidr {pods} overlaps service_cidr {services}."));
    }
    if is_overlay && plugin != "azure" && !plugin.is_empty() {
        refuse("network_plugin_mode", "network_plugin_mode overlay needs network_plugin azure.".to_owned());
    }
    if text("pod_cidr").is_some() && plugin == "azure" && is_null("network_plugin_mode") {
        refuse(
            "pod_cidr",
            "With network_plugin azure, pod_cidr needs network_plugin_mode overlay.".to_owned(),
        );
    }
    let policy = text("network_policy").unwrap_or_default();
    let is_cilium = text("network_data_plane").as_deref() == Some("cilium");
    if policy == "cilium" && !is_cilium && network.attribute("network_data_plane").is_known() {
        refuse("network_policy", "network_policy cilium needs network_data_plane cilium.".to_owned());
    }
    if policy == "azure" && plugin == "kubenet" {
        refuse("network_policy", "network_policy azure needs network_plugin azure.".to_owned());
    }
}

fn validate_dns_address(range: &str, address: &str, refuse: &mut impl FnMut(&str, String)) {
    let Some(network) = Network::parse(range) else { return };
    if !network.contains_address(address) {
        refuse("dns_service_ip", format!("dns_service_ip {address} is not in service_cidr {network}."));
    } else if Network::parse(&format!("{address}/32")).is_some_and(|single| single == first_host(&network)) {
        refuse(
            "dns_service_ip",
            format!(
                "dns_service_ip cannot be the first address of service_cidr {network}, which is kubernetes.default's."
            ),
        );
    }
}

fn first_host(network: &Network) -> Network {
    network.host(1)
}

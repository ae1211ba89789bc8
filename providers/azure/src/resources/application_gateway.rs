//! Application gateways: one large body, whose parts name each other.

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::lifecycle::{Change, Draft, Failure, Work};
use crate::mapping::Documents;
use crate::resources::Behaviour;
use crate::table::Generation;

/// Gateways.
pub(crate) struct ApplicationGateway;

/// Arguments that name a part, and the blocks that the part is one of.
const NAMED: &[(&str, &[&str], &str)] = &[
    ("http_listener", &["frontend_ip_configuration_name"], "frontend_ip_configuration"),
    ("http_listener", &["frontend_port_name"], "frontend_port"),
    ("http_listener", &["ssl_certificate_name"], "ssl_certificate"),
    ("http_listener", &["ssl_profile_name"], "ssl_profile"),
    ("request_routing_rule", &["http_listener_name"], "http_listener"),
    ("request_routing_rule", &["backend_address_pool_name"], "backend_address_pool"),
    ("request_routing_rule", &["backend_http_settings_name"], "backend_http_settings"),
    ("request_routing_rule", &["redirect_configuration_name"], "redirect_configuration"),
    ("request_routing_rule", &["rewrite_rule_set_name"], "rewrite_rule_set"),
    ("request_routing_rule", &["url_path_map_name"], "url_path_map"),
    ("backend_http_settings", &["probe_name"], "probe"),
    ("url_path_map", &["default_backend_address_pool_name"], "backend_address_pool"),
    ("url_path_map", &["default_backend_http_settings_name"], "backend_http_settings"),
];

#[async_trait]
impl Behaviour for ApplicationGateway {
    /// A name that no part has would be refused by Azure after minutes.
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        for (block, arguments, parts) in NAMED {
            let Some(names) = names_of(config, parts) else { continue };
            let blocks = config.attribute(block);
            for element in blocks.as_sequence().into_iter().flatten() {
                for argument in *arguments {
                    let name = element.attribute(argument);
                    let Some(name) = name.as_str().filter(|name| !name.is_empty()) else { continue };
                    if !names.iter().any(|other| other == name.as_str()) {
                        let detail = format!(
                            "{block}.{argument} is {name:?}, but there is no {parts} of that name; there are {}.",
                            list(&names)
                        );
                        let path = AttributePath::root().attribute(*block);
                        diagnostics.push(Diagnostic::error("Part does not exist", detail).on_attribute(path));
                    }
                }
            }
        }
    }

    fn plan(&self, draft: &mut Draft<'_>) {
        if draft.generation == Generation::V4 {
            draft.mirror("http2_enabled", "enable_http2", false);
        }
    }

    fn shape_base(&self, _change: &Change<'_>, _work: &Work<'_>, documents: &mut Documents) {
        split_addresses(&mut documents.body);
    }

    async fn before_write(
        &self,
        _work: &Work<'_>,
        _change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        join_addresses(&mut documents.body);
        Ok(())
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        split_addresses(&mut documents.body);
        Ok(())
    }
}

/// Returns the names of all blocks of a kind; nothing when some are not known.
fn names_of(config: &Value, block: &str) -> Option<Vec<String>> {
    let blocks = config.attribute(block);
    if !blocks.is_known() {
        return None;
    }
    let elements = blocks.as_sequence().unwrap_or_default().iter();
    elements.map(|element| element.attribute("name").as_str().map(ToString::to_string)).collect()
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn pools_mut(body: &mut Json) -> impl Iterator<Item = &mut Map<String, Json>> {
    let pools = body.pointer_mut("/properties/backendAddressPools").and_then(Json::as_array_mut);
    pools.into_iter().flatten().filter_map(|pool| pool.get_mut("properties")?.as_object_mut())
}

/// Turns a list of names and addresses into a list of each.
fn split_addresses(body: &mut Json) {
    for pool in pools_mut(body) {
        let Some(addresses) = pool.remove("backendAddresses") else { continue };
        let all = |key: &str| -> Vec<Json> {
            let addresses = addresses.as_array().into_iter().flatten();
            addresses.filter_map(|address| address.get(key).cloned()).collect()
        };
        pool.insert("fqdns".to_owned(), all("fqdn").into());
        pool.insert("ipAddresses".to_owned(), all("ipAddress").into());
    }
}

/// Puts both lists into one.
fn join_addresses(body: &mut Json) {
    for pool in pools_mut(body) {
        let mut addresses = Vec::new();
        for (list, key) in [("fqdns", "fqdn"), ("ipAddresses", "ipAddress")] {
            let entries = pool.remove(list);
            let entries = entries.as_ref().and_then(Json::as_array).into_iter().flatten();
            addresses.extend(entries.map(|entry| json!({ key: entry })));
        }
        pool.insert("backendAddresses".to_owned(), addresses.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back_as_they_were() {
        let wire = json!({"properties": {"backendAddressPools": [
            {"name": "a", "properties": {"backendAddresses": [{"fqdn": "x.example"}, {"ipAddress": "10.0.0.1"}]}},
        ]}});
        let mut body = wire.clone();
        split_addresses(&mut body);
        assert_eq!(
            body.pointer("/properties/backendAddressPools/0/properties/fqdns"),
            Some(&json!(["x.example"]))
        );
        join_addresses(&mut body);
        assert_eq!(body, wire);
    }
}

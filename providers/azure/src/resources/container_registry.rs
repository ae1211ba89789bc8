//! Container registries: features of the Premium tier, and replicas in other regions.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Number, Value};

use crate::attributes::text_at;
use crate::client::ArmRequest;
use crate::lifecycle::{Change, Failure, Work};
use crate::mapping::Documents;
use crate::mapping::same::normal_location;
use crate::resources::{Behaviour, Freshness};

/// Registries.
pub(crate) struct ContainerRegistry;

#[async_trait]
impl Behaviour for ContainerRegistry {
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        let Some(sku) = text_at(config, "sku").filter(|sku| sku != "Premium") else { return };
        let is_used = |name: &str, harmless: bool| {
            let value = config.attribute(name);
            let is_harmless =
                value.is_null() || value.element_count() == Some(0) || value.as_bool() == Some(harmless);
            value.is_known() && !is_harmless
        };
        for (argument, harmless) in [
            ("georeplications", false),
            ("network_rule_set", false),
            ("retention_policy_in_days", false),
            ("data_endpoint_enabled", false),
            ("zone_redundancy_enabled", false),
            ("quarantine_policy_enabled", false),
            ("trust_policy_enabled", false),
            ("public_network_access_enabled", true),
            ("export_policy_enabled", true),
        ] {
            if is_used(argument, harmless) {
                let detail = format!("Only registries of sku Premium can use {argument}; sku is {sku}.");
                let path = AttributePath::root().attribute(argument);
                diagnostics
                    .push(Diagnostic::error("Invalid combination of arguments", detail).on_attribute(path));
            }
        }
    }

    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        let days =
            |value: &Value| value.attribute("retention_policy_in_days").as_number().and_then(Number::to_i64);
        let (before, after) = (change.prior.and_then(days), days(change.planned));
        match after {
            Some(days) if before != after => {
                documents
                    .set("properties.policies.retentionPolicy", json!({"days": days, "status": "enabled"}));
            }
            None if before.is_some() => {
                documents.set("properties.policies.retentionPolicy", json!({"status": "disabled"}));
            }
            _ => {}
        }
        Ok(())
    }

    /// Makes, changes and removes replicas, each an object below the registry.
    async fn after_write(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Freshness, Failure> {
        let before = change.prior.map_or_else(Vec::new, replicas);
        let after = replicas(change.planned);
        let base = format!("{}/replications", change.address.path);
        let version = &work.table.api_version;
        for (location, _) in &before {
            if !after.iter().any(|(other, _)| other == location) {
                work.call.report(format!("removing replica in {location}"));
                work.run(&ArmRequest::delete(format!("{base}/{location}"), version)).await?;
            }
        }
        for replica in after {
            if !before.contains(&replica) {
                let (location, body) = replica;
                work.call.report(format!("replicating to {location}"));
                work.run(&ArmRequest::put(format!("{base}/{location}"), version, body)).await?;
            }
        }
        Ok(Freshness::Same)
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        known: Option<&Value>,
    ) -> Result<(), Failure> {
        shape_retention(documents);
        shape_replicas(documents, known);
        Ok(())
    }
}

fn replicas(value: &Value) -> Vec<(String, Json)> {
    let blocks = value.attribute("georeplications");
    let replica = |block: &Value| {
        let location = normal_location(&text_at(block, "location")?);
        let is_on = |name: &str| block.attribute(name).as_bool().unwrap_or(false);
        let tags = block.attribute("tags");
        let tags: serde_json::Map<String, Json> = tags
            .as_entries()
            .into_iter()
            .flatten()
            .filter_map(|(name, tag)| Some((name.to_string(), tag.as_str()?.as_str().into())))
            .collect();
        let is_routed = is_on("global_endpoint_routing_enabled") || is_on("regional_endpoint_enabled");
        let zones = if is_on("zone_redundancy_enabled") { "Enabled" } else { "Disabled" };
        let body = json!({
            "location": location,
            "properties": {"regionEndpointEnabled": is_routed, "zoneRedundancy": zones},
            "tags": tags,
        });
        Some((location, body))
    };
    blocks.as_sequence().into_iter().flatten().filter_map(replica).collect()
}

/// Days of a policy that is switched off mean nothing.
fn shape_retention(documents: &mut Documents) {
    let policy = documents.at("properties.policies.retentionPolicy");
    let is_on = policy.and_then(|policy| policy.get("status")).and_then(Json::as_str) == Some("enabled");
    if let Some(days) = policy.and_then(|policy| policy.get("days")).cloned().filter(|_| is_on) {
        documents.set("properties.policies.retentionPolicy.keptDays", days);
    }
}

/// The registry's own region is among its replicas; the others come in the order that is known.
fn shape_replicas(documents: &mut Documents, known: Option<&Value>) {
    let home = normal_location(documents.text_at("location").unwrap_or_default());
    let location =
        |replica: &Json| normal_location(replica.get("location").and_then(Json::as_str).unwrap_or_default());
    let all = documents.at("$replications.value").and_then(Json::as_array).cloned().unwrap_or_default();
    let mut others: Vec<Json> = all.into_iter().filter(|replica| location(replica) != home).collect();
    let known: Vec<String> =
        known.map_or_else(Vec::new, replicas).into_iter().map(|(location, _)| location).collect();
    others.sort_by_key(|replica| {
        known.iter().position(|other| *other == location(replica)).unwrap_or(known.len())
    });
    documents.named.insert("replicas".into(), json!({ "value": others }));
}

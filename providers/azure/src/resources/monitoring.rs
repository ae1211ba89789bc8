//! Log Analytics, Application Insights and diagnostic settings.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::attributes::text_at;
use crate::client::ArmRequest;
use crate::lifecycle::{Address, Change, Draft, Failure, Work};
use crate::mapping::Documents;
use crate::resources::{Behaviour, Freshness};
use crate::table::Generation;

/// Workspaces of Log Analytics.
pub(crate) struct Workspace;

#[async_trait]
impl Behaviour for Workspace {
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        let sku = text_at(config, "sku");
        let capacity = config.attribute("reservation_capacity_in_gb_per_day");
        let is_reserved = sku.as_deref() == Some("CapacityReservation");
        let problem = match (is_reserved, capacity.is_null()) {
            (true, true) => "sku CapacityReservation needs reservation_capacity_in_gb_per_day.",
            (false, false) if config.attribute("sku").is_known() => {
                "reservation_capacity_in_gb_per_day is for workspaces of sku CapacityReservation."
            }
            _ => return,
        };
        let path = AttributePath::root().attribute("reservation_capacity_in_gb_per_day");
        diagnostics.push(Diagnostic::error("Invalid combination of arguments", problem).on_attribute(path));
    }

    fn plan(&self, draft: &mut Draft<'_>) {
        if draft.generation == Generation::V4 {
            draft.mirror("local_authentication_enabled", "local_authentication_disabled", true);
        }
        let text = |value: Value| value.as_str().map(ToString::to_string).unwrap_or_default();
        let (before, after) = (text(draft.before("sku")), text(draft.after("sku")));
        let in_place = matches!(before.as_str(), "LACluster" | "")
            || (before == "CapacityReservation" && after == "PerGB2018")
            || (before == "PerGB2018" && after == "CapacityReservation");
        if draft.changes("sku") && !in_place {
            draft.replace_for("sku");
        }
    }

    /// Rules for collecting data can be named only when the workspace is there.
    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        if change.prior.is_none() {
            documents.unset("properties.defaultDataCollectionRuleResourceId");
        }
        Ok(())
    }

    async fn after_write(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Freshness, Failure> {
        let rule = text_at(change.planned, "data_collection_rule_id");
        let Some(rule) = rule.filter(|_| change.prior.is_none()) else { return Ok(Freshness::Same) };
        let body = json!({"properties": {"defaultDataCollectionRuleResourceId": rule.as_str()}});
        work.run(&ArmRequest::patch(&change.address.path, &work.table.api_version, body)).await?;
        Ok(Freshness::Stale)
    }

    async fn delete(&self, work: &Work<'_>, address: &Address, state: &Value) -> Result<(), Failure> {
        if !work.connection.settings.features.purge_workspaces {
            return crate::lifecycle::delete::delete_object(work, address, state).await;
        }
        work.call.report("deleting for good");
        let request =
            ArmRequest::delete(address.path.clone(), &work.table.api_version).with_query("force", "true");
        match work.client().run(&request, &work.call).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Components of Application Insights.
pub(crate) struct Component;

#[async_trait]
impl Behaviour for Component {
    fn plan(&self, draft: &mut Draft<'_>) {
        if draft.generation == Generation::V4 {
            for (enabled, disabled) in [
                ("daily_data_cap_notifications_enabled", "daily_data_cap_notifications_disabled"),
                ("ip_masking_enabled", "disable_ip_masking"),
                ("local_authentication_enabled", "local_authentication_disabled"),
            ] {
                draft.mirror(enabled, disabled, true);
            }
        }
        // Once a component sends to a workspace, it can change to another one, and not back.
        if !draft.before("workspace_id").is_null() && draft.after("workspace_id").is_null() {
            draft.replace_if_changed("workspace_id");
        }
    }

    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        if let Some(kind) = text_at(change.planned, "application_type") {
            documents.set("kind", kind.as_str().into());
        }
        Ok(())
    }
}

/// What of a resource's logs and metrics goes where.
pub(crate) struct DiagnosticSetting;

#[async_trait]
impl Behaviour for DiagnosticSetting {
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        let logs = config.attribute("enabled_log");
        for log in logs.as_sequence().into_iter().flatten() {
            let (category, group) = (log.attribute("category"), log.attribute("category_group"));
            if category.is_known() && group.is_known() && category.is_null() == group.is_null() {
                let detail = "Each enabled_log names either a category or a category_group.";
                let path = AttributePath::root().attribute("enabled_log");
                diagnostics
                    .push(Diagnostic::error("Invalid combination of arguments", detail).on_attribute(path));
            }
        }
    }

    /// Version 4 has two arguments for the same list.
    fn plan(&self, draft: &mut Draft<'_>) {
        if draft.generation != Generation::V4 || draft.prior.is_none() {
            return;
        }
        for (changed, other) in [("metric", "enabled_metric"), ("enabled_metric", "metric")] {
            if draft.changes(changed) {
                let ty = draft.before(other).ty();
                draft.make_unknown(other, ty);
            }
        }
    }

    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        let metrics = change.config.attribute("metric");
        if let Some(metrics) = metrics.as_sequence().filter(|metrics| !metrics.is_empty()) {
            let metrics: Vec<Json> = metrics.iter().map(metric_body).collect();
            documents.set("properties.metrics", metrics.into());
        }
        Ok(())
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        let metrics = documents.at("properties.metrics").cloned().unwrap_or_else(|| json!([]));
        documents.named.insert("all".into(), json!({ "metrics": metrics }));
        for list in ["logs", "metrics"] {
            let path = format!("properties.{list}");
            let enabled = documents.at(&path).and_then(Json::as_array).map(|entries| {
                let is_on = |entry: &&Json| entry.get("enabled").and_then(Json::as_bool) == Some(true);
                entries.iter().filter(is_on).cloned().collect::<Vec<_>>()
            });
            if let Some(enabled) = enabled {
                documents.set(&path, enabled.into());
            }
        }
        Ok(())
    }
}

fn metric_body(metric: &Value) -> Json {
    let mut body = json!({
        "category": text_at(metric, "category").unwrap_or_default().as_str(),
        "enabled": metric.attribute("enabled").as_bool().unwrap_or(true),
    });
    if let Some(policy) = metric.attribute("retention_policy").as_sequence().and_then(<[Value]>::first) {
        let days = policy.attribute("days").as_number().and_then(terrane_model::Number::to_i64).unwrap_or(0);
        let is_on = policy.attribute("enabled").as_bool().unwrap_or(false);
        body["retentionPolicy"] = json!({"days": days, "enabled": is_on});
    }
    body
}

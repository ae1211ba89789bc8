//! Microsoft.OperationalInsights workspaces and Microsoft.Insights components.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use super::identity::fill_identity;
use super::redis::new_key;
use crate::arm::Context;
use crate::behaviour::{Action, Behaviour, Draft, Effects, Outcome};
use crate::body::{at, object_at, set_default, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::http::{Request, Response};
use crate::resource_id::Key;
use crate::table::CATALOG;
use crate::world::{OperationKind, Resource};

/// Deleted workspaces can be recovered for this long.
const RECOVERABLE_DAYS: u64 = 14;
const DELETED_TYPE: &str = "Microsoft.OperationalInsights/deletedWorkspaces";

pub(super) struct Workspace;

impl Behaviour for Workspace {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        fill_identity(draft)?;
        // Clients that have no opinion send 0.
        if draft.at(&["properties", "retentionInDays"]) == Some(&json!(0)) {
            let before = draft.before(&["properties", "retentionInDays"]).cloned();
            draft.set("retentionInDays", before.unwrap_or_else(|| json!(30)));
        }
        let days = draft.at(&["properties", "retentionInDays"]).and_then(Value::as_i64).unwrap_or(30);
        if !(days == 7 || (30..=730).contains(&days)) {
            return Err(ArmError::bad_request(
                "InvalidParameter",
                format!(
                    "'RetentionInDays' property doesn't match the SKU limits: {days} is not between 30 and 730."
                ),
            ));
        }
        let recovered = draft.is_create().then(|| find_deleted(draft)).flatten();
        let customer = recovered
            .as_ref()
            .and_then(|deleted| text_at(&deleted.body(), &["properties", "customerId"]).map(str::to_owned));
        draft.set_once("customerId", || json!(customer.unwrap_or_else(guid::random)));
        let now = draft.view.now.rfc3339();
        draft.set_once("createdDate", || json!(now));
        draft.set("modifiedDate", now.clone());
        object_at(object_at(&mut draft.body, "properties"), "sku").insert("lastSkuUpdate".into(), json!(now));
        let features = object_at(draft.properties(), "features");
        set_default(features, "legacy", 0);
        set_default(features, "searchVersion", 1);
        let capping = object_at(draft.properties(), "workspaceCapping");
        capping.insert("quotaNextResetTime".into(), json!(now));
        capping.insert("dataIngestionStatus".into(), json!("RespectQuota"));
        for name in ["primarySharedKey", "secondarySharedKey"] {
            set_default(&mut draft.hidden, name, new_key());
        }
        Ok(())
    }

    fn settled(&self, effects: &mut Effects<'_>, key: &Key, kind: OperationKind) {
        if kind != OperationKind::Create {
            return;
        }
        effects.world.remove(&deleted_key(key));
    }

    fn removed(&self, effects: &mut Effects<'_>, resource: &Resource) {
        let mut body = resource.body();
        let deleted_date = effects.now.rfc3339();
        object_at(&mut body, "properties").insert("deletedDate".into(), json!(deleted_date));
        let id = format!("{}/providers/{DELETED_TYPE}/{}", group_of(&resource.id), resource.name());
        effects.put(DELETED_TYPE, &id, body, resource.hidden());
    }

    fn deleted_by(&self, effects: &mut Effects<'_>, request: &Request, resource: &Resource) {
        if request.query("force").is_some_and(|force| force.eq_ignore_ascii_case("true")) {
            effects.world.remove(&deleted_key(&resource.key()));
        }
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        Some(match action.name.as_str() {
            "sharedkeys" | "listkeys" => shared_keys(action),
            "regeneratesharedkey" => regenerate(action),
            "purge" | "failback" => {
                let duration = Duration::from_secs(30);
                Ok(Outcome::Later { code: 202, duration, state: "Updating", result: None })
            }
            _ => return None,
        })
    }
}

fn group_of(id: &str) -> &str {
    id.find("/providers/").map_or(id, |at| &id[..at])
}

fn deleted_key(key: &str) -> Key {
    let name = crate::resource_id::name_of(key);
    crate::resource_id::key_of(&format!("{}/providers/{DELETED_TYPE}/{name}", group_of(key)))
}

fn find_deleted(draft: &Draft<'_>) -> Option<Resource> {
    let key = format!("{}/providers/{DELETED_TYPE}/{}", group_of(&draft.id), draft.name());
    draft.view.find(&key).cloned()
}

fn shared_keys(action: &Action<'_, '_>) -> Result<Outcome, ArmError> {
    let hidden = action.resource()?.hidden();
    let keys = json!({
        "primarySharedKey": hidden.get("primarySharedKey"),
        "secondarySharedKey": hidden.get("secondarySharedKey"),
    });
    Ok(Outcome::Done(Response::json(200, &keys)))
}

fn regenerate(action: &mut Action<'_, '_>) -> Result<Outcome, ArmError> {
    let key = action.key.clone();
    action.effects.world.update(&key, |workspace| {
        let mut hidden = workspace.hidden();
        hidden.insert("primarySharedKey".into(), json!(new_key()));
        hidden.insert("secondarySharedKey".into(), json!(new_key()));
        workspace.set_hidden(hidden);
    });
    shared_keys(action)
}

/// Answers `deletedWorkspaces` at the subscription or a group.
pub(super) fn deleted_workspaces(context: &Context<'_>, scope: &str) -> Response {
    let kind = CATALOG.find(DELETED_TYPE);
    let horizon = Duration::from_secs(RECOVERABLE_DAYS * 86_400);
    let items: Vec<(String, Value)> = kind
        .into_iter()
        .flat_map(|kind| context.world.of_type(kind))
        .filter(|key| key.starts_with(scope))
        .filter_map(|key| {
            let resource = context.world.get(key)?;
            let is_recoverable = resource.changed.after(horizon) > context.now;
            let mut body = resource.body();
            body.insert("id".into(), json!(resource.id.replace("deletedWorkspaces", "workspaces")));
            body.insert("name".into(), json!(resource.name()));
            body.insert("type".into(), json!("Microsoft.OperationalInsights/workspaces"));
            is_recoverable.then(|| (key.to_string(), Value::Object(body)))
        })
        .collect();
    crate::arm::page_of(context, items)
}

pub(super) struct Component;

impl Behaviour for Component {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let allowed = [30, 60, 90, 120, 180, 270, 365, 550, 730];
        let days = draft.at(&["properties", "RetentionInDays"]).and_then(Value::as_i64).unwrap_or(90);
        if !allowed.contains(&days) {
            return Err(ArmError::bad_request("BadRequest", format!("RetentionInDays cannot be {days}.")));
        }
        if let Some(workspace) = draft.text(&["properties", "WorkspaceResourceId"]).map(str::to_owned)
            && draft.view.find(&workspace).is_none()
        {
            return Err(ArmError::bad_request(
                "WorkspaceNotFound",
                format!("The workspace '{workspace}' of the component does not exist."),
            ));
        }
        let has_workspace = draft.at(&["properties", "WorkspaceResourceId"]).is_some();
        set_default(
            draft.properties(),
            "IngestionMode",
            if has_workspace { "LogAnalytics" } else { "ApplicationInsights" },
        );
        let (name, location) = (draft.name().to_owned(), draft.location());
        let tenant_id = draft.view.settings.identity.tenant_id.clone();
        let now = draft.view.now.rfc3339();
        draft.set("ApplicationId", name.clone());
        draft.set("Name", name);
        draft.set("TenantId", tenant_id);
        draft.set_once("AppId", || json!(guid::random()));
        draft.set_once("InstrumentationKey", || json!(guid::random()));
        draft.set_once("CreationDate", || json!(now));
        let text = |name: &str| draft.text(&["properties", name]).unwrap_or_default();
        let connection = format!(
            "InstrumentationKey={};IngestionEndpoint=https://{location}-1.in.applicationinsights.azure.com/;\
             LiveEndpoint=https://{location}.livediagnostics.monitor.azure.com/;ApplicationId={}",
            text("InstrumentationKey"),
            text("AppId")
        );
        draft.set("ConnectionString", connection);
        Ok(())
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        match (action.name.as_str(), &action.request.method) {
            ("currentbillingfeatures", &Method::GET) => Some(billing(action)),
            ("currentbillingfeatures", &Method::PUT) => {
                let input = action.input.clone();
                let key = action.key.clone();
                action.effects.world.update(&key, |component| {
                    let mut hidden = component.hidden();
                    hidden.insert("billing".into(), Value::Object(input));
                    component.set_hidden(hidden);
                });
                Some(billing(action))
            }
            ("purge", &Method::POST) => {
                let answer = json!({"operationId": format!("purge-{}", guid::random())});
                Some(Ok(Outcome::Done(Response::json(202, &answer))))
            }
            _ => None,
        }
    }
}

/// The component's pricing: a document beside the component.
fn billing(action: &Action<'_, '_>) -> Result<Outcome, ArmError> {
    let hidden = action.resource()?.hidden();
    let cap =
        at(&hidden, &["billing", "DataVolumeCap"]).and_then(Value::as_object).cloned().unwrap_or_default();
    let value = |name: &str, default: Value| cap.get(name).cloned().unwrap_or(default);
    let features =
        at(&hidden, &["billing", "CurrentBillingFeatures"]).cloned().unwrap_or_else(|| json!(["Basic"]));
    let answer = json!({
        "DataVolumeCap": {
            "Cap": value("Cap", json!(100.0)),
            "ResetTime": value("ResetTime", json!(0)),
            "WarningThreshold": value("WarningThreshold", json!(90)),
            "StopSendNotificationWhenHitThreshold": value("StopSendNotificationWhenHitThreshold", json!(false)),
            "StopSendNotificationWhenHitCap": value("StopSendNotificationWhenHitCap", json!(false)),
            "MaxHistoryCap": 1000.0,
        },
        "CurrentBillingFeatures": features,
    });
    Ok(Outcome::Done(Response::json(200, &answer)))
}

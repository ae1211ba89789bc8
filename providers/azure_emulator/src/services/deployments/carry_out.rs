//! Carrying templates out: each resource is written when those that it depends on are done.
//!
//! All of it happens when the deployment is put. Where operations take time, a resource is written at the moment at
//! which those before it will be done; whatever else would be done by then is done early. The deployment itself runs
//! until that last moment.

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

use super::expression::Scope;
use super::{Planned, TYPE, check, invalid, plan, scope_id_of};
use crate::arm;
use crate::behaviour::{Effects, Object, View};
use crate::body::{at, text_at};
use crate::clock::Timestamp;
use crate::error::ArmError;
use crate::guid;
use crate::http::{Request, Response};
use crate::resource_id::{Key, is_same_id, key_of};
use crate::table::CATALOG;
use crate::world::{Failure, Operation, OperationKind, OperationStatus};

/// Larger templates are refused, as Azure does.
const RESOURCES_MAX: usize = 800;

/// Answers a PUT of a deployment.
pub(super) fn put(
    effects: &mut Effects<'_>,
    request: &Request,
    scope: &Key,
    id: &str,
) -> Result<Response, ArmError> {
    let input = request.json_object()?;
    if text_at(&input, &["properties", "mode"]) == Some("Complete") {
        return Err(ArmError::gateway(501, "NotImplemented", "The emulator deploys incrementally only."));
    }
    let scope_id = scope_id_of(effects.view(), scope);
    let planned = plan(effects.view(), &scope_id, &input)?;
    if planned.len() > RESOURCES_MAX {
        return Err(invalid(format!("the template has more than {RESOURCES_MAX} resources")));
    }
    check(effects.view(), &planned)?;
    let order = order(&planned)?;
    let (end, failure) = write_all(effects, &planned, &order);

    let key = key_of(id);
    let is_new = !effects.world.contains(&key);
    let operation = start(effects, &key, end, failure);
    let body = json!({
        "location": input.get("location"),
        "tags": input.get("tags"),
        "properties": {
            "mode": "Incremental",
            "parameters": shown_parameters(&input),
            "timestamp": effects.now.rfc3339(),
            "correlationId": guid::random(),
            "providers": [],
            "dependencies": [],
            "outputResources": planned.iter().map(|planned| json!({"id": planned.id})).collect::<Vec<_>>(),
        },
    });
    let hidden = json!({"operation": operation, "input": input, "scope": scope_id});
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    effects.put(TYPE, id, object(body), object(hidden));
    let version = request.query("api-version").unwrap_or_default();
    let url =
        format!("{}{id}/operationStatuses/{operation}?api-version={version}", effects.settings.base_url);
    let answer = Response::json(if is_new { 201 } else { 200 }, &describe(effects.view(), &key));
    Ok(answer.with_header("azure-asyncoperation", url))
}

/// Returns a deployment as it is answered.
pub(super) fn describe(view: View<'_>, key: &str) -> Value {
    let Some(deployment) = view.world.get(key) else { return Value::Null };
    let (mut body, hidden) = (deployment.body(), deployment.hidden());
    body.retain(|_, value| !value.is_null());
    body.insert("id".into(), json!(deployment.id));
    body.insert("name".into(), json!(deployment.name()));
    body.insert("type".into(), json!(TYPE));
    let operation = text_at(&hidden, &["operation"]).and_then(|id| view.world.operation(id));
    let status = operation.map_or(OperationStatus::Succeeded, |operation| operation.status);
    let properties = crate::body::object_at(&mut body, "properties");
    let ended = operation.map_or(deployment.changed, |operation| operation.finish.min(view.now));
    let seconds = ended.0.saturating_sub(deployment.changed.0) as f64 / 1000.0;
    properties.insert("duration".into(), json!(format!("PT{seconds}S")));
    let state = match status {
        OperationStatus::Running => "Running",
        OperationStatus::Succeeded => "Succeeded",
        OperationStatus::Failed => "Failed",
    };
    properties.insert("provisioningState".into(), json!(state));
    if let Some(failure) = operation.and_then(|operation| operation.failure.as_ref())
        && status == OperationStatus::Failed
    {
        properties.insert("error".into(), json!({"code": failure.code, "message": failure.message}));
    }
    if status == OperationStatus::Succeeded {
        properties.insert("outputs".into(), outputs(view, &hidden));
    }
    Value::Object(body)
}

/// Answers a list of a scope's deployments.
pub(super) fn list(effects: &Effects<'_>, scope: &Key) -> Response {
    let view = effects.view();
    let prefix = format!("{scope}/providers/{}", TYPE.to_lowercase());
    let deployments: Vec<Value> = view.world.below(&prefix).map(|(key, _)| describe(view, key)).collect();
    Response::json(200, &json!({"value": deployments}))
}

/// Returns in which order the resources can be written.
fn order(planned: &[Planned]) -> Result<Vec<usize>, ArmError> {
    let waits: Vec<Vec<usize>> = planned
        .iter()
        .map(|one| (0..planned.len()).filter(|other| depends(one, &planned[*other])).collect())
        .collect();
    let mut order = Vec::new();
    let mut is_placed = vec![false; planned.len()];
    while order.len() < planned.len() {
        let ready = (0..planned.len())
            .filter(|idx| !is_placed[*idx] && waits[*idx].iter().all(|other| is_placed[*other]));
        let ready: Vec<usize> = ready.collect();
        if ready.is_empty() {
            return Err(invalid("Circular dependency detected among the resources of the template"));
        }
        for idx in ready {
            is_placed[idx] = true;
            order.push(idx);
        }
    }
    Ok(order)
}

/// Whether a resource must be written after another: because the template says so, or because it is a part of it.
fn depends(one: &Planned, other: &Planned) -> bool {
    let id = other.id.to_lowercase();
    if one.id.to_lowercase().starts_with(&format!("{id}/")) {
        return true;
    }
    one.id != other.id
        && one.depends_on.iter().any(|wanted| {
            is_same_id(wanted, &other.id)
                || id.ends_with(&format!("/{}", wanted.to_lowercase()))
                || other.symbol.as_deref() == Some(wanted)
        })
}

/// Writes the resources; returns when the last one will be done, and why not all of them were written.
fn write_all(
    effects: &mut Effects<'_>,
    planned: &[Planned],
    order: &[usize],
) -> (Timestamp, Option<Failure>) {
    let mut done_at = vec![effects.now; planned.len()];
    for &idx in order {
        let one = &planned[idx];
        let before = (0..planned.len()).filter(|other| depends(one, &planned[*other]));
        let moment = before.map(|other| done_at[other]).max().unwrap_or(effects.now);
        match write(effects, one, moment) {
            Ok(done) => done_at[idx] = done,
            Err(failure) => return (moment, Some(failure)),
        }
    }
    (done_at.into_iter().max().unwrap_or(effects.now), None)
}

fn write(effects: &mut Effects<'_>, planned: &Planned, moment: Timestamp) -> Result<Timestamp, Failure> {
    let refuse = |code: &str, reason: &str| Failure {
        code: "DeploymentFailed".into(),
        message: format!(
            "At least one resource deployment operation failed. Please list deployment operations for details. \
             {}: {code}: {reason}",
            planned.id
        ),
    };
    let uri = format!("{}?api-version={}", planned.id, planned.api_version);
    let uri = uri.parse().map_err(|_| refuse("InvalidTemplate", "The name is not valid in a URI."))?;
    let body = Bytes::from(Value::Object(planned.body.clone()).to_string());
    let request = Request::new(Method::PUT, &uri, HeaderMap::new(), body);
    let mut context = arm::Context {
        world: effects.world,
        settings: effects.settings,
        now: moment,
        request: &request,
        operation_failure: None,
    };
    let answer = arm::answer(&mut context);
    if answer.status >= 400 {
        let error: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let text = |name: &str| error["error"][name].as_str().unwrap_or_default();
        return Err(refuse(text("code"), text("message")));
    }
    let written = effects.world.get(&key_of(&planned.id));
    let operation = written.and_then(|resource| resource.pending.as_ref()).map(|pending| &*pending.operation);
    let operation = operation.and_then(|operation| effects.world.operation(operation));
    Ok(operation.map_or(moment, |operation| operation.finish))
}

/// Starts the operation that clients follow.
fn start(effects: &mut Effects<'_>, key: &Key, end: Timestamp, failure: Option<Failure>) -> String {
    let id = guid::random();
    if let Some(resource_type) = CATALOG.find(TYPE) {
        effects.world.put_operation(Operation {
            id: id.clone().into(),
            kind: OperationKind::Action,
            target: key.clone(),
            resource_type,
            domain: key.clone(),
            started: effects.now,
            finish: end,
            status: OperationStatus::Running,
            failure,
            result: None,
        });
    }
    id
}

/// The parameters that were used, without those that are secret.
fn shown_parameters(input: &Object) -> Value {
    let declared = at(input, &["properties", "template", "parameters"]).and_then(Value::as_object);
    let given = at(input, &["properties", "parameters"]).and_then(Value::as_object);
    let shown = declared.into_iter().flatten().map(|(name, declaration)| {
        let kind = declaration.get("type").and_then(Value::as_str).unwrap_or("String");
        if kind.to_ascii_lowercase().starts_with("secure") {
            return (name.clone(), json!({"type": kind}));
        }
        let given = given.and_then(|given| given.get(name)).and_then(|given| given.get("value"));
        let value = given.or_else(|| declaration.get("defaultValue"));
        (name.clone(), json!({"type": kind, "value": value}))
    });
    Value::Object(shown.collect())
}

/// Evaluates the outputs; one that cannot be is null.
fn outputs(view: View<'_>, hidden: &Object) -> Value {
    let input = hidden.get("input").and_then(Value::as_object).cloned().unwrap_or_default();
    let template =
        at(&input, &["properties", "template"]).and_then(Value::as_object).cloned().unwrap_or_default();
    let given =
        at(&input, &["properties", "parameters"]).and_then(Value::as_object).cloned().unwrap_or_default();
    let scope_id = text_at(hidden, &["scope"]).unwrap_or_default();
    let Ok(scope) = Scope::new(view, scope_id, &template, &given) else { return json!({}) };
    let declared = template.get("outputs").and_then(Value::as_object);
    let outputs = declared.into_iter().flatten().map(|(name, output)| {
        let value = output.get("value").map(|value| scope.evaluate(value).unwrap_or_default());
        (name.clone(), json!({"type": output.get("type"), "value": value}))
    });
    Value::Object(outputs.collect())
}

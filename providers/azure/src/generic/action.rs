//! Actions: anything that is done to an object beyond reading and writing it.

use serde_json::Value as Json;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Type, Value};
use terrane_provider::{PlanRequest, PlanResponse};

use crate::attributes::{Attributes, text_at};
use crate::client::{ArmRequest, Call, Method};
use crate::connection::Connection;
use crate::generic::ids::ApiType;
use crate::generic::json_value::{from_json, to_json};
use crate::generic::query;
use crate::generic::request::{lock_keys, read, run, with_extras};
use crate::generic::resource::{plan_retry, with_secrets, wrong_type};
use crate::lifecycle::Failure;

/// Changes of these do the action again.
const INPUTS: &[&str] = &[
    "type",
    "resource_id",
    "action",
    "method",
    "body",
    "sensitive_body_version",
    "query_parameters",
    "headers",
    "when",
    "response_export_values",
    "sensitive_response_export_values",
];

/// Plans an action: its outputs are known when it is done.
pub(crate) fn plan(request: &PlanRequest, ty: &Type) -> PlanResponse {
    let (config, prior) = (&request.config, &request.prior_state);
    let mut planned = Attributes::of(config);
    planned.set_if_absent("method", "POST");
    planned.set_if_absent("when", "apply");
    planned.set("sensitive_body", Value::dynamic_null());
    plan_retry(&mut planned);
    let changes = |name: &&str| {
        let (before, after) = (prior.attribute(name), planned.get(name));
        before != after && !(before.is_null() && after.is_null()) && to_json(&before) != to_json(&after)
    };
    let is_changed = prior.is_null() || INPUTS.iter().any(changes);
    let mut requires_replace = Vec::new();
    if !prior.is_null() {
        for name in ["type", "resource_id"] {
            if prior.attribute(name) != config.attribute(name) {
                requires_replace.push(AttributePath::root().attribute(name));
            }
        }
    }
    for (name, ty) in [
        ("id", Type::String),
        ("exist", Type::Bool),
        ("output", Type::Dynamic),
        ("sensitive_output", Type::Dynamic),
    ] {
        let keeps = !prior.is_null() && (!is_changed || name == "id");
        planned.set(name, if keeps { prior.attribute(name) } else { Value::unknown(ty) });
    }
    PlanResponse {
        planned_state: planned.into_object(ty),
        requires_replace,
        planned_private: request.prior_private.clone(),
        planned_identity: None,
        legacy_type_system: true,
        deferred: None,
        diagnostics: Diagnostics::new(),
    }
}

/// Does an action and completes its state. `when` is the moment at hand: actions for another one are not done.
///
/// # Errors
/// When the exchange fails.
pub(crate) async fn act(
    connection: &Connection,
    call: &Call<'_>,
    arguments: &Value,
    config: &Value,
    when: &str,
) -> Result<Value, Failure> {
    let (ty, id, url) = target(arguments)?;
    let is_now = text_at(arguments, "when").is_none_or(|wanted| wanted == when);
    let mut state = Attributes::of(arguments);
    let mut answer = Json::Null;
    let mut exists = true;
    if is_now {
        let _guards = connection.client.locks.hold(lock_keys(arguments, &id)).await;
        let may_be_missing = arguments.attribute("ignore_not_found").as_bool() == Some(true);
        if may_be_missing && read(connection, &id, &ty.version, &Value::empty_object(), call).await?.is_none()
        {
            exists = false;
        } else {
            answer = send(connection, call, &ty, &url, arguments, config).await?;
        }
    }
    state.set("id", url.as_str());
    state.set("exist", exists);
    for (output, wanted) in
        [("output", "response_export_values"), ("sensitive_output", "sensitive_response_export_values")]
    {
        let wanted = arguments.attribute(wanted);
        let everything = wanted.is_null() && output == "output";
        let exported = if everything { answer.clone() } else { export(&wanted, &answer)? };
        state.set(output, from_json(&exported));
    }
    Ok(state.into_known(&arguments.ty()))
}

fn export(wanted: &Value, answer: &Json) -> Result<Json, Failure> {
    query::export(&to_json(wanted), answer)
        .map_err(|error| Diagnostic::error("Invalid query", error.to_string()).into())
}

/// Returns the type, the object's id and the URL of the action.
fn target(arguments: &Value) -> Result<(ApiType, String, String), Failure> {
    let text = text_at(arguments, "type").unwrap_or_default();
    let ty = ApiType::parse(&text).ok_or_else(|| wrong_type(&text))?;
    let Some(id) = text_at(arguments, "resource_id") else {
        return Err(Diagnostic::error("Missing argument", "resource_id says which object is meant.").into());
    };
    let url = match text_at(arguments, "action") {
        Some(action) => format!("{}/{}", id.trim_end_matches('/'), action.trim_start_matches('/')),
        None => id.to_string(),
    };
    Ok((ty, id.to_string(), url))
}

async fn send(
    connection: &Connection,
    call: &Call<'_>,
    ty: &ApiType,
    url: &str,
    arguments: &Value,
    config: &Value,
) -> Result<Json, Failure> {
    let method = match text_at(arguments, "method").as_deref().unwrap_or("POST") {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => Method::Post,
    };
    let request =
        with_extras(ArmRequest::new(method, url, &ty.version), arguments, "headers", "query_parameters");
    let body = with_secrets(to_json(&arguments.attribute("body")), config);
    let request = if body.is_null() { request } else { request.with_body(body) };
    if matches!(method, Method::Get | Method::Head) {
        return Ok(connection.client.send(&request, call).await?.body);
    }
    Ok(run(connection, &request, arguments, call).await?.body)
}

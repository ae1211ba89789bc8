//! Asynchronous operations: starting them, telling clients how to follow them, finishing them.

use std::time::Duration;

use serde_json::{Value, json};

use super::Context;
use super::render::render;
use crate::behaviour::Effects;
use crate::body::object_at;
use crate::error::ArmError;
use crate::guid;
use crate::http::Response;
use crate::regions::display_name;
use crate::resource_id::{Key, containers_of, percent_encode};
use crate::services::behaviour_of;
use crate::table::{CATALOG, Dialect, Service, Style, TypeIndex, Verb};
use crate::world::{Failure, Operation, OperationKind, OperationStatus, Pending};

/// What an operation is to be started for.
pub(crate) struct Start<'s> {
    pub(crate) kind: OperationKind,
    pub(crate) target: Key,
    pub(crate) resource_type: TypeIndex,
    /// The resource whose other writes must wait.
    pub(crate) domain: Key,
    /// Unscaled.
    pub(crate) duration: Duration,
    pub(crate) state: &'s str,
    /// What the result URL answers in the end; the resource if `None`.
    pub(crate) result: Option<Value>,
}

/// Starts an operation and marks its target as pending. Returns the operation's id.
pub(crate) fn start(context: &mut Context<'_>, start: Start<'_>) -> Box<str> {
    let id: Box<str> = guid::random().into();
    let duration = context.settings.scaled(start.duration);
    let operation = Operation {
        id: id.clone(),
        kind: start.kind,
        target: start.target.clone(),
        resource_type: start.resource_type,
        domain: start.domain,
        started: context.now,
        finish: context.now.after(duration),
        status: OperationStatus::Running,
        failure: context.operation_failure.take(),
        result: start.result,
    };
    context.world.put_operation(operation);
    if start.kind != OperationKind::Create && start.kind != OperationKind::Update {
        let pending = Pending { operation: id.clone(), state: start.state.into(), creating: false };
        context.world.update(&start.target, |resource| resource.pending = Some(pending));
    }
    id
}

/// Finishes every operation whose time has come.
pub(crate) fn finish_due(effects: &mut Effects<'_>) {
    while let Some(operation) = effects.world.next_due(effects.now) {
        finish(effects, operation);
    }
}

fn finish(effects: &mut Effects<'_>, mut operation: Operation) {
    operation.status = match operation.failure {
        Some(_) => OperationStatus::Failed,
        None => OperationStatus::Succeeded,
    };
    let (target, kind, failed) = (operation.target.clone(), operation.kind, operation.failure.is_some());
    let id = operation.id.clone();
    effects.world.put_operation(operation);
    if kind == OperationKind::Delete && !failed {
        effects.remove_tree(&target);
        return;
    }
    let mut keys = vec![target.clone()];
    let below = effects.world.below(&target);
    keys.extend(below.filter(|(_, resource)| is_pending(resource, &id)).map(|(key, _)| key.clone()));
    for key in &keys {
        effects.world.update(key, |resource| settle(resource, failed, kind));
    }
    if failed || kind == OperationKind::Delete {
        return;
    }
    for key in &keys {
        if let Some(resource) = effects.world.get(key) {
            behaviour_of(resource.kind).settled(effects, key, kind);
        }
    }
}

fn is_pending(resource: &crate::world::Resource, operation: &str) -> bool {
    resource.pending.as_ref().is_some_and(|pending| *pending.operation == *operation)
}

fn settle(resource: &mut crate::world::Resource, failed: bool, kind: OperationKind) {
    resource.pending = None;
    let is_write = matches!(kind, OperationKind::Create | OperationKind::Update);
    if failed && (is_write || kind == OperationKind::Delete) && CATALOG.get(resource.kind).has_state {
        let mut body = resource.body();
        object_at(&mut body, "properties").insert("provisioningState".into(), json!("Failed"));
        resource.set_body(body);
    }
}

/// Adds the headers by which a client follows an operation, as the verb's style demands.
pub(crate) fn with_headers(
    context: &Context<'_>,
    mut response: Response,
    operation: &str,
    verb: &Verb,
    version: &str,
) -> Response {
    let Some(operation) = context.world.operation(operation) else { return response };
    let service = CATALOG.service_of(CATALOG.get(operation.resource_type));
    let url = |path: &str| operation_url(context, service, path, operation, version);
    if matches!(verb.style, Style::Async | Style::AsyncAndLocation | Style::AsyncAndSelf) {
        response = response
            .with_header("azure-asyncoperation", url(&service.status_path))
            .with_header("azure-asyncnotification", "Enabled");
    }
    match verb.style {
        Style::Location | Style::AsyncAndLocation => {
            response = response.with_header("location", url(&service.result_path));
        }
        Style::AsyncAndSelf => {
            let itself =
                context.world.get(&operation.target).map_or(&*operation.target, |resource| &*resource.id);
            let location = format!("{}{itself}?api-version={version}", context.settings.base_url);
            response = response.with_header("location", location);
        }
        _ => {}
    }
    with_retry_after(context, response, service)
}

/// `Retry-After` where the service sends one; 0 when everything is done at the first look, or so soon that whole seconds
/// would be most of what is waited for.
fn with_retry_after(context: &Context<'_>, response: Response, service: &Service) -> Response {
    match service.retry_after {
        _ if context.settings.is_instant() => response.with_header("retry-after", "0"),
        Some(unscaled) => {
            let seconds = context.settings.scaled(unscaled).as_secs_f64().round();
            response.with_header("retry-after", format!("{seconds:.0}"))
        }
        None => response,
    }
}

fn operation_url(
    context: &Context<'_>,
    service: &Service,
    path: &str,
    operation: &Operation,
    version: &str,
) -> String {
    let target = context.world.get(&operation.target);
    let id = target.map_or(&*operation.target, |resource| &*resource.id);
    let (subscription, group) = containers_of(id);
    let subscription = subscription.unwrap_or(&context.settings.identity.subscription_id);
    let location = location_of(context, &operation.target);
    let path = path
        .replace("{location}", &location)
        .replace("{display location}", &percent_encode(display_name(&location)));
    let base = &context.settings.base_url;
    let version = service.status_version.as_deref().unwrap_or(version);
    let id = &operation.id;
    if service.name == "resources" {
        return format!("{base}/subscriptions/{subscription}/{path}/{id}?api-version={version}");
    }
    let (scope, path) = match path.strip_prefix("{group}/") {
        Some(path) => {
            (format!("subscriptions/{subscription}/resourceGroups/{}", group.unwrap_or_default()), path)
        }
        None => (format!("subscriptions/{subscription}"), path.as_str()),
    };
    let signature = signature_of(service, operation);
    format!("{base}/{scope}/providers/{}/{path}/{id}?api-version={version}{signature}", service.namespace)
}

/// Network signs its operation URLs, which makes them 3.5 kB long: clients must cope with that.
fn signature_of(service: &Service, operation: &Operation) -> String {
    if service.dialect != Dialect::Network {
        return String::new();
    }
    let piece = guid::derived(&["signature", &operation.id]).replace('-', "");
    format!("&t={}&c={}&s={piece}&h={piece}", operation.started.0, piece.repeat(78))
}

/// The region of a resource, or of what it belongs to.
fn location_of(context: &Context<'_>, key: &str) -> String {
    let mut key = Some(key);
    while let Some(current) = key {
        let location = context.world.get(current).and_then(|resource| resource.location());
        if let Some(location) = location.filter(|location| location != "global") {
            return crate::regions::normalize(&location);
        }
        key = crate::resource_id::parent_key(current);
    }
    "westeurope".into()
}

/// Whether a path segment says that operations are below it, and if so of which kind.
pub(crate) fn poll_kind(segment: &str) -> Option<Poll> {
    match segment {
        "operationresults" | "privatednsoperationresults" | "dnsoperationresults" => Some(Poll::Result),
        // Storage calls its result URLs by a name that Redis has for status documents.
        "operations"
        | "operationstatuses"
        | "operationsstatus"
        | "asyncoperations"
        | "azureasyncoperation"
        | "privatednsoperationstatuses"
        | "dnsoperationstatuses" => Some(Poll::Status),
        _ => None,
    }
}

/// What is asked of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poll {
    /// The status document (`Azure-AsyncOperation`).
    Status,
    /// The result: 202 until it is there (`Location`).
    Result,
}

/// Answers a poll.
pub(crate) fn answer_poll(context: &Context<'_>, id: &str, poll: Poll) -> Result<Response, ArmError> {
    let Some(operation) = context.world.operation(&id.to_ascii_lowercase()) else {
        return Err(ArmError::new(
            404,
            "OperationNotFound",
            format!("The operation '{id}' was not found; it may have been finished long ago."),
        ));
    };
    let service = CATALOG.service_of(CATALOG.get(operation.resource_type));
    let is_storage_result = service.dialect == Dialect::Storage;
    if poll == Poll::Status && !is_storage_result {
        let response = Response::json(200, &status_document(context, operation));
        return Ok(if operation.status == OperationStatus::Running {
            with_retry_after(context, response, service)
        } else {
            response
        });
    }
    Ok(answer_result(context, service, operation))
}

fn answer_result(context: &Context<'_>, service: &Service, operation: &Operation) -> Response {
    match (operation.status, &operation.failure) {
        (OperationStatus::Running, _) => {
            let path = &service.result_path;
            let url = operation_url(context, service, path, operation, context.version());
            with_retry_after(context, Response::empty(202).with_header("location", url), service)
        }
        (OperationStatus::Failed, Some(failure)) => {
            ArmError::conflict(failure.code.clone(), &failure.message).into()
        }
        _ if operation.kind == OperationKind::Delete => {
            // Clients that wait for a purge understand an empty 200 only.
            let is_ok = matches!(service.name.as_str(), "resources" | "key-vault");
            Response::empty(if is_ok { 200 } else { 204 })
        }
        _ => match (&operation.result, context.world.get(&operation.target)) {
            (Some(result), _) => Response::json(200, result),
            (None, Some(resource)) if operation.kind != OperationKind::Action => {
                Response::json_text(200, render(context.view(), resource))
            }
            _ => Response::empty(200),
        },
    }
}

fn status_document(context: &Context<'_>, operation: &Operation) -> Value {
    let status = match operation.status {
        OperationStatus::Running => "InProgress",
        OperationStatus::Succeeded => "Succeeded",
        OperationStatus::Failed => "Failed",
    };
    let mut document = json!({
        "id": context.request.raw_path,
        "name": &*operation.id,
        "status": status,
        "startTime": operation.started.rfc3339(),
    });
    if operation.status == OperationStatus::Running {
        let total = operation.finish.0.saturating_sub(operation.started.0).max(1);
        let done = context.now.0.saturating_sub(operation.started.0);
        document["percentComplete"] = json!((done * 100 / total).min(99));
    } else {
        document["endTime"] = json!(operation.finish.rfc3339());
        document["percentComplete"] = json!(100);
    }
    if let (OperationStatus::Failed, Some(Failure { code, message })) = (operation.status, &operation.failure)
    {
        document["error"] = json!({"code": code, "message": message});
    }
    if let (OperationStatus::Succeeded, Some(result)) = (operation.status, &operation.result) {
        document["properties"] = json!({"output": result});
    }
    document
}

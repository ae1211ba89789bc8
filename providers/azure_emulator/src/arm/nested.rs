//! Parts of a body that have ids of their own: a load balancer's probes, an application gateway's listeners.

use hyper::Method;
use serde_json::{Value, json};

use super::Context;
use super::checks;
use super::operations;
use super::render::render_object;
use super::target::{Target, scope_of};
use super::write::{self, Mode};
use crate::behaviour::Object;
use crate::body::{list_at, object_at};
use crate::dialect;
use crate::error::ArmError;
use crate::http::Response;
use crate::resource_id::ProviderPart;
use crate::table::{CATALOG, ResourceType};
use crate::validation::{Completeness, find_problem};

/// Answers a request for a part, or the list of parts, that cannot be written on its own. `owner` is the resource
/// whose body has the parts.
pub(crate) fn answer(
    context: &mut Context<'_>,
    owner: Target,
    part: ProviderPart<'_>,
) -> Result<Response, ArmError> {
    checks::version(context, CATALOG.get(owner.kind))?;
    checks::container(context, &owner)?;
    if context.request.method != Method::GET {
        return Err(checks::method_not_allowed(context));
    }
    let owner_length = CATALOG.get(owner.kind).name.matches('/').count() * 2;
    let segments = &part.rest[owner_length..];
    let (Some(list), name) = (segments.first(), segments.get(1)) else {
        return Err(checks::method_not_allowed(context));
    };
    let Some(resource) = context.world.get(&owner.key) else {
        return Err(checks::not_found(context, &owner));
    };
    let body = render_object(context.view(), resource);
    let list = canonical_list(CATALOG.get(owner.kind), list);
    match name {
        None => Ok(Response::json(200, &json!({"value": list_at(&body, &["properties", &list])}))),
        Some(name) => {
            let found = find(&body, &list, name).ok_or_else(|| missing(context, name))?;
            Ok(Response::json(200, found))
        }
    }
}

/// Answers a request for a part that can be written on its own.
pub(crate) fn answer_child(context: &mut Context<'_>, target: &Target) -> Result<Response, ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let list = resource_type.within.clone().unwrap_or_default();
    let owner = owner_of(context, target)?;
    let Some(resource) = context.world.get(&owner.key) else {
        return Err(checks::not_found(context, &owner));
    };
    let existing = find(&render_object(context.view(), resource), &list, &target.name).cloned();
    match context.request.method {
        Method::GET => {
            let found = existing.ok_or_else(|| checks::not_found(context, target))?;
            Ok(Response::json(200, &found))
        }
        Method::PUT => put(context, target, &owner, &list, existing.is_some()),
        Method::DELETE if existing.is_none() => Ok(Response::empty(204)),
        Method::DELETE => {
            let written = rewrite(context, &owner, &list, |elements| {
                elements.retain(|element| !has_name(element, &target.name));
            })?;
            let verb = resource_type.delete.clone().unwrap_or(written.verb);
            let operation = written.operation.unwrap_or_default();
            Ok(operations::with_headers(context, Response::empty(202), &operation, &verb, context.version()))
        }
        _ => Err(checks::method_not_allowed(context)),
    }
}

fn put(
    context: &mut Context<'_>,
    target: &Target,
    owner: &Target,
    list: &str,
    exists: bool,
) -> Result<Response, ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let service = CATALOG.service_of(resource_type);
    let mut sent = context.request.json_object()?;
    if !exists && !dialect::is_valid_name(resource_type, &target.name) {
        return Err(dialect::name_error(service.dialect, resource_type, &target.name));
    }
    if let Some(finding) = find_problem(&CATALOG, resource_type, context.version(), &sent, Completeness::Full)
    {
        return Err(dialect::body_error(service.dialect, &finding));
    }
    sent.insert("name".into(), json!(target.name));
    let written = rewrite(context, owner, list, |elements| {
        let element = Value::Object(sent);
        match elements.iter_mut().find(|element| has_name(element, &target.name)) {
            Some(existing) => *existing = element,
            None => elements.push(element),
        }
    })?;
    let code = if exists { resource_type.update.code } else { resource_type.create.code };
    let body = context.world.get(&owner.key).map(|resource| render_object(context.view(), resource));
    let element = body.as_ref().and_then(|body| find(body, list, &target.name)).cloned().unwrap_or_default();
    let response = Response::json(code, &element);
    let operation = written.operation.unwrap_or_default();
    Ok(operations::with_headers(context, response, &operation, &written.verb, context.version()))
}

/// Writes the owner again with a changed list.
fn rewrite(
    context: &mut Context<'_>,
    owner: &Target,
    list: &str,
    change: impl FnOnce(&mut Vec<Value>),
) -> Result<write::Written, ArmError> {
    let mut body = context.world.get(&owner.key).map(crate::world::Resource::body).unwrap_or_default();
    let properties = object_at(&mut body, "properties");
    let elements = properties.entry(list).or_insert_with(|| json!([]));
    if let Value::Array(elements) = elements {
        change(elements);
    }
    write::write(context, owner, body, Mode::Replace)
}

fn owner_of(context: &Context<'_>, target: &Target) -> Result<Target, ArmError> {
    let parent = context.world.get(&target.parent);
    let Some(parent) = parent else { return Err(checks::not_found(context, target)) };
    Ok(Target {
        kind: parent.kind,
        key: target.parent.clone(),
        name: parent.name().to_owned(),
        parent: scope_of(&target.parent).into(),
        group: target.group.clone(),
        scope: target.scope.clone(),
    })
}

fn canonical_list(owner: &ResourceType, list: &str) -> String {
    let found = owner.nested.iter().find(|nested| nested.eq_ignore_ascii_case(list));
    found.cloned().unwrap_or_else(|| list.to_owned())
}

fn find<'b>(body: &'b Object, list: &str, name: &str) -> Option<&'b Value> {
    list_at(body, &["properties", list]).iter().find(|element| has_name(element, name))
}

fn has_name(element: &Value, name: &str) -> bool {
    element.get("name").and_then(Value::as_str).is_some_and(|other| other.eq_ignore_ascii_case(name))
}

fn missing(context: &Context<'_>, name: &str) -> ArmError {
    ArmError::new(404, "NotFound", format!("Resource {} ({name}) not found.", context.request.raw_path))
}

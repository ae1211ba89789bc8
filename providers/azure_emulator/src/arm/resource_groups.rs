//! Resource groups.

use std::time::Duration;

use hyper::Method;
use serde_json::json;

use super::checks;
use super::filter::Filter;
use super::operations::{self, Start};
use super::paging::Page;
use super::render::render;
use super::target::Target;
use super::{Context, read, write};
use crate::body::text_at;
use crate::error::{ArmError, resource_group_not_found};
use crate::http::Response;
use crate::table::{CATALOG, TypeIndex};
use crate::world::OperationKind;

fn kind() -> TypeIndex {
    CATALOG.find("Microsoft.Resources/resourceGroups").expect("the tables declare it")
}

fn target_of(context: &Context<'_>) -> Target {
    Target::of_group(kind(), context.request.path.segments())
}

/// Answers a request for one group.
pub(crate) fn answer(context: &mut Context<'_>) -> Result<Response, ArmError> {
    let target = target_of(context);
    checks::version(context, CATALOG.get(target.kind))?;
    let exists = context.world.contains(&target.key);
    match context.request.method {
        Method::HEAD => Ok(Response::empty(if exists { 204 } else { 404 })),
        Method::PUT => write::put(context, &target),
        Method::GET if exists => read::get(context, &target),
        Method::PATCH if exists => write::patch(context, &target),
        Method::DELETE if exists => delete(context, &target),
        Method::GET | Method::PATCH | Method::DELETE => Err(resource_group_not_found(&target.name)),
        _ => Err(checks::method_not_allowed(context)),
    }
}

/// Deleting a group deletes everything in it, which takes as long as its slowest member.
fn delete(context: &mut Context<'_>, target: &Target) -> Result<Response, ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let verb = resource_type.delete.clone().expect("groups can be deleted");
    let running =
        context.world.running_operation(&target.key).filter(|running| running.kind == OperationKind::Delete);
    if let Some(running) = running {
        let id = running.id.clone();
        return Ok(operations::with_headers(context, Response::empty(202), &id, &verb, context.version()));
    }
    checks::locks(context, &target.key)?;
    let slowest = context
        .world
        .below(&target.key)
        .filter_map(|(_, resource)| CATALOG.get(resource.kind).delete.as_ref().map(|verb| verb.duration))
        .max();
    let start = Start {
        kind: OperationKind::Delete,
        target: target.key.clone(),
        resource_type: target.kind,
        domain: target.key.clone(),
        duration: verb.duration + slowest.unwrap_or(Duration::ZERO),
        state: "Deleting",
        result: None,
    };
    let operation = operations::start(context, start);
    Ok(operations::with_headers(context, Response::empty(202), &operation, &verb, context.version()))
}

/// Answers the list of groups; `$filter=tagName eq 'a' and tagValue eq 'b'` selects some.
pub(crate) fn list(context: &mut Context<'_>) -> Result<Response, ArmError> {
    checks::version(context, CATALOG.get(kind()))?;
    let filter = context
        .request
        .query("$filter")
        .filter(|filter| !filter.is_empty())
        .map(Filter::parse)
        .transpose()?;
    let scope = format!("/subscriptions/{}", context.request.path.segments()[1].to_ascii_lowercase());
    let after = Page::start_after(context);
    let mut page = Page::new(context);
    for (key, group) in context.world.of_type_below(kind(), &scope, &after) {
        let tag = filter.as_ref().and_then(|filter| filter.required("tagname"));
        let value = filter.as_ref().and_then(|filter| filter.required("tagvalue"));
        let has_tag = tag.is_none_or(|tag| {
            let body = group.body();
            let found = text_at(&body, &["tags", tag]).map(str::to_lowercase);
            found.is_some_and(|found| value.is_none_or(|value| found == value))
        });
        if has_tag && !page.push(key, || render(context.view(), group)) {
            break;
        }
    }
    Ok(page.into_response(context))
}

/// Answers a POST on a group.
pub(crate) fn act(context: &mut Context<'_>, action: &str) -> Result<Response, ArmError> {
    let target = target_of(context);
    checks::version(context, CATALOG.get(target.kind))?;
    if !context.world.contains(&target.key) {
        return Err(resource_group_not_found(&target.name));
    }
    match (action, &context.request.method) {
        ("exporttemplate", &Method::POST) => {
            let resources: Vec<_> = context
                .world
                .below(&target.key)
                .filter(|(_, resource)| !CATALOG.get(resource.kind).is_child())
                .map(|(_, resource)| {
                    let mut body = resource.body();
                    body.insert("type".into(), json!(CATALOG.get(resource.kind).name));
                    body.insert("name".into(), json!(resource.name()));
                    let version = CATALOG.service_of(CATALOG.get(resource.kind)).accepts.last();
                    body.insert("apiVersion".into(), json!(version));
                    body
                })
                .collect();
            let template = json!({
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "parameters": {},
                "variables": {},
                "resources": resources,
            });
            Ok(Response::json(200, &json!({"template": template})))
        }
        _ => Err(checks::method_not_allowed(context)),
    }
}

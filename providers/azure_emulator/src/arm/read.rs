//! GET and HEAD of one resource.

use hyper::Method;

use super::Context;
use super::checks;
use super::render::{etag_text, render};
use super::target::Target;
use crate::clock::Timestamp;
use crate::error::ArmError;
use crate::http::Response;
use crate::services::behaviour_of;
use crate::table::{CATALOG, ETag};
use crate::world::Resource;

/// Answers GET or HEAD.
pub(crate) fn get(context: &Context<'_>, target: &Target) -> Result<Response, ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let implicit;
    let resource = match context.world.get(&target.key) {
        Some(resource) => resource,
        None => {
            implicit =
                implicit_resource(context, target).ok_or_else(|| checks::not_found(context, target))?;
            &implicit
        }
    };
    if context.request.method == Method::HEAD {
        return Ok(Response::empty(204));
    }
    let response = Response::json_text(200, render(context.view(), resource));
    Ok(match resource_type.etag {
        ETag::None => response,
        _ => response.with_header("etag", etag_text(resource_type, resource)),
    })
}

/// Makes the resource that exists without having been made, such as a server parameter.
pub(crate) fn implicit_resource(context: &Context<'_>, target: &Target) -> Option<Resource> {
    let parent = context.world.get(&target.parent);
    let body = behaviour_of(target.kind).implicit(context.view(), parent, &target.name)?;
    let mut resource = Resource {
        id: target.answered_id(context).into(),
        kind: target.kind,
        body: "{}".into(),
        hidden: None,
        created: Timestamp::default(),
        changed: Timestamp::default(),
        revision: 0,
        sequence: 0,
        pending: None,
    };
    resource.set_body(body);
    Some(resource)
}

//! DELETE of one resource.

use super::Context;
use super::operations::{self, Start};
use super::target::Target;
use super::{checks, render};
use crate::error::ArmError;
use crate::http::Response;
use crate::services::behaviour_of;
use crate::table::{CATALOG, Style};
use crate::world::OperationKind;

/// Answers DELETE. Something that is not there is 204.
pub(crate) fn delete(context: &mut Context<'_>, target: &Target) -> Result<Response, ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let Some(verb) = &resource_type.delete else { return Err(checks::method_not_allowed(context)) };
    let Some(resource) = context.world.get(&target.key) else { return Ok(Response::empty(204)) };
    if let Some(pending) = &resource.pending
        && let Some(running) = context.world.operation(&pending.operation)
        && running.kind == OperationKind::Delete
    {
        // Asked again: the answer is the operation that runs.
        let id = running.id.clone();
        return Ok(operations::with_headers(
            context,
            Response::empty(verb.code),
            &id,
            verb,
            context.version(),
        ));
    }
    checks::preconditions(context, Some(resource))?;
    checks::locks(context, &target.key)?;
    checks::not_busy(context, target)?;
    behaviour_of(target.kind).check_delete(context.view(), resource)?;
    if verb.style == Style::Sync {
        let body = (verb.code == 200 && resource_type.scope == crate::table::Scope::Any)
            .then(|| render::render(context.view(), resource));
        let (request, removed) = (context.request, resource.clone());
        let mut effects = context.effects();
        effects.remove_tree(&target.key);
        behaviour_of(target.kind).deleted_by(&mut effects, request, &removed);
        return Ok(match body {
            Some(body) => Response::json_text(verb.code, body),
            None => Response::empty(verb.code),
        });
    }
    let start = Start {
        kind: OperationKind::Delete,
        target: target.key.clone(),
        resource_type: target.kind,
        domain: target.domain(),
        duration: verb.duration,
        state: if verb.state.is_empty() { "Deleting" } else { &verb.state },
        result: None,
    };
    let operation = operations::start(context, start);
    Ok(operations::with_headers(context, Response::empty(verb.code), &operation, verb, context.version()))
}

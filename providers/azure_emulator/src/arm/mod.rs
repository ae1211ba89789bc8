//! The Resource Manager: from a request path to the resource, list, action or operation that it means.

mod checks;
mod collection;
mod delete;
mod filter;
mod nested;
pub(crate) mod operations;
mod paging;
mod providers;
mod read;
pub(crate) mod render;
mod resource_groups;
mod subscriptions;
mod target;
mod write;

use hyper::Method;

use crate::behaviour::{Action, Effects, Outcome, View};
use crate::clock::Timestamp;
use crate::error::ArmError;
use crate::http::{Request, Response};
use crate::resource_id::ProviderPart;
use crate::services::{self, behaviour_of};
use crate::settings::Settings;
use crate::table::{CATALOG, TypeIndex};
use crate::world::{Failure, OperationKind, World};

pub(crate) use checks::{location as check_location, tags as check_tags};
pub(crate) use filter::Filter;
pub(crate) use paging::page_of;
pub(crate) use target::{Target, scope_of};

/// One request in progress.
pub(crate) struct Context<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
    pub(crate) request: &'a Request,
    /// Makes the operation that this request starts fail in the end.
    pub(crate) operation_failure: Option<Failure>,
}

impl<'a> Context<'a> {
    /// Returns the read-only view.
    pub(crate) fn view(&self) -> View<'_> {
        View { world: self.world, settings: self.settings, now: self.now }
    }

    /// Returns the changing view.
    pub(crate) fn effects(&mut self) -> Effects<'_> {
        Effects { world: self.world, settings: self.settings, now: self.now }
    }

    /// Returns the request's API version; empty if it has none.
    pub(crate) fn version(&self) -> &'a str {
        self.request.query("api-version").unwrap_or_default()
    }
}

/// Answers a request to the Resource Manager.
pub(crate) fn answer(context: &mut Context<'_>) -> Response {
    operations::finish_due(&mut context.effects());
    match route(context) {
        Ok(response) => response,
        Err(error) => error.into(),
    }
}

fn route(context: &mut Context<'_>) -> Result<Response, ArmError> {
    if context.version().is_empty() {
        return Err(ArmError::gateway(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    }
    let path = context.request.path.clone();
    let lower = path.lower();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    checks::subscription(context, &path)?;
    if let [.., segment, id] = lower[..]
        && let Some(poll) = operations::poll_kind(segment)
        && crate::guid::is_guid(id)
    {
        return operations::answer_poll(context, id, poll);
    }
    match lower[..] {
        ["subscriptions"]
        | ["tenants"]
        | ["subscriptions", _]
        | ["subscriptions", _, "locations" | "tagnames"] => subscriptions::answer(context, &lower),
        ["subscriptions", _, "providers"]
        | ["subscriptions", _, "providers", _]
        | ["providers"]
        | ["providers", _] => providers::list(context, &lower),
        ["subscriptions", _, "providers", namespace, "register" | "unregister"] => {
            providers::register(context, namespace, lower[4] == "register")
        }
        ["subscriptions", _, "resources"] | ["subscriptions", _, "resourcegroups", _, "resources"] => {
            collection::all_resources(context)
        }
        ["subscriptions", _, "resourcegroups"] => resource_groups::list(context),
        ["subscriptions", _, "resourcegroups", _] => resource_groups::answer(context),
        ["subscriptions", _, "resourcegroups", _, action] => resource_groups::act(context, action),
        _ => match path.provider_part() {
            Some(part) => provider_path(context, part),
            None => Err(ArmError::gateway(404, "InvalidResourceType", "The request path names no resource.")),
        },
    }
}

/// Types that stand for questions to a service rather than for resources.
fn is_service_endpoint(segment: &str) -> bool {
    [
        "locations",
        "checknameavailability",
        "deletedvaults",
        "deletedworkspaces",
        "operations",
        "resources",
        "skus",
    ]
    .iter()
    .any(|word| segment.eq_ignore_ascii_case(word))
}

fn provider_path(context: &mut Context<'_>, part: ProviderPart<'_>) -> Result<Response, ArmError> {
    let Some(namespace) = CATALOG.namespaces.get(&part.namespace.to_ascii_lowercase()) else {
        if let Some(answer) = services::answer_endpoint(context, part) {
            return answer;
        }
        return Err(ArmError::gateway(
            404,
            "InvalidResourceNamespace",
            format!("The resource namespace '{}' is invalid.", part.namespace),
        ));
    };
    if part.rest.first().is_none_or(|first| is_service_endpoint(first))
        && let Some(answer) = services::answer_endpoint(context, part)
    {
        return answer;
    }
    let pairs = part.rest.len() / 2;
    let has_name = part.rest.len().is_multiple_of(2);
    if has_name && pairs > 0 {
        if let Some(kind) = CATALOG.find(&part.type_name(pairs)) {
            return resource(context, Target::new(kind, part, pairs));
        }
        if let Some(kind) = parent_with_nested(part, pairs) {
            return nested::answer(context, Target::new(kind, part, pairs - 1), part);
        }
    } else if let Some(segment) = part.rest.last() {
        let is_read = context.request.method == Method::GET || context.request.method == Method::HEAD;
        if is_read && let Some(kind) = CATALOG.find(&part.type_name(pairs + 1)) {
            return collection::of_type(context, kind, part);
        }
        if is_read
            && pairs > 0
            && let Some(kind) = parent_with_nested(part, pairs + 1)
        {
            return nested::answer(context, Target::new(kind, part, pairs), part);
        }
        if pairs > 0
            && let Some(kind) = CATALOG.find(&part.type_name(pairs))
        {
            return act(context, &Target::new(kind, part, pairs), segment);
        }
    }
    if let Some(answer) = services::answer_endpoint(context, part) {
        return answer;
    }
    Err(checks::unknown_type(
        context,
        namespace,
        &part.rest.iter().step_by(2).cloned().collect::<Vec<_>>().join("/"),
    ))
}

/// Returns the type above the last of `pairs` types, if that last one is an array in its body.
fn parent_with_nested(part: ProviderPart<'_>, pairs: usize) -> Option<TypeIndex> {
    let kind = CATALOG.find(&part.type_name(pairs.checked_sub(1).filter(|pairs| *pairs > 0)?))?;
    let segment = part.rest.get(pairs * 2 - 2)?;
    CATALOG.get(kind).nested.iter().any(|nested| nested.eq_ignore_ascii_case(segment)).then_some(kind)
}

fn resource(context: &mut Context<'_>, target: Target) -> Result<Response, ArmError> {
    let resource_type = CATALOG.get(target.kind);
    checks::version(context, resource_type)?;
    checks::container(context, &target)?;
    if resource_type.computed {
        let (request, parent, name) = (context.request, target.parent.clone(), target.name.clone());
        return behaviour_of(target.kind).compute(&mut context.effects(), request, &parent, Some(&name));
    }
    if resource_type.within.is_some() {
        return nested::answer_child(context, &target);
    }
    match context.request.method {
        Method::GET | Method::HEAD => read::get(context, &target),
        Method::PUT => write::put(context, &target),
        Method::PATCH => write::patch(context, &target),
        Method::DELETE => delete::delete(context, &target),
        _ => Err(checks::method_not_allowed(context)),
    }
}

fn act(context: &mut Context<'_>, target: &Target, segment: &str) -> Result<Response, ArmError> {
    let resource_type = CATALOG.get(target.kind);
    checks::version(context, resource_type)?;
    checks::container(context, target)?;
    if !resource_type.computed && !context.world.contains(&target.key) {
        return Err(checks::not_found(context, target));
    }
    let request = context.request;
    let input = request.optional_json_object()?;
    let name = segment.to_ascii_lowercase();
    let mut effects = context.effects();
    let mut action = Action { effects: &mut effects, request, key: target.key.clone(), name, input };
    let outcome = behaviour_of(target.kind).act(&mut action).unwrap_or_else(|| {
        let text = format!("The action '{segment}' is not known to the type '{}'.", resource_type.name);
        Err(ArmError::gateway(404, "InvalidResourceType", text))
    })?;
    match outcome {
        Outcome::Done(response) => Ok(response),
        Outcome::Later { code, duration, state, result } => {
            checks::not_busy(context, target)?;
            let start = operations::Start {
                kind: OperationKind::Action,
                target: target.key.clone(),
                resource_type: target.kind,
                domain: target.domain(),
                duration,
                state,
                result,
            };
            let operation = operations::start(context, start);
            let verb = crate::table::Verb {
                code,
                style: crate::table::Style::AsyncAndLocation,
                duration,
                state: String::new(),
            };
            let version = context.version();
            Ok(operations::with_headers(context, Response::empty(code), &operation, &verb, version))
        }
    }
}

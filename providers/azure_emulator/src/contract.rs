//! The checks that need no world, for tests of clients: would this request be well-formed to Azure?

use serde_json::Value;

use crate::arm::{Target, check_location, check_tags};
use crate::dialect::{body_error, is_valid_name, name_error};
use crate::error::ArmError;
use crate::guid;
use crate::resource_id::{RequestPath, percent_decode};
use crate::table::{CATALOG, ResourceType, Scope, TypeIndex};
use crate::validation::{Completeness, find_problem};

/// Checks path, API version, names and body of a request that writes a resource, without looking at what exists.
///
/// API versions must be among those whose bodies are completely described, switched-off ones included.
///
/// # Errors
///
/// Azure's error code and text.
pub fn check_request(method: &str, url: &str, body: Option<&Value>) -> Result<(), (String, String)> {
    check(method, url, body).map_err(|error| (error.code.into_owned(), error.message))
}

fn check(method: &str, url: &str, body: Option<&Value>) -> Result<(), ArmError> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, version)) = pairs.find(|(name, _)| *name == "api-version") else {
        return Err(ArmError::gateway(400, "MissingApiVersionParameter", "The api-version is required."));
    };
    let version = percent_decode(version);
    let path = RequestPath::parse(path);
    check_containers(&path)?;
    let target = target_of(&path)?;
    let versions = &CATALOG.get(target.kind).versions;
    if !versions.contains(&version) {
        let text = format!("{version} is none of {}", versions.join(", "));
        return Err(ArmError::gateway(400, "NoRegisteredProviderFound", text));
    }
    let completeness = match method.to_ascii_uppercase().as_str() {
        "PUT" => Completeness::Full,
        "PATCH" => Completeness::Partial,
        _ => return check_name(&target),
    };
    check_name(&target)?;
    check_body(&target, &version, body, completeness)
}

/// Checks a write that a template describes: any API version that the service answers will do.
pub(crate) fn check_write(id: &str, version: &str, body: &Value) -> Result<(), ArmError> {
    let path = RequestPath::parse(id);
    let target = target_of(&path)?;
    let service = CATALOG.service_of(CATALOG.get(target.kind));
    if !service.accepts.iter().any(|known| known == version) {
        let text = format!("The supported api-versions are '{}'.", service.accepts.join(", "));
        return Err(ArmError::gateway(400, "NoRegisteredProviderFound", text));
    }
    check_name(&target)?;
    check_body(&target, version, Some(body), Completeness::Full)
}

fn check_name(target: &Target) -> Result<(), ArmError> {
    let resource_type = CATALOG.get(target.kind);
    if is_valid_name(resource_type, &target.name) {
        return Ok(());
    }
    Err(name_error(CATALOG.service_of(resource_type).dialect, resource_type, &target.name))
}

fn check_body(
    target: &Target,
    version: &str,
    body: Option<&Value>,
    completeness: Completeness,
) -> Result<(), ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let Some(Value::Object(body)) = body else {
        return Err(ArmError::gateway(400, "InvalidRequestContent", "A JSON object is required."));
    };
    if completeness == Completeness::Full {
        check_location(target, None, &mut body.clone(), false)?;
    }
    if let Some(finding) = find_problem(&CATALOG, resource_type, version, body, completeness) {
        return Err(body_error(CATALOG.service_of(resource_type).dialect, &finding));
    }
    check_tags(resource_type, body)
}

fn check_containers(path: &RequestPath) -> Result<(), ArmError> {
    let segments = path.segments();
    let lower = path.lower();
    if lower.first().is_some_and(|first| first == "subscriptions") {
        let id = segments.get(1).map(String::as_str).unwrap_or_default();
        if !guid::is_guid(id) {
            return Err(ArmError::gateway(400, "InvalidSubscriptionId", format!("'{id}' is no GUID.")));
        }
    }
    if lower.get(2).is_some_and(|third| third == "resourcegroups") {
        let name = segments.get(3).map(String::as_str).unwrap_or_default();
        let groups = CATALOG.get(group_kind());
        if !is_valid_name(groups, name) {
            return Err(name_error(CATALOG.service_of(groups).dialect, groups, name));
        }
    }
    Ok(())
}

fn group_kind() -> TypeIndex {
    CATALOG.find("Microsoft.Resources/resourceGroups").expect("the tables declare it")
}

fn target_of(path: &RequestPath) -> Result<Target, ArmError> {
    let bad_path = || ArmError::gateway(404, "InvalidResourceType", "The path names no resource.");
    let Some(part) = path.provider_part() else {
        let lower = path.lower();
        let is_group = lower.len() == 4 && lower[0] == "subscriptions" && lower[2] == "resourcegroups";
        return if is_group { Ok(Target::of_group(group_kind(), path.segments())) } else { Err(bad_path()) };
    };
    if part.rest.is_empty() || !part.rest.len().is_multiple_of(2) {
        return Err(bad_path());
    }
    let pairs = part.rest.len() / 2;
    let kind = CATALOG.find(&part.type_name(pairs)).ok_or_else(bad_path)?;
    if !is_allowed_at(CATALOG.get(kind), part.scope) {
        return Err(bad_path());
    }
    Ok(Target::new(kind, part, pairs))
}

fn is_allowed_at(resource_type: &ResourceType, scope: &[String]) -> bool {
    let in_group = scope.len() == 4 && scope[2].eq_ignore_ascii_case("resourceGroups");
    match resource_type.scope {
        Scope::ResourceGroup => in_group,
        Scope::Subscription => scope.len() == 2,
        Scope::Any => true,
    }
}

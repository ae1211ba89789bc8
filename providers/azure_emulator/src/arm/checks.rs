//! What the Resource Manager checks before a resource provider sees a request.

use hyper::Method;
use serde_json::Value;

use super::Context;
use super::target::Target;
use crate::behaviour::Object;
use crate::body::text_at;
use crate::error::{
    ArmError, parent_not_found, precondition_failed, resource_group_not_found, resource_not_found,
};
use crate::guid;
use crate::regions;
use crate::resource_id::{RequestPath, name_of, parent_key};
use crate::table::{CATALOG, Dialect, LocationRule, ResourceType, Scope, Unique};
use crate::world::{Operation, OperationKind, Resource};

/// Returns the subscription that a request is about: the one in its path, or else the emulator's own.
pub(crate) fn subscription_of<'c>(context: &'c Context<'_>) -> &'c str {
    match context.request.path.segments() {
        [first, id, ..] if first.eq_ignore_ascii_case("subscriptions") => id,
        _ => &context.settings.identity.subscription_id,
    }
}

/// The subscription in the path must exist.
pub(crate) fn subscription(context: &Context<'_>, path: &RequestPath) -> Result<(), ArmError> {
    let [first, id, ..] = path.segments() else { return Ok(()) };
    if !first.eq_ignore_ascii_case("subscriptions")
        || id.eq_ignore_ascii_case(&context.settings.identity.subscription_id)
    {
        return Ok(());
    }
    if guid::is_guid(id) && context.settings.any_subscription {
        Ok(())
    } else if guid::is_guid(id) {
        Err(ArmError::gateway(
            404,
            "SubscriptionNotFound",
            format!("The subscription '{id}' could not be found."),
        ))
    } else {
        Err(ArmError::gateway(
            400,
            "InvalidSubscriptionId",
            format!("The provided subscription identifier '{id}' is malformed or invalid."),
        ))
    }
}

/// The API version must be one that the type's service answers.
pub(crate) fn version(context: &Context<'_>, resource_type: &ResourceType) -> Result<(), ArmError> {
    let service = CATALOG.service_of(resource_type);
    let version = context.version();
    let is_known = |versions: &[String]| versions.iter().any(|known| known.eq_ignore_ascii_case(version));
    let accepts_retired = context.settings.accept_retired_versions && is_known(&service.retired);
    if is_known(&service.accepts) || accepts_retired || is_newer(context, &service.accepts) {
        return Ok(());
    }
    let (_, short_name) = resource_type.name.split_once('/').unwrap_or(("", &resource_type.name));
    Err(ArmError::gateway(
        400,
        "NoRegisteredProviderFound",
        format!(
            "No registered resource provider found for location '' and API version '{version}' for type \
             '{short_name}'. The supported api-versions are '{}'. The supported locations are '{}'.",
            service.accepts.join(", "),
            regions::REGIONS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
        ),
    ))
}

/// Whether the request's version may have appeared after the tables were written: a date between the newest known
/// version and today.
fn is_newer(context: &Context<'_>, known: &[String]) -> bool {
    let version = context.version();
    let date = version.strip_suffix("-preview").unwrap_or(version);
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(idx, byte)| match idx {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let newest = known.iter().map(String::as_str).max().unwrap_or_default();
    is_date && version > newest && date <= &context.now.rfc3339()[..10]
}

/// The error for a type that its namespace does not have.
pub(crate) fn unknown_type(context: &Context<'_>, namespace: &str, short_name: &str) -> ArmError {
    ArmError::gateway(
        404,
        "InvalidResourceType",
        format!(
            "The resource type '{short_name}' could not be found in the namespace '{namespace}' for api version \
             '{}'.",
            context.version()
        ),
    )
}

/// The resource group and the parent in the path must exist.
pub(crate) fn container(context: &Context<'_>, target: &Target) -> Result<(), ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let in_group = target.group.is_some();
    if resource_type.scope == Scope::ResourceGroup && !in_group {
        let (namespace, short_name) = resource_type.name.split_once('/').unwrap_or_default();
        return Err(unknown_type(context, namespace, short_name));
    }
    if let Some(group) = &target.group {
        let key = group_key(&target.key);
        let Some(found) = context.world.get(&key) else { return Err(resource_group_not_found(group)) };
        let writes = matches!(context.request.method, Method::PUT | Method::PATCH);
        if writes && found.pending.as_ref().is_some_and(|pending| &*pending.state == "Deleting") {
            return Err(ArmError::gateway(
                409,
                "ResourceGroupBeingDeleted",
                format!(
                    "The resource group '{group}' is in deprovisioning state and cannot perform this operation."
                ),
            ));
        }
    }
    let scope_is_resource = target.parent.contains("/providers/");
    if (resource_type.is_child() || scope_is_resource) && !parent_exists(context, target) {
        if resource_type.scope == Scope::Any {
            return Err(missing(context, &target.parent));
        }
        if matches!(context.request.method, Method::GET | Method::HEAD) {
            return Err(not_found(context, target));
        }
        return Err(parent_not_found(name_of(&target.parent)));
    }
    Ok(())
}

/// A scope may also be part of another resource's body, such as a load balancer's pool.
fn parent_exists(context: &Context<'_>, target: &Target) -> bool {
    if context.world.contains(&target.parent) {
        return true;
    }
    let above = parent_key(&target.parent).and_then(|above| context.world.get(above));
    CATALOG.get(target.kind).scope == Scope::Any
        && above.is_some_and(|above| !CATALOG.get(above.kind).nested.is_empty())
}

/// Returns the key of the resource group in a key.
pub(crate) fn group_key(key: &str) -> String {
    key.split('/').take(5).collect::<Vec<_>>().join("/")
}

/// The error for a target that does not exist.
pub(crate) fn not_found(context: &Context<'_>, target: &Target) -> ArmError {
    let resource_type = CATALOG.get(target.kind);
    if resource_type.scope == Scope::Any && resource_type.name.ends_with("roleAssignments") {
        return ArmError::new(
            404,
            "RoleAssignmentNotFound",
            format!("The role assignment '{}' is not found.", target.name),
        );
    }
    missing(context, &target.key)
}

/// `ResourceNotFound` for a key, with the names as the request spelled them.
fn missing(context: &Context<'_>, key: &str) -> ArmError {
    let raw = crate::resource_id::percent_decode(&context.request.raw_path);
    let spelled = raw.get(..key.len()).filter(|text| text.eq_ignore_ascii_case(key)).unwrap_or(key);
    let (_, rest) = spelled.rsplit_once("/providers/").unwrap_or(("", spelled));
    let resource_group = crate::resource_id::containers_of(spelled).1;
    resource_not_found(rest, resource_group)
}

/// `405 MethodNotAllowed`.
pub(crate) fn method_not_allowed(context: &Context<'_>) -> ArmError {
    ArmError::gateway(
        405,
        "HttpMethodNotSupported",
        format!("The HTTP method '{}' is not supported at this scope.", context.request.method),
    )
}

/// No operation may be running that excludes a write to the target.
pub(crate) fn not_busy(context: &Context<'_>, target: &Target) -> Result<(), ArmError> {
    let domain = target.domain();
    let running = context.world.running_operation(&domain).or_else(|| {
        // A write to the whole waits for writes to its parts.
        let own = context.world.get(&target.key).and_then(|resource| resource.pending.as_ref());
        own.and_then(|pending| context.world.operation(&pending.operation))
    });
    let running = running.or_else(|| related_operation(context, target));
    match running {
        Some(operation) => Err(busy_error(context, target, operation)),
        None => Ok(()),
    }
}

/// A child waits for its parent; a cluster also waits for its node pools, which do not wait for each other.
fn related_operation<'c>(context: &'c Context<'_>, target: &Target) -> Option<&'c Operation> {
    let resource_type = CATALOG.get(target.kind);
    if resource_type.is_child() {
        return context.world.running_operation(&target.parent);
    }
    if CATALOG.service_of(resource_type).dialect != Dialect::ContainerService {
        return None;
    }
    let pools = context.world.children(&target.key, "agentPools");
    let pending = pools.into_iter().find_map(|(_, pool)| pool.pending.as_ref());
    pending.and_then(|pending| context.world.operation(&pending.operation))
}

fn busy_error(context: &Context<'_>, target: &Target, operation: &Operation) -> ArmError {
    let resource_type = CATALOG.get(target.kind);
    let service = CATALOG.service_of(resource_type);
    let name = name_of(&operation.target);
    let doing = match operation.kind {
        OperationKind::Create => "Creating",
        OperationKind::Delete => "Deleting",
        OperationKind::Update | OperationKind::Action => "Updating",
    };
    match service.dialect {
        Dialect::Network => ArmError::conflict(
            "AnotherOperationInProgress",
            format!(
                "Another operation on this or dependent resource is in progress. To retrieve status of the operation \
                 use uri: {}/subscriptions/{}/providers/Microsoft.Network/locations/westeurope/operations/{}\
                 ?api-version={}.",
                context.settings.base_url,
                subscription_of(context),
                operation.id,
                context.version()
            ),
        ),
        Dialect::ContainerService => ArmError::conflict(
            "OperationNotAllowed",
            format!(
                "Operation is not allowed: Another operation ({name} - {doing}) is in progress, please wait for it to \
                 finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details"
            ),
        ),
        Dialect::PostgreSql => ArmError::conflict(
            "ServerIsBusy",
            format!(
                "Cannot complete operation while server '{name}' is busy processing another operation. Please try again later."
            ),
        ),
        _ => ArmError::conflict(
            "Conflict",
            format!(
                "The resource '{name}' is busy processing another operation ({doing}). Please try again after it is \
                 finished."
            ),
        ),
    }
}

/// Checks `If-Match` and `If-None-Match` against what exists.
pub(crate) fn preconditions(context: &Context<'_>, existing: Option<&Resource>) -> Result<(), ArmError> {
    let current = existing.map(|resource| super::render::etag_text(CATALOG.get(resource.kind), resource));
    let is_same = |tag: &str| {
        let bare = |text: &str| text.trim().trim_start_matches("W/").trim_matches('"').to_ascii_lowercase();
        current.as_deref().is_some_and(|current| !current.is_empty() && bare(current) == bare(tag))
    };
    // Some clients send the headers empty.
    let header = |name: &str| context.request.header(name).filter(|value| !value.is_empty());
    if let Some(expected) = header("if-match")
        && !(expected == "*" && existing.is_some())
        && !expected.split(',').any(is_same)
    {
        return Err(precondition_failed(format!(
            "The condition '{expected}' in the If-Match header was not satisfied. The current etag is '{}'.",
            current.unwrap_or_default()
        )));
    }
    if let Some(unexpected) = header("if-none-match")
        && ((unexpected == "*" && existing.is_some()) || unexpected.split(',').any(is_same))
    {
        return Err(precondition_failed(format!(
            "The condition '{unexpected}' in the If-None-Match header was not satisfied: the resource exists."
        )));
    }
    Ok(())
}

/// Checks the body's location, and gives it the service's form.
///
/// Where `regions_only` is false any place passes for a region, as with checks that know no cloud.
pub(crate) fn location(
    target: &Target,
    existing: Option<&Resource>,
    body: &mut Object,
    regions_only: bool,
) -> Result<(), ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let given = text_at(body, &["location"]).map(regions::normalize);
    match (resource_type.location, given) {
        (LocationRule::None, _) => return Ok(()),
        (_, None) if body.get("location").is_some_and(|location| !location.is_null()) => {
            // Not a string: the shape check has the better words.
            return Ok(());
        }
        (LocationRule::Global, None) => {
            body.insert("location".into(), "global".into());
        }
        (LocationRule::Global, Some(location)) if location != "global" => {
            return Err(location_not_available(resource_type, &location, "global"));
        }
        (LocationRule::Global, Some(_)) => {
            body.insert("location".into(), "global".into());
        }
        (LocationRule::Region, None) => {
            return Err(ArmError::gateway(
                400,
                "LocationRequired",
                "The location property is required for this definition.",
            ));
        }
        (LocationRule::Region, Some(location)) => {
            if regions_only && !regions::is_region(&location) {
                let all = regions::REGIONS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
                return Err(location_not_available(resource_type, &location, &all));
            }
            let displays = CATALOG.service_of(resource_type).displays_location;
            let shown = if displays { regions::display_name(&location).to_owned() } else { location.clone() };
            body.insert("location".into(), shown.into());
            let before = existing.and_then(Resource::location).map(|before| regions::normalize(&before));
            if let Some(before) = before.filter(|before| *before != location) {
                if resource_type.name == "Microsoft.Resources/resourceGroups" {
                    return Err(ArmError::gateway(
                        409,
                        "InvalidResourceGroupLocation",
                        format!(
                            "Invalid resource group location '{location}'. The Resource group already exists in \
                             location '{before}'."
                        ),
                    ));
                }
                return Err(ArmError::gateway(
                    409,
                    "InvalidResourceLocation",
                    format!(
                        "The resource '{}' already exists in location '{before}' in resource group '{}'. A resource \
                         with the same name cannot be created in location '{location}'. Please select a new resource \
                         name.",
                        target.name,
                        target.group.as_deref().unwrap_or_default()
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn location_not_available(resource_type: &ResourceType, location: &str, all: &str) -> ArmError {
    ArmError::gateway(
        400,
        "LocationNotAvailableForResourceType",
        format!(
            "The provided location '{location}' is not available for resource type '{}'. List of available regions \
             for the resource type is '{all}'.",
            resource_type.name
        ),
    )
}

/// Checks number, length and characters of tags.
pub(crate) fn tags(resource_type: &ResourceType, body: &Object) -> Result<(), ArmError> {
    let Some(Value::Object(tags)) = body.get("tags") else { return Ok(()) };
    if tags.len() > resource_type.tags_max {
        return Err(ArmError::gateway(
            400,
            "InvalidTagCount",
            format!("The number of tags is {}: at most {} are allowed.", tags.len(), resource_type.tags_max),
        ));
    }
    let name_max = if resource_type.name == "Microsoft.Storage/storageAccounts" { 128 } else { 512 };
    let mut names: Vec<String> = Vec::new();
    for (name, value) in tags {
        let lower = name.to_lowercase();
        if names.contains(&lower) {
            return Err(ArmError::gateway(
                400,
                "InvalidTagName",
                format!("The tag name '{name}' occurs more than once; names are not case-sensitive."),
            ));
        }
        names.push(lower);
        if name.chars().count() > name_max {
            return Err(ArmError::gateway(
                400,
                "TagNameTooLong",
                format!("The tag name is too long: at most {name_max} characters are allowed."),
            ));
        }
        if name.contains(['<', '>', '%', '&', '\\', '?', '/']) {
            return Err(ArmError::gateway(
                400,
                "InvalidTagNameCharacters",
                format!(
                    "The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters."
                ),
            ));
        }
        if value.as_str().is_some_and(|value| value.chars().count() > 256) {
            return Err(ArmError::gateway(
                400,
                "TagValueTooLong",
                format!("The value of the tag '{name}' is too long: at most 256 characters are allowed."),
            ));
        }
    }
    Ok(())
}

/// A globally unique name must not belong to another resource.
pub(crate) fn unique_name(context: &Context<'_>, target: &Target) -> Result<(), ArmError> {
    if CATALOG.get(target.kind).unique != Unique::Global {
        return Ok(());
    }
    match context.world.indexes().owner_of_name(target.kind, &target.name) {
        Some(owner) if *owner != target.key => {
            Err(crate::services::behaviour_of(target.kind).name_taken(&target.name, true))
        }
        _ => Ok(()),
    }
}

/// No management lock at the resource, above it, or (for a deletion) below it may forbid the method.
pub(crate) fn locks(context: &Context<'_>, key: &str) -> Result<(), ArmError> {
    let Some(kind) = CATALOG.find("Microsoft.Authorization/locks") else { return Ok(()) };
    let deletes = context.request.method == Method::DELETE;
    for lock in context.world.of_type(kind) {
        let scope = super::scope_of(lock);
        let covers = key == scope || key.strip_prefix(scope).is_some_and(|rest| rest.starts_with('/'));
        let is_below = deletes && scope.strip_prefix(key).is_some_and(|rest| rest.starts_with('/'));
        let is_itself = key.starts_with(&**lock);
        let level = context.world.get(lock).map(Resource::body);
        let level =
            level.as_ref().and_then(|body| text_at(body, &["properties", "level"])).unwrap_or_default();
        let forbids = level == "ReadOnly" || (level == "CanNotDelete" && deletes);
        if (covers || is_below) && forbids && !is_itself {
            let verb = if deletes { "delete" } else { "write" };
            return Err(ArmError::gateway(
                409,
                "ScopeLocked",
                format!(
                    "The scope '{key}' cannot perform {verb} operation because following scope(s) are locked: \
                     '{scope}'. Please remove the lock and try again."
                ),
            ));
        }
    }
    Ok(())
}

/// The namespace must be registered before something is written.
pub(crate) fn registration(context: &Context<'_>, target: &Target) -> Result<(), ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let namespace = &CATALOG.service_of(resource_type).namespace;
    if super::providers::is_registered(context.view(), namespace) {
        return Ok(());
    }
    Err(ArmError::gateway(
        409,
        "MissingSubscriptionRegistration",
        format!(
            "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for \
             how to register subscriptions."
        ),
    ))
}

//! Resource providers: what they offer, and their registration.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::{Value, json};

use super::Context;
use super::checks;
use super::checks::subscription_of;
use super::paging::page_of;
use crate::behaviour::View;
use crate::error::ArmError;
use crate::http::Response;
use crate::regions::REGIONS;
use crate::table::{CATALOG, LocationRule};

/// Namespaces of Azure that have no types here but that clients register.
const OTHER_NAMESPACES: &[&str] = &[
    "Microsoft.AVS",
    "Microsoft.Advisor",
    "Microsoft.AlertsManagement",
    "Microsoft.ApiManagement",
    "Microsoft.App",
    "Microsoft.AppConfiguration",
    "Microsoft.AppPlatform",
    "Microsoft.Automation",
    "Microsoft.Blueprint",
    "Microsoft.BotService",
    "Microsoft.Cdn",
    "Microsoft.CognitiveServices",
    "Microsoft.Compute",
    "Microsoft.Consumption",
    "Microsoft.ContainerInstance",
    "Microsoft.CostManagement",
    "Microsoft.CostManagementExports",
    "Microsoft.CustomProviders",
    "Microsoft.DBforMariaDB",
    "Microsoft.DBforMySQL",
    "Microsoft.DataFactory",
    "Microsoft.DataLakeAnalytics",
    "Microsoft.DataLakeStore",
    "Microsoft.DataMigration",
    "Microsoft.DataProtection",
    "Microsoft.Databricks",
    "Microsoft.DesktopVirtualization",
    "Microsoft.DevTestLab",
    "Microsoft.Devices",
    "Microsoft.DocumentDB",
    "Microsoft.EventGrid",
    "Microsoft.EventHub",
    "Microsoft.Features",
    "Microsoft.GuestConfiguration",
    "Microsoft.HDInsight",
    "Microsoft.HealthcareApis",
    "Microsoft.Kubernetes",
    "Microsoft.KubernetesConfiguration",
    "Microsoft.Kusto",
    "Microsoft.Logic",
    "Microsoft.MachineLearningServices",
    "Microsoft.Maintenance",
    "Microsoft.ManagedServices",
    "Microsoft.Management",
    "Microsoft.Maps",
    "Microsoft.MarketplaceOrdering",
    "Microsoft.MixedReality",
    "Microsoft.Monitor",
    "Microsoft.NotificationHubs",
    "Microsoft.OperationsManagement",
    "Microsoft.PolicyInsights",
    "Microsoft.PowerBIDedicated",
    "Microsoft.RecoveryServices",
    "Microsoft.Relay",
    "Microsoft.ResourceGraph",
    "Microsoft.ResourceHealth",
    "Microsoft.Search",
    "Microsoft.Security",
    "Microsoft.SecurityInsights",
    "Microsoft.ServiceBus",
    "Microsoft.ServiceFabric",
    "Microsoft.SignalRService",
    "Microsoft.Sql",
    "Microsoft.StreamAnalytics",
    "Microsoft.Web",
];

/// Returns whether a namespace is registered.
pub(crate) fn is_registered(view: View<'_>, namespace: &str) -> bool {
    state_of(view, namespace) == "Registered"
}

fn state_of<'v>(view: View<'v>, namespace: &str) -> &'v str {
    // The Resource Manager's own namespaces cannot be unregistered.
    if namespace == "Microsoft.Resources" || namespace == "Microsoft.Authorization" {
        return "Registered";
    }
    view.world.registration(namespace).unwrap_or_else(|| {
        let excluded = &view.settings.unregistered_namespaces;
        let starts_unregistered = excluded.iter().any(|excluded| excluded.eq_ignore_ascii_case(namespace));
        if starts_unregistered { "NotRegistered" } else { "Registered" }
    })
}

/// Answers the list of providers, or one of them; `path` is in lower case.
pub(crate) fn list(context: &mut Context<'_>, path: &[&str]) -> Result<Response, ArmError> {
    if context.request.method != Method::GET {
        return Err(checks::method_not_allowed(context));
    }
    let namespace = match path {
        ["providers", namespace] | [_, _, "providers", namespace] => Some(*namespace),
        _ => None,
    };
    let known = namespaces();
    if let Some(namespace) = namespace {
        let Some(name) = known.get(namespace) else { return Err(unknown_namespace(namespace)) };
        return Ok(Response::json(200, &provider(context, name)));
    }
    let items: Vec<(String, Value)> =
        known.into_iter().map(|(key, name)| (key, provider(context, &name))).collect();
    Ok(page_of(context, items))
}

/// Answers the registration or unregistration of a namespace.
pub(crate) fn register(
    context: &mut Context<'_>,
    namespace: &str,
    registers: bool,
) -> Result<Response, ArmError> {
    if context.request.method != Method::POST {
        return Err(checks::method_not_allowed(context));
    }
    let Some(name) = namespaces().remove(namespace) else { return Err(unknown_namespace(namespace)) };
    context.world.set_registration(&name, if registers { "Registered" } else { "NotRegistered" });
    let mut body = provider(context, &name);
    // The answer tells that the work has begun; the next GET tells that it is done.
    body["registrationState"] = json!(if registers { "Registering" } else { "Unregistering" });
    Ok(Response::json(200, &body))
}

fn unknown_namespace(namespace: &str) -> ArmError {
    ArmError::gateway(
        404,
        "InvalidResourceNamespace",
        format!("The resource namespace '{namespace}' is invalid."),
    )
}

/// Lower-case namespace to its spelling.
fn namespaces() -> BTreeMap<String, String> {
    let others = OTHER_NAMESPACES.iter().map(|name| (name.to_ascii_lowercase(), (*name).to_owned()));
    CATALOG.namespaces.clone().into_iter().chain(others).collect()
}

fn provider(context: &Context<'_>, name: &str) -> Value {
    let types: Vec<Value> = CATALOG
        .types
        .iter()
        .filter_map(|resource_type| {
            let service = CATALOG.service_of(resource_type);
            if service.namespace != name {
                return None;
            }
            let (_, short_name) = resource_type.name.split_once('/')?;
            let newest_first: Vec<&String> = service.accepts.iter().rev().collect();
            let locations: Vec<&str> = match resource_type.location {
                LocationRule::Global => vec!["global"],
                _ => REGIONS.iter().map(|(_, display)| *display).collect(),
            };
            Some(json!({
                "resourceType": short_name,
                "locations": locations,
                "apiVersions": newest_first,
                "defaultApiVersion": resource_type.versions.last().or(service.accepts.last()),
                "capabilities": "SupportsTags, SupportsLocation",
            }))
        })
        .collect();
    let subscription = subscription_of(context);
    json!({
        "id": format!("/subscriptions/{subscription}/providers/{name}"),
        "namespace": name,
        "resourceTypes": types,
        "registrationState": state_of(context.view(), name),
        "registrationPolicy": "RegistrationRequired",
    })
}

//! Names that all of Azure shares: taken ones are found before anything is made.

use std::collections::HashSet;

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value as Json, json};
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Str};
use terrane_provider::PlannedResource;

use crate::client::{ArmError, ArmRequest, Call};
use crate::connection::Connection;
use crate::preflight::text;

/// Questions that are asked at the same time.
const CONCURRENCY: usize = 8;

/// A type whose names are shared by all customers.
struct Shared {
    type_name: &'static str,
    /// Where its service is asked, below the subscription.
    path: &'static str,
    api_version: &'static str,
    arm_type: &'static str,
    /// Whether a deleted object of ours may hold the name and come back.
    may_come_back: bool,
}

const SHARED: &[Shared] = &[
    Shared {
        type_name: "azurerm_storage_account",
        path: "providers/Microsoft.Storage/checkNameAvailability",
        api_version: "2025-08-01",
        arm_type: "Microsoft.Storage/storageAccounts",
        may_come_back: false,
    },
    Shared {
        type_name: "azurerm_container_registry",
        path: "providers/Microsoft.ContainerRegistry/checkNameAvailability",
        api_version: "2025-11-01",
        arm_type: "Microsoft.ContainerRegistry/registries",
        may_come_back: false,
    },
    Shared {
        type_name: "azurerm_key_vault",
        path: "providers/Microsoft.KeyVault/checkNameAvailability",
        api_version: "2026-02-01",
        arm_type: "Microsoft.KeyVault/vaults",
        may_come_back: true,
    },
    Shared {
        type_name: "azurerm_redis_cache",
        path: "providers/Microsoft.Cache/CheckNameAvailability",
        api_version: "2024-11-01",
        arm_type: "Microsoft.Cache/Redis",
        may_come_back: false,
    },
    Shared {
        type_name: "azurerm_postgresql_flexible_server",
        path: "providers/Microsoft.DBforPostgreSQL/checkNameAvailability",
        api_version: "2025-08-01",
        arm_type: "Microsoft.DBforPostgreSQL/flexibleServers",
        may_come_back: false,
    },
];

/// Asks for every object that is to be made under a shared name whether the name is free. A service that cannot
/// be asked is not asked again; the create will tell.
pub(crate) async fn check_names(
    connection: &Connection,
    resources: &[PlannedResource],
    call: &Call<'_>,
) -> Diagnostics {
    let mut questions = Vec::new();
    for (shared, address, name) in wanted_names(resources) {
        questions.push(ask(connection, shared, address, name, call));
    }
    let found: Vec<Option<Diagnostic>> = stream::iter(questions).buffered(CONCURRENCY).collect().await;
    found.into_iter().flatten().fold(Diagnostics::new(), |mut all, diagnostic| {
        all.push(diagnostic);
        all
    })
}

/// Returns the names that are to be used anew, with the addresses of their resources.
fn wanted_names(resources: &[PlannedResource]) -> Vec<(&'static Shared, String, String)> {
    // What is deleted by the same plan frees its name.
    let names = |resource: &PlannedResource| {
        let name = text(&resource.prior_state, "name")?.to_ascii_lowercase();
        Some((resource.type_name.clone(), name))
    };
    let freed: HashSet<(Str, String)> =
        resources.iter().filter(|resource| !resource.prior_state.is_null()).filter_map(names).collect();
    let mut wanted = Vec::new();
    for resource in resources.iter().filter(|resource| resource.prior_state.is_null()) {
        let shared = SHARED.iter().find(|shared| shared.type_name == resource.type_name);
        let (Some(shared), Some(name)) = (shared, text(&resource.planned_state, "name")) else { continue };
        if !freed.contains(&(resource.type_name.clone(), name.to_ascii_lowercase())) {
            wanted.push((shared, resource.address.clone(), name));
        }
    }
    wanted
}

async fn ask(
    connection: &Connection,
    shared: &Shared,
    address: String,
    name: String,
    call: &Call<'_>,
) -> Option<Diagnostic> {
    let reason = taken(connection, shared, &name, call).await?;
    let summary = "Name is taken";
    let detail = format!("The name {name} cannot be used: {reason}");
    let diagnostic = if shared.may_come_back {
        Diagnostic::warning(
            summary,
            format!("{detail} If a deleted one of yours holds it, it will come back."),
        )
    } else {
        Diagnostic::error(summary, detail)
    };
    Some(diagnostic.about(address).on_attribute(AttributePath::root().attribute("name")))
}

/// Returns why a name is not free; nothing when it is, or when nobody says.
async fn taken(connection: &Connection, shared: &Shared, name: &str, call: &Call<'_>) -> Option<String> {
    let path = format!("/subscriptions/{}/{}", connection.subscription_id, shared.path);
    let body = json!({"name": name, "type": shared.arm_type});
    let request = ArmRequest::post(path, shared.api_version).with_body(body);
    match connection.client.send(&request, call).await {
        Ok(response) => {
            let is_free = response.body.get("nameAvailable").and_then(Json::as_bool).unwrap_or(true);
            let message = response.body.get("message").and_then(Json::as_str).unwrap_or("it is not free.");
            (!is_free).then(|| message.to_owned())
        }
        Err(ArmError::Refused(refusal)) if refusal.status == 409 => Some(refusal.message),
        Err(error) => {
            tracing::info!(%error, name, "could not ask whether a name is free");
            None
        }
    }
}

//! Subscriptions, tenants, regions.

use hyper::Method;
use serde_json::{Value, json};

use super::Context;
use super::checks::{self, subscription_of};
use crate::error::ArmError;
use crate::http::Response;
use crate::regions::{REGIONS, has_zones};

/// Answers the requests about the account itself; `path` is in lower case.
pub(crate) fn answer(context: &Context<'_>, path: &[&str]) -> Result<Response, ArmError> {
    if context.request.method != Method::GET {
        return Err(checks::method_not_allowed(context));
    }
    let body = match path {
        ["tenants"] => json!({"value": [tenant(context)]}),
        ["subscriptions"] => json!({
            "value": [subscription(context, &context.settings.identity.subscription_id)],
            "count": {"type": "Total", "value": 1},
        }),
        [_, _, "locations"] => json!({"value": locations(context)}),
        [_, _, "tagnames"] => json!({"value": []}),
        [_, id, ..] => subscription(context, id),
        [..] => return Err(checks::method_not_allowed(context)),
    };
    Ok(Response::json(200, &body))
}

fn subscription(context: &Context<'_>, id: &str) -> Value {
    let identity = &context.settings.identity;
    json!({
        "id": format!("/subscriptions/{id}"),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": id,
        "tenantId": identity.tenant_id,
        "displayName": "Emulated Subscription",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    })
}

fn tenant(context: &Context<'_>) -> Value {
    let tenant_id = &context.settings.identity.tenant_id;
    json!({
        "id": format!("/tenants/{tenant_id}"),
        "tenantId": tenant_id,
        "countryCode": "DE",
        "displayName": "Emulated Directory",
        "domains": ["emulated.onmicrosoft.com"],
        "tenantCategory": "Home",
        "defaultDomain": "emulated.onmicrosoft.com",
        "tenantType": "AAD",
    })
}

fn locations(context: &Context<'_>) -> Vec<Value> {
    let subscription = subscription_of(context);
    REGIONS
        .iter()
        .map(|(name, display)| {
            let zones = ["1", "2", "3"]
                .map(|zone| json!({"logicalZone": zone, "physicalZone": format!("{name}-az{zone}")}));
            let mut region = json!({
                "id": format!("/subscriptions/{subscription}/locations/{name}"),
                "name": name,
                "type": "Region",
                "displayName": display,
                "regionalDisplayName": display,
                "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
            });
            if has_zones(name) {
                region["availabilityZoneMappings"] = json!(zones);
            }
            region
        })
        .collect()
}

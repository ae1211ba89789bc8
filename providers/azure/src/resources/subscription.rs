//! The subscription, who we are in it, where it reaches, and what is registered with it.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use terrane_model::{Diagnostic, Value};

use crate::attributes::{Attributes, text_at};
use crate::client::ArmRequest;
use crate::lifecycle::{Address, Change, Failure, Work};
use crate::mapping::Documents;
use crate::mapping::same::normal_location;
use crate::resources::Behaviour;

/// The identity in use.
pub(crate) struct ClientConfigData;

#[async_trait]
impl Behaviour for ClientConfigData {
    async fn fetch(&self, work: &Work<'_>, _address: &Address) -> Result<Option<Documents>, Failure> {
        let claims = work.client().claims().await?;
        let identity = &work.connection.settings.identity;
        let claim = |names: &[&str], settings: Option<&String>| {
            let found = names.iter().find_map(|name| claims.get(*name)?.as_str());
            found.or(settings.map(String::as_str)).unwrap_or_default().to_owned()
        };
        let body = json!({
            "client_id": claim(&["appid", "azp"], identity.client_id.as_ref()),
            "object_id": claim(&["oid"], None),
            "tenant_id": claim(&["tid"], identity.tenant_id.as_ref()),
            "subscription_id": work.connection.subscription_id,
        });
        Ok(Some(Documents::of("", body)))
    }

    fn read_attributes(&self, _documents: &Documents, _known: Option<&Value>, attributes: &mut Attributes) {
        let part = |name: &str| attributes.text(name).unwrap_or_default().to_owned();
        let text = format!(
            "clientId={};objectId={};subscriptionId={};tenantId={}",
            part("client_id"),
            part("object_id"),
            part("subscription_id"),
            part("tenant_id")
        );
        attributes.set("id", STANDARD.encode(text));
    }
}

/// Regions.
pub(crate) struct LocationData;

#[async_trait]
impl Behaviour for LocationData {
    async fn find(&self, work: &Work<'_>, config: &Value) -> Result<Option<Address>, Failure> {
        let name = normal_location(&text_at(config, "location").unwrap_or_default());
        let path = format!("/subscriptions/{}/locations/{name}", work.connection.subscription_id);
        Ok(Some(Address { id: path.clone(), path, ..Address::default() }))
    }

    /// Single regions cannot be asked for: the list of all tells about each.
    async fn fetch(&self, work: &Work<'_>, address: &Address) -> Result<Option<Documents>, Failure> {
        let (list, name) = address.path.rsplit_once('/').unwrap_or_default();
        let request = ArmRequest::get(list, &work.table.api_version);
        let regions = work.client().list(request, &work.call).await?.unwrap_or_default();
        let region =
            regions.into_iter().find(|region| region.get("name").and_then(Json::as_str) == Some(name));
        Ok(region.map(|region| Documents::of(address.path.clone(), region)))
    }
}

/// Registrations of resource providers.
pub(crate) struct ProviderRegistration;

const FEATURES_API_VERSION: &str = "2021-07-01";
const POLL_INTERVAL: Duration = Duration::from_secs(5);

#[async_trait]
impl Behaviour for ProviderRegistration {
    async fn create(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let provider = work.get(&change.address.path, &work.table.api_version).await?;
        if provider.is_none() {
            let name = text_at(change.planned, "name").unwrap_or_default();
            let detail = format!(
                "Azure has no resource provider named {name}. Names are written as in Microsoft.Network."
            );
            return Err(Diagnostic::error("Resource provider not found", detail).into());
        }
        write_features(work, change).await?;
        register(work, change.address, "register", "Registered").await
    }

    async fn update(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        write_features(work, change).await?;
        register(work, change.address, "register", "Registered").await
    }

    async fn delete(&self, work: &Work<'_>, address: &Address, _state: &Value) -> Result<(), Failure> {
        register(work, address, "unregister", "Unregistered").await.map(|_| ())
    }

    async fn fetch(&self, work: &Work<'_>, address: &Address) -> Result<Option<Documents>, Failure> {
        let provider = work.get(&address.path, &work.table.api_version).await?;
        let provider = provider.filter(|provider| is_in_state(provider, "Registered"));
        Ok(provider.map(|provider| Documents::of(address.path.clone(), provider)))
    }
}

fn is_in_state(provider: &Json, wanted: &str) -> bool {
    let state = provider.get("registrationState").and_then(Json::as_str);
    state.is_some_and(|state| state.eq_ignore_ascii_case(wanted))
}

async fn register(
    work: &Work<'_>,
    address: &Address,
    action: &str,
    wanted: &str,
) -> Result<Documents, Failure> {
    let path = &address.path;
    let version = &work.table.api_version;
    let request = ArmRequest::post(format!("{path}/{action}"), version);
    let mut provider = work.client().send(&request, &work.call).await?.body;
    // "NotRegistered" is how a provider that never was registered is called.
    let is_reached = |provider: &Json| {
        is_in_state(provider, wanted) || (wanted == "Unregistered" && is_in_state(provider, "NotRegistered"))
    };
    while !is_reached(&provider) {
        let state = provider.get("registrationState").and_then(Json::as_str).unwrap_or(action);
        work.call.report(state);
        work.call.wait(work.client().pace().poll_max.min(POLL_INTERVAL), "the resource provider").await?;
        provider = work.get(path, version).await?.unwrap_or_default();
    }
    Ok(Documents::of(path.clone(), provider))
}

async fn write_features(work: &Work<'_>, change: &Change<'_>) -> Result<(), Failure> {
    let namespace = text_at(change.planned, "name").unwrap_or_default();
    let subscription = &work.connection.subscription_id;
    let before = change.prior.map_or_else(Value::dynamic_null, |prior| prior.attribute("feature"));
    let before = before.as_sequence().unwrap_or_default();
    for feature in change.planned.attribute("feature").as_sequence().into_iter().flatten() {
        if before.contains(feature) {
            continue;
        }
        let name = text_at(feature, "name").unwrap_or_default();
        let path = format!(
            "/subscriptions/{subscription}/providers/Microsoft.Features/featureProviders/{namespace}/subscriptionFeatureRegistrations/{name}"
        );
        let is_wanted = feature.attribute("registered").as_bool() == Some(true);
        let request = if is_wanted {
            ArmRequest::put(path, FEATURES_API_VERSION, json!({"properties": {}}))
        } else {
            ArmRequest::delete(path, FEATURES_API_VERSION)
        };
        work.run(&request).await?;
    }
    Ok(())
}

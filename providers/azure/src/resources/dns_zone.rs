//! DNS zones as data sources: found by name alone where no resource group is given.

use async_trait::async_trait;
use serde_json::Value as Json;
use terrane_model::{Diagnostic, Value};

use crate::client::ArmRequest;
use crate::lifecycle::{Address, Failure, Work};
use crate::resources::Behaviour;

/// DNS zones and private DNS zones.
pub(crate) struct ZoneData;

#[async_trait]
impl Behaviour for ZoneData {
    async fn find(&self, work: &Work<'_>, config: &Value) -> Result<Option<Address>, Failure> {
        let name = config.attribute("name");
        let name = name.as_str().map_or("", |name| name.as_str());
        let subscription = &work.connection.subscription_id;
        let path = format!("/subscriptions/{subscription}/providers/{}", work.table.arm_type);
        let zones = work.client().list(ArmRequest::get(path, &work.table.api_version), &work.call).await?;
        let zones = zones.unwrap_or_default();
        let is_it = |zone: &&Json| {
            zone.get("name").and_then(Json::as_str).is_some_and(|other| other.eq_ignore_ascii_case(name))
        };
        let found: Vec<&str> =
            zones.iter().filter(is_it).filter_map(|zone| zone.get("id")?.as_str()).collect();
        match found.as_slice() {
            [] => Ok(None),
            [id] => Ok(Address::from_id(work.table, id).ok()),
            _ => {
                let detail = format!(
                    "The subscription has {} zones named {name}. Set resource_group_name to choose one.",
                    found.len()
                );
                Err(Diagnostic::error("Ambiguous data source", detail).into())
            }
        }
    }
}

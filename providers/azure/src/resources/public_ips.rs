//! The public addresses of a resource group, all or some of them, as a data source.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use terrane_model::Value;

use crate::attributes::{Attributes, text_at};
use crate::client::ArmRequest;
use crate::lifecycle::{Address, Failure, Work};
use crate::mapping::Documents;
use crate::resources::Behaviour;

/// Public addresses.
pub(crate) struct PublicIpsData;

#[async_trait]
impl Behaviour for PublicIpsData {
    async fn find(&self, work: &Work<'_>, config: &Value) -> Result<Option<Address>, Failure> {
        let group = text_at(config, "resource_group_name").unwrap_or_default();
        let subscription = &work.connection.subscription_id;
        let path = format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/publicIPAddresses"
        );
        Ok(Some(Address { id: path.clone(), path, ..Address::default() }))
    }

    async fn fetch(&self, work: &Work<'_>, address: &Address) -> Result<Option<Documents>, Failure> {
        let request = ArmRequest::get(address.path.clone(), &work.table.api_version);
        let found = work.client().list(request, &work.call).await?;
        Ok(found.map(|found| Documents::of(address.path.clone(), json!({ "found": found }))))
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        known: Option<&Value>,
    ) -> Result<(), Failure> {
        if let (Some(known), Some(Json::Array(found))) = (known, documents.body.get_mut("found")) {
            found.retain(|address| is_wanted(known, address));
        }
        Ok(())
    }

    fn read_attributes(&self, documents: &Documents, known: Option<&Value>, attributes: &mut Attributes) {
        let text = |name: &str| known.and_then(|known| text_at(known, name)).unwrap_or_default();
        let group = documents.path.split('/').nth(4).unwrap_or_default();
        let id = format!(
            "networkPublicIPs/resourceGroup/{group}/namePrefix={};attachmentStatus={};allocationType={}",
            text("name_prefix"),
            text("attachment_status"),
            text("allocation_type")
        );
        attributes.set("id", STANDARD.encode(id));
    }
}

/// Tells whether an address fits the arguments; each that is not set lets all through.
fn is_wanted(config: &Value, address: &Json) -> bool {
    let property = |name: &str| address.pointer(&format!("/properties/{name}"));
    let fits =
        |name: &str, check: &dyn Fn(&str) -> bool| text_at(config, name).is_none_or(|text| check(&text));
    let name = address.get("name").and_then(Json::as_str).unwrap_or_default();
    let is_attached = property("ipConfiguration").is_some() || property("natGateway").is_some();
    let allocation = property("publicIPAllocationMethod").and_then(Json::as_str);
    fits("name_prefix", &|prefix| name.starts_with(prefix))
        && fits("attachment_status", &|status| (status == "Attached") == is_attached)
        && fits("allocation_type", &|kind| allocation.is_none_or(|allocation| allocation == kind))
}

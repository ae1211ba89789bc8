//! Subnets, and the subnets inside of virtual networks.

use async_trait::async_trait;
use serde_json::Value as Json;
use terrane_model::{Str, Type, Value};

use crate::attributes::{Attributes, at, text_at};
use crate::lifecycle::{Change, Failure, Work};
use crate::mapping::Documents;
use crate::resources::Behaviour;

/// Subnets.
pub(crate) struct Subnet;

#[async_trait]
impl Behaviour for Subnet {
    /// Writes the security group and route table that are sent once.
    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        let links = [
            ("network_security_group_id_wo", "properties.networkSecurityGroup.id"),
            ("route_table_id_wo", "properties.routeTable.id"),
        ];
        for (argument, place) in links {
            let version = format!("{argument}_version");
            let is_new = change.prior.is_none_or(|prior| at(prior, &version) != at(change.planned, &version));
            if let Some(id) = text_at(change.planned, argument).filter(|_| is_new) {
                documents.set(place, id.as_str().into());
            }
        }
        Ok(())
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        list_single_prefix(&mut documents.body);
        Ok(())
    }
}

/// Subnets as data sources.
pub(crate) struct SubnetData;

#[async_trait]
impl Behaviour for SubnetData {
    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        list_single_prefix(&mut documents.body);
        if let Some(first) = documents.text_at("properties.addressPrefixes[0]").map(str::to_owned) {
            documents.set("properties.addressPrefix", first.into());
        }
        Ok(())
    }
}

/// Virtual networks.
pub(crate) struct VirtualNetwork;

#[async_trait]
impl Behaviour for VirtualNetwork {
    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        let subnets = documents.body.pointer_mut("/properties/subnets").and_then(Json::as_array_mut);
        subnets.into_iter().flatten().for_each(list_single_prefix);
        Ok(())
    }
}

/// Virtual networks as data sources.
pub(crate) struct VirtualNetworkData;

#[async_trait]
impl Behaviour for VirtualNetworkData {
    fn read_attributes(&self, documents: &Documents, _known: Option<&Value>, attributes: &mut Attributes) {
        let peerings = documents.at("properties.virtualNetworkPeerings").and_then(Json::as_array);
        let peerings: Vec<&Json> = peerings.into_iter().flatten().collect();
        let remote = |peering: &Json| {
            let name = peering.get("name")?.as_str()?;
            let id = peering.pointer("/properties/remoteVirtualNetwork/id")?.as_str()?;
            Some((Str::from(name), Value::from(id)))
        };
        let ids: Vec<(Str, Value)> = peerings.iter().copied().filter_map(remote).collect();
        attributes.set("vnet_peerings", Value::map(Type::String, ids));
        let prefixes = |peering: &&Json| {
            let prefixes =
                peering.pointer("/properties/remoteAddressSpace/addressPrefixes").and_then(Json::as_array);
            let prefixes = prefixes.into_iter().flatten().filter_map(Json::as_str);
            prefixes.map(str::to_owned).collect::<Vec<_>>()
        };
        attributes.set("vnet_peerings_addresses", Value::list_of_strings(peerings.iter().flat_map(prefixes)));
    }
}

/// Azure answers a single range in a property of its own when it was made so.
fn list_single_prefix(subnet: &mut Json) {
    let Some(properties) = subnet.get_mut("properties").and_then(Json::as_object_mut) else { return };
    let is_listed =
        properties.get("addressPrefixes").and_then(Json::as_array).is_some_and(|list| !list.is_empty());
    if let (false, Some(single)) = (is_listed, properties.get("addressPrefix").cloned()) {
        properties.insert("addressPrefixes".to_owned(), Json::Array(vec![single]));
    }
}

//! Private endpoints: the connection is in one of two lists, the DNS zones are a child of their own.
//!
//! What Azure answers is put into a uniform shape first: the table reads `$connection` and `$group`.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::Value;

use crate::attributes::{at, text_at};
use crate::client::ArmRequest;
use crate::lifecycle::{Change, Failure, Work};
use crate::mapping::Documents;
use crate::resources::{Behaviour, Freshness};

const API_VERSION: &str = "2025-01-01";

/// Private endpoints.
pub(crate) struct PrivateEndpoint;

#[async_trait]
impl Behaviour for PrivateEndpoint {
    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        write_connection(&at(change.planned, "private_service_connection.0"), documents);
        name_members(change.planned, documents);
        Ok(())
    }

    /// Writes, replaces or removes the zone group, of which there can be one.
    async fn after_write(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Freshness, Failure> {
        let before =
            change.prior.map_or_else(Value::dynamic_null, |prior| at(prior, "private_dns_zone_group.0"));
        let after = at(change.planned, "private_dns_zone_group.0");
        let same = |name: &str| before.attribute(name) == after.attribute(name);
        if same("name") && same("private_dns_zone_ids") {
            return Ok(Freshness::Same);
        }
        let base = format!("{}/privateDnsZoneGroups", change.address.path);
        if let Some(old) = text_at(&before, "name").filter(|_| !same("name")) {
            work.call.report("leaving DNS zones");
            work.run(&ArmRequest::delete(format!("{base}/{old}"), API_VERSION)).await?;
        }
        let Some(name) = text_at(&after, "name") else { return Ok(Freshness::Stale) };
        work.call.report("joining DNS zones");
        let body = json!({"properties": {"privateDnsZoneConfigs": zone_configs(&after)}});
        work.run(&ArmRequest::put(format!("{base}/{name}"), API_VERSION, body)).await?;
        Ok(Freshness::Stale)
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        known: Option<&Value>,
    ) -> Result<(), Failure> {
        shape_connection(documents, known);
        name_interfaces(documents);
        shape_group(documents);
        Ok(())
    }
}

/// Private endpoints as data sources: how their connections are.
pub(crate) struct PrivateEndpointConnectionData;

#[async_trait]
impl Behaviour for PrivateEndpointConnectionData {
    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        known: Option<&Value>,
    ) -> Result<(), Failure> {
        shape_connection(documents, known);
        name_interfaces(documents);
        Ok(())
    }
}

fn write_connection(connection: &Value, documents: &mut Documents) {
    let is_manual = connection.attribute("is_manual_connection").as_bool() == Some(true);
    let mut properties = json!({});
    let target = text_at(connection, "private_connection_resource_id")
        .or_else(|| text_at(connection, "private_connection_resource_alias"));
    if let Some(target) = target {
        properties["privateLinkServiceId"] = target.as_str().into();
    }
    let groups = connection.attribute("subresource_names");
    let groups: Vec<&str> =
        groups.as_sequence().into_iter().flatten().filter_map(|name| Some(name.as_str()?.as_str())).collect();
    if !groups.is_empty() {
        properties["groupIds"] = groups.into();
    }
    if let Some(message) = text_at(connection, "request_message") {
        properties["requestMessage"] = message.as_str().into();
    }
    let name = text_at(connection, "name").unwrap_or_default();
    let list =
        if is_manual { "manualPrivateLinkServiceConnections" } else { "privateLinkServiceConnections" };
    documents.set(&format!("properties.{list}"), json!([{"name": name.as_str(), "properties": properties}]));
}

/// Azure wants a member for each fixed address; it is the subresource's name unless said otherwise.
fn name_members(planned: &Value, documents: &mut Documents) {
    let configurations = planned.attribute("ip_configuration");
    for (index, configuration) in configurations.as_sequence().into_iter().flatten().enumerate() {
        let member =
            text_at(configuration, "member_name").or_else(|| text_at(configuration, "subresource_name"));
        if let Some(member) = member {
            let place = format!("properties.ipConfigurations[{index}].properties.memberName");
            documents.set(&place, member.as_str().into());
        }
    }
}

fn zone_configs(group: &Value) -> Vec<Json> {
    let zones = group.attribute("private_dns_zone_ids");
    let config = |zone: &Value| {
        let zone = zone.as_str()?.as_str();
        let name = zone.rsplit('/').next()?.replace('.', "-");
        Some(json!({"name": name, "properties": {"privateDnsZoneId": zone}}))
    };
    zones.as_sequence().into_iter().flatten().filter_map(config).collect()
}

/// Finds the connection in its list, and says with it what is said elsewhere.
fn shape_connection(documents: &mut Documents, known: Option<&Value>) {
    let first = |list: &str| documents.at(&format!("properties.{list}[0]")).cloned();
    let manual = first("manualPrivateLinkServiceConnections");
    let is_manual = manual.is_some();
    let Some(mut connection) = manual.or_else(|| first("privateLinkServiceConnections")) else { return };
    connection["isManual"] = is_manual.into();
    let target =
        connection.pointer("/properties/privateLinkServiceId").and_then(Json::as_str).unwrap_or_default();
    let kind = if target.starts_with('/') { "resourceId" } else { "alias" };
    if !target.is_empty() {
        connection[kind] = target.into();
    }
    let address = documents.text_at("$interface.properties.ipConfigurations[0].properties.privateIPAddress");
    let address = address
        .map(str::to_owned)
        .or_else(|| Some(text_at(known?, "private_service_connection.0.private_ip_address")?.to_string()));
    connection["privateIPAddress"] = address.unwrap_or_default().into();
    documents.named.insert("connection".into(), connection);
}

/// Interfaces are told by their ids alone; their names are the ids' ends.
fn name_interfaces(documents: &mut Documents) {
    let interfaces = documents.body.pointer_mut("/properties/networkInterfaces").and_then(Json::as_array_mut);
    for interface in interfaces.into_iter().flatten() {
        let name = interface
            .get("id")
            .and_then(Json::as_str)
            .and_then(|id| id.rsplit('/').next())
            .map(str::to_owned);
        interface["name"] = name.unwrap_or_default().into();
    }
}

/// Takes the one zone group out of its list; its parts get ids, which Azure leaves out.
fn shape_group(documents: &mut Documents) {
    let Some(mut group) = documents.at("$groups.value[0]").cloned() else { return };
    let id = group.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
    let configs = group.pointer_mut("/properties/privateDnsZoneConfigs").and_then(Json::as_array_mut);
    for config in configs.into_iter().flatten() {
        let name = config.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        config["id"] = format!("{id}/privateDnsZoneConfigs/{name}").into();
    }
    documents.named.insert("group".into(), group);
}

//! Azure Managed Redis: a cluster with one database, and links between clusters.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::{Str, Value};

use crate::attributes::{Attributes, at, text_at};
use crate::client::ArmRequest;
use crate::lifecycle::create::already_exists;
use crate::lifecycle::{Address, Change, Failure, Work, update};
use crate::mapping::Documents;
use crate::resources::Behaviour;

const DATABASE: &str = "/databases/default";

/// Managed caches.
pub(crate) struct ManagedRedis;

#[async_trait]
impl Behaviour for ManagedRedis {
    async fn before_write(
        &self,
        _work: &Work<'_>,
        _change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        if !documents.touched().contains("database") {
            return Ok(());
        }
        for (frequency, switch) in [("aofFrequency", "aofEnabled"), ("rdbFrequency", "rdbEnabled")] {
            let is_on = documents.text_at(&format!("$database.properties.persistence.{frequency}")).is_some();
            if is_on || documents.at("$database.properties.persistence").is_some() {
                documents.set(&format!("$database.properties.persistence.{switch}"), is_on.into());
            }
        }
        let is_in_group = documents.text_at("$database.properties.geoReplication.groupNickname").is_some();
        if is_in_group && documents.at("$database.properties.geoReplication.linkedDatabases[0]").is_none() {
            let own = json!([{"id": format!("{}{DATABASE}", documents.path)}]);
            documents.set("$database.properties.geoReplication.linkedDatabases", own);
        }
        Ok(())
    }

    /// Some properties of the database are fixed: it is deleted and made anew, and what was in it is lost, as
    /// the plan says by showing the change.
    async fn update(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let Some(prior) = change.prior.filter(|prior| needs_new_database(prior, change.planned)) else {
            return update::update_object(work, change).await;
        };
        work.call.report("deleting the database");
        let path = format!("{}{DATABASE}", change.address.path);
        work.run(&ArmRequest::delete(path, &work.table.api_version)).await?;
        let mut without = Attributes::of(prior);
        let block_type = prior.attribute("default_database").ty();
        let element = block_type.element().cloned().unwrap_or(terrane_model::Type::Dynamic);
        without.set("default_database", Value::list(element, []));
        let without = without.into_object(&prior.ty());
        update::update_object(work, &Change { prior: Some(&without), ..*change }).await
    }
}

fn needs_new_database(prior: &Value, planned: &Value) -> bool {
    let block = |value: &Value| at(value, "default_database.0");
    let (before, after) = (block(prior), block(planned));
    if before.is_null() || after.is_null() {
        return false;
    }
    let names = |value: &Value| -> Vec<(Option<Str>, Option<Str>)> {
        let modules = value.attribute("module");
        let modules = modules.as_sequence().into_iter().flatten();
        modules.map(|module| (text_at(module, "name"), text_at(module, "args"))).collect()
    };
    ["clustering_policy", "geo_replication_group_name"]
        .iter()
        .any(|name| text_at(&before, name) != text_at(&after, name))
        || names(&before) != names(&after)
}

/// Links of a managed cache to others.
pub(crate) struct GeoReplication;

#[async_trait]
impl Behaviour for GeoReplication {
    async fn create(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let is_linked = self.fetch(work, change.address).await?.is_some();
        if is_linked && !work.connection.settings.features.overwrites_existing {
            return Err(already_exists(work, &change.address.id).into());
        }
        link(work, change).await
    }

    async fn update(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let wanted = linked_ids(change.planned);
        let gone: Vec<String> = linked_ids(change.prior.unwrap_or(change.planned))
            .into_iter()
            .filter(|id| !wanted.iter().any(|other| other.eq_ignore_ascii_case(id)))
            .collect();
        if !gone.is_empty() {
            unlink(work, change.address, &gone).await?;
        }
        link(work, change).await
    }

    async fn delete(&self, work: &Work<'_>, address: &Address, state: &Value) -> Result<(), Failure> {
        unlink(work, address, &linked_ids(state)).await
    }

    /// The links are those of the database, without its own id.
    async fn fetch(&self, work: &Work<'_>, address: &Address) -> Result<Option<Documents>, Failure> {
        let database = work.get(&format!("{}{DATABASE}", address.path), &work.table.api_version).await?;
        let links = database
            .as_ref()
            .and_then(|database| database.pointer("/properties/geoReplication/linkedDatabases"));
        let clusters = links.and_then(Json::as_array).into_iter().flatten().filter_map(|link| {
            let id = link.get("id")?.as_str()?;
            let (cluster, _) = id.rsplit_once("/databases/")?;
            (!cluster.eq_ignore_ascii_case(&address.path)).then(|| cluster.to_owned())
        });
        let clusters: Vec<String> = clusters.collect();
        if clusters.is_empty() {
            return Ok(None);
        }
        Ok(Some(Documents::of(address.path.clone(), json!({ "linked": clusters }))))
    }
}

fn linked_ids(value: &Value) -> Vec<String> {
    let ids = value.attribute("linked_managed_redis_ids");
    ids.as_sequence().into_iter().flatten().filter_map(|id| Some(id.as_str()?.to_string())).collect()
}

fn databases(ids: &[String]) -> Vec<Json> {
    ids.iter().map(|id| json!({"id": format!("{id}{DATABASE}")})).collect()
}

async fn link(work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
    let path = format!("{}{DATABASE}", change.address.path);
    let version = &work.table.api_version;
    let database = work.get(&path, version).await?.unwrap_or_default();
    let group = database.pointer("/properties/geoReplication/groupNickname").cloned().unwrap_or_default();
    let mut all = linked_ids(change.planned);
    all.push(change.address.path.clone());
    let body = json!({"geoReplication": {"groupNickname": group, "linkedDatabases": databases(&all)}});
    work.call.report("linking");
    let request = ArmRequest::post(format!("{path}/forceLinkToReplicationGroup"), version).with_body(body);
    work.run_creating(&request).await?;
    let documents = work.behaviour.fetch(work, change.address).await?;
    Ok(documents.unwrap_or_else(|| Documents::empty(change.address.path.clone())))
}

async fn unlink(work: &Work<'_>, address: &Address, ids: &[String]) -> Result<(), Failure> {
    let ids: Vec<String> = ids.iter().map(|id| format!("{id}{DATABASE}")).collect();
    let path = format!("{}{DATABASE}/forceUnlink", address.path);
    let request = ArmRequest::post(path, &work.table.api_version).with_body(json!({ "ids": ids }));
    work.call.report("unlinking");
    match work.client().run(&request, &work.call).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Redis Enterprise clusters, whose size and capacity are one argument.
pub(crate) struct RedisEnterpriseCluster;

#[async_trait]
impl Behaviour for RedisEnterpriseCluster {
    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        if change.prior.is_none()
            && let Some(sku) = text_at(change.planned, "sku_name")
            && let Some((name, capacity)) = sku.rsplit_once('-')
        {
            documents.set("sku", json!({"name": name, "capacity": capacity.parse::<i64>().unwrap_or(2)}));
        }
        Ok(())
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        let name = documents.text_at("sku.name").unwrap_or_default();
        let capacity = documents.at("sku.capacity").and_then(Json::as_i64).unwrap_or_default();
        let text = format!("{name}-{capacity}");
        documents.set("sku.text", text.into());
        Ok(())
    }
}

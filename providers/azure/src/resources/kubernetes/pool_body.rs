//! The body of a node pool by itself, also that of a cluster's default pool.

use serde_json::{Value as Json, json};
use terrane_model::{Number, Value};

use crate::client::ArmRequest;
use crate::lifecycle::{Failure, Work};
use crate::mapping::{Documents, WriteMode, strip_read_only, write_changes, write_object};
use crate::resources::kubernetes::wire::{pool_from_wire, pool_to_wire};
use crate::resources::kubernetes::{API_VERSION, models};
use crate::table::{Argument, BodyPath};

/// What pools contain that may not be sent back.
const READ_ONLY: &[&str] =
    &["currentOrchestratorVersion", "nodeImageVersion", "status", "localDNSProfile.state"];

/// Makes a new pool's properties of a block of arguments.
pub(crate) fn new_properties(arguments: &[Argument], block: &Value) -> Json {
    let mut documents = Documents::empty("");
    write_object(arguments, block, &mut documents);
    let mut properties = documents.body;
    properties["mode"] = "System".into();
    properties["osType"] = "Linux".into();
    choose_count(&mut properties);
    if let Some(object) = properties.as_object_mut() {
        object.remove("name");
    }
    properties
}

/// A pool starts with its smallest size where it scales by itself, else with one node.
pub(crate) fn choose_count(pool: &mut Json) {
    if pool.get("count").is_none() {
        let smallest = pool.get("minCount").and_then(Json::as_i64).unwrap_or(1);
        pool["count"] = smallest.into();
    }
}

/// Makes a pool, and waits for it.
///
/// # Errors
/// When the exchange fails.
pub(crate) async fn put_pool(
    work: &Work<'_>,
    cluster: &str,
    name: &str,
    mut properties: Json,
) -> Result<(), Failure> {
    pool_to_wire(&mut properties);
    let body = models::pool_body(json!({ "properties": properties }))?;
    let path = format!("{cluster}/agentPools/{name}");
    work.run(&ArmRequest::put(path, API_VERSION, body)).await?;
    Ok(())
}

/// Deletes a pool, if it is there.
///
/// # Errors
/// When the exchange fails.
pub(crate) async fn delete_pool(work: &Work<'_>, cluster: &str, name: &str) -> Result<(), Failure> {
    let request = ArmRequest::delete(format!("{cluster}/agentPools/{name}"), API_VERSION);
    match work.client().run(&request, &work.call).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Changes a cluster's default pool in place.
///
/// # Errors
/// When the exchange fails.
pub(crate) async fn change_pool(
    work: &Work<'_>,
    cluster: &str,
    arguments: &[Argument],
    prior: &Value,
    planned: &Value,
) -> Result<(), Failure> {
    let name = planned.attribute("name");
    let name = name.as_str().map_or("", |name| name.as_str());
    let path = format!("{cluster}/agentPools/{name}");
    let pool = work.get(&path, API_VERSION).await?.unwrap_or_default();
    let mut properties = pool.get("properties").cloned().unwrap_or_default();
    pool_from_wire(&mut properties);
    let mut documents = Documents::of("", properties);
    write_changes(arguments, prior, planned, WriteMode::Replace, &mut documents);
    let places: Vec<BodyPath> = READ_ONLY.iter().filter_map(|place| BodyPath::parse(place)).collect();
    // At the top of properties stand a name and a type that are not the object's own.
    let kind = documents.body.get("type").cloned();
    strip_read_only(&mut documents.body, &places);
    if let Some(kind) = kind {
        documents.body["type"] = kind;
    }
    work.call.report("updating the default node pool");
    put_pool(work, cluster, name, documents.body).await
}

/// The steps by which a pool is replaced while the cluster goes on: a pool of a temporary name takes over
/// while the old one goes and the new one comes.
///
/// # Errors
/// When an exchange fails; the same steps then go on from where they stopped.
pub(crate) async fn rotate(
    work: &Work<'_>,
    cluster: &str,
    old_name: &str,
    new_name: &str,
    temporary_name: &str,
    properties: &Json,
) -> Result<(), Failure> {
    work.call.report(format!("making the temporary node pool {temporary_name}"));
    put_pool(work, cluster, temporary_name, properties.clone()).await?;
    work.call.report(format!("deleting the node pool {old_name}"));
    delete_pool(work, cluster, old_name).await?;
    work.call.report(format!("making the node pool {new_name}"));
    put_pool(work, cluster, new_name, properties.clone()).await?;
    work.call.report(format!("deleting the temporary node pool {temporary_name}"));
    delete_pool(work, cluster, temporary_name).await
}

/// Checks the sizes of a pool that scales by itself, or does not.
pub(crate) fn refuse_sizes(pool: &Value) -> Option<(&'static str, String)> {
    let number = |name: &str| pool.attribute(name).as_number().and_then(Number::to_i64);
    let is_null = |name: &str| pool.attribute(name).is_null();
    let scales = pool.attribute("auto_scaling_enabled");
    if !scales.is_known() {
        return None;
    }
    if scales.as_bool() == Some(true) {
        for name in ["min_count", "max_count"] {
            if is_null(name) {
                return Some((name, format!("A node pool with auto_scaling_enabled needs {name}.")));
            }
        }
        let (min, max) = (number("min_count")?, number("max_count")?);
        if min > max {
            return Some(("min_count", format!("min_count {min} is more than max_count {max}.")));
        }
        let count = number("node_count").filter(|count| !(min..=max).contains(count))?;
        return Some((
            "node_count",
            format!("node_count {count} is not between min_count {min} and max_count {max}."),
        ));
    }
    let name = ["min_count", "max_count"].into_iter().find(|name| !is_null(name))?;
    Some((name, format!("{name} has a meaning only with auto_scaling_enabled = true.")))
}

//! Data sources of Container Service.

use async_trait::async_trait;
use serde_json::Value as Json;
use terrane_model::{Type, Value};

use crate::attributes::{Attributes, text_at};
use crate::client::ArmRequest;
use crate::lifecycle::{Address, Failure, Work};
use crate::mapping::Documents;
use crate::mapping::same::normal_location;
use crate::resources::Behaviour;
use crate::resources::kubernetes::credentials::complete_credentials;
use crate::resources::kubernetes::wire::{from_wire, pool_from_wire};

/// Clusters.
pub(crate) struct ClusterData;

#[async_trait]
impl Behaviour for ClusterData {
    async fn complete_documents(
        &self,
        work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        from_wire(&mut documents.body, &work.connection.subscription_id);
        complete_credentials(work, documents).await
    }
}

/// Node pools.
pub(crate) struct PoolData;

#[async_trait]
impl Behaviour for PoolData {
    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        if let Some(properties) = documents.body.get_mut("properties") {
            pool_from_wire(properties);
        }
        Ok(())
    }
}

/// Versions of Kubernetes that a region offers.
pub(crate) struct ServiceVersionsData;

#[async_trait]
impl Behaviour for ServiceVersionsData {
    async fn find(&self, work: &Work<'_>, config: &Value) -> Result<Option<Address>, Failure> {
        let location = normal_location(&text_at(config, "location").unwrap_or_default());
        let subscription = &work.connection.subscription_id;
        let path = format!(
            "/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}/orchestrators"
        );
        Ok(Some(Address { id: path.clone(), path, ..Address::default() }))
    }

    async fn fetch(&self, work: &Work<'_>, address: &Address) -> Result<Option<Documents>, Failure> {
        let request = ArmRequest::get(address.path.clone(), &work.table.api_version);
        let request = request.with_query("resource-type", "managedClusters");
        let body = work.client().send(&request, &work.call).await?.body;
        Ok(Some(Documents::of(address.path.clone(), body)))
    }

    fn read_attributes(&self, documents: &Documents, known: Option<&Value>, attributes: &mut Attributes) {
        let prefix = known.and_then(|known| text_at(known, "version_prefix")).unwrap_or_default();
        let previews = known.and_then(|known| known.attribute("include_preview").as_bool()).unwrap_or(true);
        let all =
            documents.at("properties.orchestrators").and_then(Json::as_array).cloned().unwrap_or_default();
        let offered = select_versions(&all, &prefix, previews);
        attributes
            .set("versions", Value::list_of_strings(offered.iter().map(|(version, _)| version.as_str())));
        let latest =
            offered.last().map_or(Value::Null(Type::String), |(version, _)| Value::from(version.as_str()));
        attributes.set("latest_version", latest);
        let default = offered.iter().find(|(_, is_default)| *is_default);
        attributes.set(
            "default_version",
            default.map_or(Value::Null(Type::String), |(version, _)| Value::from(version.as_str())),
        );
        if let Some(known) = known.filter(|known| known.attribute("include_preview").is_null()) {
            attributes.set("include_preview", true);
            tracing::trace!(?known, "previews are included by default");
        }
    }
}

/// Chooses versions and sorts them from the oldest to the newest.
fn select_versions(all: &[Json], prefix: &str, previews: bool) -> Vec<(String, bool)> {
    let text = |item: &Json, name: &str| item.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let flag = |item: &Json, name: &str| item.get(name).and_then(Json::as_bool).unwrap_or(false);
    let mut versions: Vec<(String, bool)> = all
        .iter()
        .filter(|item| text(item, "orchestratorType").eq_ignore_ascii_case("Kubernetes"))
        .filter(|item| previews || !flag(item, "isPreview"))
        .map(|item| (text(item, "orchestratorVersion"), flag(item, "default")))
        .filter(|(version, _)| version.starts_with(prefix))
        .collect();
    versions.sort_by_key(|(version, _)| {
        version.split('.').map(|part| part.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>()
    });
    versions
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_are_chosen_and_sorted_by_number() {
        let item = |version: &str, preview: bool| json!({"orchestratorType": "Kubernetes", "orchestratorVersion": version, "isPreview": preview});
        let all =
            [item("1.32.10", false), item("1.32.9", false), item("1.33.1", true), item("1.31.2", false)];
        let names = |prefix: &str, previews: bool| -> Vec<String> {
            select_versions(&all, prefix, previews).into_iter().map(|(version, _)| version).collect()
        };
        assert_eq!(names("1.32", true), ["1.32.9", "1.32.10"]);
        assert_eq!(names("", false), ["1.31.2", "1.32.9", "1.32.10"]);
    }
}

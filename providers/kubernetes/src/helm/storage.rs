//! Where Helm remembers releases: reading it as Helm would, without Helm.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::Value as Json;

use super::record::Record;
use crate::objects::cluster::error::Meaning;
use crate::objects::cluster::{ApiError, Cluster, Object, Target};

const METADATA_ALONE: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1beta1";

/// Which release is meant: namespace and name.
pub(crate) type ReleaseKey = (String, String);

/// Where the latest revision of a release is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Latest {
    /// The name of the secret or config map.
    pub(crate) object: String,
    pub(crate) revision: i64,
    /// Changes with every change of the object.
    pub(crate) resource_version: String,
}

impl Latest {
    /// Returns what tells this state of the record from all others.
    pub(crate) fn id(&self) -> String {
        format!("{}@{}", self.object, self.resource_version)
    }
}

/// The releases that a cluster remembers.
pub(crate) struct Storage<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) in_config_maps: bool,
}

impl Storage<'_> {
    fn plural(&self) -> &'static str {
        if self.in_config_maps { "configmaps" } else { "secrets" }
    }

    /// Returns where the latest revisions are written of all releases in some namespaces.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn latest(
        &self,
        namespaces: &BTreeSet<String>,
        name: Option<&str>,
    ) -> Result<BTreeMap<ReleaseKey, Latest>, ApiError> {
        let lists = namespaces.iter().map(|namespace| self.list(namespace, name));
        let mut latest: BTreeMap<ReleaseKey, Latest> = BTreeMap::new();
        for (key, found) in try_join_all(lists).await?.into_iter().flatten() {
            let known = latest.entry(key).or_insert_with(|| found.clone());
            if found.revision > known.revision {
                *known = found;
            }
        }
        Ok(latest)
    }

    async fn list(&self, namespace: &str, name: Option<&str>) -> Result<Vec<(ReleaseKey, Latest)>, ApiError> {
        let selector =
            name.map_or_else(|| "owner%3Dhelm".to_owned(), |name| format!("owner%3Dhelm%2Cname%3D{name}"));
        let path = format!("/api/v1/namespaces/{namespace}/{}?labelSelector={selector}", self.plural());
        let list = match self.cluster.get_path(&path, METADATA_ALONE).await {
            Ok(list) => list,
            Err(error) if error.meaning() == Meaning::NoNamespace => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let items = list.get("items").and_then(Json::as_array).into_iter().flatten();
        Ok(items.filter_map(|item| read_metadata(item.get("metadata")?)).collect())
    }

    /// Reads a revision.
    ///
    /// # Errors
    /// When there is no answer, the answer is no, or what is there is no release.
    pub(crate) async fn read(&self, namespace: &str, latest: &Latest) -> Result<Record, ApiError> {
        let api = self.cluster.api(Target::new("v1", self.plural(), Some(namespace)));
        let mut object: Object = api.get(&latest.object).await?;
        object.insert("kind".to_owned(), if self.in_config_maps { "ConfigMap" } else { "Secret" }.into());
        Record::read(&object).map_err(|error| {
            ApiError::Unusable(format!(
                "The release in {namespace}/{} cannot be read: {error}.",
                latest.object
            ))
        })
    }

    /// Reads the latest revision of a release; nothing when there is none.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub(crate) async fn find(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<(Latest, Record)>, ApiError> {
        let latest = self.latest(&BTreeSet::from([namespace.to_owned()]), Some(name)).await?;
        let Some(latest) = latest.into_values().next() else { return Ok(None) };
        let record = self.read(namespace, &latest).await?;
        Ok(Some((latest, record)).filter(|(_, record)| !record.is_uninstalled()))
    }

    /// Makes Helm forget a revision.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn forget(&self, namespace: &str, latest: &Latest) -> Result<(), ApiError> {
        self.cluster
            .api(Target::new("v1", self.plural(), Some(namespace)))
            .delete(&latest.object, None)
            .await
            .map(drop)
    }
}

fn read_metadata(metadata: &Json) -> Option<(ReleaseKey, Latest)> {
    let text = |path: &str| metadata.pointer(path).and_then(Json::as_str);
    let latest = Latest {
        object: text("/name")?.to_owned(),
        revision: text("/labels/version")?.parse().ok()?,
        resource_version: text("/resourceVersion").unwrap_or_default().to_owned(),
    };
    Some(((text("/namespace")?.to_owned(), text("/labels/name")?.to_owned()), latest))
}

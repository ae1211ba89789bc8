//! Which kinds a cluster has.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::connection::Cluster;
use super::error::ApiError;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// How soon it is worth asking again for a kind that was not there.
const SOON: Duration = Duration::from_secs(1);

/// The kinds of a cluster.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Discovery {
    kinds: HashMap<(String, String), Kind>,
}

/// What has to be known about a kind to ask for its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The name in paths of the API.
    pub(crate) plural: String,
    pub(crate) is_namespaced: bool,
}

impl Discovery {
    /// Returns a kind.
    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Option<&Kind> {
        self.kinds.get(&(api_version.to_owned(), kind.to_owned()))
    }

    /// Returns the versions of a group that have a kind.
    pub(crate) fn versions_with(&self, group: &str, kind: &str) -> Vec<&str> {
        let has = |api_version: &str| api_version.rsplit_once('/').map_or("", |(group, _)| group) == group;
        let keys = self.kinds.keys().filter(|(api_version, candidate)| candidate == kind && has(api_version));
        let mut versions: Vec<&str> = keys.map(|(api_version, _)| api_version.as_str()).collect();
        versions.sort_unstable();
        versions
    }

    /// Returns every version of every group, with each kind once, sorted: what charts are told of a cluster.
    pub(crate) fn api_versions(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::with_capacity(self.kinds.len());
        all.extend(
            self.kinds
                .keys()
                .flat_map(|(api_version, kind)| [format!("{api_version}/{kind}"), api_version.clone()]),
        );
        all.sort_unstable();
        all.dedup();
        all
    }

    fn add(&mut self, list: &Json) {
        let field =
            |json: &Json, name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let array =
            |json: &Json, name: &str| json.get(name).and_then(Json::as_array).cloned().unwrap_or_default();
        for group in array(list, "items") {
            let group_name = group.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default();
            for version in array(&group, "versions") {
                let version_name = field(&version, "version");
                let api_version =
                    if group_name.is_empty() { version_name } else { format!("{group_name}/{version_name}") };
                for resource in array(&version, "resources") {
                    let kind =
                        resource.pointer("/responseKind/kind").and_then(Json::as_str).unwrap_or_default();
                    let entry = Kind {
                        plural: field(&resource, "resource"),
                        is_namespaced: field(&resource, "scope") == "Namespaced",
                    };
                    self.kinds.insert((api_version.clone(), kind.to_owned()), entry);
                }
            }
        }
    }
}

impl Cluster {
    /// Returns the cluster's kinds, as they were no longer than `age` ago.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn discovery(&self, age: Duration) -> Result<Arc<Discovery>, ApiError> {
        let mut known = self.discovery.lock().await;
        if let Some((_, discovery)) = known.as_ref().filter(|(since, _)| since.elapsed() <= age) {
            return Ok(Arc::clone(discovery));
        }
        let discovery = self.discover().await?;
        *known = Some((Instant::now(), Arc::clone(&discovery)));
        Ok(discovery)
    }

    /// Asks for the cluster's kinds: two requests.
    async fn discover(&self) -> Result<Arc<Discovery>, ApiError> {
        let (core, groups) =
            tokio::try_join!(self.get_path("/api", AGGREGATED), self.get_path("/apis", AGGREGATED))?;
        let mut discovery = Discovery::default();
        discovery.add(&core);
        discovery.add(&groups);
        Ok(Arc::new(discovery))
    }

    /// Returns a kind, asking again when it was not there before: it may have been added since.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn kind(&self, api_version: &str, kind: &str) -> Result<Option<Kind>, ApiError> {
        if let Some(known) = self.discovery(Duration::MAX).await?.kind(api_version, kind) {
            return Ok(Some(known.clone()));
        }
        Ok(self.discovery(SOON).await?.kind(api_version, kind).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregated_lists_are_read() {
        let list = serde_json::json!({"items": [
            {"metadata": {"name": "apps"}, "versions": [{"version": "v1", "resources": [
                {"resource": "deployments", "scope": "Namespaced", "responseKind": {"kind": "Deployment"}}]}]},
            {"metadata": {}, "versions": [{"version": "v1", "resources": [
                {"resource": "nodes", "scope": "Cluster", "responseKind": {"kind": "Node"}}]}]},
        ]});
        let mut discovery = Discovery::default();
        discovery.add(&list);
        let deployment = Kind { plural: "deployments".to_owned(), is_namespaced: true };
        assert_eq!(discovery.kind("apps/v1", "Deployment"), Some(&deployment));
        assert!(!discovery.kind("v1", "Node").unwrap().is_namespaced);
        assert_eq!(discovery.api_versions(), ["apps/v1", "apps/v1/Deployment", "v1", "v1/Node"]);
        assert_eq!(discovery.versions_with("apps", "Deployment"), ["apps/v1"]);
    }
}

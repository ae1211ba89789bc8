//! Objects of any kind, found by what the cluster says of its kinds.

pub(crate) mod compare;
pub(crate) mod functions;
pub(crate) mod kubectl;
pub(crate) mod manifest;
mod manifest_apply;
mod manifest_plan;
pub(crate) mod patch;
mod reads;
pub(crate) mod sources;
mod wait_block;

use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json};
use terrane_model::{Diagnostic, Diagnostics};
use terrane_provider::{Progress, ProgressUpdate};

use super::cluster::{ApiError, Cluster, Object, Target};
use super::context::{Context, ObjectKey};

/// How long it is waited for a kind that something else is about to define.
const KIND_PATIENCE: Duration = Duration::from_secs(120);
const KIND_PAUSE: Duration = Duration::from_secs(1);

/// Which object is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnyIdentity {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    /// As written; nothing for the default one, and for objects that have none.
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl AnyIdentity {
    /// Reads the head of an object.
    pub(crate) fn of(object: &Object) -> Option<Self> {
        let text = |json: Option<&Json>| Some(json?.as_str()?.to_owned()).filter(|text| !text.is_empty());
        let metadata = object.get("metadata").and_then(Json::as_object)?;
        Some(Self {
            api_version: text(object.get("apiVersion"))?,
            kind: text(object.get("kind"))?,
            namespace: text(metadata.get("namespace")),
            name: text(metadata.get("name"))?,
        })
    }

    /// Writes the id: `apiVersion=v1,kind=Secret,name=a,namespace=b`.
    pub(crate) fn id(&self) -> String {
        let namespace =
            self.namespace.as_ref().map(|namespace| format!(",namespace={namespace}")).unwrap_or_default();
        format!("apiVersion={},kind={},name={}{namespace}", self.api_version, self.kind, self.name)
    }

    /// Reads an id.
    ///
    /// # Errors
    /// When a part is missing or unknown.
    pub(crate) fn parse(id: &str) -> Result<Self, Diagnostics> {
        let parts: Option<Vec<(&str, &str)>> = id.split(',').map(|part| part.split_once('=')).collect();
        let parts = parts.unwrap_or_default();
        let part = |wanted: &str| {
            let found = parts.iter().find(|(name, value)| *name == wanted && !value.is_empty());
            found.map(|(_, value)| (*value).to_owned())
        };
        let knows = |name: &str| matches!(name, "apiVersion" | "kind" | "name" | "namespace");
        match (part("apiVersion"), part("kind"), part("name")) {
            (Some(api_version), Some(kind), Some(name)) if parts.iter().all(|(name, _)| knows(name)) => {
                Ok(Self { api_version, kind, namespace: part("namespace"), name })
            }
            _ => {
                let detail = format!(
                    "{id:?} is no id of an object: apiVersion=VERSION,kind=KIND,name=NAME,namespace=NAMESPACE is expected, \
                     without the namespace where the kind has none."
                );
                Err(Diagnostic::error("Invalid import id", detail).into())
            }
        }
    }

    /// Names the object in messages.
    pub(crate) fn describe(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        }
    }

    /// Returns what tells the object from all others.
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey {
            kind: format!("{}.{}", self.kind, self.api_version),
            namespace: self.namespace.clone().unwrap_or_default(),
            name: self.name.clone(),
        }
    }

    /// Returns where the object belongs; nothing where the cluster does not have its kind.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn target(&self, cluster: &Cluster) -> Result<Option<Target>, ApiError> {
        let Some(kind) = cluster.kind(&self.api_version, &self.kind).await? else { return Ok(None) };
        let namespace = kind.is_namespaced.then(|| self.namespace.as_deref().unwrap_or("default"));
        Ok(Some(Target::new(&self.api_version, &kind.plural, namespace)))
    }

    /// Returns where the object belongs, after waiting for its kind: what defines it may be in the making.
    ///
    /// # Errors
    /// When the cluster does not have the kind, or there is no answer.
    pub(crate) async fn awaited_target(
        &self,
        context: &Context,
        cluster: &Cluster,
        progress: &dyn Progress,
    ) -> Result<Target, ApiError> {
        let start = Instant::now();
        loop {
            if let Some(target) = self.target(cluster).await? {
                return Ok(target);
            }
            if start.elapsed() > KIND_PATIENCE || context.is_stopped() {
                return Err(ApiError::Unusable(self.unknown_kind()));
            }
            progress.report(ProgressUpdate {
                phase: format!("waiting for the kind {}", self.kind),
                expected: None,
            });
            tokio::time::sleep(KIND_PAUSE).await;
        }
    }

    /// Says that the cluster does not have the kind.
    pub(crate) fn unknown_kind(&self) -> String {
        format!(
            "The cluster has no kind {} of {}. What defines it has to be installed before.",
            self.kind, self.api_version
        )
    }
}

/// Returns an object without what only the server writes and what changes all the time.
pub(crate) fn without_server_fields(mut object: Object) -> Object {
    object.remove("status");
    if let Some(Json::Object(metadata)) = object.get_mut("metadata") {
        for name in ["uid", "creationTimestamp", "resourceVersion", "generation", "selfLink", "managedFields"]
        {
            metadata.remove(name);
        }
    }
    object
}

/// Puts an object's namespace where it belongs: kinds without any must not have one.
pub(crate) fn placed(mut object: Object, target: &Target) -> Object {
    let metadata = object.entry("metadata").or_insert_with(|| Json::Object(Map::new()));
    if let Json::Object(metadata) = metadata {
        match &target.namespace {
            Some(namespace) => drop(metadata.insert("namespace".to_owned(), namespace.clone().into())),
            None => drop(metadata.remove("namespace")),
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_every_part() {
        let id = "apiVersion=apps/v1,kind=Deployment,name=web,namespace=n";
        let identity = AnyIdentity::parse(id).unwrap();
        assert_eq!((identity.namespace.as_deref(), identity.id().as_str()), (Some("n"), id));
        for wrong in ["", "n/web", "apiVersion=v1,kind=Pod", "apiVersion=v1,kind=Pod,name=a,x=y"] {
            assert!(AnyIdentity::parse(wrong).unwrap_err().has_errors(), "{wrong}");
        }
    }
}

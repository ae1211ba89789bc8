//! Reading many objects at once: one list for each kind instead of one request for each object.

use std::collections::{BTreeSet, HashMap};

use futures_util::stream::{self, StreamExt};
use serde_json::Value as Json;
use terrane_model::{Diagnostics, Value};
use terrane_provider::{ReadRequest, ReadResponse};

use super::{Identity, TypedObject};
use crate::objects::cluster::error::Meaning;
use crate::objects::cluster::{ApiError, Cluster, Object, Target};
use crate::objects::context::Context;
use crate::objects::failure::{Doing, explain};

/// Up to so many objects of a kind are read one by one.
const FEW: usize = 2;

/// So many single reads are under way at once.
const READS_AT_ONCE: usize = 8;

/// What was found, by namespace and name.
type Found = HashMap<(String, String), Object>;

impl TypedObject {
    pub(super) async fn refresh(&self, context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let found = match context.cluster_if_known().await {
            // Where the cluster is, nobody can know yet: what was last seen is all there is.
            Ok(None) => Ok(None),
            Ok(Some(cluster)) => {
                self.find_all(&cluster, &requests).await.map(Some).map_err(|(identity, error)| {
                    explain(&error, Doing::Reading, &self.describe(&identity), None).into()
                })
            }
            Err(diagnostics) => Err(diagnostics),
        };
        let mut failure = found.as_ref().err().cloned();
        let responses = requests.into_iter().map(|request| {
            let diagnostics: Diagnostics = failure.take().unwrap_or_default();
            let state = match &found {
                Ok(Some(found)) => self.refreshed(context, &request.current_state, found),
                _ => request.current_state,
            };
            ReadResponse { new_state: state, private: request.private, new_identity: None, diagnostics }
        });
        responses.collect()
    }

    fn refreshed(&self, context: &Context, current: &Value, found: &Found) -> Value {
        let object = self.stored_identity(current).and_then(|identity| found.get(&key(&identity)));
        match object {
            Some(object) => self.state_of(context, object, current),
            None => Value::Null(current.ty()),
        }
    }

    async fn find_all(
        &self,
        cluster: &Cluster,
        requests: &[ReadRequest],
    ) -> Result<Found, (Identity, ApiError)> {
        let identities: Vec<Identity> =
            requests.iter().filter_map(|request| self.stored_identity(&request.current_state)).collect();
        let Some(first) = identities.first().cloned() else { return Ok(Found::new()) };
        if identities.len() > FEW {
            let namespaces: BTreeSet<&str> =
                identities.iter().filter_map(|identity| identity.namespace.as_deref()).collect();
            match self.list_all(cluster, &namespaces).await {
                Ok(found) => return Ok(found),
                // Who may read objects by name may not be allowed to list them.
                Err(error) if error.meaning() == Meaning::NotPermitted => {}
                Err(error) => return Err((first, error)),
            }
        }
        self.find_each(cluster, identities).await
    }

    async fn list_all(&self, cluster: &Cluster, namespaces: &BTreeSet<&str>) -> Result<Found, ApiError> {
        let mut namespaces_alone = namespaces.iter().map(|namespace| Some(*namespace)).collect::<Vec<_>>();
        let everywhere = match namespaces_alone.as_slice() {
            [single] => *single,
            _ => None,
        };
        let mut objects = match self.list(cluster, everywhere).await {
            Err(error) if error.meaning() == Meaning::NotPermitted && namespaces_alone.len() > 1 => {
                Vec::new()
            }
            result => {
                namespaces_alone.clear();
                result?
            }
        };
        for namespace in namespaces_alone {
            objects.extend(self.list(cluster, namespace).await?);
        }
        Ok(objects.into_iter().map(|object| (key_of(&object), object)).collect())
    }

    async fn list(&self, cluster: &Cluster, namespace: Option<&str>) -> Result<Vec<Object>, ApiError> {
        // Releases of Helm are secrets, too, and make most of the weight of them all.
        let selectors: &[(&str, &str)] =
            if self.ty.plural == "secrets" { &[("fieldSelector", "type!=helm.sh/release.v1")] } else { &[] };
        let target = Target::new(self.ty.api_version, self.ty.plural, namespace);
        match cluster.api(target).list(selectors).await {
            // The namespace, or the whole kind, is gone, and with it the objects.
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            result => result,
        }
    }

    async fn find_each(
        &self,
        cluster: &Cluster,
        identities: Vec<Identity>,
    ) -> Result<Found, (Identity, ApiError)> {
        let find = |identity: Identity| async move {
            let object = cluster.api(self.target(&identity)).find(&identity.name).await;
            (identity, object)
        };
        let mut reads = stream::iter(identities).map(find).buffer_unordered(READS_AT_ONCE);
        let mut found = Found::new();
        while let Some((identity, result)) = reads.next().await {
            match result {
                Ok(Some(object)) => drop(found.insert(key(&identity), object)),
                Ok(None) => {}
                Err(error) => return Err((identity, error)),
            }
        }
        Ok(found)
    }
}

fn key(identity: &Identity) -> (String, String) {
    (identity.namespace.clone().unwrap_or_default(), identity.name.clone())
}

fn key_of(object: &Object) -> (String, String) {
    let metadata = object.get("metadata").and_then(Json::as_object);
    let text = |name: &str| {
        metadata.and_then(|metadata| metadata.get(name)).and_then(Json::as_str).unwrap_or_default().to_owned()
    };
    (text("namespace"), text("name"))
}

//! The Kubernetes API of a cluster that is being made: what kind does with kubectl inside a node is done from
//! here, over the port that is published anyway.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Node, Pod};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{
    Api, DeleteParams, DynamicObject, EvictParams, GetParams, ListParams, Patch, PatchParams, PostParams,
};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{GroupVersionKind, Request};
use kube::discovery::{ApiCapabilities, ApiResource, Scope, pinned_kind};
use kube::{Client, Config};
use serde_json::{Value as Json, json};

use super::error::ClusterError;
use super::kubeconfig::Access;
use super::signature::detached_signature;

/// The longest that one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// A connection to the API server as administrator.
#[derive(Clone)]
pub(crate) struct ClusterApi {
    client: Client,
}

impl ClusterApi {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// Every certificate of an API server is good for `localhost`, whichever address it is reached at.
    pub(crate) async fn connect(access: &Access) -> Result<Self, ClusterError> {
        let unusable = |error: &dyn std::error::Error| {
            ClusterError::Invalid(format!("the kubeconfig cannot be used: {error}"))
        };
        let kubeconfig = Kubeconfig::from_yaml(&access.text()).map_err(|error| unusable(&error))?;
        let options = KubeConfigOptions::default();
        let mut config =
            Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| unusable(&error))?;
        config.tls_server_name = Some("localhost".to_owned());
        config.connect_timeout = Some(REQUEST_TIMEOUT);
        config.read_timeout = Some(REQUEST_TIMEOUT);
        // The cluster is on this machine: no proxy stands between.
        config.proxy_url = None;
        let client = Client::try_from(config).map_err(|error| unusable(&error))?;
        Ok(Self { client })
    }

    /// Tells whether the API server is ready.
    pub(crate) async fn is_ready(&self) -> bool {
        let Ok(request) = Request::new("").get("readyz", &GetParams::default()) else { return false };
        matches!(self.client.request_text(request).await, Ok(text) if text == "ok")
    }

    /// Tells whether the API server answers at all, be it with a refusal.
    pub(crate) async fn answers(&self) -> bool {
        let Ok(request) = Request::new("").get("livez", &GetParams::default()) else { return false };
        matches!(self.client.request_text(request).await, Ok(_) | Err(kube::Error::Api(_)))
    }

    /// Makes objects; those that exist already stay as they are.
    pub(crate) async fn create(&self, objects: &[Json]) -> Result<(), ClusterError> {
        let mut kinds: Vec<(GroupVersionKind, ApiResource, ApiCapabilities)> = Vec::new();
        for object in objects {
            let object: DynamicObject = serde_json::from_value(object.clone()).map_err(|error| {
                ClusterError::Invalid(format!("a manifest of the node is no object: {error}"))
            })?;
            let types = object.types.clone().unwrap_or_default();
            let action =
                format!("create the {} {}", types.kind, object.metadata.name.as_deref().unwrap_or_default());
            let kind = GroupVersionKind::try_from(&types).map_err(|error| {
                ClusterError::Invalid(format!("a manifest of the node has no kind: {error}"))
            })?;
            let position = match kinds.iter().position(|(known, _, _)| *known == kind) {
                Some(position) => position,
                None => {
                    let found = pinned_kind(&self.client, &kind).await;
                    let (resource, capabilities) = found.map_err(|error| api_error(&action, error))?;
                    kinds.push((kind, resource, capabilities));
                    kinds.len() - 1
                }
            };
            let (_, resource, capabilities) = &kinds[position];
            let api: Api<DynamicObject> = if capabilities.scope == Scope::Cluster {
                Api::all_with(self.client.clone(), resource)
            } else {
                let namespace = object.metadata.namespace.as_deref().unwrap_or("default");
                Api::namespaced_with(self.client.clone(), namespace, resource)
            };
            match api.create(&PostParams::default(), &object).await.map_err(|error| api_error(&action, error))
            {
                Err(error) if error.is_api_status(409) => {}
                other => other.map(|_| ())?,
            }
        }
        Ok(())
    }

    /// Lists the nodes.
    pub(crate) async fn nodes(&self) -> Result<Vec<Node>, ClusterError> {
        let api: Api<Node> = Api::all(self.client.clone());
        let listed = api.list(&ListParams::default()).await;
        Ok(listed.map_err(|error| api_error("list the nodes", error))?.items)
    }

    /// Tells whether a node is registered; not, where that cannot be told.
    pub(crate) async fn has_node(&self, name: &str) -> bool {
        let api: Api<Node> = Api::all(self.client.clone());
        api.get_metadata(name).await.is_ok()
    }

    /// Makes nodes that join trust what they are told, by signing the cluster's public description with the
    /// bootstrap token. The cluster does that itself, but seconds later; and a node that comes before looks
    /// again only after five.
    pub(crate) async fn sign_description(
        &self,
        token_id: &str,
        token_secret: &str,
    ) -> Result<(), ClusterError> {
        const ACTION: &str = "sign the cluster's description";
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), "kube-public");
        let described = api.get("cluster-info").await.map_err(|error| api_error(ACTION, error))?;
        let description =
            described.data.and_then(|mut entries| entries.remove("kubeconfig")).unwrap_or_default();
        let signature = detached_signature(&description, token_id, token_secret);
        let patch = json!({"data": {format!("jws-kubeconfig-{token_id}"): signature}});
        let patched = api.patch("cluster-info", &PatchParams::default(), &Patch::Merge(&patch)).await;
        patched.map(|_| ()).map_err(|error| api_error(ACTION, error))
    }

    /// Tells whether there is any storage class.
    pub(crate) async fn has_storage_class(&self) -> Result<bool, ClusterError> {
        let api: Api<StorageClass> = Api::all(self.client.clone());
        let listed = api.list_metadata(&ListParams::default().limit(1)).await;
        Ok(!listed.map_err(|error| api_error("list the storage classes", error))?.items.is_empty())
    }

    /// Changes a node by a merge patch.
    pub(crate) async fn patch_node(&self, name: &str, patch: &Json) -> Result<(), ClusterError> {
        let api: Api<Node> = Api::all(self.client.clone());
        let patched = api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
        patched.map(|_| ()).map_err(|error| api_error(&format!("change the node {name}"), error))
    }

    /// Removes a node's object; one that is gone is fine.
    pub(crate) async fn delete_node(&self, name: &str) -> Result<(), ClusterError> {
        let api: Api<Node> = Api::all(self.client.clone());
        let deleted = api.delete(name, &DeleteParams::default()).await;
        match deleted.map_err(|error| api_error(&format!("delete the node {name}"), error)) {
            Err(error) if error.is_api_status(404) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Lets no more pods come to a node.
    pub(crate) async fn cordon(&self, name: &str) -> Result<(), ClusterError> {
        self.patch_node(name, &json!({"spec": {"unschedulable": true}})).await
    }

    /// Lists the pods of a node that can move elsewhere: not those that belong to the node itself.
    pub(crate) async fn movable_pods(&self, node: &str) -> Result<Vec<Pod>, ClusterError> {
        let api: Api<Pod> = Api::all(self.client.clone());
        let listed = api.list(&ListParams::default().fields(&format!("spec.nodeName={node}"))).await;
        let pods = listed.map_err(|error| api_error(&format!("list the pods of {node}"), error))?.items;
        Ok(pods.into_iter().filter(is_movable).collect())
    }

    /// Asks a pod to go. Returns whether it may: a disruption budget can say no for now.
    pub(crate) async fn evict(&self, pod: &Pod) -> Result<bool, ClusterError> {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let evicted = api.evict(name, &EvictParams::default()).await;
        match evicted.map_err(|error| api_error(&format!("evict the pod {namespace}/{name}"), error)) {
            Err(error) if error.is_api_status(429) => Ok(false),
            Err(error) if error.is_api_status(404) => Ok(true),
            other => other.map(|_| true),
        }
    }
}

/// Tells whether a node's kubelet has said that it is ready.
pub(crate) fn is_ready(node: &Node) -> bool {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Pods of daemon sets come back at once and static pods are files of the node; neither moves.
fn is_movable(pod: &Pod) -> bool {
    let owners = pod.metadata.owner_references.iter().flatten();
    let is_mirror =
        pod.metadata.annotations.iter().flatten().any(|(key, _)| key == "kubernetes.io/config.mirror");
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    !is_mirror
        && !owners.into_iter().any(|owner| owner.kind == "DaemonSet")
        && !matches!(phase, Some("Succeeded" | "Failed"))
}

fn api_error(action: &str, error: kube::Error) -> ClusterError {
    let action = action.to_owned();
    match error {
        kube::Error::Api(status) => ClusterError::Api { action, status: status.code, reason: status.message },
        other => {
            let mut innermost: &dyn std::error::Error = &other;
            while let Some(source) = innermost.source() {
                innermost = source;
            }
            ClusterError::Api { action, status: 0, reason: innermost.to_string() }
        }
    }
}

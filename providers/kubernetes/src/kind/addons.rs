//! What every cluster gets beside Kubernetes itself: a pod network and a default storage class, as manifests
//! that lie in the node image.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::cluster_api::ClusterApi;
use super::config::{API_SERVER_PORT, ClusterConfig};
use super::error::ClusterError;
use super::run::ClusterRun;
use crate::yaml;

const NETWORK_PATH: &str = "/kind/manifests/default-cni.yaml";
const STORAGE_PATH: &str = "/kind/manifests/default-storage.yaml";

/// Words in a manifest that ask for the pod range.
const TEMPLATE_REQUEST: &str = "would you kindly template this file";

/// Words in a manifest that ask for the API server's address.
const PATCH_REQUEST: &str = "would you kindly patch this file";

/// How often an API server that is still coming up is asked.
const PAUSE: Duration = Duration::from_millis(100);

/// Reads the manifests of a node, fitted to the cluster.
pub(crate) async fn addon_manifests(run: &ClusterRun<'_>, node: &str) -> Result<Vec<Json>, ClusterError> {
    let (network, storage) =
        tokio::try_join!(run.engine.read_file(node, NETWORK_PATH), run.engine.read_file(node, STORAGE_PATH))?;
    let mut manifests = Vec::new();
    if !run.cluster.networking.disable_default_cni {
        let missing =
            || ClusterError::Node { node: node.to_owned(), reason: format!("lacks {NETWORK_PATH}") };
        let text = String::from_utf8_lossy(&network.ok_or_else(missing)?).into_owned();
        manifests
            .extend(network_manifests(&text, run.cluster, &run.endpoint).map_err(invalid(NETWORK_PATH))?);
    }
    match storage {
        Some(text) => {
            manifests.extend(yaml::read_all(&String::from_utf8_lossy(&text)).map_err(invalid(STORAGE_PATH))?);
        }
        None => manifests.push(default_storage_class()),
    }
    Ok(manifests)
}

fn invalid(path: &str) -> impl Fn(String) -> ClusterError {
    move |error| ClusterError::Invalid(format!("{path} of the node image cannot be read: {error}"))
}

/// Makes the objects as soon as the API server takes them, which is before kubeadm has finished: until then it
/// does not answer, or does not know the administrator yet.
pub(crate) async fn install_addons(api: &ClusterApi, manifests: &[Json]) -> Result<(), ClusterError> {
    loop {
        match api.create(manifests).await {
            Err(ClusterError::Api { status: 0 | 401 | 403 | 404 | 429 | 500.., .. }) => {
                tokio::time::sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}

fn network_manifests(text: &str, cluster: &ClusterConfig, endpoint: &str) -> Result<Vec<Json>, String> {
    let templated = if text.contains(TEMPLATE_REQUEST) {
        let with_spaces = text.replace("{{ .PodSubnet }}", &cluster.networking.pod_subnet);
        with_spaces.replace("{{.PodSubnet}}", &cluster.networking.pod_subnet)
    } else {
        text.to_owned()
    };
    let mut manifests = yaml::read_all(&templated)?;
    if text.contains(PATCH_REQUEST) {
        let variable =
            json!({"name": "CONTROL_PLANE_ENDPOINT", "value": format!("{endpoint}:{API_SERVER_PORT}")});
        for manifest in &mut manifests {
            if manifest["apiVersion"] == "apps/v1"
                && manifest["kind"] == "DaemonSet"
                && let Some(variables) = manifest.pointer_mut("/spec/template/spec/containers/0/env")
                && let Json::Array(variables) = variables
            {
                variables.push(variable.clone());
            }
        }
    }
    Ok(manifests)
}

/// The storage class of images that bring none.
fn default_storage_class() -> Json {
    json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "standard",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "kubernetes.io/host-path",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_told_range_and_endpoint() {
        let value = terrane_model::Value::object([("name", terrane_model::Value::from("demo"))]);
        let cluster = ClusterConfig::from_value(&value, None, "image");
        let text = "# would you kindly template this file\n# would you kindly patch this file\napiVersion: apps/v1\nkind: \
                    DaemonSet\nspec: {template: {spec: {containers: [{env: [{name: POD_SUBNET, value: '{{ .PodSubnet \
                    }}'}]}]}}}\n---\nkind: ServiceAccount\n";
        let manifests = network_manifests(text, &cluster, "demo-control-plane").unwrap();
        assert_eq!(
            manifests[0]["spec"]["template"]["spec"]["containers"][0]["env"],
            json!([
                {"name": "POD_SUBNET", "value": "10.244.0.0/16"},
                {"name": "CONTROL_PLANE_ENDPOINT", "value": "demo-control-plane:6443"},
            ])
        );
        assert_eq!(manifests.len(), 2);
    }
}

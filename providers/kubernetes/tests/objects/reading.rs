//! Refreshing many objects at once, of types that stand for objects of any kind.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use terrane_model::Value;
use terrane_provider::{Provider, ReadRequest};

use crate::support::cluster::{TestCluster, configured};
use crate::support::engine::{Action, Instance};
use crate::support::render;

fn config_map(namespace: &str, name: &str) -> Json {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {"k": "v"}})
}

fn request(type_name: &str, instance: &Instance) -> ReadRequest {
    ReadRequest {
        type_name: type_name.into(),
        current_state: instance.state.clone(),
        private: instance.private.clone(),
        provider_meta: Value::dynamic_null(),
        current_identity: None,
        wanted: None,
    }
}

/// Reads many objects at once; returns the new states, without messages.
async fn read_all(provider: &Arc<dyn Provider>, type_name: &str, instances: &[Instance]) -> Vec<Value> {
    let requests = instances.iter().map(|instance| request(type_name, instance)).collect();
    let responses = provider.read_many(requests).await;
    responses
        .into_iter()
        .map(|response| {
            let said = render::diagnostics(&response.diagnostics);
            assert!(said.is_empty(), "{said}");
            response.new_state
        })
        .collect()
}

/// Makes an instance of a type for each of some config maps.
async fn made(
    provider: &Arc<dyn Provider>,
    type_name: &str,
    places: &[(String, String)],
    config: impl Fn(&str, &str) -> Json,
) -> Vec<Instance> {
    let mut instances = Vec::new();
    for (namespace, name) in places {
        let mut instance = Instance::new(provider, type_name).await;
        assert_eq!(instance.converge(&config(namespace, name)).await, Action::Create, "{type_name}");
        instances.push(instance);
    }
    instances
}

fn yaml(namespace: &str, name: &str) -> Json {
    json!({ "yaml_body": config_map(namespace, &format!("yaml-{name}")).to_string() })
}

fn manifest(namespace: &str, name: &str) -> Json {
    json!({ "manifest": config_map(namespace, &format!("manifest-{name}")) })
}

fn labels(namespace: &str, name: &str) -> Json {
    json!({"api_version": "v1", "kind": "ConfigMap", "labels": {"mine": "1"},
           "metadata": [{"name": format!("yaml-{name}"), "namespace": namespace}]})
}

#[tokio::test]
async fn many_objects_are_read_together() {
    let (Some(one), Some(other)) = (TestCluster::new(), TestCluster::new()) else { return };
    let places: Vec<(String, String)> = [&one, &one, &one, &other, &other]
        .iter()
        .enumerate()
        .map(|(at, cluster)| (cluster.namespace.clone(), format!("c{at}")))
        .collect();
    let (provider, kubectl) = (one.provider("kubernetes").await, one.provider("gavinbunney/kubectl").await);
    let yaml = made(&kubectl, "kubectl_manifest", &places, yaml).await;
    let manifests = made(&provider, "kubernetes_manifest", &places, manifest).await;
    let labels = made(&provider, "kubernetes_labels", &places, labels).await;
    for (kind, instances) in [("yaml", &yaml), ("manifest", &manifests)] {
        one.kubectl_here(&["delete", "configmap", &format!("{kind}-c0")]);
        one.kubectl_here(&["patch", "configmap", &format!("{kind}-c1"), "-p", r#"{"data":{"k":"theirs"}}"#]);
        one.kubectl_here(&["annotate", "configmap", &format!("{kind}-c2"), "foreign=yes"]);
        let (provider, type_name) = match kind {
            "yaml" => (&kubectl, "kubectl_manifest"),
            _ => (&provider, "kubernetes_manifest"),
        };
        let states = read_all(provider, type_name, instances).await;
        assert!(states[0].is_null(), "{kind}: what is gone is gone");
        assert_ne!(states[1], instances[1].state, "{kind}: what others change is seen");
        for unchanged in if kind == "yaml" { 2..5 } else { 3..5 } {
            let (read, before) = (&states[unchanged], &instances[unchanged].state);
            assert_eq!(render::object(read), render::object(before), "{kind} {unchanged}");
        }
    }
    one.kubectl_here(&["label", "--overwrite", "configmap", "yaml-c2", "mine=theirs"]);
    let states = read_all(&provider, "kubernetes_labels", &labels).await;
    assert!(states[0].is_null(), "parts go with their object");
    assert_eq!(render::part(&states[2].attribute("labels")), r#"{mine = "theirs"}"#);
    assert_eq!(render::object(&states[4]), render::object(&labels[4].state));
}

/// Returns a provider for somebody who may do what a role allows in some namespaces, and nothing else.
async fn limited(cluster: &TestCluster, name: &str, verbs: &str, namespaces: &[&str]) -> Arc<dyn Provider> {
    cluster.kubectl_here(&["create", "serviceaccount", name]);
    let account = format!("--serviceaccount={}:{name}", cluster.namespace);
    for namespace in namespaces {
        let namespace = ["-n", namespace];
        let role = ["create", "role", name, verbs, "--resource=configmaps"];
        cluster.kubectl(&[&namespace[..], &role[..]].concat());
        let role = format!("--role={name}");
        let binding = ["create", "rolebinding", name, role.as_str(), account.as_str()];
        cluster.kubectl(&[&namespace[..], &binding[..]].concat());
    }
    let token = cluster.kubectl_here(&["create", "token", name]);
    let view = |path: &str| {
        cluster.kubectl(&[
            "config",
            "view",
            "--raw",
            "-o",
            &format!("jsonpath={{.clusters[0].cluster.{path}}}"),
        ])
    };
    let authority = view("certificate-authority-data");
    let authority = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, authority);
    let authority = String::from_utf8(authority.expect("it is base64")).expect("it is PEM");
    let config = json!({"host": view("server"), "token": token, "cluster_ca_certificate": authority});
    configured("kubernetes", &config).await
}

#[tokio::test]
async fn whoever_may_not_list_everything_lists_or_reads_what_is_wanted() {
    let (Some(one), Some(other)) = (TestCluster::new(), TestCluster::new()) else { return };
    let places: Vec<(String, String)> = [&one, &one, &other, &other]
        .iter()
        .enumerate()
        .map(|(at, cluster)| (cluster.namespace.clone(), format!("c{at}")))
        .collect();
    let provider = one.provider("kubernetes").await;
    let manifests = made(&provider, "kubernetes_manifest", &places, manifest).await;
    let namespaces = [one.namespace.as_str(), other.namespace.as_str()];
    let lister = limited(&one, "lister", "--verb=list", &namespaces).await;
    let reader = limited(&one, "reader", "--verb=get", &namespaces).await;
    for provider in [lister, reader] {
        let states = read_all(&provider, "kubernetes_manifest", &manifests).await;
        for (state, instance) in states.iter().zip(&manifests) {
            assert_eq!(render::object(state), render::object(&instance.state));
        }
    }
    let nobody = limited(&one, "nobody", "--verb=create", &namespaces).await;
    let requests = manifests.iter().map(|instance| request("kubernetes_manifest", instance)).collect();
    let responses = nobody.read_many(requests).await;
    let said: String = responses.iter().map(|response| render::diagnostics(&response.diagnostics)).collect();
    insta::assert_snapshot!(one.tidy(&said).replace(&other.namespace, "OTHER"));
    assert_eq!(responses[3].new_state, manifests[3].state, "what cannot be read stays as it was");
}

//! What the cluster answers once: tokens and certificates; and what data sources tell about it.

use std::process::Command;

use serde_json::{Value as Json, json};

use crate::support::cluster::TestCluster;
use crate::support::engine::{Action, Instance, at, read_data};
use crate::support::render;

#[tokio::test]
async fn tokens_are_asked_for_once() {
    let Some(cluster) = TestCluster::new() else { return };
    cluster.kubectl_here(&["create", "serviceaccount", "robot"]);
    let config = json!({"metadata": [{"name": "robot", "namespace": cluster.namespace}], "spec": [{"expiration_seconds": 3600}]});
    let mut token = Instance::new(&cluster.provider("kubernetes").await, "kubernetes_token_request_v1").await;
    assert_eq!(token.converge(&config).await, Action::Create);
    assert_eq!(
        token.at("token").as_str().expect("there is a token").split('.').count(),
        3,
        "it is a signed one"
    );
    assert_eq!(render::part(&token.at("id")), format!("{:?}", format!("{}/robot", cluster.namespace)));
    token.destroy().await;
}

/// Makes a key and a request for a certificate, and a certificate that stands in for the signer's.
fn request_and_certificate(name: &str) -> Option<(String, String)> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let openssl = |args: &str| {
        let output =
            Command::new("openssl").args(args.split(' ')).current_dir(folder.path()).output().ok()?;
        output.status.success().then_some(())
    };
    openssl(&format!("req -newkey rsa:2048 -nodes -keyout key -out csr -subj /CN={name}"))?;
    openssl("req -x509 -key key -in csr -out crt -days 1")?;
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).ok();
    Some((read("csr")?, read("crt")?))
}

#[tokio::test]
async fn certificates_are_signed_and_kept() {
    use base64::Engine;
    let Some(cluster) = TestCluster::new() else { return };
    let name = format!("{}-user", cluster.namespace);
    let Some((request, certificate)) = request_and_certificate(&name) else {
        println!("skipped: there is no openssl to make a request with");
        return;
    };
    let config = |create: &str| {
        json!({"metadata": [{"name": name}], "timeouts": {"create": create},
               "spec": [{"request": request, "signer_name": "example.org/test", "usages": ["client auth"]}]})
    };
    let mut signed =
        Instance::new(&cluster.provider("kubernetes").await, "kubernetes_certificate_signing_request_v1")
            .await;
    let planned = signed.plan(&config("1s")).await;
    let late = signed.try_apply(planned).await.expect_err("nobody signs it");
    assert!(late.contains("it is not signed after 1s"), "{late}");
    let left = ["get", "csr", &name, "--ignore-not-found", "-o", "name"];
    assert_eq!(cluster.kubectl(&left), "", "the request is gone");
    let encoded = base64::engine::general_purpose::STANDARD.encode(&certificate);
    let signer = async {
        let patch = json!({"status": {"certificate": encoded}}).to_string();
        let condition = "-o=jsonpath={.status.conditions[0].type}";
        while cluster.kubectl(&["get", "csr", &name, "--ignore-not-found", condition]) != "Approved" {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        cluster.kubectl(&["patch", "csr", &name, "--subresource=status", "--type=merge", "-p", &patch]);
    };
    let config = config("30s");
    let planned = signed.plan(&config).await;
    tokio::join!(signed.apply(planned), signer);
    assert_eq!(signed.at("certificate").as_str().map(|text| text.as_str()), Some(certificate.as_str()));
    assert_eq!(signed.plan(&config).await.action, Action::None);
    signed.destroy().await;
}

#[tokio::test]
async fn data_sources_tell_about_the_cluster() {
    let Some(cluster) = TestCluster::new() else { return };
    cluster.kubectl_here(&["create", "configmap", "c", "--from-literal=k=v"]);
    cluster.kubectl_here(&[
        "create",
        "secret",
        "generic",
        "s",
        "--from-literal=p=hunter2",
        "--from-literal=q=x",
    ]);
    cluster.kubectl_here(&["create", "service", "clusterip", "web", "--tcp=80:8080"]);
    let provider = cluster.provider("kubernetes").await;
    let here = |name: &str| json!([{"name": name, "namespace": cluster.namespace}]);
    let mut shown = String::new();
    for (source, config, paths) in [
        ("kubernetes_config_map_v1", json!({"metadata": here("c")}), vec!["data"]),
        (
            "kubernetes_secret_v1",
            json!({"metadata": here("s"), "binary_data": {"p": ""}}),
            vec!["data", "binary_data", "type"],
        ),
        ("kubernetes_service_v1", json!({"metadata": here("web")}), vec!["spec.0.port", "spec.0.type"]),
        ("kubernetes_service_account_v1", json!({"metadata": here("default")}), vec!["metadata.0.name"]),
        ("kubernetes_namespace_v1", json!({"metadata": [{"name": cluster.namespace}]}), vec!["spec", "id"]),
        ("kubernetes_config_map_v1", json!({"metadata": here("missing")}), vec!["id", "data"]),
        ("kubernetes_nodes", json!({}), vec!["nodes"]),
    ] {
        let state =
            read_data(&provider, source, &config).await.unwrap_or_else(|error| panic!("{source}: {error}"));
        for path in paths {
            shown.push_str(&format!("{source}.{path} = {}\n", render::part(&at(&state, path))));
        }
    }
    insta::assert_snapshot!(cluster.tidy(&shown));
    let version =
        read_data(&provider, "kubernetes_server_version", &Json::Object(serde_json::Map::new())).await;
    let version = version.expect("the server has a version");
    assert_eq!(render::part(&at(&version, "major")), r#""1""#);
    let all = read_data(&provider, "kubernetes_all_namespaces", &json!({})).await.expect("there are some");
    let names = render::part(&at(&all, "namespaces"));
    assert!(names.contains(&cluster.namespace) && names.contains("kube-system"), "{names}");
}

#[tokio::test]
async fn data_sources_read_volumes_endpoints_and_webhooks() {
    let Some(cluster) = TestCluster::new() else { return };
    let (namespace, global) = (&cluster.namespace, format!("{}-global", cluster.namespace));
    let address = json!({"addresses": ["10.1.2.3"], "conditions": {"ready": true}, "nodeName": "n1"});
    let made = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": global},
         "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "nfs": {"server": "files", "path": "/a"},
                  "claimRef": {"name": "c", "namespace": namespace}}},
        {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "db", "namespace": namespace},
         "subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"name": "pg", "port": 5432}]}]},
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "slice", "namespace": namespace},
         "addressType": "IPv4", "endpoints": [address], "ports": [{"name": "pg", "port": 5432}]},
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": global},
         "webhooks": [{"name": "a.example.org", "admissionReviewVersions": ["v1"], "sideEffects": "None", "rules": [],
                       "clientConfig": {"url": "https://example.org/hook"}}]},
    ]});
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("made.json");
    std::fs::write(&file, made.to_string()).expect("a file can be written");
    let file = file.to_str().expect("the folder's name is a text");
    cluster.kubectl(&["create", "-f", file]);
    let provider = cluster.provider("kubernetes").await;
    let here = |name: &str| json!({"metadata": [{"name": name, "namespace": namespace}]});
    let anywhere = json!({"metadata": [{"name": global}]});
    let mut shown = String::new();
    for (source, config, paths) in [
        ("kubernetes_persistent_volume_v1", anywhere.clone(), vec!["spec"]),
        ("kubernetes_endpoints_v1", here("db"), vec!["subset"]),
        ("kubernetes_endpoint_slice_v1", here("slice"), vec!["address_type", "endpoint", "port"]),
        ("kubernetes_mutating_webhook_configuration_v1", anywhere, vec!["webhook"]),
    ] {
        let read = read_data(&provider, source, &config).await;
        let state = read.unwrap_or_else(|error| panic!("{source}: {error}"));
        for path in paths {
            shown.push_str(&format!("{source}.{path} = {}\n", render::part(&at(&state, path))));
        }
    }
    cluster.kubectl(&["delete", "--wait=false", "-f", file]);
    insta::assert_snapshot!(cluster.tidy(&shown));
}

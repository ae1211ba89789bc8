//! Plans of clusters, without Docker.

use std::collections::BTreeMap;

use terrane_model::{Type, Value};

use crate::support::engine::{Action, Instance};
use crate::support::{Folder, show, start_with};

async fn instance(folder: &Folder) -> Instance {
    let nowhere = [("DOCKER_HOST".to_owned(), "unix:///nonexistent/docker.sock".to_owned())];
    Instance::new(start_with("kind", folder, BTreeMap::from(nowhere)), "kind_cluster").await
}

fn with_nodes(nodes: &str) -> String {
    format!(
        r#"{{"name": "demo", "kind_config": [{{"kind": "Cluster", "api_version": "kind.x-k8s.io/v1alpha4", "node": [{nodes}]}}]}}"#
    )
}

const CONTROL_PLANE: &str = r#"{"role": "control-plane"}"#;
const WORKER: &str = r#"{"role": "worker"}"#;

/// Pretends that a plan was carried out.
async fn settle(instance: &mut Instance, json: &str) {
    let planned = instance.plan(json).await;
    let known = planned.state.map_leaves_first(&mut |value| match value.as_unknown() {
        Some(unknown) if unknown.ty == Type::String => Value::from("known"),
        Some(unknown) => Value::object(
            [("ipv4_cidr", "10.0.0.0/16"), ("load_balancer_range", ""), ("name", "kind")]
                .map(|(n, v)| (n, v.into())),
        )
        .with_marks(terrane_model::Marks::NONE)
        .map_leaves_first(&mut |part| {
            assert!(matches!(unknown.ty, Type::Object(_)));
            part
        }),
        None => value,
    });
    instance.state = known;
}

#[tokio::test]
async fn what_is_known_beforehand_is_planned() {
    let folder = Folder::new("known");
    let instance = instance(&folder).await;
    let planned = instance.plan(r#"{"name": "demo"}"#).await;
    assert_eq!(planned.action, Action::Create);
    let path = folder.path().join("demo-config").display().to_string();
    assert_eq!(planned.state.attribute("kubeconfig_path"), Value::from(path));
    assert_eq!(planned.state.attribute("completed"), Value::from(true));
    assert!(planned.state.attribute("id").as_str().unwrap().starts_with("demo-kindest/node:v1.33.1@sha256:"));
    assert!(!planned.state.attribute("endpoint").is_known());
    let fixed = r#"{"name": "demo", "node_image": "n:1", "kind_config": [{"kind": "Cluster", "api_version":
        "kind.x-k8s.io/v1alpha4", "networking": [{"api_server_port": 6443}]}]}"#;
    let planned = instance.plan(fixed).await;
    assert_eq!(planned.state.attribute("endpoint"), Value::from("https://127.0.0.1:6443"));
    assert_eq!(planned.state.attribute("id"), Value::from("demo-n:1"));
    assert_eq!(instance.provider.id_before_create("kind_cluster", &planned.state).as_deref(), Some("demo"));
}

#[tokio::test]
async fn kubernetes_decides_what_changes_in_place() {
    let folder = Folder::new("changes");
    let replace = |paths: &[&str]| Action::Replace(paths.iter().map(ToString::to_string).collect());
    let node = ".kind_config[0].node";
    let three = format!("{CONTROL_PLANE}, {CONTROL_PLANE}, {CONTROL_PLANE}");
    let table = [
        // Workers come, go, and change.
        (format!("{CONTROL_PLANE}, {WORKER}"), format!("{CONTROL_PLANE}, {WORKER}, {WORKER}"), Action::Update),
        (format!("{CONTROL_PLANE}, {WORKER}"), CONTROL_PLANE.to_owned(), Action::Update),
        (
            format!("{CONTROL_PLANE}, {WORKER}"),
            format!(r#"{CONTROL_PLANE}, {{"role": "worker", "labels": {{"a": "b"}}, "image": "other"}}"#),
            Action::Update,
        ),
        // Control planes only behind a load balancer.
        (three.clone(), format!("{three}, {CONTROL_PLANE}"), Action::Update),
        (three.clone(), format!("{CONTROL_PLANE}, {CONTROL_PLANE}"), Action::Update),
        (CONTROL_PLANE.to_owned(), format!("{CONTROL_PLANE}, {CONTROL_PLANE}"), replace(&[node, ".kind_config"])),
        (three.clone(), CONTROL_PLANE.to_owned(), replace(&[node, ".kind_config"])),
        // The only control plane keeps its container.
        (
            CONTROL_PLANE.to_owned(),
            r#"{"role": "control-plane", "labels": {"a": "b"}, "taints": ["a=b:NoSchedule"]}"#.to_owned(),
            Action::Update,
        ),
        (
            CONTROL_PLANE.to_owned(),
            r#"{"role": "control-plane", "extra_port_mappings": [{"container_port": 80, "host_port": 8080}]}"#.to_owned(),
            replace(&[node, ".kind_config"]),
        ),
        // One of several is made anew.
        (
            three.clone(),
            format!(r#"{CONTROL_PLANE}, {CONTROL_PLANE}, {{"role": "control-plane", "extra_mounts": [{{"host_path": "/a", "container_path": "/a"}}]}}"#),
            Action::Update,
        ),
        // Written out, but the same.
        (CONTROL_PLANE.to_owned(), "{}".to_owned(), Action::Update),
        (CONTROL_PLANE.to_owned(), CONTROL_PLANE.to_owned(), Action::None),
    ];
    for (before, after, expected) in table {
        let mut instance = instance(&folder).await;
        settle(&mut instance, &with_nodes(&before)).await;
        assert_eq!(instance.plan(&with_nodes(&after)).await.action, expected, "{before} -> {after}");
    }
}

#[tokio::test]
async fn what_the_whole_cluster_depends_on_replaces_it() {
    let folder = Folder::new("replaces");
    let config = |more: &str| {
        format!(
            r#"{{"name": "demo", "kind_config": [{{"kind": "Cluster", "api_version": "kind.x-k8s.io/v1alpha4"{more}}}]}}"#
        )
    };
    for more in [
        r#", "networking": [{"pod_subnet": "10.0.0.0/16"}]"#,
        r#", "feature_gates": {"A": "true"}"#,
        r#", "runtime_config": {"api_all": "true"}"#,
        r#", "containerd_config_patches": ["a = 1"]"#,
        r#", "kubeadm_config_patches": ["kind: KubeletConfiguration"]"#,
    ] {
        let mut instance = instance(&folder).await;
        settle(&mut instance, &config("")).await;
        let action = instance.plan(&config(more)).await.action;
        assert!(matches!(action, Action::Replace(_)), "{more}: {action:?}");
    }
    let mut instance = instance(&folder).await;
    settle(&mut instance, &config("")).await;
    // A block that says what is so anyway changes nothing about the cluster.
    assert_eq!(
        instance.plan(&config(r#", "networking": [{"ip_family": "ipv4"}]"#)).await.action,
        Action::Update
    );
    let other = r#"{"name": "other"}"#;
    assert!(
        matches!(instance.plan(other).await.action, Action::Replace(paths) if paths.contains(&".name".to_owned()))
    );
    let path = r#"{"name": "demo", "kubeconfig_path": "/elsewhere", "kind_config": [{"kind": "Cluster", "api_version":
        "kind.x-k8s.io/v1alpha4"}]}"#;
    assert_eq!(instance.plan(path).await.action, Action::Update);
}

#[tokio::test]
async fn without_docker_a_plan_says_so() {
    let folder = Folder::new("no-docker");
    let instance = instance(&folder).await;
    let planned = instance.plan(r#"{"name": "demo"}"#).await;
    insta::assert_snapshot!(show(&instance.check_plan(&planned).await), @r"
    error: Docker is not available: No Docker engine answers at unix:///nonexistent/docker.sock: there is no such socket.

    Start Docker, or name another engine with the environment variable DOCKER_HOST or DOCKER_CONTEXT.
    ");
}

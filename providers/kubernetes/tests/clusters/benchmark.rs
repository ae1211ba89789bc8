//! Creation against the kind command, on the same machine in the same run.
//!
//! Opted into with `TERRANE_BENCHMARKS=1`; `tests/bench/kind` at the workspace's root sets everything up.

use std::time::{Duration, Instant};

use crate::support::engine::Instance;
use crate::support::{Cleanup, Folder, NODE_IMAGE, kind, start};

/// Returns how long the kind command takes.
fn with_kind(name: &str, roles: &[&str], folder: &Folder) -> Duration {
    let nodes: Vec<String> = roles.iter().map(|role| format!("- role: {role}\n")).collect();
    let config = folder.path().join("kind.yaml");
    let text = format!("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n{}", nodes.concat());
    std::fs::write(&config, text).unwrap();
    let kubeconfig = folder.path().join("kubeconfig").display().to_string();
    let config = config.display().to_string();
    let start = Instant::now();
    kind(&[
        "create",
        "cluster",
        "--name",
        name,
        "--image",
        NODE_IMAGE,
        "--config",
        &config,
        "--wait",
        "5m",
        "--kubeconfig",
        &kubeconfig,
    ]);
    let taken = start.elapsed();
    kind(&["delete", "cluster", "--name", name, "--kubeconfig", &kubeconfig]);
    taken
}

/// Returns how long the provider takes.
async fn with_provider(name: &str, roles: &[&str], folder: &Folder) -> Duration {
    let nodes: Vec<String> = roles.iter().map(|role| format!(r#"{{"role": "{role}"}}"#)).collect();
    let config = format!(
        r#"{{"name": "{name}", "node_image": "{NODE_IMAGE}", "wait_for_ready": true, "kind_config": [{{"kind": "Cluster",
        "api_version": "kind.x-k8s.io/v1alpha4", "node": [{}]}}]}}"#,
        nodes.join(", ")
    );
    let mut instance = Instance::new(start("kind", folder), "kind_cluster").await;
    let start = Instant::now();
    let planned = instance.plan(&config).await;
    instance.apply(planned).await;
    let taken = start.elapsed();
    for (seconds, phase) in instance.phases.since(start) {
        println!("  {seconds:6.2} {phase}");
    }
    instance.destroy().await;
    taken
}

#[tokio::test]
async fn against_the_kind_command() {
    let Ok(rounds) = std::env::var("TERRANE_BENCHMARKS") else {
        println!("skipped against_the_kind_command: TERRANE_BENCHMARKS is not set");
        return;
    };
    let rounds: u32 = rounds.parse().unwrap_or(1);
    let shapes: [(&str, &[&str], f64); 2] = [
        ("1 control plane, 2 workers", &["control-plane", "worker", "worker"], 0.8),
        ("3 control planes, 1 worker", &["control-plane", "control-plane", "control-plane", "worker"], 0.6),
    ];
    let _cleanup = (Cleanup("bench-kind"), Cleanup("bench-terrane"));
    for (shape, roles, wanted) in shapes.into_iter().skip(usize::from(std::env::var_os("HA_ONLY").is_some()))
    {
        let (mut theirs, mut ours) = (Duration::ZERO, Duration::ZERO);
        for round in 0..rounds {
            let folder = Folder::new(&format!("bench-{round}"));
            if std::env::var_os("TERRANE_BENCHMARKS_ALONE").is_none() {
                theirs += with_kind("bench-kind", roles, &folder);
            }
            ours += with_provider("bench-terrane", roles, &folder).await;
        }
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        let seconds = |total: Duration| total.as_secs_f64() / f64::from(rounds.max(1));
        println!(
            "{shape}: kind {:.1} s, here {:.1} s, ratio {ratio:.2} (wanted {wanted})",
            seconds(theirs),
            seconds(ours)
        );
    }
}

//! The API server that tests ask, and providers configured for it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use serde_json::{Value as Json, json};
use terrane_model::{ProviderSource, Value};
use terrane_provider::{ConfigureRequest, Provider};
use terrane_provider_kubernetes::{KubernetesOptions, kubernetes_factories};

use super::written;

/// A real cluster, and a namespace of its own for one test.
pub(crate) struct TestCluster {
    pub(crate) kubeconfig: String,
    pub(crate) namespace: String,
}

impl TestCluster {
    /// Returns the cluster that `TERRANE_TEST_KUBECONFIG` names; nothing, and a line that says so, without.
    pub(crate) fn new() -> Option<Self> {
        let Ok(kubeconfig) = std::env::var("TERRANE_TEST_KUBECONFIG") else {
            println!("skipped: TERRANE_TEST_KUBECONFIG names no cluster to test with");
            return None;
        };
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let namespace = format!("test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let cluster = Self { kubeconfig, namespace };
        cluster.kubectl(&["create", "namespace", &cluster.namespace]);
        cluster.create(&json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "ep", "namespace": cluster.namespace},
            "spec": {"ports": [{"port": 80}]},
        }));
        Some(cluster)
    }

    /// Makes an object behind everybody's back.
    pub(crate) fn create(&self, manifest: &Json) {
        let mut command = Command::new("kubectl");
        command.args(["--kubeconfig", &self.kubeconfig, "create", "-f", "-"]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::null()).spawn().expect("kubectl is installed");
        let mut input = child.stdin.take().expect("it was asked for");
        input.write_all(manifest.to_string().as_bytes()).expect("kubectl reads its input");
        drop(input);
        assert!(child.wait().expect("it ends").success(), "{manifest} could not be made");
    }

    /// Starts a provider for the cluster.
    pub(crate) async fn provider(&self, name: &str) -> Arc<dyn Provider> {
        self.provider_with(name, json!({})).await
    }

    /// Starts a provider for the cluster with more arguments.
    pub(crate) async fn provider_with(&self, name: &str, mut config: Json) -> Arc<dyn Provider> {
        config["config_path"] = self.kubeconfig.as_str().into();
        configured(name, &config).await
    }

    /// Runs kubectl and returns what it prints.
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        let output = Command::new("kubectl").arg("--kubeconfig").arg(&self.kubeconfig).args(args).output();
        let output = output.expect("kubectl is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Runs kubectl in the test's namespace.
    pub(crate) fn kubectl_here(&self, args: &[&str]) -> String {
        self.kubectl(&[&["-n", &self.namespace], args].concat())
    }

    /// Replaces the name of the namespace, which differs from run to run.
    pub(crate) fn tidy(&self, text: &str) -> String {
        text.replace(&self.namespace, "NAMESPACE").replace(&self.kubeconfig, "KUBECONFIG")
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        // Nobody waits for it: the server outlives the tests, or ends with them.
        let mut command = Command::new("kubectl");
        command.args([
            "--kubeconfig",
            &self.kubeconfig,
            "delete",
            "namespace",
            &self.namespace,
            "--wait=false",
        ]);
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// Starts a provider with a configuration.
pub(crate) async fn configured(name: &str, config: &Json) -> Arc<dyn Provider> {
    configured_with(name, config, KubernetesOptions::default()).await
}

/// Starts a provider with a configuration and with options, to which the environment is added.
pub(crate) async fn configured_with(
    name: &str,
    config: &Json,
    options: KubernetesOptions,
) -> Arc<dyn Provider> {
    let provider = start_with(name, options);
    let schemas = provider.schemas().await.expect("it has schemas");
    let config = written::config(&schemas.provider, &config.to_string());
    configure(provider.as_ref(), config).await;
    provider
}

/// Starts a provider about whose configuration nothing is known.
pub(crate) async fn unconfigured(name: &str) -> Arc<dyn Provider> {
    let provider = start(name);
    let schemas = provider.schemas().await.expect("it has schemas");
    configure(provider.as_ref(), schemas.provider.unknown_value()).await;
    provider
}

async fn configure(provider: &dyn Provider, config: Value) {
    let request = ConfigureRequest {
        config,
        terraform_version: "1.11.4".into(),
        version_constraint: String::new().into(),
    };
    let diagnostics = provider.configure(request).await;
    assert!(diagnostics.is_empty(), "{}", super::render::diagnostics(&diagnostics));
}

/// Starts a provider that is not configured.
pub(crate) fn start(name: &str) -> Arc<dyn Provider> {
    start_with(name, KubernetesOptions::default())
}

fn start_with(name: &str, options: KubernetesOptions) -> Arc<dyn Provider> {
    let source = ProviderSource::parse(name).unwrap_or_else(|| ProviderSource::implied(name));
    let mut environment: BTreeMap<String, String> =
        std::env::vars().filter(|(name, _)| !name.starts_with("KUBE")).collect();
    // What the tests leave beside configurations goes with them.
    static WORKING_FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = std::env::temp_dir().join(format!("terrane-objects-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        folder
    });
    environment.extend(options.environment.clone());
    let is_given = !options.working_folder.as_os_str().is_empty();
    let working_folder = if is_given { options.working_folder.clone() } else { WORKING_FOLDER.clone() };
    let options = KubernetesOptions { environment, working_folder, ..options };
    let factories = kubernetes_factories(options);
    let (_, factory) =
        factories.into_iter().find(|(candidate, _)| *candidate == source).expect("there is one");
    factory.start().expect("it starts")
}

//! Charts written for tests, and the real `helm` command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use terrane_provider::Provider;
use terrane_provider_kubernetes::KubernetesOptions;

use super::cluster::{TestCluster, configured, configured_with};

/// Returns the `helm` command that `TERRANE_HELM` names; nothing, and a line that says so, without.
pub(crate) fn helm() -> Option<PathBuf> {
    let helm = std::env::var_os("TERRANE_HELM").map(PathBuf::from);
    if helm.is_none() {
        println!("skipped: TERRANE_HELM names no helm command to test with");
    }
    helm
}

/// A chart in a folder.
pub(crate) struct TestChart {
    folder: TempDir,
}

impl TestChart {
    /// Writes a chart of version 0.1.0 with some files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let chart = Self { folder: tempfile::tempdir().expect("a folder can be made") };
        chart.write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: \"1.5\"\n");
        for (name, text) in files {
            chart.write(name, text);
        }
        chart
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join("web").join(name);
        std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }

    /// Returns the chart's folder.
    pub(crate) fn path(&self) -> String {
        self.folder.path().join("web").to_string_lossy().into_owned()
    }
}

/// A chart with objects that need no pods.
pub(crate) fn plain_chart() -> TestChart {
    TestChart::new(&[
        ("values.yaml", "text: hello\nreplicas: 1\nname: \"\"\npassword: unset\n"),
        (
            "templates/config.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  labels:\n    app: web\ndata:\n  text: {{ .Values.text | quote }}\n",
        ),
        (
            "templates/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Release.Name }}\nstringData:\n  password: {{ .Values.password | quote }}\n",
        ),
        (
            "templates/workload.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  replicas: {{ .Values.replicas }}\n  \
             selector:\n    matchLabels:\n      app: {{ .Release.Name }}\n  template:\n    metadata:\n      labels:\n        app: {{ .Release.Name }}\n    \
             spec:\n      containers:\n        - name: web\n          image: web:1\n          resources:\n            limits:\n              cpu: 1000m\n",
        ),
        ("templates/NOTES.txt", "Say {{ .Values.text }} to {{ .Release.Name }}.\n"),
    ])
}

impl TestCluster {
    /// Starts a provider for releases.
    pub(crate) async fn helm_provider(&self) -> Arc<dyn Provider> {
        self.helm_provider_with(json!({})).await
    }

    /// Starts a provider for releases with more arguments.
    pub(crate) async fn helm_provider_with(&self, mut config: Json) -> Arc<dyn Provider> {
        config["kubernetes"] = json!({ "config_path": self.kubeconfig });
        configured("helm", &config).await
    }

    /// Runs helm in the test's namespace and returns what it prints.
    pub(crate) fn helm(&self, args: &[&str]) -> String {
        let output = self.helm_command(args).output().expect("helm runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "helm {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Starts a provider for releases that keeps notes in a folder from one run to the next.
    pub(crate) async fn helm_provider_caching(&self, folder: &Path) -> Arc<dyn Provider> {
        let config = json!({"kubernetes": { "config_path": self.kubeconfig }});
        let options =
            KubernetesOptions { cache_folder: Some(folder.to_owned()), ..KubernetesOptions::default() };
        configured_with("helm", &config, options).await
    }

    /// Returns the name of the file that notes who is at work on a release.
    pub(crate) fn release_note(&self, release: &str) -> String {
        let server = self.kubectl(&["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"]);
        let name = Sha256::digest(format!("{server}\n{}\n{release}", self.namespace).as_bytes());
        let name: String = name.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{name}.json")
    }

    /// Returns a helm command in the test's namespace whose first argument is what it is to do.
    pub(crate) fn helm_command_bare(&self, args: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("TERRANE_HELM").expect("there is helm"));
        command.args(args).args(["--kubeconfig", &self.kubeconfig, "-n", &self.namespace]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Returns a helm command in the test's namespace.
    pub(crate) fn helm_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("TERRANE_HELM").expect("there is helm"));
        command.args(["--kubeconfig", &self.kubeconfig, "-n", &self.namespace]).args(args);
        command
    }
}

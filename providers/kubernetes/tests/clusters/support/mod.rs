//! What the tests share.
#![allow(dead_code, reason = "what leads objects is the same for all tests; not every one needs all of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use terrane_provider::Provider;
use terrane_provider_kubernetes::{KindOptions, kind_factories};
pub(crate) use terrane_provider_testing as engine;
pub(crate) use terrane_provider_testing::render::diagnostics as show;

/// The node image that `tests/kind_node/build` makes.
pub(crate) const NODE_IMAGE: &str = "terrane/node:v1.33.1";

/// A folder of a test's own, removed with everything in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("terrane-kind-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the folder can be made");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts a provider by its name, with its files in a folder.
pub(crate) fn start(name: &str, folder: &Folder) -> Arc<dyn Provider> {
    let mut environment: BTreeMap<String, String> =
        std::env::vars().filter(|(key, _)| key.starts_with("DOCKER")).collect();
    environment.insert("HOME".to_owned(), folder.path().display().to_string());
    start_with(name, folder, environment)
}

/// Starts a provider with environment variables.
pub(crate) fn start_with(
    name: &str,
    folder: &Folder,
    environment: BTreeMap<String, String>,
) -> Arc<dyn Provider> {
    let options = KindOptions { environment, working_directory: folder.path().to_owned() };
    let factories = kind_factories(options);
    let found = factories.into_iter().find(|(source, _)| source.name == name);
    found.expect("there is such a provider").1.start().expect("the provider starts")
}

/// Tells whether tests may make clusters; says in one line why not.
pub(crate) fn clusters_wanted(test: &str) -> bool {
    if std::env::var_os("TERRANE_CLUSTER_TESTS").is_none() {
        println!("skipped {test}: TERRANE_CLUSTER_TESTS is not set");
        return false;
    }
    true
}

/// Runs the kind command, whose folder is in `KIND_TOOLS` or the cache of `tests/support/docker`.
pub(crate) fn kind(arguments: &[&str]) -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    let cache = std::env::var("KIND_NODE_CACHE").unwrap_or(format!("{home}/.cache/terrane-kind-node"));
    run(&format!("{cache}/tools/kind"), arguments)
}

/// Runs a program that has to succeed, and returns what it wrote to both of its outputs.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("the program is there");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    text
}

/// Removes a cluster when a test ends, whatever happens in it.
pub(crate) struct Cleanup(pub(crate) &'static str);

impl Drop for Cleanup {
    fn drop(&mut self) {
        let filter = format!("label=io.x-k8s.kind.cluster={}", self.0);
        let listed = Command::new("docker").args(["ps", "-aq", "--filter", &filter]).output();
        let ids =
            listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let ids: Vec<&str> = ids.split_whitespace().collect();
        if !ids.is_empty() {
            let _ = Command::new("docker").args(["rm", "-f", "-v"]).args(ids).output();
        }
    }
}

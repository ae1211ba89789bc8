//! Terraform with the real azurerm provider against the emulator.
//!
//! Takes minutes, because that provider waits at fixed places however fast the answers are: `TERRANE_TEST_TERRAFORM=1`
//! opts in. `terraform` must be on the path, and azurerm in the mirror in `$PROVIDER_CACHE` (by default
//! `terrane-providers` in the user's cache folder), where `tests/real_providers/build azurerm` puts it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;
use terrane_azure_emulator::{Emulator, EmulatorConfig};

use crate::support::Cloud;

const OPT_IN: &str = "TERRANE_TEST_TERRAFORM";

/// A working directory of Terraform with an emulator to itself.
struct Terraform {
    emulator: Emulator,
    directory: PathBuf,
    variables: Vec<String>,
}

impl Drop for Terraform {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The folder of built providers, or why these tests are not to run.
fn mirror() -> Result<PathBuf, String> {
    if std::env::var_os(OPT_IN).is_none_or(|value| value.is_empty()) {
        return Err(format!(
            "{OPT_IN} is not set; with it, Terraform and azurerm are run, which takes minutes"
        ));
    }
    let cache = std::env::var_os("PROVIDER_CACHE").map(PathBuf::from).or_else(|| {
        let caches = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let caches = caches.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
        caches.map(|caches| caches.join("terrane-providers"))
    });
    let mirror = cache.map(|cache| cache.join("mirror")).unwrap_or_default();
    if !mirror.join("registry.terraform.io/hashicorp/azurerm").is_dir() {
        return Err(format!("there is no azurerm in {}", mirror.display()));
    }
    if Command::new("terraform").arg("version").output().is_err() {
        return Err("there is no terraform on the path".to_owned());
    }
    Ok(mirror)
}

impl Terraform {
    fn new(configuration: &str, mirror: &Path) -> Terraform {
        let emulator = Emulator::start_in_background(EmulatorConfig::default()).expect("it starts");
        Terraform::on(emulator, configuration, mirror)
    }

    fn on(emulator: Emulator, configuration: &str, mirror: &Path) -> Terraform {
        let directory =
            std::env::temp_dir().join(format!("emulator-terraform-{configuration}-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("the temporary directory is writable");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform").join(configuration);
        fs::copy(source.join("main.tf"), directory.join("main.tf")).expect("the configuration is there");
        let cli = format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
            mirror.display()
        );
        fs::write(directory.join("terraform.rc"), cli).expect("the directory is writable");
        let terraform = Terraform { emulator, directory, variables: Vec::new() };
        terraform.run(&["init"], 0);
        terraform
    }

    /// Runs a command; panics with what it printed unless it exits as expected.
    #[track_caller]
    fn run(&self, arguments: &[&str], exit: i32) -> Output {
        let mut command = Command::new("terraform");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TF_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .args(["-no-color", "-input=false"])
            .args(self.variables.iter().filter(|_| arguments[0] != "init").map(|it| format!("-var={it}")))
            .current_dir(&self.directory)
            .envs(self.emulator.env())
            .env("TF_CLI_CONFIG_FILE", self.directory.join("terraform.rc"))
            .env("CHECKPOINT_DISABLE", "1");
        let output = command.output().expect("terraform can be started");
        assert_eq!(
            output.status.code(),
            Some(exit),
            "terraform {arguments:?}\n{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    /// Applies, and sees to it that nothing is left to do.
    #[track_caller]
    fn apply(&self) {
        self.run(&["apply", "-auto-approve"], 0);
        self.run(&["plan", "-detailed-exitcode"], 0);
    }

    /// Destroys; nothing may be left but what Azure keeps after a deletion.
    #[track_caller]
    fn destroy(self) {
        self.run(&["destroy", "-auto-approve"], 0);
        let mut left = self.emulator.resource_ids();
        left.retain(|id| !id.contains("/deletedVaults/") && !id.contains("/deletedWorkspaces/"));
        assert!(left.is_empty(), "{left:#?}");
    }
}

/// Makes the platform, changes what is updated in place, changes what is replaced, and takes all of it down.
#[track_caller]
fn check(configuration: &str, changes: &[&str]) {
    let mut terraform = match mirror() {
        Ok(mirror) => Terraform::new(configuration, &mirror),
        Err(reason) => return skip(&reason),
    };
    terraform.apply();
    for change in changes {
        terraform.variables.push((*change).to_owned());
        terraform.run(&["plan", "-detailed-exitcode"], 2);
        terraform.apply();
    }
    terraform.destroy();
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must know what was left out")]
fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}

#[test]
fn superset_on_aks() {
    check("superset_on_aks", &["environment=production", "dns_prefix=reports"]);
}

#[test]
fn airflow_on_aks() {
    check("airflow_on_aks", &["environment=production", "dns_prefix=flows"]);
}

/// Terraform's own backend for states in blobs, with its locks.
#[test]
fn state_backend() {
    let mirror = match mirror() {
        Ok(mirror) => mirror,
        Err(reason) => return skip(&reason),
    };
    let emulator = Emulator::start_in_background(EmulatorConfig::default()).expect("it starts");
    let cloud = Cloud::of(emulator);
    let clients = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let account = clients.block_on(async {
        let group = cloud.make_group("rg-state").await;
        let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/terranestates");
        let body = json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}});
        cloud.make(&account, body).await;
        let container = format!("{account}/blobServices/default/containers/states");
        cloud.put(&container, json!({"properties": {}})).await.expect(201);
        account
    });
    let terraform = Terraform::on(cloud.emulator, "state_backend", &mirror);
    terraform.apply();
    let prefix = format!("{account}/blobServices/default/containers/states/blobs/").to_lowercase();
    let ids = terraform.emulator.resource_ids();
    assert!(ids.iter().any(|id| id.to_lowercase().starts_with(&prefix)), "{ids:#?}");
    terraform.run(&["destroy", "-auto-approve"], 0);
}

#[test]
fn options() {
    check("options", &["environment=production"]);
}

#[test]
fn data_sources() {
    check("data_sources", &["environment=production"]);
}

#[test]
fn other_types() {
    check("other_types", &["environment=production"]);
}

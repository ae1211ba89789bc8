//! Terraform with the real providers, as the judge of our states and plans.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

/// A folder with a configuration.
pub(crate) struct Terraform {
    folder: PathBuf,
    cli_config: String,
}

impl Terraform {
    /// Makes a folder for Terraform with the providers that the CLI configuration `TERRANE_TEST_TERRAFORM_RC` leads
    /// to; nothing, and a line that says so, without.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let Ok(cli_config) = std::env::var("TERRANE_TEST_TERRAFORM_RC") else {
            println!(
                "skipped: TERRANE_TEST_TERRAFORM_RC names no CLI configuration that leads to the real providers"
            );
            return None;
        };
        let folder = std::env::temp_dir().join(format!("terrane-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        Some(Self { folder, cli_config })
    }

    /// Writes the configuration: the resources `type.test` with the given arguments.
    pub(crate) fn configure(&self, provider: &str, provider_config: &Json, resources: &[(&str, &Json)]) {
        let resources: serde_json::Map<String, Json> =
            resources.iter().map(|(name, config)| ((*name).to_owned(), json!({ "test": config }))).collect();
        let config = json!({
            "terraform": {"required_providers": {provider: {"source": format!("hashicorp/{provider}")}}},
            "provider": {provider: provider_config},
            "resource": resources,
        });
        self.write("main.tf.json", &config);
        if !self.folder.join(".terraform").exists() {
            self.run(&["init", "-input=false"]);
        }
    }

    /// Writes a state that holds the objects `type.test`.
    pub(crate) fn set_state(&self, provider: &str, objects: &[(&str, i64, Json)]) {
        let resources: Vec<Json> = objects
            .iter()
            .map(|(name, version, attributes)| {
                json!({"mode": "managed", "type": name, "name": "test",
                       "provider": format!("provider[\"registry.terraform.io/hashicorp/{provider}\"]"),
                       "instances": [{"schema_version": version, "attributes": attributes}]})
            })
            .collect();
        let state = json!({"version": 4, "terraform_version": "1.11.4", "serial": 1,
                           "lineage": "00000000-0000-0000-0000-000000000000", "outputs": {}, "resources": resources});
        self.write("terraform.tfstate", &state);
    }

    /// Returns the attributes of the objects in the state, by type.
    pub(crate) fn state(&self) -> Vec<(String, Json)> {
        let text = std::fs::read_to_string(self.folder.join("terraform.tfstate")).expect("there is a state");
        let state: Json = serde_json::from_str(&text).expect("the state is JSON");
        let resources = state["resources"].as_array().expect("there are resources");
        let one = |resource: &Json| {
            let name = resource["type"].as_str().expect("it has a type").to_owned();
            (name, resource["instances"][0]["attributes"].clone())
        };
        resources.iter().map(one).collect()
    }

    /// Plans; returns the changes by type: actions, value before and value after.
    pub(crate) fn plan(&self) -> Vec<(String, Json)> {
        self.run(&["plan", "-input=false", "-out=plan", "-lock=false"]);
        let plan: Json =
            serde_json::from_str(&self.run(&["show", "-json", "plan"])).expect("the plan is JSON");
        let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
        let one = |change: &Json| {
            (change["type"].as_str().expect("it has a type").to_owned(), change["change"].clone())
        };
        changes.iter().map(one).collect()
    }

    pub(crate) fn apply(&self) {
        self.run(&["apply", "-input=false", "-auto-approve"]);
    }

    pub(crate) fn destroy(&self) {
        self.run(&["destroy", "-input=false", "-auto-approve"]);
    }

    fn write(&self, name: &str, json: &Json) {
        write(&self.folder.join(name), &json.to_string());
    }

    fn run(&self, args: &[&str]) -> String {
        let output = Command::new("terraform")
            .args(args)
            .current_dir(&self.folder)
            .env("TF_CLI_CONFIG_FILE", &self.cli_config)
            .env("TF_IN_AUTOMATION", "1")
            .output()
            .expect("terraform is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "terraform {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Terraform {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("the file can be written");
}

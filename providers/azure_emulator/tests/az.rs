//! The real az CLI against the emulator.
//!
//! `TERRANE_TEST_AZ` names its program and so opts in; `pip install azure-cli` in a virtual environment makes one.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use terrane_azure_emulator::{Emulator, EmulatorConfig};

const PROGRAM: &str = "TERRANE_TEST_AZ";

/// The az CLI with an emulator to itself.
struct Az {
    program: PathBuf,
    emulator: Emulator,
    home: PathBuf,
}

impl Drop for Az {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

impl Az {
    fn start(program: PathBuf) -> Az {
        let emulator = Emulator::start_in_background(EmulatorConfig::default()).expect("it starts");
        let home = std::env::temp_dir().join(format!("emulator-az-{}", std::process::id()));
        std::fs::create_dir_all(&home).expect("the temporary directory is writable");
        let az = Az { program, emulator, home };
        let env = az.emulator.env();
        let secret = format!("--password={}", env["ARM_CLIENT_SECRET"]);
        let tenant = &env["ARM_TENANT_ID"];
        az.json(&["login", "--service-principal", "-u", &env["ARM_CLIENT_ID"], &secret, "--tenant", tenant]);
        az
    }

    /// Runs a command; panics with what it said unless it succeeds. Returns what it printed.
    #[track_caller]
    fn text(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.args(arguments).envs(self.emulator.env()).env("HOME", &self.home);
        let output = command.output().expect("az can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "az {} {}: {said}", arguments[0], arguments[1]);
        String::from_utf8(output.stdout).expect("az prints UTF-8")
    }

    /// Runs a command that prints JSON.
    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.text(arguments);
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("az prints JSON") }
    }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|item| item["name"].as_str()).collect()
}

#[test]
fn az_finds_its_way() {
    let Some(program) = std::env::var_os(PROGRAM).filter(|value| !value.is_empty()) else {
        return skip();
    };
    let az = Az::start(program.into());
    check_networks(&az);
    check_clusters(&az);
    check_data(&az);
    check_registry(&az);
    check_storage(&az);
    let all = az.json(&["resource", "list", "-g", "platform"]);
    assert_eq!(
        names(&all),
        ["terraneazredis", "terraneazacr", "cluster", "terraneazpg", "net", "terraneazfiles"],
        "{all}"
    );
    az.text(&["group", "delete", "-n", "platform", "--yes"]);
    assert_eq!(names(&az.json(&["group", "list"])), Vec::<&str>::new());
    assert_eq!(az.emulator.resource_ids(), Vec::<String>::new());
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must know what was left out")]
fn skip() {
    eprintln!("skipped: {PROGRAM} names no az program");
}

fn check_networks(az: &Az) {
    az.json(&["group", "create", "-n", "platform", "-l", "westeurope", "--tags", "team=data"]);
    let groups = az.json(&["group", "list"]);
    assert_eq!(names(&groups), ["platform"]);
    assert_eq!(groups[0]["tags"]["team"], "data");
    let create =
        ["network", "vnet", "create", "-g", "platform", "-n", "net", "--address-prefix", "10.0.0.0/16"];
    az.json(&[&create[..], &["--subnet-name", "nodes", "--subnet-prefix", "10.0.0.0/20"]].concat());
    let vnet = az.json(&["network", "vnet", "show", "-g", "platform", "-n", "net"]);
    assert_eq!(vnet["subnets"][0]["addressPrefix"], "10.0.0.0/20");
}

fn check_clusters(az: &Az) {
    let create = ["aks", "create", "-g", "platform", "-n", "cluster", "--node-count", "1"];
    az.json(&[&create[..], &["--generate-ssh-keys"]].concat());
    let pool = ["aks", "nodepool", "add", "-g", "platform", "--cluster-name", "cluster", "-n", "work"];
    az.json(&[&pool[..], &["--node-count", "2"]].concat());
    let clusters = az.json(&["aks", "list"]);
    assert_eq!(names(&clusters), ["cluster"]);
    assert_eq!(names(&clusters[0]["agentPoolProfiles"]), ["nodepool1", "work"]);
    let file = az.home.join("kubeconfig");
    let credentials = ["aks", "get-credentials", "-g", "platform", "-n", "cluster", "-f"];
    az.text(&[&credentials[..], &[&file.to_string_lossy()]].concat());
    let kubeconfig = std::fs::read_to_string(&file).expect("az has written it");
    assert!(kubeconfig.contains("current-context: cluster"), "{kubeconfig}");
}

fn check_data(az: &Az) {
    let redis = ["redis", "create", "-g", "platform", "-n", "terraneazredis", "-l", "westeurope"];
    az.json(&[&redis[..], &["--sku", "Basic", "--vm-size", "c0"]].concat());
    let keys = az.json(&["redis", "list-keys", "-g", "platform", "-n", "terraneazredis"]);
    assert_eq!(keys["primaryKey"].as_str().map(str::len), Some(44), "a key is 32 bytes in base64");
    let server = ["postgres", "flexible-server", "create", "-g", "platform", "-n", "terraneazpg", "-l"];
    let access = ["westeurope", "--admin-user", "me", "--admin-password", "Passw0rd-of-az", "--yes"];
    az.json(&[&server[..], &access, &["--public-access", "None"]].concat());
    assert_eq!(names(&az.json(&["postgres", "flexible-server", "list"])), ["terraneazpg"]);
}

fn check_registry(az: &Az) {
    az.json(&["acr", "create", "-g", "platform", "-n", "terraneazacr", "--sku", "Basic"]);
    let token = az.json(&["acr", "login", "-n", "terraneazacr", "--expose-token"]);
    assert_eq!(token["loginServer"], "terraneazacr.azurecr.io");
    assert!(token["accessToken"].as_str().is_some_and(|token| token.split('.').count() == 3));
}

fn check_storage(az: &Az) {
    let create =
        ["storage", "account", "create", "-g", "platform", "-n", "terraneazfiles", "-l", "westeurope"];
    az.json(&create);
    let on_account = |command: &[&str]| {
        az.json(&[command, &["--account-name", "terraneazfiles", "--auth-mode", "key"]].concat())
    };
    assert_eq!(on_account(&["storage", "container", "create", "-n", "data"])["created"], true);
    let file = az.home.join("file");
    std::fs::write(&file, "content").expect("the directory is writable");
    let file = file.to_string_lossy();
    on_account(&["storage", "blob", "upload", "-c", "data", "-n", "a/b", "-f", &file, "--no-progress"]);
    assert_eq!(names(&on_account(&["storage", "blob", "list", "-c", "data"])), ["a/b"]);
}

//! What was acknowledged survives the end of the process at any moment.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;
use terrane_azure_emulator::{Emulator, EmulatorConfig, EmulatorError};

use crate::support::Cloud;

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("emulator-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Directory(path)
    }

    fn config(&self, operation_time: f64) -> EmulatorConfig {
        EmulatorConfig { data_dir: Some(self.0.clone()), operation_time, ..EmulatorConfig::default() }
    }

    /// A copy of this directory as a kill at this moment would leave it.
    fn copy(&self, name: &str) -> Directory {
        let copy = Directory::new(name);
        fs::create_dir_all(&copy.0).expect("the temporary directory is writable");
        for file in fs::read_dir(&self.0).expect("it is there") {
            let file = file.expect("it is readable");
            if file.path().is_file() {
                fs::copy(file.path(), copy.0.join(file.file_name())).expect("it can be copied");
            }
        }
        copy
    }

    fn world(&self) -> PathBuf {
        self.0.join("world.jsonl")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn identity(group: &str, number: usize) -> String {
    format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity-{number}")
}

#[tokio::test]
async fn a_world_outlives_its_emulator() {
    let directory = Directory::new("outlives");
    let cloud = Cloud::start_with(directory.config(0.0)).await;
    let group = cloud.make_group("rg").await;
    for number in 0..20 {
        cloud.make(&identity(&group, number), json!({"location": "westeurope"})).await;
    }
    let (url, env) = (cloud.emulator.url().to_owned(), cloud.emulator.env());
    let second = Emulator::start(directory.config(0.0)).await.expect_err("one emulator per directory");
    assert!(matches!(second, EmulatorError::DataDirectoryInUse(_)), "{second}");
    cloud.emulator.shutdown().await.expect("the world can be written");

    let cloud = Cloud::start_with(directory.config(0.0)).await;
    assert_eq!(
        (cloud.emulator.url(), &cloud.emulator.env()),
        (url.as_str(), &env),
        "port and credentials stay"
    );
    cloud.get(&identity(&group, 19)).await.expect(200);
    let snapshot = cloud.emulator.world_snapshot();
    cloud.delete(&group).await.expect(202);
    cloud.get(&group).await.expect(404);
    cloud.emulator.restore(&snapshot).expect("it is a snapshot");
    cloud.get(&identity(&group, 0)).await.expect(200);
    assert!(cloud.emulator.restore(&snapshot[..snapshot.len() - 2]).is_err());
}

#[tokio::test]
async fn secrets_are_private() {
    let directory = Directory::new("private");
    let _cloud = Cloud::start_with(directory.config(0.0)).await;
    for file in ["identity.json", "server-key.pem", "world.jsonl"] {
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(
                &fs::metadata(directory.0.join(file)).expect(file).permissions(),
            );
            assert_eq!(mode & 0o077, 0, "{file}");
        }
    }
}

#[tokio::test]
async fn every_cut_of_the_journal_gives_a_world() {
    let directory = Directory::new("cuts");
    let cloud = Cloud::start_with(directory.config(0.0)).await;
    let group = cloud.make_group("rg").await;
    let mut acknowledged = Vec::new();
    for number in 0..30 {
        cloud.put(&identity(&group, number), json!({"location": "westeurope"})).await.expect(201);
        acknowledged.push(fs::metadata(directory.world()).expect("it is written").len());
    }
    let bytes = fs::read(directory.world()).expect("it is readable");
    // Cut at and around each acknowledgement, and in the middle of the lines.
    for (number, end) in acknowledged.iter().enumerate().step_by(5) {
        for cut in [*end, *end + 1, *end + 40] {
            let length = usize::try_from(cut).expect("small").min(bytes.len());
            let killed = directory.copy("killed");
            fs::write(killed.world(), &bytes[..length]).expect("it can be written");
            let again = Cloud::start_with(killed.config(0.0)).await;
            again.get(&identity(&group, number)).await.expect(200);
            again.put(&identity(&group, number + 1), json!({"location": "westeurope"})).await;
            again.get(&identity(&group, number + 1)).await.expect(200);
        }
    }
}

#[tokio::test]
async fn running_operations_go_on() {
    let directory = Directory::new("running");
    let cloud = Cloud::start_with(directory.config(1.0)).await;
    let group = cloud.make_group("rg").await;
    let vnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/net");
    let body = json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    let answer = cloud.put(&vnet, body).await.expect(201);
    let status = answer.header("azure-asyncoperation").expect("a status URL").to_owned();
    let path = status.strip_prefix(cloud.emulator.url()).expect("ours");
    let killed = directory.copy("running-killed");
    let again = Cloud::start_with(killed.config(1.0)).await;
    assert_eq!(again.get(path).await.expect(200).body["status"], "InProgress");
    again.advance(10);
    assert_eq!(again.get(path).await.expect(200).body["status"], "Succeeded");
    assert_eq!(again.get(&vnet).await.expect(200).body["properties"]["provisioningState"], "Succeeded");
}

#[tokio::test]
async fn damaged_worlds_are_refused() {
    let directory = Directory::new("damaged");
    let cloud = Cloud::start_with(directory.config(0.0)).await;
    cloud.make_group("rg").await;
    cloud.emulator.shutdown().await.expect("the world can be written");
    let damage = |path: &Path| {
        let text = fs::read_to_string(path).expect("it is readable");
        fs::write(path, format!("{{\"oops\n{text}")).expect("it is writable");
    };
    damage(&directory.world());
    let error = Emulator::start(directory.config(0.0)).await.expect_err("the first line is damaged");
    assert!(matches!(error, EmulatorError::DataDirectory { .. }), "{error}");
}

#[tokio::test]
async fn the_journal_does_not_grow_without_end() {
    let directory = Directory::new("growth");
    let cloud = Cloud::start_with(directory.config(0.0)).await;
    let group = cloud.make_group("rg").await;
    let tags: serde_json::Map<_, _> =
        (0..50).map(|number| (format!("tag-{number}"), json!("x".repeat(250)))).collect();
    let body = json!({"location": "westeurope", "tags": tags});
    for _ in 0..500 {
        cloud.put(&identity(&group, 0), body.clone()).await;
    }
    let size = fs::metadata(directory.world()).expect("it is there").len();
    assert!(size < 5 << 20, "500 writes of one resource left {size} bytes");
}

#[test]
fn an_emulator_in_the_background_serves_and_ends() {
    let directory = Directory::new("background");
    let clients = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for round in 0..3 {
        // Opened again at once: the one before has let go of the directory.
        let emulator = Emulator::start_in_background(directory.config(0.0)).expect("it starts");
        let second = Emulator::start_in_background(directory.config(0.0)).expect_err("one per directory");
        assert!(second.to_string().contains("in use by another process"), "{second}");
        let cloud = Cloud::of(emulator);
        assert_eq!(cloud.emulator.resource_ids().len(), round);
        clients.block_on(cloud.make_group(&format!("rg-{round}")));
        assert_eq!(cloud.emulator.resource_ids()[round], cloud.group(&format!("rg-{round}")));
        let env = cloud.emulator.provider_env();
        assert_eq!(Path::new(&env["SSL_CERT_FILE"]), cloud.emulator.ca_file());
    }
}

/// Where the process that is to be killed keeps its world.
const KILLED_DIRECTORY: &str = "TERRANE_TEST_KILLED_EMULATOR";

/// Not a test of its own: what [`a_killed_process_loses_nothing`] runs in another process.
#[tokio::test]
async fn serve_until_killed() {
    let Some(directory) = std::env::var_os(KILLED_DIRECTORY) else { return };
    let config = EmulatorConfig { data_dir: Some(directory.into()), ..EmulatorConfig::default() };
    let cloud = Cloud::start_with(config).await;
    let group = cloud.make_group("rg").await;
    for number in 0.. {
        cloud.make(&identity(&group, number), json!({"location": "westeurope"})).await;
        writeln!(std::io::stderr(), "{number}").expect("the other end reads");
    }
}

/// Starts the process and kills it after `writes` acknowledged writes; returns how many it had acknowledged.
fn serve_and_kill(directory: &Path, writes: usize) -> usize {
    let this = std::env::current_exe().expect("tests know their own file");
    let mut child: Child = Command::new(this)
        .args(["--exact", "durability::serve_until_killed", "--nocapture"])
        .env(KILLED_DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let mut acknowledged = 0;
    while let Some(Ok(line)) = lines.next() {
        acknowledged = line.parse::<usize>().map_or(acknowledged, |number| number + 1);
        if acknowledged == writes {
            child.kill().expect("it runs");
        }
    }
    child.wait().expect("it was started");
    acknowledged
}

#[tokio::test]
async fn a_killed_process_loses_nothing() {
    let directory = Directory::new("sigkill");
    for writes in [1, 7, 20] {
        let acknowledged = serve_and_kill(&directory.0, writes);
        assert!(acknowledged >= writes, "it ended by itself after {acknowledged} writes");
        let again = Cloud::start_with(directory.config(0.0)).await;
        let group = again.group("rg");
        for number in 0..acknowledged {
            again.get(&identity(&group, number)).await.expect(200);
        }
        again.delete(&group).await.expect(202);
    }
}

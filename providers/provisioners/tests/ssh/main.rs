//! Files and scripts over SSH, against a server in the same process that runs commands in a shell of this machine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod server;

use std::sync::{Arc, Mutex};

use terrane_model::Value;
use terrane_provider::{ProvisionOutput, ProvisionRequest, Provisioner};

use crate::server::Server;

#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl ProvisionOutput for Kept {
    fn line(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

fn provisioner(wanted: &str) -> Arc<dyn Provisioner> {
    let all = terrane_provisioners::provisioners(&std::collections::BTreeMap::new());
    all.into_iter().find(|(name, _)| *name == wanted).unwrap().1
}

/// Runs a provisioner; returns what it wrote behind the lines about the connection, and its messages.
async fn run(kind: &str, config: &[(&str, Value)], connection: &[(&str, Value)]) -> String {
    let object =
        |parts: &[(&str, Value)]| Value::object(parts.iter().map(|(name, value)| (*name, value.clone())));
    let request = ProvisionRequest { config: object(config), connection: object(connection) };
    let kept = Kept::default();
    let problems = provisioner(kind).provision(request, &kept).await;
    let lines = kept.0.into_inner().unwrap();
    let behind = lines.iter().rposition(|line| line == "Connected!").map_or(0, |position| position + 1);
    let problems = problems.into_iter().map(|problem| format!("{}: {}", problem.summary, problem.detail));
    lines[behind..].iter().cloned().chain(problems).collect::<Vec<_>>().join("\n")
}

fn login(server: &Server) -> Vec<(&'static str, Value)> {
    vec![
        ("host", "127.0.0.1".into()),
        ("port", i64::from(server.port).into()),
        ("user", "somebody".into()),
        ("password", server::PASSWORD.into()),
        ("timeout", "5s".into()),
    ]
}

fn with(base: Vec<(&'static str, Value)>, name: &'static str, value: Value) -> Vec<(&'static str, Value)> {
    let others = base.into_iter().filter(|(other, _)| *other != name);
    others.chain([(name, value)]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_run_and_leave_nothing_behind() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script %RAND%.sh").display().to_string();
    let connection = with(login(&server), "script_path", path.as_str().into());
    let inline = Value::list_of_strings(["echo one", "echo two >&2", "printf 'it%ss' \\'"]);
    let text = run("remote-exec", &[("inline", inline)], &connection).await;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["it's", "one", "two"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let failing = Value::list_of_strings(["echo before", "exit 7"]);
    let text = run("remote-exec", &[("inline", failing)], &connection).await;
    assert!(text.starts_with("before\nremote-exec provisioner error: error executing \""), "{text}");
    assert!(text.ends_with("Process exited with status 7"), "{text}");
    let script = folder.path().join("own.sh");
    std::fs::write(&script, "#!/bin/sh\necho from a file\n").unwrap();
    let script = Value::from(script.display().to_string().as_str());
    assert_eq!(run("remote-exec", &[("script", script)], &connection).await, "from a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_folders_arrive_whole() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start().await;
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let destination = |name: &str| Value::from(there.path().join(name).display().to_string().as_str());
    let config = [("content", Value::from("a\nb")), ("destination", destination("it's"))];
    assert_eq!(run("file", &config, &login(&server)).await, "");
    assert_eq!(std::fs::read_to_string(there.path().join("it's")).unwrap(), "a\nb");
    let large: Vec<u8> = (0..3_000_000u32).map(|number| (number % 251) as u8).collect();
    std::fs::create_dir_all(here.path().join("tree/inner")).unwrap();
    std::fs::write(here.path().join("tree/large"), &large).unwrap();
    std::fs::write(here.path().join("tree/inner/run.sh"), "#!/bin/sh\n").unwrap();
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(here.path().join("tree/inner/run.sh"), executable).unwrap();
    let source = here.path().join("tree").display().to_string();
    for (source, below) in [(source.clone(), "into/tree"), (format!("{source}/"), "as")] {
        let name = below.split('/').next().unwrap();
        let config = [("source", Value::from(source.as_str())), ("destination", destination(name))];
        assert_eq!(run("file", &config, &login(&server)).await, "");
        let there = there.path().join(below);
        assert_eq!(std::fs::read(there.join("large")).unwrap(), large);
        let mode = std::fs::metadata(there.join("inner/run.sh")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
    let config = [("content", Value::from("x")), ("destination", "/no/such/folder/file".into())];
    let text = run("file", &config, &login(&server)).await;
    assert!(text.starts_with("file provisioner error: Upload failed: /no/such/folder/file: "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_log_in_as_well() {
    let server = Server::start().await;
    let with_key = with(login(&server), "password", Value::dynamic_null());
    let with_key = with(with_key, "private_key", server.user_key.as_str().into());
    let inline = || Value::list_of_strings(["echo in"]);
    assert_eq!(run("remote-exec", &[("inline", inline())], &with_key).await, "in");
    let bad = with(with_key, "private_key", "no key".into());
    let text = run("remote-exec", &[("inline", inline())], &bad).await;
    assert!(text.contains("Failed to parse ssh private key"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_go_through_a_bastion() {
    let (bastion, target) = (Server::start().await, Server::start().await);
    let connection = with(login(&target), "bastion_host", "127.0.0.1".into());
    let connection = with(connection, "bastion_port", i64::from(bastion.port).into());
    let inline = Value::list_of_strings(["echo through"]);
    assert_eq!(run("remote-exec", &[("inline", inline)], &connection).await, "through");
    assert_eq!(bastion.forwarded(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_are_known_by_their_keys() {
    let (server, other) = (Server::start().await, Server::start().await);
    let inline = || [("inline", Value::list_of_strings(["echo in"]))];
    let connection = with(login(&server), "host_key", server.host_key.as_str().into());
    assert_eq!(run("remote-exec", &inline(), &connection).await, "in");
    let connection = with(connection, "host_key", other.host_key.as_str().into());
    let text = run("remote-exec", &inline(), &connection).await;
    assert!(text.ends_with("the host key of 127.0.0.1 is not the one in host_key"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_end_when_their_time_is_over() {
    let server = Server::start().await;
    let connection = with(login(&server), "password", "wrong".into());
    let connection = with(connection, "timeout", "1s".into());
    let inline = [("inline", Value::list_of_strings(["true"]))];
    let text = run("remote-exec", &inline, &connection).await;
    assert!(text.contains("timeout - last error: ssh: handshake failed: unable to authenticate"), "{text}");
    assert!(!text.contains("wrong"), "{text}");
    let closed = with(connection, "port", 1.into());
    let text = run("remote-exec", &inline, &closed).await;
    assert!(text.contains("timeout - last error"), "{text}");
}

//! A registry of charts with TLS and a password, on loopback.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use super::webhook::certificate;

/// The user `user` with the password `secret`.
const USERS: &str = "user:$2a$05$rzMMXApKvA11/cBLAT/Eu.f8Hi5dAOqpnvm900UlwGZ9/nMR3RRBC\n";

/// A registry that runs until the test ends.
pub(crate) struct OciRegistry {
    folder: TempDir,
    server: Child,
    pub(crate) host: String,
}

impl OciRegistry {
    /// Starts the registry that `TERRANE_TEST_REGISTRY` names; nothing, and a line that says so, without.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("TERRANE_TEST_REGISTRY") else {
            println!("skipped: TERRANE_TEST_REGISTRY names no registry to test with");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder can be made");
        certificate(folder.path());
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let host = format!("127.0.0.1:{}", port.expect("a port is free").port());
        let config = json!({
            "version": 0.1, "log": {"level": "error", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": folder.path().join("data")}},
            "http": {"addr": host, "tls": {"certificate": "tls.crt", "key": "tls.key"}},
            "auth": {"htpasswd": {"realm": "charts", "path": "users"}},
        });
        std::fs::write(folder.path().join("users"), USERS).expect("it can be written");
        std::fs::write(folder.path().join("config.yml"), config.to_string()).expect("it can be written");
        let server = Command::new(program)
            .args(["serve", "config.yml"])
            .current_dir(folder.path())
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the registry starts");
        while TcpStream::connect(&host).is_err() {
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Self { folder, server, host })
    }

    /// Returns the certificate that the registry is to be trusted by.
    pub(crate) fn authority(&self) -> String {
        self.folder.path().join("tls.crt").to_string_lossy().into_owned()
    }

    /// Packs a chart's folder and puts it into the registry.
    pub(crate) fn push(&self, chart: &str) {
        let (folder, authority) = (self.folder.path(), self.authority());
        let packed = folder.join("packed");
        let path = |path: &Path| path.to_string_lossy().into_owned();
        self.helm(&["package", chart, "-d", &path(&packed)]);
        self.helm(&[
            "registry",
            "login",
            &self.host,
            "--username",
            "user",
            "--password",
            "secret",
            "--ca-file",
            &authority,
        ]);
        for entry in std::fs::read_dir(&packed).expect("there is a chart").flatten() {
            let target = format!("oci://{}/charts", self.host);
            self.helm(&["push", &path(&entry.path()), &target, "--ca-file", &authority]);
            std::fs::remove_file(entry.path()).expect("it can be removed");
        }
    }

    fn helm(&self, args: &[&str]) {
        let mut command = Command::new(std::env::var_os("TERRANE_HELM").expect("there is helm"));
        command.args(args).env("HELM_REGISTRY_CONFIG", self.folder.path().join("registry.json"));
        let output = command.output().expect("helm runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for OciRegistry {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

//! Databases: a cluster of PostgreSQL of its own, over TLS.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use crate::project::{Place, Project};
use crate::services::{Service, free_port};
use crate::turns;

/// Nobody's ids, for when the tests are root's: the server refuses to be.
const NOBODY: u32 = 65534;
const PASSWORD: &str = "only for these tests";

struct Postgres {
    _service: Service,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            println!("skipped: TERRANE_TEST_POSTGRES names no folder with initdb");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("data")).unwrap();
        std::fs::write(path("password"), PASSWORD).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(path("server.pem"), certificate.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(path("server.key"), key.serialize_pem()).unwrap();
        std::fs::set_permissions(path("server.key"), PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        if is_root() {
            for name in ["data", "password", "server.pem", "server.key", ""] {
                chown(path(name), Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let mut command = unprivileged(&programs.join("initdb"));
        command.args(["--username", "terrane", "--auth", "scram-sha-256", "--no-sync", "--pwfile"]);
        let output = command.arg(path("password")).arg("--pgdata").arg(path("data")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let port = free_port();
        let mut command = unprivileged(&programs.join("postgres"));
        command.arg("-D").arg(path("data")).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-F"]);
        command.args(["-c", "ssl=on", "-k"]).arg(folder.path());
        command.arg("-c").arg(format!("ssl_cert_file={}", path("server.pem").display()));
        command.arg("-c").arg(format!("ssl_key_file={}", path("server.key").display()));
        Some(Self { _service: Service::start_at(command, port), folder, port })
    }

    /// Returns a place over TLS, with more parameters of the connection.
    fn place(&self, parameters: &str) -> Place {
        let password = PASSWORD.replace(' ', "%20");
        let address =
            format!("\"postgres://terrane:{password}@localhost:{}/postgres?{parameters}\"", self.port);
        Place {
            kind: "pg",
            arguments: vec![("conn_str", address), ("schema_name", "\"the states\"".to_owned())],
            environment: BTreeMap::new(),
            locks_stay: false,
        }
    }
}

fn programs() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("TERRANE_TEST_POSTGRES") {
        return Some(folder.into());
    }
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    versions.into_iter().rfind(|folder| folder.join("initdb").exists())
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.starts_with(b"0\n")
}

fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let id = NOBODY.to_string();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]).arg(program);
    command
}

#[test]
fn states_are_rows() {
    let Some(postgres) = Postgres::start() else { return };
    let place = postgres.place("sslmode=require");
    turns::check(&place);
    let nowhere =
        format!("\"postgres://terrane:secret@localhost:{}/nowhere?sslmode=require\"", postgres.port);
    turns::check_refusal(&place, "conn_str", &nowhere, "password authentication failed", "secret");
}

#[test]
fn certificates_are_looked_at_as_the_connection_asks_for_it() {
    let Some(postgres) = Postgres::start() else { return };
    let authority = postgres.folder.path().join("server.pem").display().to_string();
    let place = postgres.place(&format!("sslmode=verify-full&sslrootcert={authority}"));
    let project = Project::new(&place);
    project.write("main.tf", &place.block());
    project.terrane("init").succeeded();
    // The same server under a name that its certificate does not have.
    let (_, address) = &place.arguments[0];
    let address = address.replace("@localhost", "@127.0.0.1");
    turns::check_refusal(&place, "conn_str", &address, "certificate", PASSWORD);
    let any_name = address.replace("verify-full", "verify-ca");
    project.write("main.tf", &place.block().replace(&place.arguments[0].1, &any_name));
    project.terrane("init -reconfigure").succeeded();
    let unknown = address.replace(&authority, "system").replace("127.0.0.1", "localhost");
    turns::check_refusal(&place, "conn_str", &unknown, "certificate", PASSWORD);
}

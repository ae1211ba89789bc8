//! Blobs: Microsoft's own emulator of the storage service, under the names of the real one.
//!
//! Neither program is told where it is: both are given a proxy that connects every host to the emulator, and an
//! authority that has signed its certificate.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use ring::hmac;
use tempfile::TempDir;

use crate::project::{Place, Program, Project};
use crate::services::Service;
use crate::turns;

const ACCOUNT: &str = "statesoftests";
const KEY: &[u8] = b"a key that only these tests have";

/// The emulator with its proxy.
struct Azurite {
    _service: Service,
    _folder: TempDir,
    place: Place,
}

impl Azurite {
    fn start() -> Option<Self> {
        let Ok(program) = std::env::var("TERRANE_TEST_AZURITE") else {
            println!("skipped: TERRANE_TEST_AZURITE names no program for blobs");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        write_certificates(&folder);
        let mut command = Command::new(program);
        command.args([
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
            "0",
            "--inMemoryPersistence",
            "--disableTelemetry",
        ]);
        command.arg("--skipApiVersionCheck").arg("--cert").arg(folder.path().join("server.pem"));
        command.arg("--key").arg(folder.path().join("server.key"));
        command.env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{}", STANDARD.encode(KEY)));
        let (service, line) = Service::start_until(command, "listens on");
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
        let proxy = start_proxy(port);
        let environment = BTreeMap::from([
            ("HTTPS_PROXY".to_owned(), proxy),
            ("SSL_CERT_FILE".to_owned(), folder.path().join("ca.pem").display().to_string()),
        ]);
        create_container(&environment);
        let text = |text: &str| format!("\"{text}\"");
        let arguments = vec![
            ("storage_account_name", text(ACCOUNT)),
            ("container_name", text("states")),
            ("key", text("prod/a b.tfstate")),
            ("access_key", text(&STANDARD.encode(KEY))),
        ];
        let place = Place { kind: "azurerm", arguments, environment, locks_stay: true };
        Some(Self { _service: service, _folder: folder, place })
    }
}

fn write_certificates(folder: &TempDir) {
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name.push(DnType::CommonName, "authority of these tests");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    write("ca.pem", authority.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["*.blob.core.windows.net".to_owned()]).unwrap();
    write("server.pem", server.signed_by(&key, &issuer).unwrap().pem());
    write("server.key", key.serialize_pem());
}

/// Connects whoever asks for any host to one port. Returns the proxy's address.
fn start_proxy(port: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || connect(client, port));
        }
    });
    address
}

fn connect(mut client: TcpStream, port: u16) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte)? > 0 {
        head.push(byte[0]);
    }
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || std::io::copy(&mut from_server, &mut to_client));
    std::io::copy(&mut client, &mut server)?;
    server.shutdown(std::net::Shutdown::Write)
}

/// Makes the container, as somebody has to who sets an account up.
fn create_container(environment: &BTreeMap<String, String>) {
    let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let text = format!(
        "PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:2023-11-03\n/{ACCOUNT}/states\nrestype:container"
    );
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, KEY), text.as_bytes());
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--request", "PUT", "--header", "Content-Length: 0"])
        .args(["--header", &format!("x-ms-date: {date}"), "--header", "x-ms-version: 2023-11-03"])
        .args(["--header", &format!("Authorization: SharedKey {ACCOUNT}:{}", STANDARD.encode(signature))])
        .args(["--proxy", &environment["HTTPS_PROXY"], "--cacert", &environment["SSL_CERT_FILE"]])
        .arg(format!("https://{ACCOUNT}.blob.core.windows.net/states?restype=container"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn states_are_blobs() {
    let Some(azurite) = Azurite::start() else { return };
    turns::check(&azurite.place);
    let secret = STANDARD.encode(KEY);
    turns::check_refusal(&azurite.place, "container_name", "\"nowhere\"", "ContainerNotFound", &secret);
    let wrong = STANDARD.encode("another key");
    turns::check_refusal(
        &azurite.place,
        "access_key",
        &format!("\"{wrong}\""),
        "AuthorizationFailure",
        &wrong,
    );
}

/// Signs a token for everything in the account.
fn account_token() -> String {
    let (services, types, permissions) = ("b", "sco", "rwdlac");
    let (version, end) = ("2021-06-08", "2099-01-01T00:00:00Z");
    let text = format!("{ACCOUNT}\n{permissions}\n{services}\n{types}\n\n{end}\n\n\n{version}\n\n");
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, KEY), text.as_bytes());
    let signature = STANDARD.encode(signature).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("?sv={version}&ss={services}&srt={types}&sp={permissions}&se={end}&sig={signature}")
}

#[test]
fn a_token_in_the_address_opens_the_account() {
    let Some(mut azurite) = Azurite::start() else { return };
    let place = &mut azurite.place;
    place.arguments.retain(|(name, _)| *name != "access_key");
    place.environment.insert("ARM_SAS_TOKEN".to_owned(), account_token());
    let project = Project::new(place);
    project.write("main.tf", &format!("{}output \"n\" {{\n  value = 1\n}}\n", place.block()));
    project.terrane("init").succeeded();
    project.terrane("apply -auto-approve").succeeded();
    for program in Program::all() {
        assert_eq!(project.run(program, "output n").succeeded().trim(), "1", "{program:?}");
    }
    let cut = account_token().replace("sig=", "sig=A");
    place.arguments.push(("sas_token", String::new()));
    let signature = cut.split("sig=").nth(1).unwrap();
    turns::check_refusal(place, "sas_token", &format!("\"{cut}\""), "AuthorizationFailure", signature);
}

#[test]
fn former_states_are_kept_as_snapshots() {
    let Some(mut azurite) = Azurite::start() else { return };
    azurite.place.arguments.push(("snapshot", "true".to_owned()));
    let project = Project::new(&azurite.place);
    project.write("main.tf", &format!("{}output \"n\" {{\n  value = 1\n}}\n", azurite.place.block()));
    project.terrane("init").succeeded();
    project.terrane("apply -auto-approve").succeeded();
    // A blob with snapshots can be deleted, too.
    project.terrane("workspace new other").succeeded();
    project.terrane("apply -auto-approve").succeeded();
    project.terrane("workspace select default").succeeded();
    project.terrane("workspace delete -force other").succeeded();
    assert!(!project.terrane("workspace list").succeeded().contains("other"));
}

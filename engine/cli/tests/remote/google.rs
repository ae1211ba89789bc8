//! Objects in Google Cloud Storage: a stand-in that other projects test with.

use std::collections::BTreeMap;
use std::process::Command;

use crate::project::Place;
use crate::services::{Service, free_port};
use crate::turns;

const TOKEN: &str = "only-for-these-tests";

#[test]
fn states_are_objects_with_generations() {
    let Ok(program) = std::env::var("TERRANE_TEST_FAKE_GCS") else {
        println!("skipped: TERRANE_TEST_FAKE_GCS names no stand-in for Google's storage");
        return;
    };
    let port = free_port();
    let host = format!("127.0.0.1:{port}");
    let mut command = Command::new(program);
    command.args(["-scheme", "http", "-host", "127.0.0.1", "-port", &port.to_string(), "-backend", "memory"]);
    command.args(["-public-host", &host, "-external-url", &format!("http://{host}")]);
    let _service = Service::start_at(command, port);
    let made = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--header", "Content-Type: application/json"])
        .args(["--data", "{\"name\":\"states\"}", &format!("http://{host}/storage/v1/b")])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let place = Place {
        kind: "gcs",
        arguments: vec![
            ("bucket", "\"states\"".to_owned()),
            ("prefix", "\"prod/a b\"".to_owned()),
            ("storage_custom_endpoint", format!("\"http://{host}/storage/v1/\"")),
        ],
        environment: BTreeMap::from([("GOOGLE_OAUTH_ACCESS_TOKEN".to_owned(), TOKEN.to_owned())]),
        locks_stay: true,
    };
    turns::check(&place);
    turns::check_refusal(&place, "bucket", "\"nowhere\"", "404", TOKEN);
}

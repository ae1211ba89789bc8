//! Resources of real providers through their lives.

use std::sync::Arc;
use std::time::Duration;

use terrane_model::Value;
use terrane_provider::{ImportRequest, ImportTarget, ReadRequest, UpgradeRequest};

use crate::support::engine::Instance;
use crate::support::{configured, show};

#[tokio::test]
async fn a_pet_lives_and_is_replaced_by_another() {
    let Some(random) = configured("random").await else { return };
    let mut pet = Instance::new(&random, "random_pet").await;
    let planned = pet.plan(r#"{"length": 3, "prefix": "my"}"#).await;
    assert!(!planned.planned_state.attribute("id").is_known());
    assert!(planned.planned_state.attribute("separator") == "-".into());
    pet.apply(r#"{"length": 3, "prefix": "my"}"#).await;
    let id = pet.text("id");
    assert_eq!(id.split('-').count(), 4, "{id}");
    assert_eq!(pet.refresh().await.attribute("id"), id.as_str().into());
    let planned = pet.plan(r#"{"length": 3, "prefix": "my"}"#).await;
    assert!(planned.planned_state == pet.state && planned.requires_replace.is_empty());
    let planned = pet.plan(r#"{"length": 3, "prefix": "our", "keepers": {"a": "b"}}"#).await;
    let mut replaced: Vec<String> = planned.requires_replace.iter().map(ToString::to_string).collect();
    replaced.sort();
    assert_eq!(replaced, [".keepers", ".prefix"]);
    assert!(pet.apply("").await.is_null());
}

#[tokio::test]
async fn what_a_provider_has_against_a_configuration_has_a_place() {
    let Some(random) = configured("random").await else { return };
    let password = Instance::new(&random, "random_password").await;
    let problems = password.validate(r#"{"length": 0, "min_upper": 2}"#).await;
    insta::assert_snapshot!(show(&problems), @r"
    Error at .length: Invalid Attribute Value
    Attribute length value must be at least 1, got: 0
    Error at .length: Invalid Attribute Value
    Attribute length value must be at least sum of min_upper + min_lower + min_numeric + min_special, got: 0
    ");
}

#[tokio::test]
async fn old_state_is_upgraded() {
    let Some(random) = configured("random").await else { return };
    let json = r#"{"id": "none", "result": "secret", "length": 6, "lower": true, "min_lower": 0, "min_numeric": 0,
                   "min_special": 0, "min_upper": 0, "number": true, "special": true, "upper": true}"#;
    let request = UpgradeRequest { type_name: "random_password".into(), version: 0, json: json.into() };
    let upgraded = random.upgrade_resource_state(request).await;
    assert!(upgraded.diagnostics.is_empty(), "{}", show(&upgraded.diagnostics));
    assert_eq!(upgraded.state.attribute("numeric"), true.into());
    let hash = upgraded.state.attribute("bcrypt_hash");
    assert!(hash.as_str().is_some_and(|hash| hash.starts_with("$2a$")));
}

#[tokio::test]
async fn objects_are_imported() {
    let Some(random) = configured("random").await else { return };
    let request =
        |id: &str| ImportRequest { type_name: "random_integer".into(), target: ImportTarget::Id(id.into()) };
    let imported = random.import_resource_state(request("15390,1,50000")).await;
    assert!(imported.diagnostics.is_empty(), "{}", show(&imported.diagnostics));
    assert_eq!(imported.imported[0].state.attribute("result"), 15390.into());
    let refused = random.import_resource_state(request("nonsense")).await;
    assert!(refused.diagnostics.has_errors() && refused.imported.is_empty());
}

#[tokio::test]
async fn a_file_is_written_and_missed() {
    let Some(local) = configured("local").await else { return };
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = folder.path().join("greeting");
    let mut file = Instance::new(&local, "local_file").await;
    let json =
        format!(r#"{{"filename": {:?}, "content": "hello", "file_permission": "0600"}}"#, path.display());
    file.apply(&json).await;
    assert_eq!(std::fs::read_to_string(&path).expect("the file is there"), "hello");
    assert_eq!(file.refresh().await.attribute("content"), "hello".into());
    std::fs::remove_file(&path).expect("the file is there");
    assert!(file.refresh().await.is_null());
    let mut nowhere = Instance::new(&local, "local_file").await;
    let problems = nowhere.try_apply(r#"{"filename": "/proc/nowhere/file", "content": "x"}"#).await;
    assert!(problems.has_errors() && nowhere.state.is_null());
}

#[tokio::test]
async fn keys_and_certificates_have_nested_blocks() {
    let Some(tls) = configured("tls").await else { return };
    let mut key = Instance::new(&tls, "tls_private_key").await;
    key.apply(r#"{"algorithm": "ED25519"}"#).await;
    let mut certificate = Instance::new(&tls, "tls_self_signed_cert").await;
    let json = format!(
        r#"{{"private_key_pem": {:?}, "validity_period_hours": 12, "allowed_uses": ["server_auth"],
            "subject": [{{"common_name": "example.com", "organization": "Ärzte"}}]}}"#,
        key.text("private_key_pem")
    );
    certificate.apply(&json).await;
    assert!(certificate.text("cert_pem").starts_with("-----BEGIN CERTIFICATE-----"));
    let planned = certificate.plan(&json).await;
    assert_eq!(planned.planned_state, certificate.state);
    assert!(!planned.legacy_type_system);
}

#[tokio::test]
async fn moments_are_updated_in_place() {
    let Some(time) = configured("time").await else { return };
    let mut offset = Instance::new(&time, "time_offset").await;
    offset.apply(r#"{"base_rfc3339": "2026-01-31T00:00:00Z", "offset_days": 1}"#).await;
    assert_eq!(offset.text("rfc3339"), "2026-02-01T00:00:00Z");
    let json = r#"{"base_rfc3339": "2026-01-31T00:00:00Z", "offset_days": 2}"#;
    let planned = offset.plan(json).await;
    assert!(planned.requires_replace.is_empty() && planned.planned_state != offset.state);
    offset.apply(json).await;
    assert_eq!(offset.text("rfc3339"), "2026-02-02T00:00:00Z");
}

#[tokio::test]
async fn a_sleep_is_cut_short_by_stopping() {
    let Some(time) = configured("time").await else { return };
    let mut sleep = Instance::new(&time, "time_sleep").await;
    let stopping = Arc::clone(&time);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stopping.stop().await;
    };
    let apply =
        tokio::time::timeout(Duration::from_secs(30), sleep.try_apply(r#"{"create_duration": "60s"}"#));
    let (problems, ()) = tokio::join!(apply, stop);
    assert!(problems.expect("it stops in time").has_errors());
}

#[tokio::test]
async fn many_objects_are_read_at_once() {
    let Some(random) = configured("random").await else { return };
    let mut pet = Instance::new(&random, "random_pet").await;
    pet.apply("{}").await;
    let request = |position: usize| {
        let renamed = pet.state.as_entries().unwrap_or_default().iter().map(|(name, value)| {
            let value = if name == "id" { position.to_string().into() } else { value.clone() };
            (name.clone(), value)
        });
        ReadRequest {
            type_name: "random_pet".into(),
            current_state: Value::object(renamed),
            private: Vec::new(),
            provider_meta: Value::dynamic_null(),
            current_identity: None,
            wanted: None,
        }
    };
    let responses = random.read_many((0..500).map(request).collect()).await;
    for (position, read) in responses.iter().enumerate() {
        assert_eq!(read.new_state.attribute("id"), position.to_string().into());
    }
    assert_eq!(responses.len(), 500);
}

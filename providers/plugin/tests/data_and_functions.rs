//! Data sources, ephemeral resources, actions and functions of real providers.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Mutex;

use terrane_model::{Type, Value};
use terrane_provider::{ActionRequest, DataRequest, Progress, ProgressUpdate, ValidateRequest};

use crate::support::{config, configured, show};

/// Answers one request on loopback and returns where.
fn answer_once() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    });
    format!("http://{address}/")
}

#[tokio::test]
async fn a_data_source_is_read() {
    let Some(http) = configured("http").await else { return };
    let schemas = http.schemas().await.expect("they are known");
    let block = &schemas.data_sources["http"].block;
    let written = config(block, &format!(r#"{{"url": {:?}, "method": "GET"}}"#, answer_once()));
    let request = ValidateRequest { type_name: "http".into(), config: written.clone() };
    assert!(http.validate_data_config(request).await.is_empty());
    let request =
        DataRequest { type_name: "http".into(), config: written, provider_meta: Value::dynamic_null() };
    let read = http.read_data_source(request).await;
    assert!(read.diagnostics.is_empty(), "{}", show(&read.diagnostics));
    assert_eq!(read.state.attribute("response_body"), "hello".into());
    assert_eq!(read.state.attribute("status_code"), 200.into());
    assert!(block.implied_type().admits(&read.state.ty()));
}

#[tokio::test]
async fn an_ephemeral_resource_is_opened_and_closed() {
    let Some(random) = configured("random").await else { return };
    let schemas = random.schemas().await.expect("they are known");
    let written = config(&schemas.ephemeral_resources["random_password"].block, r#"{"length": 20}"#);
    let request = ValidateRequest { type_name: "random_password".into(), config: written.clone() };
    assert!(random.validate_ephemeral_config(request).await.is_empty());
    let opened = random.open_ephemeral_resource("random_password".into(), written).await;
    assert!(opened.diagnostics.is_empty(), "{}", show(&opened.diagnostics));
    assert_eq!(opened.result.attribute("result").as_str().map(|text| text.len()), Some(20));
    let problems = random.close_ephemeral_resource("random_password".into(), opened.private).await;
    assert!(problems.is_empty(), "{}", show(&problems));
}

/// Collects what is told.
#[derive(Default)]
struct Told(Mutex<String>);

impl Progress for Told {
    fn report(&self, update: ProgressUpdate) {
        self.0.lock().expect("nobody has failed").push_str(&update.phase);
    }
}

#[tokio::test]
async fn an_action_is_planned_and_invoked() {
    let Some(local) = configured("local").await else { return };
    let schemas = local.schemas().await.expect("they are known");
    let block = &schemas.actions["local_command"].block;
    let written = |command: &str| {
        let arguments = ["-c", command];
        config(block, &serde_json::json!({ "command": "sh", "arguments": arguments }).to_string())
    };
    let request =
        |command: &str| ActionRequest { type_name: "local_command".into(), config: written(command) };
    let validated = ValidateRequest { type_name: "local_command".into(), config: written("echo hello") };
    assert!(local.validate_action_config(validated).await.is_empty());
    let planned = local.plan_action(request("echo hello")).await;
    assert!(planned.is_empty(), "{}", show(&planned));
    let told = Told::default();
    let invoked = local.invoke_action(request("echo hello"), &told).await;
    assert!(invoked.is_empty(), "{}", show(&invoked));
    assert!(told.0.lock().expect("nobody has failed").contains("hello"));
    let failed = local.invoke_action(request("exit 3"), &Told::default()).await;
    assert!(failed.has_errors() && show(&failed).contains('3'), "{}", show(&failed));
}

#[tokio::test]
async fn functions_are_called() {
    let Some(time) = configured("time").await else { return };
    let parsed = time.call_function("rfc3339_parse".into(), vec!["2026-11-21T12:00:00Z".into()]).await;
    let parsed = parsed.expect("it is a moment");
    assert_eq!(parsed.attribute("year"), 2026.into());
    assert_eq!(parsed.attribute("weekday_name"), "Saturday".into());
    let refused = time.call_function("rfc3339_parse".into(), vec!["yesterday".into()]).await;
    let refused = refused.expect_err("it is no moment");
    assert_eq!(refused.argument, Some(0));
    assert!(refused.message.contains("yesterday"), "{refused}");
    let Some(local) = configured("local").await else { return };
    let exists = local.call_function("direxists".into(), vec!["/".into()]).await;
    assert_eq!(exists, Ok(true.into()));
}

#[tokio::test]
async fn schemas_say_what_is_secret_and_what_is_nested() {
    let Some(tls) = configured("tls").await else { return };
    let schemas = tls.schemas().await.expect("they are known");
    let key = &schemas.resources["tls_private_key"].schema.block;
    let pem = key.attribute("private_key_pem").expect("keys have a text");
    assert!(pem.sensitive && pem.computed && !pem.is_configurable());
    let certificate = &schemas.resources["tls_self_signed_cert"].schema.block;
    let subject = certificate.block_type("subject").expect("certificates have a subject");
    assert_eq!(subject.block.attribute("common_name").map(|name| name.ty()), Some(Type::String));
    assert!(schemas.provider.block_type("proxy").is_some());
}

//! What plugins log and print.

use std::sync::{Arc, Mutex};

use terrane_model::{Type, Value};
use terrane_provider::{ConfigureRequest, ProviderFactory};

use super::fake_plugin::{FakePlugin, attribute, encode_attribute, schemas};
use crate::wire::provider::{ConfigureRequest as WireConfigure, ConfigureResponse};
use crate::wire::schema::{Block, GetProviderSchemaRequest, Schema};
use crate::{LogRecord, PluginFactory, PluginLog, Protocol};

#[derive(Default)]
struct Records(Mutex<Vec<String>>);

impl PluginLog for Records {
    fn log(&self, record: &LogRecord<'_>) {
        let line = format!("{:?} {:?} {} {:?}", record.level, record.module, record.message, record.fields);
        self.0.lock().unwrap().push(line);
    }
}

/// Its token is a secret.
fn with_secret() -> FakePlugin {
    let protocol = Protocol::V6;
    FakePlugin::new(protocol)
        .on(move |_: GetProviderSchemaRequest| {
            let mut token = attribute("token", &Type::String);
            token.sensitive = true;
            let block = Block { attributes: vec![encode_attribute(protocol, token)], ..Block::default() };
            let mut schemas = schemas(protocol);
            schemas.provider = Some(Schema { version: 0, block: Some(block) });
            Ok(schemas)
        })
        .on(|_: WireConfigure| Ok(ConfigureResponse::default()))
}

#[tokio::test]
async fn logs_come_without_secrets() {
    let plugin = with_secret().serve();
    let log = Arc::new(Records::default());
    let script = r#"while [ ! -e go ]; do sleep 0.01; done; cat >&2 <<'END'
{"@level":"debug","@module":"sdk.proto","@message":"sending hunter22!","tf_rpc":"Configure","tf_http_req_body":"hunter22","tf_req_duration_ms":12}
{"@level":"warn","@message":"careful"}
{"not": "a record"}
plain hunter22 text
END
exec sleep 600"#;
    let mut options = plugin.options_with(script);
    options.log = Some(Arc::clone(&log) as Arc<dyn PluginLog>);
    let provider = PluginFactory::new(options).start().unwrap();
    let request = ConfigureRequest {
        config: Value::object([("token", "hunter22".into())]),
        terraform_version: "1.11.4".into(),
        version_constraint: "".into(),
    };
    assert!(provider.configure(request).await.is_empty());
    std::fs::write(plugin.folder.path().join("go"), "").unwrap();
    for _ in 0..500 {
        if log.0.lock().unwrap().len() == 4 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    insta::assert_snapshot!(log.0.lock().unwrap().join("\n"), @r#"
    Debug "sdk.proto" sending (sensitive value)! [("tf_req_duration_ms", "12"), ("tf_rpc", "Configure")]
    Warn "" careful []
    Info "" {"not": "a record"} []
    Info "" plain (sensitive value) text []
    "#);
}

#[tokio::test]
async fn plugins_may_print_as_much_as_they_like() {
    let plugin = FakePlugin::new(Protocol::V5).serve();
    let script = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; touch done; exec sleep 600";
    let provider = PluginFactory::new(plugin.options_with(script)).start().unwrap();
    provider.schemas().await.unwrap();
    for _ in 0..500 {
        if plugin.folder.path().join("done").exists() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the plugin stands still");
}

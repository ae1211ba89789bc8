//! Which provider uses which process, and what happens when one ends.

use std::sync::Arc;
use std::time::Duration;

use terrane_model::{Type, Value};
use terrane_provider::{ConfigureRequest, Provider, ProviderFactory, ValidateRequest};
use tonic::Status;

use super::fake_plugin::{FakePlugin, ServedPlugin, thing};
use crate::wire::provider::{
    ConfigureRequest as WireConfigure, ConfigureResponse, StopRequest, StopResponse, ValidateProviderRequest,
    ValidateProviderResponse,
};
use crate::wire::resource::{ValidateResourceRequest, ValidateResponse};
use crate::{PluginFactory, PluginOptions, Protocol};

fn config() -> Value {
    Value::object([("token", Value::Null(Type::String))])
}

fn configure_request() -> ConfigureRequest {
    ConfigureRequest {
        config: config(),
        terraform_version: "1.11.4".into(),
        version_constraint: "~> 1.0".into(),
    }
}

fn configurable(protocol: Protocol) -> FakePlugin {
    FakePlugin::new(protocol)
        .on(|request: WireConfigure| {
            assert_eq!(request.terraform_version, "1.11.4");
            Ok(ConfigureResponse::default())
        })
        .on(|_: ValidateProviderRequest| Ok(ValidateProviderResponse::default()))
        .on(|_: ValidateResourceRequest| Ok(ValidateResponse::default()))
        .on(|_: StopRequest| Ok(StopResponse::default()))
}

async fn use_provider(provider: &Arc<dyn Provider>) {
    let request = ValidateRequest { type_name: "thing".into(), config: thing(Value::from("1"), "a") };
    assert!(provider.validate_resource_config(request).await.is_empty());
}

#[tokio::test]
async fn each_configuration_has_a_process_and_shares_it_with_none() {
    for protocol in Protocol::ALL {
        let plugin = configurable(protocol).serve();
        let factory = PluginFactory::new(plugin.options());
        let bare = factory.start().unwrap();
        assert_eq!(plugin.starts(), 0);
        bare.schemas().await.unwrap();
        let first = factory.start().unwrap();
        assert!(first.validate_provider_config(config()).await.is_empty());
        assert!(first.configure(configure_request()).await.is_empty());
        use_provider(&bare).await;
        use_provider(&first).await;
        assert_eq!(plugin.starts(), 1);
        let second = factory.start().unwrap();
        assert!(second.configure(configure_request()).await.is_empty());
        use_provider(&second).await;
        assert_eq!(plugin.starts(), 2);
        assert!(second.configure(configure_request()).await.is_empty());
        assert_eq!(plugin.starts(), 3);
    }
}

#[tokio::test]
async fn stopping_reaches_only_what_runs() {
    let plugin = configurable(Protocol::V5).serve();
    let provider = plugin.provider();
    provider.stop().await;
    assert_eq!(plugin.starts(), 0);
    use_provider(&provider).await;
    plugin.calls();
    provider.stop().await;
    assert_eq!(plugin.calls(), ["Stop"]);
}

#[tokio::test]
async fn a_plugin_of_somebody_else_is_used_as_it_is() {
    let plugin = configurable(Protocol::V6).serve();
    let options = PluginOptions::new("example.com/test/fake", "");
    let factory = PluginFactory::attached(options, plugin.reattach());
    for _ in 0..2 {
        let provider = factory.start().unwrap();
        assert!(provider.configure(configure_request()).await.is_empty());
        use_provider(&provider).await;
    }
    assert_eq!(plugin.starts(), 0);
}

/// A plugin whose process panics as soon as a resource is validated.
fn panicking(protocol: Protocol) -> ServedPlugin {
    let folder = Arc::new(std::sync::OnceLock::<std::path::PathBuf>::new());
    let marked = Arc::clone(&folder);
    let plugin = FakePlugin::new(protocol).on(move |_: ValidateResourceRequest| {
        std::fs::write(marked.get().unwrap().join("panic"), "").unwrap();
        Err(Status::unavailable("connection broken"))
    });
    let plugin = plugin.serve();
    folder.set(plugin.folder.path().to_owned()).unwrap();
    plugin
}

#[tokio::test]
async fn the_last_words_of_a_crashed_plugin_are_quoted() {
    let plugin = panicking(Protocol::V6);
    let script = "while [ ! -e panic ]; do sleep 0.01; done; exec >&2; echo 'starting up'; echo 'panic: nil map'; \
                  echo; echo 'goroutine 1 [running]:'; exit 2";
    let provider = PluginFactory::new(plugin.options_with(script)).start().unwrap();
    let request = ValidateRequest { type_name: "thing".into(), config: thing(Value::from("1"), "a") };
    let problems = provider.validate_resource_config(request).await;
    let details: Vec<&str> = problems.iter().map(|problem| problem.detail.as_str()).collect();
    insta::assert_snapshot!(details.join("\n"), @r"
    Provider example.com/test/fake failed to answer the ValidateResourceConfig call: its plugin process ended unexpectedly (exit status: 2). This is most likely a bug in the provider, which should be reported in its own issue tracker.

    The plugin printed:

      panic: nil map
      goroutine 1 [running]:
    ");
}

#[tokio::test]
async fn a_dropped_provider_leaves_nothing_behind() {
    let plugin = configurable(Protocol::V6).serve();
    let provider = PluginFactory::new(plugin.options_with("echo $$ > pid; exec sleep 600")).start().unwrap();
    use_provider(&provider).await;
    // The answers come from here, so that the process may still be about to write.
    let pid = loop {
        let written = std::fs::read_to_string(plugin.folder.path().join("pid")).unwrap_or_default();
        if written.ends_with('\n') {
            break written;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let process = std::path::PathBuf::from(format!("/proc/{}", pid.trim()));
    assert!(process.exists());
    drop(provider);
    for _ in 0..500 {
        if !process.exists() && !plugin.folder.path().join("socket").exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the process or its socket is still there");
}

//! Schemas kept between runs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use terrane_model::Value;
use terrane_provider::{Provider, ProviderFactory, ValidateRequest};

use super::fake_plugin::{FakePlugin, ServedPlugin, schemas, thing};
use crate::wire::resource::{ValidateResourceRequest, ValidateResponse};
use crate::wire::schema::{GetProviderSchemaRequest, ServerCapabilities};
use crate::{PluginFactory, Protocol, SchemaCache};

fn plugin(are_optional: bool) -> (ServedPlugin, Arc<AtomicBool>) {
    let is_newer = Arc::new(AtomicBool::new(false));
    let newer = Arc::clone(&is_newer);
    let plugin = FakePlugin::new(Protocol::V6)
        .on(move |_: GetProviderSchemaRequest| {
            let mut schemas = schemas(Protocol::V6);
            if newer.load(Ordering::SeqCst) {
                schemas.data_sources.clear();
            }
            let capabilities = ServerCapabilities {
                get_provider_schema_optional: are_optional,
                ..ServerCapabilities::default()
            };
            schemas.server_capabilities = Some(capabilities);
            Ok(schemas)
        })
        .on(|_: ValidateResourceRequest| Ok(ValidateResponse::default()));
    (plugin.serve(), is_newer)
}

fn provider(plugin: &ServedPlugin, cache: &Path) -> Arc<dyn Provider> {
    let mut options = plugin.options();
    options.schema_cache = Some(SchemaCache::new(cache));
    PluginFactory::new(options).start().unwrap()
}

/// Waits until the background has written.
async fn wait_for_file(cache: &Path) {
    for _ in 0..500 {
        let mut names =
            std::fs::read_dir(cache).into_iter().flatten().flatten().map(|entry| entry.file_name());
        if names.any(|name| name.to_string_lossy().ends_with(".schemas")) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nothing was kept");
}

async fn validate(provider: &Arc<dyn Provider>) -> terrane_model::Diagnostics {
    let request = ValidateRequest { type_name: "thing".into(), config: thing(Value::from("1"), "a") };
    provider.validate_resource_config(request).await
}

#[tokio::test]
async fn kept_schemas_need_no_process() {
    let (plugin, _) = plugin(true);
    let cache = tempfile::tempdir().unwrap();
    let first = provider(&plugin, cache.path()).schemas().await.unwrap();
    wait_for_file(cache.path()).await;
    assert_eq!(plugin.starts(), 1);
    let again = provider(&plugin, cache.path());
    let second = again.schemas().await.unwrap();
    assert_eq!(first.resources, second.resources);
    assert_eq!(first.provider, second.provider);
    assert_eq!(plugin.starts(), 1);
    // Where the plugin allows it, its schemas are not asked for even when it starts.
    plugin.calls();
    assert!(validate(&again).await.is_empty());
    assert_eq!((plugin.starts(), plugin.calls()), (2, vec!["ValidateResourceConfig".to_owned()]));
}

#[tokio::test]
async fn plugins_that_want_to_be_asked_are_asked() {
    let (plugin, is_newer) = plugin(false);
    let cache = tempfile::tempdir().unwrap();
    provider(&plugin, cache.path()).schemas().await.unwrap();
    wait_for_file(cache.path()).await;
    plugin.calls();
    let again = provider(&plugin, cache.path());
    again.schemas().await.unwrap();
    assert_eq!(plugin.calls(), Vec::<String>::new());
    assert!(validate(&again).await.is_empty());
    let calls = ["GetProviderSchema", "GetResourceIdentitySchemas", "ValidateResourceConfig"];
    assert_eq!(plugin.calls(), calls);
    is_newer.store(true, Ordering::SeqCst);
    let stale = validate(&provider(&plugin, cache.path())).await;
    let details: Vec<&str> = stale.iter().map(|problem| problem.detail.as_str()).collect();
    insta::assert_snapshot!(details.join("\n"), @"The plugin of provider example.com/test/fake cannot be used: its schemas have changed since they were kept; they were kept anew, so run the command again.");
}

#[tokio::test]
async fn damaged_files_count_as_absent() {
    let (plugin, _) = plugin(true);
    let cache = tempfile::tempdir().unwrap();
    provider(&plugin, cache.path()).schemas().await.unwrap();
    wait_for_file(cache.path()).await;
    for entry in std::fs::read_dir(cache.path()).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    provider(&plugin, cache.path()).schemas().await.unwrap();
    assert_eq!(plugin.starts(), 2);
}

#[tokio::test]
async fn variants_are_kept_apart() {
    let (plugin, _) = plugin(true);
    let cache = tempfile::tempdir().unwrap();
    for (variant, starts) in [("", 1), ("beta", 2)] {
        let mut options = plugin.options();
        options.schema_cache = Some(SchemaCache::new(cache.path()).variant(variant));
        PluginFactory::new(options).start().unwrap().schemas().await.unwrap();
        wait_for_file(cache.path()).await;
        assert_eq!(plugin.starts(), starts);
    }
}

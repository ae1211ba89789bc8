//! A cloud with a provider in front of it, and what the engine does with one resource.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use terrane_azure_emulator::{Emulator, EmulatorConfig};
use terrane_model::{Diagnostics, Value};
use terrane_provider::{
    ApplyRequest, ConfigureRequest, DataRequest, ImportRequest, ImportTarget, NoProgress, PlanRequest,
    PlanResponse, Provider, ProviderSchemas, ReadRequest, ValidateRequest,
};
use terrane_provider_azure::{AzapiProvider, AzureEndpoint, AzureOptions, AzureProvider};

use super::contract::findings;
use super::values::block_value;

/// In place of a version constraint: the provider for everything.
pub(crate) const AZAPI: &str = "azapi";

/// A cloud and a provider.
pub(crate) struct Stage {
    pub(crate) provider: Box<dyn Provider>,
    pub(crate) schemas: Arc<ProviderSchemas>,
    /// Nothing when the cloud is another one.
    emulator: Option<Emulator>,
    folder: PathBuf,
    constraint: String,
    /// Everything that was created, in its order.
    made: Mutex<Vec<Object>>,
}

/// Types whose objects are there as long as what they belong to is: deleting them sets them back.
const SET_BACK: &[&str] =
    &["azurerm_postgresql_flexible_server_configuration", "azurerm_storage_account_network_rules"];

/// One object in state.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) type_name: String,
    pub(crate) state: Value,
}

impl Object {
    /// Returns a text attribute.
    pub(crate) fn text(&self, name: &str) -> String {
        self.state.attribute(name).as_str().map(ToString::to_string).unwrap_or_default()
    }

    /// Returns the id.
    pub(crate) fn id(&self) -> String {
        self.text("id")
    }
}

impl Stage {
    /// Starts an empty cloud and a provider for version 5.
    pub(crate) async fn new() -> Self {
        Self::with_version("").await
    }

    /// Starts an empty cloud and a provider for the version that a constraint allows.
    pub(crate) async fn with_version(constraint: &str) -> Self {
        Self::with(constraint, json!({"features": {}}), EmulatorConfig::default()).await
    }

    /// Starts a cloud and a provider with a configuration.
    pub(crate) async fn with(constraint: &str, provider_config: Json, config: EmulatorConfig) -> Self {
        let unique = uuid_like();
        let folder = std::env::temp_dir().join(format!("terrane-azure-test-{unique}"));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let config = EmulatorConfig { request_log: Some(folder.join("requests.jsonl")), ..config };
        let emulator = Emulator::start(config).await.expect("the emulator starts");
        let (provider, schemas) = start_provider(&emulator, constraint, &provider_config).await;
        let constraint = constraint.to_owned();
        Self { provider, schemas, emulator: Some(emulator), folder, constraint, made: Mutex::default() }
    }

    /// Takes a provider that is led to another cloud.
    pub(crate) async fn around(provider: AzureProvider) -> Self {
        let (provider, schemas) = configured(Box::new(provider), "", &json!({"features": {}})).await;
        let made = Mutex::default();
        Self { provider, schemas, emulator: None, folder: PathBuf::new(), constraint: String::new(), made }
    }

    /// Starts another provider on the same cloud, as a later run of the program.
    pub(crate) async fn restart(&mut self) {
        let emulator = self.emulator.as_ref().expect("only emulators see a second run");
        let config = if self.constraint == AZAPI { json!({}) } else { json!({"features": {}}) };
        let (provider, schemas) = start_provider(emulator, &self.constraint, &config).await;
        self.provider = provider;
        self.schemas = schemas;
    }

    /// Goes on with the provider for another version, on the same cloud.
    pub(crate) async fn speak(&mut self, constraint: &str) {
        constraint.clone_into(&mut self.constraint);
        self.restart().await;
    }

    /// Makes the configuration of a resource.
    pub(crate) fn config(&self, type_name: &str, config: &Json) -> Value {
        let schema = self.schemas.resources.get(type_name).unwrap_or_else(|| panic!("no type {type_name}"));
        block_value(&schema.schema.block, config)
    }

    /// Checks a configuration.
    pub(crate) async fn validate(&self, type_name: &str, config: &Json) -> Diagnostics {
        let config = self.config(type_name, config);
        self.provider.validate_resource_config(ValidateRequest { type_name: type_name.into(), config }).await
    }

    /// Plans a change from a state (null for none) to a configuration.
    pub(crate) async fn plan(&self, type_name: &str, prior: &Value, config: &Json) -> PlanResponse {
        let config = self.config(type_name, config);
        let request = PlanRequest {
            type_name: type_name.into(),
            prior_state: prior.clone(),
            proposed_new_state: config.clone(),
            config,
            prior_private: Vec::new(),
            provider_meta: Value::dynamic_null(),
            prior_identity: None,
        };
        self.provider.plan_resource_change(request).await
    }

    /// Plans and applies a change.
    pub(crate) async fn change(
        &self,
        type_name: &str,
        prior: &Value,
        config: &Json,
    ) -> Result<Value, Diagnostics> {
        let diagnostics = self.validate(type_name, config).await;
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        let plan = self.plan(type_name, prior, config).await;
        if plan.diagnostics.has_errors() {
            return Err(plan.diagnostics);
        }
        let request = ApplyRequest {
            type_name: type_name.into(),
            prior_state: prior.clone(),
            planned_state: plan.planned_state.clone(),
            config: self.config(type_name, config),
            planned_private: plan.planned_private,
            provider_meta: Value::dynamic_null(),
            planned_identity: None,
        };
        let response = self.provider.apply_resource_change(request, &NoProgress).await;
        if response.diagnostics.has_errors() {
            return Err(response.diagnostics);
        }
        assert!(response.new_state.is_wholly_known(), "{type_name}: {:?}", response.new_state);
        // Attributes of any type get theirs when they are known.
        if self.constraint != AZAPI {
            assert_eq!(response.new_state.ty(), plan.planned_state.ty(), "{type_name}");
        }
        Ok(response.new_state)
    }

    /// Creates an object.
    pub(crate) async fn try_create(&self, type_name: &str, config: &Json) -> Result<Object, Diagnostics> {
        let state = self.change(type_name, &Value::Null(terrane_model::Type::Dynamic), config).await?;
        let object = Object { type_name: type_name.to_owned(), state };
        self.made.lock().expect("no test thread fails here").push(object.clone());
        Ok(object)
    }

    /// Creates an object that has to succeed.
    pub(crate) async fn create(&self, type_name: &str, config: &Json) -> Object {
        self.try_create(type_name, config)
            .await
            .unwrap_or_else(|error| panic!("create {type_name}: {}", text(&error)))
    }

    /// Changes an object.
    pub(crate) async fn update(&self, object: &Object, config: &Json) -> Object {
        let state = self.change(&object.type_name, &object.state, config).await;
        let state = state.unwrap_or_else(|error| panic!("update {}: {}", object.type_name, text(&error)));
        Object { type_name: object.type_name.clone(), state }
    }

    /// Reads an object; nothing when it is gone.
    pub(crate) async fn read(&self, object: &Object) -> Option<Object> {
        let response = self.provider.read_resource(read_request(object)).await;
        assert!(
            !response.diagnostics.has_errors(),
            "read {}: {}",
            object.type_name,
            text(&response.diagnostics)
        );
        (!response.new_state.is_null())
            .then(|| Object { type_name: object.type_name.clone(), state: response.new_state })
    }

    /// Reads many objects at once, as somebody who wants what the configurations set.
    pub(crate) async fn read_many(&self, objects: &[(Object, Json)]) -> Vec<Option<Object>> {
        let request = |(object, config): &(Object, Json)| {
            let names = config.as_object().into_iter().flatten().map(|(name, _)| name.as_str().into());
            ReadRequest { wanted: Some(Arc::new(names.collect())), ..read_request(object) }
        };
        let responses = self.provider.read_many(objects.iter().map(request).collect()).await;
        objects
            .iter()
            .zip(responses)
            .map(|((object, _), response)| {
                assert!(
                    !response.diagnostics.has_errors(),
                    "{}: {}",
                    object.type_name,
                    text(&response.diagnostics)
                );
                let state = response.new_state;
                (!state.is_null()).then(|| Object { type_name: object.type_name.clone(), state })
            })
            .collect()
    }

    /// Deletes an object.
    pub(crate) async fn try_delete(&self, object: &Object) -> Result<(), Diagnostics> {
        let ty = object.state.ty();
        let request = ApplyRequest {
            type_name: object.type_name.as_str().into(),
            prior_state: object.state.clone(),
            planned_state: Value::Null(ty.clone()),
            config: Value::Null(ty),
            planned_private: Vec::new(),
            provider_meta: Value::dynamic_null(),
            planned_identity: None,
        };
        let response = self.provider.apply_resource_change(request, &NoProgress).await;
        if response.diagnostics.has_errors() { Err(response.diagnostics) } else { Ok(()) }
    }

    /// Deletes an object that has to go.
    pub(crate) async fn delete(&self, object: &Object) {
        let deleted = self.try_delete(object).await;
        deleted.unwrap_or_else(|error| panic!("delete {}: {}", object.type_name, text(&error)));
    }

    /// Imports an object and reads it.
    pub(crate) async fn import(&self, type_name: &str, id: &str) -> Option<Object> {
        let request = ImportRequest { type_name: type_name.into(), target: ImportTarget::Id(id.into()) };
        let response = self.provider.import_resource_state(request).await;
        assert!(!response.diagnostics.has_errors(), "import {type_name}: {}", text(&response.diagnostics));
        let imported = response.imported.into_iter().next()?;
        self.read(&Object { type_name: type_name.to_owned(), state: imported.state }).await
    }

    /// Reads a data source.
    pub(crate) async fn try_data(&self, type_name: &str, config: &Json) -> Result<Value, Diagnostics> {
        let schema =
            self.schemas.data_sources.get(type_name).unwrap_or_else(|| panic!("no data source {type_name}"));
        let config = block_value(&schema.block, config);
        let request =
            DataRequest { type_name: type_name.into(), config, provider_meta: Value::dynamic_null() };
        let response = self.provider.read_data_source(request).await;
        if response.diagnostics.has_errors() { Err(response.diagnostics) } else { Ok(response.state) }
    }

    /// Reads a data source that has to exist.
    pub(crate) async fn data(&self, type_name: &str, config: &Json) -> Value {
        let state = self.try_data(type_name, config).await;
        let state = state.unwrap_or_else(|error| panic!("data {type_name}: {}", text(&error)));
        assert!(state.is_wholly_known(), "{type_name}: {state:?}");
        state
    }

    /// Makes a resource group.
    pub(crate) async fn group(&self, name: &str) -> Object {
        self.create("azurerm_resource_group", &json!({"name": name, "location": "West Europe"})).await
    }

    /// Returns the requests so far, as `METHOD path`.
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.join("requests.jsonl")).unwrap_or_default();
        log.lines()
            .filter_map(|line| serde_json::from_str::<Json>(line).ok())
            .filter(|line| line["url"].as_str().is_some_and(|url| url.starts_with("/subscriptions")))
            .map(|line| {
                let url = line["url"].as_str().unwrap_or_default();
                format!(
                    "{} {}",
                    line["method"].as_str().unwrap_or_default(),
                    url.split('?').next().unwrap_or_default()
                )
            })
            .collect()
    }

    /// Deletes what is left, newest first, and checks that it is gone.
    async fn clear(&self) {
        let made = std::mem::take(&mut *self.made.lock().expect("no test thread fails here"));
        for object in made.iter().rev().filter(|object| object.type_name.starts_with("azurerm_")) {
            let Some(present) = self.read(object).await else { continue };
            self.delete(&present).await;
            if !SET_BACK.contains(&object.type_name.as_str()) {
                assert!(self.read(&present).await.is_none(), "{}: not gone", object.type_name);
            }
        }
    }

    /// Leads everything to its end, and checks all that was sent.
    pub(crate) async fn finish(self) {
        self.clear().await;
        let found = findings(&self.folder.join("requests.jsonl")).unwrap_or_default();
        if let Some(emulator) = self.emulator {
            emulator.shutdown().await.expect("the emulator stops");
        }
        let _ = std::fs::remove_dir_all(&self.folder);
        assert!(found.is_empty(), "request bodies:\n{}", found.join("\n"));
    }
}

fn read_request(object: &Object) -> ReadRequest {
    ReadRequest {
        type_name: object.type_name.as_str().into(),
        current_state: object.state.clone(),
        private: Vec::new(),
        provider_meta: Value::dynamic_null(),
        current_identity: None,
        wanted: None,
    }
}

async fn start_provider(
    emulator: &Emulator,
    constraint: &str,
    config: &Json,
) -> (Box<dyn Provider>, Arc<ProviderSchemas>) {
    // Both ways to an emulator are tried: that of programs with an emulator in them, and that of all others.
    let variables = emulator.env();
    let endpoint = AzureEndpoint::from_variables(&variables).filter(|_| constraint.is_empty());
    let options = AzureOptions {
        version_constraint: constraint.to_owned(),
        environment: if endpoint.is_some() { HashMap::new() } else { variables.into_iter().collect() },
        endpoint,
    };
    let provider: Box<dyn Provider> = if constraint == AZAPI {
        Box::new(AzapiProvider::new(options))
    } else {
        Box::new(AzureProvider::new(options))
    };
    configured(provider, constraint, config).await
}

async fn configured(
    provider: Box<dyn Provider>,
    constraint: &str,
    config: &Json,
) -> (Box<dyn Provider>, Arc<ProviderSchemas>) {
    let schemas = provider.schemas().await.expect("schemas need nothing");
    let request = ConfigureRequest {
        config: block_value(&schemas.provider, config),
        terraform_version: "1.11.4".into(),
        version_constraint: constraint.into(),
    };
    let diagnostics = provider.configure(request).await;
    assert!(!diagnostics.has_errors(), "{}", text(&diagnostics));
    (provider, schemas)
}

/// Writes messages as text.
pub(crate) fn text(diagnostics: &Diagnostics) -> String {
    let lines = diagnostics.iter().map(|diagnostic| {
        let path = diagnostic.attribute.as_ref().map(ToString::to_string).unwrap_or_default();
        let address = diagnostic.address.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
        format!("{}: {address}{} {path}", diagnostic.summary, diagnostic.detail)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn uuid_like() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

//! The provider: calls go to the resource type that they are about.

use std::sync::Arc;
use std::time::Duration;

use terrane_model::{Diagnostic, Diagnostics, Str, Value, encode_json};
use terrane_provider::{
    ActionKind, ApplyRequest, ApplyResponse, ConfigureRequest, DataRequest, DataResponse, Holds,
    ImportRequest, ImportResponse, ImportTarget, NoProgress, PlanRequest, PlanResponse, PlannedResource,
    Progress, Provider, ProviderSchemas, ReadRequest, ReadResponse, UpgradeRequest, UpgradeResponse,
    ValidateRequest, async_trait,
};
use tokio::sync::{OnceCell, watch};

use super::check_plan::check_plan;
use super::cluster_resource::{self, Call, no_engine};
use super::config::ClusterConfig;
use super::create::expected_duration;
use super::image_load;
use super::plan::plan_cluster;
use super::run::Surroundings;
use super::schemas::schemas;
use super::validate::validate_cluster;
use crate::docker::{ConnectionSettings, DockerError, Engine, connect};

const CLUSTER: &str = "kind_cluster";
const IMAGE_LOAD: &str = "kind_image_load";

/// The provider.
pub(crate) struct KindProvider {
    schemas: Arc<ProviderSchemas>,
    surroundings: Surroundings,
    engine: OnceCell<Engine>,
    stop: watch::Sender<bool>,
}

impl KindProvider {
    /// Starts the provider; nothing is connected before it is needed.
    pub(crate) fn start(surroundings: Surroundings) -> Self {
        Self {
            schemas: Arc::new(schemas()),
            surroundings,
            engine: OnceCell::new(),
            stop: watch::Sender::new(false),
        }
    }

    async fn engine(&self) -> Result<&Engine, DockerError> {
        let environment = self.surroundings.environment.clone();
        let settings = ConnectionSettings { environment, ..ConnectionSettings::default() };
        self.engine.get_or_try_init(|| async { connect(&settings).await }).await
    }

    async fn call<'a>(&'a self, progress: &'a dyn Progress) -> Result<Call<'a>, Diagnostic> {
        let engine = self.engine().await.map_err(|error| no_engine(&error))?;
        Ok(Call { engine, surroundings: &self.surroundings, progress, stop: self.stop.subscribe() })
    }
}

fn unknown_type(what: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Invalid {what} type"),
        format!("The provider has no {what} type named {name:?}."),
    )
}

#[async_trait]
impl Provider for KindProvider {
    async fn schemas(&self) -> Result<Arc<ProviderSchemas>, Diagnostics> {
        Ok(self.schemas.clone())
    }

    async fn validate_provider_config(&self, _config: Value) -> Diagnostics {
        Diagnostics::new()
    }

    async fn validate_resource_config(&self, request: ValidateRequest) -> Diagnostics {
        match request.type_name.as_str() {
            CLUSTER => validate_cluster(&request.config),
            IMAGE_LOAD => Diagnostics::new(),
            other => unknown_type("resource", other).into(),
        }
    }

    async fn validate_data_config(&self, request: ValidateRequest) -> Diagnostics {
        unknown_type("data source", &request.type_name).into()
    }

    async fn configure(&self, _request: ConfigureRequest) -> Diagnostics {
        Diagnostics::new()
    }

    async fn upgrade_resource_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        let Some(schema) = self.schemas.resources.get(&request.type_name) else {
            let diagnostics = unknown_type("resource", &request.type_name).into();
            return UpgradeResponse { state: Value::dynamic_null(), diagnostics };
        };
        let block = &schema.schema.block;
        let read = upgraded_json(&request.json, block).and_then(|json| {
            encode_json::value_from_json(&json, block.implied_type()).map_err(|error| error.to_string())
        });
        match read {
            Ok(state) => UpgradeResponse { state, diagnostics: Diagnostics::new() },
            Err(error) => UpgradeResponse {
                state: Value::Null(block.implied_type().clone()),
                diagnostics: Diagnostic::error(
                    "Invalid state",
                    format!("The stored state cannot be read: {error}."),
                )
                .into(),
            },
        }
    }

    async fn read_resource(&self, request: ReadRequest) -> ReadResponse {
        let call = match self.call(&NoProgress).await {
            Ok(call) => call,
            Err(diagnostic) => {
                return ReadResponse {
                    new_state: request.current_state,
                    private: request.private,
                    new_identity: None,
                    diagnostics: diagnostic.into(),
                };
            }
        };
        match request.type_name.as_str() {
            IMAGE_LOAD => image_load::read(call.engine, request).await,
            _ => cluster_resource::read(&call, request).await,
        }
    }

    async fn plan_resource_change(&self, request: PlanRequest) -> PlanResponse {
        let mut response = PlanResponse {
            planned_state: request.proposed_new_state.clone(),
            requires_replace: Vec::new(),
            planned_private: request.prior_private.clone(),
            planned_identity: None,
            legacy_type_system: false,
            deferred: None,
            diagnostics: Diagnostics::new(),
        };
        if request.proposed_new_state.is_null() {
            return response;
        }
        if request.type_name == IMAGE_LOAD {
            (response.planned_state, response.requires_replace) =
                image_load::plan(self.engine().await.ok(), &request).await;
        } else {
            let planned = plan_cluster(&request, &self.surroundings.working_directory);
            (response.planned_state, response.requires_replace) = (planned.state, planned.replace);
            response.planned_private = planned.memory.to_private();
        }
        response
    }

    async fn apply_resource_change(&self, request: ApplyRequest, progress: &dyn Progress) -> ApplyResponse {
        let call = match self.call(progress).await {
            Ok(call) => call,
            Err(diagnostic) => {
                return ApplyResponse {
                    new_state: request.prior_state,
                    private: request.planned_private,
                    new_identity: None,
                    legacy_type_system: false,
                    diagnostics: diagnostic.into(),
                };
            }
        };
        match request.type_name.as_str() {
            IMAGE_LOAD => image_load::apply(&call, request).await,
            _ => cluster_resource::apply(&call, request).await,
        }
    }

    async fn import_resource_state(&self, request: ImportRequest) -> ImportResponse {
        let imported = async {
            let (CLUSTER, ImportTarget::Id(id)) = (request.type_name.as_str(), &request.target) else {
                let detail = format!(
                    "Objects of type {} are not imported; only clusters are, by name.",
                    request.type_name
                );
                return Err(Diagnostic::error("Resource Import Not Implemented", detail));
            };
            cluster_resource::import(&self.call(&NoProgress).await?, id).await
        };
        match imported.await {
            Ok(object) => ImportResponse { imported: vec![object], diagnostics: Diagnostics::new() },
            Err(diagnostic) => ImportResponse { imported: Vec::new(), diagnostics: diagnostic.into() },
        }
    }

    async fn read_data_source(&self, request: DataRequest) -> DataResponse {
        let diagnostics = unknown_type("data source", &request.type_name).into();
        DataResponse { state: request.config, diagnostics }
    }

    async fn check_plan(&self, changes: Vec<PlannedResource>) -> Diagnostics {
        let creates =
            changes.iter().any(|change| change.type_name == CLUSTER && !change.planned_state.is_null());
        if !creates {
            return Diagnostics::new();
        }
        match self.engine().await {
            Ok(engine) => check_plan(engine, &self.surroundings, &changes).await,
            Err(error) => no_engine(&error).into(),
        }
    }

    async fn falls_with(&self, removed: Vec<PlannedResource>) -> Vec<Vec<usize>> {
        let text = |object: &PlannedResource, name: &str| object.prior_state.get(name)?.as_str().cloned();
        let of_cluster = |image: &PlannedResource| {
            let wanted = text(image, "cluster_name")?;
            let named = |object: &PlannedResource| text(object, "name").is_some_and(|name| name == wanted);
            removed.iter().position(|object| object.type_name == CLUSTER && named(object))
        };
        let images = removed.iter().map(|it| if it.type_name == IMAGE_LOAD { of_cluster(it) } else { None });
        images.map(|cluster| cluster.into_iter().collect()).collect()
    }

    fn holds(&self, type_name: &str) -> Holds {
        // Nodes are containers: what a cluster has made is in them.
        if type_name == CLUSTER { Holds::Everything } else { Holds::Nothing }
    }

    fn id_before_create(&self, type_name: &str, planned_state: &Value) -> Option<Str> {
        let name = planned_state.get("name").and_then(Value::as_str);
        name.filter(|_| type_name == CLUSTER).cloned()
    }

    fn expected_duration(&self, type_name: &str, action: ActionKind) -> Option<Duration> {
        let one_node = || ClusterConfig::from_value(&Value::empty_object(), None, "");
        match (type_name, action) {
            (CLUSTER, ActionKind::Create) => Some(expected_duration(&one_node())),
            (CLUSTER, ActionKind::Update) => Some(Duration::from_secs(15)),
            (CLUSTER, ActionKind::Delete) => Some(Duration::from_secs(4)),
            (IMAGE_LOAD, ActionKind::Create | ActionKind::Update) => Some(Duration::from_secs(5)),
            _ => None,
        }
    }

    async fn stop(&self) {
        self.stop.send_replace(true);
    }
}

/// Fills in attributes that the stored state does not have, and leaves out those that the schema does not.
fn upgraded_json(json: &str, block: &terrane_model::Block) -> Result<String, String> {
    let stored: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let fitted = fit(&stored, block);
    Ok(fitted.to_string())
}

fn fit(stored: &serde_json::Value, block: &terrane_model::Block) -> serde_json::Value {
    let Some(stored) = stored.as_object() else { return stored.clone() };
    let mut fitted = serde_json::Map::new();
    for (name, _) in block.attributes() {
        fitted.insert(name.to_string(), stored.get(name.as_str()).cloned().unwrap_or_default());
    }
    for (name, nested) in block.block_types() {
        let value = stored.get(name.as_str());
        let inner = match (nested.nesting, value) {
            (terrane_model::Nesting::List, Some(serde_json::Value::Array(blocks))) => {
                blocks.iter().map(|inner| fit(inner, &nested.block)).collect()
            }
            (terrane_model::Nesting::List, _) => serde_json::Value::Array(Vec::new()),
            (_, Some(value)) => fit(value, &nested.block),
            (_, None) => serde_json::Value::Null,
        };
        fitted.insert(name.to_string(), inner);
    }
    serde_json::Value::Object(fitted)
}

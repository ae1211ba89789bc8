//! `Azure/azapi` as one implementation of the provider trait.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use regex::Regex;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Str, Type, Value};
use terrane_provider::{
    ActionKind, ApplyRequest, ApplyResponse, ConfigureRequest, DataRequest, DataResponse, ImportRequest,
    ImportResponse, ImportTarget, ImportedObject, NoProgress, PlanRequest, PlanResponse, Progress, Provider,
    ProviderFunctionError, ProviderSchemas, ReadRequest, ReadResponse, UpgradeRequest, UpgradeResponse,
    ValidateRequest,
};

use crate::attributes::{Attributes, text_at};
use crate::client::{ArmError, Call, StopSignal};
use crate::generic::ids::{ApiType, type_of};
use crate::generic::json_value::to_json;
use crate::generic::request::timeout;
use crate::generic::resource::{Defaults, Job, Kind, address_of, wrong_type};
use crate::generic::{action, data, functions, known_types, query, resource, schemas};
use crate::lifecycle::Failure;
use crate::provider::{AzureOptions, Session};
use crate::table::id_template::spell;

const TIMEOUT: Duration = Duration::from_secs(30 * 60);
const READ_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Azure Resource Manager as it is, under azapi's names.
pub struct AzapiProvider {
    schemas: OnceLock<Arc<ProviderSchemas>>,
    session: Session,
    stop: StopSignal,
    defaults: OnceLock<Defaults>,
}

impl AzapiProvider {
    /// Makes a provider. It does nothing before it is asked to.
    pub fn new(options: AzureOptions) -> Self {
        let stop = StopSignal::default();
        Self {
            schemas: OnceLock::new(),
            session: Session::new(options, stop.clone()),
            stop,
            defaults: OnceLock::new(),
        }
    }

    fn all_schemas(&self) -> &Arc<ProviderSchemas> {
        self.schemas.get_or_init(|| Arc::new(schemas::schemas()))
    }

    fn defaults(&self) -> Defaults {
        let defaults = self.defaults.get().cloned().unwrap_or_default();
        Defaults { subscription_id: self.session.subscription_id().map(str::to_owned), ..defaults }
    }

    /// Returns the type of a resource's values.
    fn resource_type(&self, type_name: &str) -> Result<&Type, Diagnostics> {
        let schema = self.all_schemas().resources.get(type_name);
        schema
            .map(|schema| schema.schema.block.implied_type())
            .ok_or_else(|| unknown("resource type", type_name))
    }

    async fn read(&self, request: &ReadRequest) -> Result<Option<Value>, Failure> {
        let state = &request.current_state;
        let Some(kind) = kind_of(&request.type_name) else { return Ok(Some(state.clone())) };
        if self.session.is_configuration_unknown() {
            return Ok(Some(state.clone()));
        }
        let connection = self.session.connection().await?;
        let call = Call::begin(timeout(state, "read", READ_TIMEOUT), &NoProgress, &self.stop);
        let defaults = self.defaults();
        Job { kind, connection, call, defaults: &defaults }.read(state).await
    }

    async fn apply(&self, request: &ApplyRequest, progress: &dyn Progress) -> Result<Value, (Failure, bool)> {
        let connection = self.session.connection().await.map_err(|error| (Failure::Arm(error), false))?;
        let (prior, planned) = (&request.prior_state, &request.planned_state);
        let action = match (prior.is_null(), planned.is_null()) {
            (true, _) => ActionKind::Create,
            (_, true) => ActionKind::Delete,
            _ => ActionKind::Update,
        };
        let (subject, name) = match action {
            ActionKind::Delete => (prior, "delete"),
            ActionKind::Create => (planned, "create"),
            _ => (planned, "update"),
        };
        let call = Call::begin(timeout(subject, name, TIMEOUT), progress, &self.stop);
        let Some(kind) = kind_of(&request.type_name) else {
            let when = if action == ActionKind::Delete { "destroy" } else { "apply" };
            let done = action::act(connection, &call, subject, &request.config, when).await;
            let state = done.map_err(|failure| (failure, false))?;
            return Ok(if action == ActionKind::Delete { planned.clone() } else { state });
        };
        let defaults = self.defaults();
        let job = Job { kind, connection, call, defaults: &defaults };
        if action == ActionKind::Delete {
            job.delete(prior).await.map_err(|failure| (failure, true))?;
            return Ok(planned.clone());
        }
        job.write(action, prior, planned, &request.config).await
    }

    fn import(&self, request: &ImportRequest) -> Result<ImportedObject, Diagnostics> {
        let ty = self.resource_type(&request.type_name)?;
        let ImportTarget::Id(text) = &request.target else {
            let detail = format!("{} is imported by its id.", request.type_name);
            return Err(Diagnostic::error("Import by identity is not supported", detail).into());
        };
        let (id, version) = match text.split_once("?api-version=") {
            Some((id, version)) => (id, Some(version.to_owned())),
            None => (text.as_str(), None),
        };
        let wrong = || {
            let detail = format!("{text:?} is no id of Azure Resource Manager.");
            Diagnostics::from(Diagnostic::error("Invalid import id", detail))
        };
        let name = type_of(id).ok_or_else(wrong)?;
        let usual = ApiType { name: name.clone(), version: String::new() };
        let version =
            version.or_else(|| known_types::table_of(&usual).map(|table| table.api_version.to_string()));
        let Some(version) = version else {
            let detail = format!(
                "Which version of {name} is meant has to be said: import {id}?api-version=VERSION with a version of \
                 that type."
            );
            return Err(Diagnostic::error("API version is missing", detail).into());
        };
        let schema = &self.all_schemas().resources[&request.type_name].schema;
        let mut state = Attributes::of(&schema.block.empty_value());
        state.set("id", spell(id, &name));
        state.set("type", format!("{name}@{version}"));
        Ok(ImportedObject {
            type_name: request.type_name.clone(),
            state: state.into_object(ty),
            private: Vec::new(),
            identity: None,
        })
    }

    fn upgrade(&self, request: &UpgradeRequest) -> Result<Value, Diagnostics> {
        let ty = self.resource_type(&request.type_name)?;
        let damaged = |error: String| {
            let detail = format!("The state of an {} cannot be read: {error}.", request.type_name);
            Diagnostics::from(Diagnostic::error("Invalid state", detail))
        };
        let json: serde_json::Value =
            serde_json::from_str(&request.json).map_err(|error| damaged(error.to_string()))?;
        // Arguments come and go between versions; what is gone says nothing any more.
        let Type::Object(object) = ty else { return Err(damaged("no object".to_owned())) };
        let known = json
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| object.attributes().iter().any(|(other, _)| other == name.as_str()));
        let known: serde_json::Map<String, serde_json::Value> =
            known.map(|(name, value)| (name.clone(), value.clone())).collect();
        let text = serde_json::Value::Object(known).to_string();
        let value = terrane_model::encode_json::value_from_json(&text, ty);
        value.map_err(|error| damaged(error.to_string()))
    }
}

/// Returns which of the two resources a type is; nothing for actions.
fn kind_of(type_name: &str) -> Option<Kind> {
    match type_name {
        schemas::RESOURCE => Some(Kind::Whole),
        schemas::UPDATE => Some(Kind::Update),
        _ => None,
    }
}

fn unknown(what: &str, type_name: &str) -> Diagnostics {
    let detail = format!("The built-in azapi provider has no {what} named {type_name}.");
    Diagnostic::error("Unsupported type", detail).into()
}

/// Checks what holds for everything that names a type and bodies.
fn validate(config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    if let Some(text) = text_at(config, "type")
        && ApiType::parse(&text).is_none()
    {
        diagnostics.push(wrong_type(&text));
    }
    for name in ["body", "sensitive_body"] {
        let body = config.attribute(name);
        if body.is_known() && !body.is_null() && body.as_entries().is_none() {
            let detail = format!("{name} must be an object, not a text with JSON: leave jsonencode out.");
            let path = AttributePath::root().attribute(name);
            diagnostics.push(Diagnostic::error("Invalid body", detail).on_attribute(path));
        }
    }
    for name in ["response_export_values", "sensitive_response_export_values"] {
        let wanted = config.attribute(name);
        if wanted.is_wholly_known()
            && let Err(error) = query::export(&to_json(&wanted), &serde_json::Value::Null)
        {
            let path = AttributePath::root().attribute(name);
            diagnostics.push(Diagnostic::error("Invalid query", error.to_string()).on_attribute(path));
        }
    }
    let patterns = crate::attributes::at(config, "retry.error_message_regex");
    for pattern in patterns.as_sequence().into_iter().flatten().filter_map(Value::as_str) {
        if let Err(error) = Regex::new(pattern) {
            let path = AttributePath::root().attribute("retry");
            diagnostics.push(Diagnostic::error("Invalid pattern", error.to_string()).on_attribute(path));
        }
    }
    diagnostics
}

#[async_trait]
impl Provider for AzapiProvider {
    async fn schemas(&self) -> Result<Arc<ProviderSchemas>, Diagnostics> {
        Ok(Arc::clone(self.all_schemas()))
    }

    async fn validate_provider_config(&self, _config: Value) -> Diagnostics {
        Diagnostics::new()
    }

    async fn validate_resource_config(&self, request: ValidateRequest) -> Diagnostics {
        validate(&request.config)
    }

    async fn validate_data_config(&self, request: ValidateRequest) -> Diagnostics {
        validate(&request.config)
    }

    async fn configure(&self, request: ConfigureRequest) -> Diagnostics {
        let config = &request.config;
        let tags = config.attribute("default_tags");
        let _ = self.defaults.set(Defaults {
            location: text_at(config, "default_location").map(|text| text.to_string()),
            tags: (!tags.is_null()).then_some(tags),
            name: text_at(config, "default_name").map(|text| text.to_string()),
            exports_nothing: config.attribute("disable_default_output").as_bool() == Some(true),
            subscription_id: None,
        });
        self.session.configure(request)
    }

    async fn upgrade_resource_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        match self.upgrade(&request) {
            Ok(state) => UpgradeResponse { state, diagnostics: Diagnostics::new() },
            Err(diagnostics) => UpgradeResponse { state: Value::dynamic_null(), diagnostics },
        }
    }

    async fn read_resource(&self, request: ReadRequest) -> ReadResponse {
        let ty = request.current_state.ty();
        let (new_state, diagnostics) = match self.read(&request).await {
            Ok(Some(state)) => (state, Diagnostics::new()),
            Ok(None) => (Value::Null(ty), Diagnostics::new()),
            Err(failure) => {
                let id = text_at(&request.current_state, "id").unwrap_or_default();
                (request.current_state, failure.into_diagnostics(&format!("reading {id}")))
            }
        };
        ReadResponse { new_state, private: request.private, new_identity: None, diagnostics }
    }

    async fn plan_resource_change(&self, request: PlanRequest) -> PlanResponse {
        let refuse = |diagnostics| PlanResponse {
            planned_state: request.proposed_new_state.clone(),
            requires_replace: Vec::new(),
            planned_private: request.prior_private.clone(),
            planned_identity: None,
            legacy_type_system: true,
            deferred: None,
            diagnostics,
        };
        let ty = match self.resource_type(&request.type_name) {
            Ok(ty) => ty,
            Err(diagnostics) => return refuse(diagnostics),
        };
        if request.proposed_new_state.is_null() {
            return refuse(Diagnostics::new());
        }
        match kind_of(&request.type_name) {
            Some(kind) => resource::plan(kind, &request, ty, &self.defaults()),
            None => action::plan(&request, ty),
        }
    }

    async fn apply_resource_change(&self, request: ApplyRequest, progress: &dyn Progress) -> ApplyResponse {
        let (new_state, diagnostics) = match self.apply(&request, progress).await {
            Ok(state) => (state, Diagnostics::new()),
            Err((failure, may_exist)) => {
                let state = match address_of(&request.planned_state, &request.prior_state) {
                    // What was begun must not be lost, even if nobody knows how it ended.
                    Ok((_, id)) if may_exist && request.prior_state.is_null() => {
                        let mut state = Attributes::of(&request.planned_state);
                        state.set("id", id);
                        state.into_known(&request.planned_state.ty())
                    }
                    _ => request.prior_state.clone(),
                };
                (state, failure.into_diagnostics(&format!("applying {}", request.type_name)))
            }
        };
        ApplyResponse {
            new_state,
            private: request.planned_private,
            new_identity: None,
            legacy_type_system: true,
            diagnostics,
        }
    }

    async fn import_resource_state(&self, request: ImportRequest) -> ImportResponse {
        match self.import(&request) {
            Ok(object) => ImportResponse { imported: vec![object], diagnostics: Diagnostics::new() },
            Err(diagnostics) => ImportResponse { imported: Vec::new(), diagnostics },
        }
    }

    async fn read_data_source(&self, request: DataRequest) -> DataResponse {
        let schema = self.all_schemas().data_sources.get(&request.type_name);
        let Some(ty) = schema.map(|schema| schema.block.implied_type()) else {
            return DataResponse {
                state: request.config,
                diagnostics: unknown("data source", &request.type_name),
            };
        };
        let doing = format!("reading data source {}", request.type_name);
        let connection = match self.session.connection().await {
            Ok(connection) => connection,
            Err(error) => {
                let error: ArmError = error;
                return DataResponse {
                    state: request.config,
                    diagnostics: error.to_diagnostic(&doing).into(),
                };
            }
        };
        let call = Call::begin(timeout(&request.config, "read", READ_TIMEOUT), &NoProgress, &self.stop);
        let defaults = self.defaults();
        let read =
            data::read_data(&request.type_name, connection, &call, &request.config, ty, &defaults).await;
        match read {
            Ok(state) => DataResponse { state, diagnostics: Diagnostics::new() },
            Err(failure) => {
                DataResponse { state: request.config, diagnostics: failure.into_diagnostics(&doing) }
            }
        }
    }

    async fn call_function(&self, name: Str, arguments: Vec<Value>) -> Result<Value, ProviderFunctionError> {
        functions::call(&name, &arguments)
    }

    fn id_before_create(&self, type_name: &str, planned_state: &Value) -> Option<Str> {
        kind_of(type_name).filter(|kind| *kind == Kind::Whole)?;
        let (ty, id) = address_of(planned_state, &Value::dynamic_null()).ok()?;
        Some(format!("{id}?api-version={}", ty.version).into())
    }

    async fn stop(&self) {
        self.stop.stop();
    }
}

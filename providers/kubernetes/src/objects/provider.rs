//! The providers that manage objects of a cluster, made of resource types, data sources and functions.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::future::join_all;
use regex::Regex;
use terrane_model::{Block, Diagnostic, Diagnostics, Str, Value};
use terrane_provider::{
    ApplyRequest, ApplyResponse, ConfigureRequest, DataRequest, DataResponse, ImportRequest, ImportResponse,
    ImportTarget, ImportedObject, PlanRequest, PlanResponse, PlannedResource, Private, Progress, Provider,
    ProviderFunctionError, ProviderSchemas, ReadRequest, ReadResponse, ResourceSchema, Ties, UpgradeRequest,
    UpgradeResponse, ValidateRequest, async_trait,
};
use tokio::sync::watch;

use super::cluster::Connection;
use super::cluster::settings::{Settings, Surroundings};
use super::context::Context;
use super::plan_check;
use super::resource::{DataSource, Outcome, Resource};
use crate::KubernetesOptions;

/// What a function does with its arguments.
pub(crate) type FunctionBody = fn(&[Value]) -> Result<Value, ProviderFunctionError>;

/// All that a provider offers; shared by its instances.
pub(crate) struct Catalog {
    /// Returns the part of the provider's configuration that names the cluster.
    pub(crate) cluster_of: fn(&Value) -> Value,
    pub(crate) schemas: ProviderSchemas,
    pub(crate) resources: BTreeMap<Str, Box<dyn Resource>>,
    pub(crate) data_sources: BTreeMap<Str, Box<dyn DataSource>>,
    pub(crate) functions: BTreeMap<Str, FunctionBody>,
}

impl Catalog {
    /// Starts a catalog with the schema of the `provider` block.
    pub(crate) fn new(provider: Block) -> Self {
        Self {
            cluster_of: Value::clone,
            schemas: ProviderSchemas { provider: Arc::new(provider), ..ProviderSchemas::default() },
            resources: BTreeMap::new(),
            data_sources: BTreeMap::new(),
            functions: BTreeMap::new(),
        }
    }

    /// Adds a resource type.
    pub(crate) fn add_resource(&mut self, name: &str, resource: impl Resource + 'static) {
        self.schemas.resources.insert(name.into(), ResourceSchema::new(resource.schema()));
        self.resources.insert(name.into(), Box::new(resource));
    }

    /// Adds a data source.
    pub(crate) fn add_data_source(&mut self, name: &str, source: impl DataSource + 'static) {
        self.schemas.data_sources.insert(name.into(), source.schema());
        self.data_sources.insert(name.into(), Box::new(source));
    }
}

/// One running provider.
pub(crate) struct ObjectProvider {
    catalog: Arc<Catalog>,
    schemas: Arc<ProviderSchemas>,
    options: Arc<KubernetesOptions>,
    context: RwLock<Arc<Context>>,
    stop: watch::Sender<bool>,
}

impl ObjectProvider {
    /// Starts a provider that is not configured yet.
    pub(crate) fn start(
        catalog: Arc<Catalog>,
        schemas: Arc<ProviderSchemas>,
        options: Arc<KubernetesOptions>,
    ) -> Self {
        let stop = watch::Sender::new(false);
        let nothing = Value::dynamic();
        let context = Context::new(Connection::Unknown, &nothing, Arc::clone(&options), stop.subscribe());
        Self { catalog, schemas, options, context: RwLock::new(Arc::new(context)), stop }
    }

    fn context(&self) -> Arc<Context> {
        Arc::clone(&self.context.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn resource(&self, type_name: &str) -> Result<&dyn Resource, Diagnostics> {
        let found = self.catalog.resources.get(type_name).map(Box::as_ref);
        found.ok_or_else(|| unknown_type("resource type", type_name))
    }

    fn data_source(&self, type_name: &str) -> Result<&dyn DataSource, Diagnostics> {
        let found = self.catalog.data_sources.get(type_name).map(Box::as_ref);
        found.ok_or_else(|| unknown_type("data source", type_name))
    }

    async fn import(&self, request: &ImportRequest) -> Result<ImportedObject, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let ImportTarget::Id(id) = &request.target else {
            let detail = format!("Objects of type {} are imported with an id.", request.type_name);
            return Err(Diagnostic::error("Import by identity not supported", detail).into());
        };
        let (state, private) = resource.import(&self.context(), id).await?;
        Ok(ImportedObject { type_name: request.type_name.clone(), state, private, identity: None })
    }
}

fn unknown_type(what: &str, name: &str) -> Diagnostics {
    Diagnostic::error(format!("Invalid {what}"), format!("The provider has no {what} named {name:?}.")).into()
}

/// Reads a list of regular expressions.
fn patterns(config: &Value, name: &str, diagnostics: &mut Diagnostics) -> Vec<Regex> {
    let written = config.get(name).and_then(Value::as_sequence).unwrap_or_default();
    let texts = written.iter().filter_map(Value::as_str);
    let patterns = texts.filter_map(|text| {
        Regex::new(text)
            .map_err(|error| {
                let path = terrane_model::AttributePath::root().attribute(name);
                diagnostics.push(
                    Diagnostic::error("Invalid regular expression", error.to_string()).on_attribute(path),
                );
            })
            .ok()
    });
    patterns.collect()
}

#[async_trait]
impl Provider for ObjectProvider {
    async fn schemas(&self) -> Result<Arc<ProviderSchemas>, Diagnostics> {
        Ok(Arc::clone(&self.schemas))
    }

    async fn validate_provider_config(&self, config: Value) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        patterns(&config, "ignore_labels", &mut diagnostics);
        patterns(&config, "ignore_annotations", &mut diagnostics);
        diagnostics
    }

    async fn validate_resource_config(&self, request: ValidateRequest) -> Diagnostics {
        self.resource(&request.type_name)
            .map_or_else(|error| error, |resource| resource.validate(&request.config))
    }

    async fn validate_data_config(&self, request: ValidateRequest) -> Diagnostics {
        self.data_source(&request.type_name)
            .map_or_else(|error| error, |source| source.validate(&request.config))
    }

    async fn configure(&self, request: ConfigureRequest) -> Diagnostics {
        let surroundings = Surroundings {
            environment: &self.options.environment,
            working_folder: &self.options.working_folder,
        };
        let cluster = (self.catalog.cluster_of)(&request.config);
        let connection = Connection::new(Settings::read(&cluster, surroundings));
        let mut diagnostics = Diagnostics::new();
        let (options, stop) = (Arc::clone(&self.options), self.stop.subscribe());
        let mut context = Context::new(connection, &request.config, options, stop);
        context.ignored_labels = patterns(&request.config, "ignore_labels", &mut diagnostics);
        context.ignored_annotations = patterns(&request.config, "ignore_annotations", &mut diagnostics);
        *self.context.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(context);
        diagnostics
    }

    async fn upgrade_resource_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        let upgraded = self
            .resource(&request.type_name)
            .and_then(|resource| resource.upgrade(request.version, &request.json));
        match upgraded {
            Ok(state) => UpgradeResponse { state, diagnostics: Diagnostics::new() },
            Err(diagnostics) => UpgradeResponse { state: Value::dynamic_null(), diagnostics },
        }
    }

    async fn read_resource(&self, request: ReadRequest) -> ReadResponse {
        let kept = ReadResponse {
            new_state: request.current_state.clone(),
            private: request.private.clone(),
            new_identity: None,
            diagnostics: Diagnostics::new(),
        };
        self.read_many(vec![request]).await.pop().unwrap_or(kept)
    }

    async fn read_many(&self, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let context = self.context();
        let mut by_type: BTreeMap<Str, (Vec<usize>, Vec<ReadRequest>)> = BTreeMap::new();
        let count = requests.len();
        for (position, request) in requests.into_iter().enumerate() {
            let (positions, requests) = by_type.entry(request.type_name.clone()).or_default();
            positions.push(position);
            requests.push(request);
        }
        let reads = by_type.into_iter().map(|(type_name, (positions, requests))| {
            let context = &context;
            async move {
                let responses = match self.resource(&type_name) {
                    Ok(resource) => resource.read(context, requests).await,
                    Err(diagnostics) => {
                        requests.into_iter().map(|request| unread(request, &diagnostics)).collect()
                    }
                };
                positions.into_iter().zip(responses).collect::<Vec<_>>()
            }
        });
        let mut responses: Vec<(usize, ReadResponse)> = Vec::with_capacity(count);
        responses.extend(join_all(reads).await.into_iter().flatten());
        responses.sort_by_key(|(position, _)| *position);
        responses.into_iter().map(|(_, response)| response).collect()
    }

    async fn plan_resource_change(&self, request: PlanRequest) -> PlanResponse {
        let planned = match self.resource(&request.type_name) {
            Ok(_) if request.proposed_new_state.is_null() => None,
            Ok(resource) => Some(resource.plan(&self.context(), &request).await),
            Err(diagnostics) => Some(Err(diagnostics)),
        };
        let (planned_state, requires_replace, planned_private, diagnostics) = match planned {
            None => (request.proposed_new_state, Vec::new(), request.prior_private, Diagnostics::new()),
            Some(Ok(planned)) => (planned.state, planned.replaces, planned.private, planned.warnings),
            Some(Err(diagnostics)) => {
                (request.proposed_new_state, Vec::new(), request.prior_private, diagnostics)
            }
        };
        PlanResponse {
            planned_state,
            requires_replace,
            planned_private,
            planned_identity: None,
            // The types have the shapes that Terraform's providers give them, among them values that turn from
            // nothing to zero when an object is made.
            legacy_type_system: true,
            deferred: None,
            diagnostics,
        }
    }

    async fn apply_resource_change(&self, request: ApplyRequest, progress: &dyn Progress) -> ApplyResponse {
        let outcome = match self.resource(&request.type_name) {
            Ok(resource) => resource.apply(&self.context(), &request, progress).await,
            Err(diagnostics) => Outcome::unchanged(&request, diagnostics),
        };
        ApplyResponse {
            new_state: outcome.state,
            private: outcome.private,
            new_identity: None,
            legacy_type_system: true,
            diagnostics: outcome.diagnostics,
        }
    }

    async fn import_resource_state(&self, request: ImportRequest) -> ImportResponse {
        match self.import(&request).await {
            Ok(imported) => ImportResponse { imported: vec![imported], diagnostics: Diagnostics::new() },
            Err(diagnostics) => ImportResponse { imported: Vec::new(), diagnostics },
        }
    }

    async fn read_data_source(&self, request: DataRequest) -> DataResponse {
        let read = match self.data_source(&request.type_name) {
            Ok(source) => source.read(&self.context(), &request.config).await,
            Err(diagnostics) => Err(diagnostics),
        };
        match read {
            Ok(state) => DataResponse { state, diagnostics: Diagnostics::new() },
            Err(diagnostics) => DataResponse { state: request.config, diagnostics },
        }
    }

    async fn call_function(&self, name: Str, arguments: Vec<Value>) -> Result<Value, ProviderFunctionError> {
        let Some(call) = self.catalog.functions.get(&name) else {
            let message = format!("there is no function named {name:?}");
            return Err(ProviderFunctionError { argument: None, message });
        };
        call(&arguments)
    }

    async fn check_plan(&self, changes: Vec<PlannedResource>) -> Diagnostics {
        plan_check::check(&self.context(), &self.catalog, &changes)
    }

    async fn ties(&self, objects: Vec<PlannedResource>) -> Vec<Ties> {
        let ties = |object: PlannedResource| {
            let is_removed = object.planned_state.is_null();
            let values = if is_removed { &object.prior_state } else { &object.planned_state };
            let resource = self.catalog.resources.get(&object.type_name);
            resource.map(|resource| resource.ties(values, &object.private)).unwrap_or_default()
        };
        objects.into_iter().map(ties).collect()
    }

    async fn place(&self) -> Option<Str> {
        let cluster = self.context().cluster_if_known().await.ok().flatten()?;
        Some(cluster.server.as_str().into())
    }

    fn id_before_create(&self, type_name: &str, planned_state: &Value) -> Option<Str> {
        self.catalog.resources.get(type_name)?.id_before_create(planned_state)
    }

    async fn stop(&self) {
        self.stop.send_replace(true);
    }
}

fn unread(request: ReadRequest, diagnostics: &Diagnostics) -> ReadResponse {
    ReadResponse {
        new_state: request.current_state,
        private: Private::clone(&request.private),
        new_identity: None,
        diagnostics: diagnostics.clone(),
    }
}

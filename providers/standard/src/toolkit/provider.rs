//! A provider made of tables and the code behind them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::value::RawValue;
use terrane_model::{Block, Diagnostics, Str, Value, encode_json};
use terrane_provider::{
    ActionRequest, ApplyRequest, ApplyResponse, ConfigureRequest, DataRequest, DataResponse, Effects,
    ImportRequest, ImportResponse, ImportTarget, ImportedObject, OpenResponse, PlanRequest, PlanResponse,
    Private, Progress, Provider, ProviderFunctionError, ProviderSchemas, ReadRequest, ReadResponse,
    ResourceSchema, UpgradeRequest, UpgradeResponse, ValidateRequest, async_trait,
};
use tokio::sync::watch;

use super::draft::Draft;
use super::function::{Function, FunctionBody};
use super::kinds::{Action, Call, DataSource, EphemeralResource, Resource, failure};
use super::rule;
use super::table::Table;
use crate::object::{Attributes, with_attributes, with_unknown_filled};

/// All that a provider offers; shared by its instances.
#[derive(Default)]
pub(crate) struct Catalog {
    schemas: Arc<ProviderSchemas>,
    resources: BTreeMap<Str, Entry<dyn Resource>>,
    data_sources: BTreeMap<Str, Entry<dyn DataSource>>,
    ephemeral_resources: BTreeMap<Str, Entry<dyn EphemeralResource>>,
    actions: BTreeMap<Str, Entry<dyn Action>>,
    functions: BTreeMap<Str, FunctionBody>,
    provider_table: Option<Table>,
}

struct Entry<K: ?Sized> {
    table: Table,
    kind: Box<K>,
    block: Arc<Block>,
}

impl Catalog {
    /// Sets the table of the `provider` block.
    pub(crate) fn provider(mut self, table: Table) -> Self {
        Arc::make_mut(&mut self.schemas).provider = table.schema().block;
        self.provider_table = Some(table);
        self
    }

    /// Adds a resource type.
    pub(crate) fn resource(mut self, kind: impl Resource + 'static) -> Self {
        let table = kind.table();
        let (name, schema) = (Str::from(table.name), table.schema());
        let entry = Entry { table, kind: Box::new(kind) as Box<dyn Resource>, block: schema.block.clone() };
        self.resources.insert(name.clone(), entry);
        Arc::make_mut(&mut self.schemas).resources.insert(name, ResourceSchema::new(schema));
        self
    }

    /// Adds a data source.
    pub(crate) fn data_source(mut self, kind: impl DataSource + 'static) -> Self {
        let table = kind.table();
        let (name, schema) = (Str::from(table.name), table.schema());
        let entry = Entry { table, kind: Box::new(kind) as Box<dyn DataSource>, block: schema.block.clone() };
        self.data_sources.insert(name.clone(), entry);
        Arc::make_mut(&mut self.schemas).data_sources.insert(name, schema);
        self
    }

    /// Adds an ephemeral resource.
    pub(crate) fn ephemeral_resource(mut self, kind: impl EphemeralResource + 'static) -> Self {
        let table = kind.table();
        let (name, schema) = (Str::from(table.name), table.schema());
        let kind = Box::new(kind) as Box<dyn EphemeralResource>;
        self.ephemeral_resources.insert(name.clone(), Entry { table, kind, block: schema.block.clone() });
        Arc::make_mut(&mut self.schemas).ephemeral_resources.insert(name, schema);
        self
    }

    /// Adds an action.
    pub(crate) fn action(mut self, kind: impl Action + 'static) -> Self {
        let table = kind.table();
        let (name, schema) = (Str::from(table.name), table.schema());
        let kind = Box::new(kind) as Box<dyn Action>;
        self.actions.insert(name.clone(), Entry { table, kind, block: schema.block.clone() });
        Arc::make_mut(&mut self.schemas).actions.insert(name, schema);
        self
    }

    /// Adds functions.
    pub(crate) fn functions(mut self, functions: impl IntoIterator<Item = Function>) -> Self {
        let schemas = Arc::make_mut(&mut self.schemas);
        for function in functions {
            schemas.functions.insert(function.name.into(), function.signature);
            self.functions.insert(function.name.into(), function.call);
        }
        self
    }
}

/// One running provider.
pub(crate) struct StandardProvider {
    catalog: Arc<Catalog>,
    config: Mutex<Value>,
    stop: watch::Sender<bool>,
}

impl StandardProvider {
    /// Starts a provider that is not configured yet.
    pub(crate) fn start(catalog: Arc<Catalog>) -> Self {
        Self { catalog, config: Mutex::new(Value::dynamic_null()), stop: watch::Sender::new(false) }
    }

    fn provider_config(&self) -> Value {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn resource(&self, type_name: &str) -> Result<&Entry<dyn Resource>, Diagnostics> {
        find(&self.catalog.resources, "resource", type_name)
    }
}

fn find<'e, K: ?Sized>(
    entries: &'e BTreeMap<Str, Entry<K>>,
    what: &str,
    name: &str,
) -> Result<&'e Entry<K>, Diagnostics> {
    entries.get(name).ok_or_else(|| {
        failure(&format!("Invalid {what} type"), format!("The provider has no {what} type named {name:?}."))
    })
}

/// Returns the result's value, or the other value with the result's messages.
fn settle<T>(result: Result<T, Diagnostics>, otherwise: impl FnOnce() -> T) -> (T, Diagnostics) {
    match result {
        Ok(value) => (value, Diagnostics::new()),
        Err(diagnostics) => (otherwise(), diagnostics),
    }
}

/// Reads a stored state, leaving out attributes that the type does not have any more.
fn read_state(json: &str, block: &Block) -> Result<Value, String> {
    let stored: BTreeMap<String, &RawValue> =
        serde_json::from_str(json).map_err(|error| error.to_string())?;
    let has = |name: &str| block.attribute(name).is_some() || block.block_type(name).is_some();
    let kept: BTreeMap<_, _> = stored.into_iter().filter(|(name, _)| has(name)).collect();
    let kept = serde_json::to_string(&kept).map_err(|error| error.to_string())?;
    encode_json::value_from_json(&kept, block.implied_type()).map_err(|error| error.to_string())
}

impl StandardProvider {
    fn plan(&self, request: &PlanRequest) -> Result<PlanResponse, Diagnostics> {
        let entry = self.resource(&request.type_name)?;
        let (planned_state, requires_replace, diagnostics) = if request.proposed_new_state.is_null() {
            (request.proposed_new_state.clone(), Vec::new(), Diagnostics::new())
        } else {
            let mut draft = Draft::new(&entry.table, request);
            entry.kind.modify_plan(&mut draft);
            draft.finish()
        };
        Ok(planned(planned_state, requires_replace, request.prior_private.clone(), diagnostics))
    }

    async fn apply(&self, request: &ApplyRequest) -> Result<Value, Diagnostics> {
        let entry = self.resource(&request.type_name)?;
        let provider_config = self.provider_config();
        let call = Call { provider_config: &provider_config, stop: self.stop.subscribe() };
        let (prior, planned) = (&request.prior_state, &request.planned_state);
        if planned.is_null() {
            entry.kind.delete(prior, call).await?;
            return Ok(planned.clone());
        }
        let decided = if prior.is_null() {
            entry.kind.create(planned, &request.config, call).await?
        } else {
            entry.kind.update(prior, planned, &request.config).await?
        };
        Ok(with_unknown_filled(planned, &decided))
    }

    async fn import(&self, request: &ImportRequest) -> Result<Vec<ImportedObject>, Diagnostics> {
        let entry = self.resource(&request.type_name)?;
        let ImportTarget::Id(id) = &request.target else {
            let detail =
                format!("Objects of type {} have no identity; import them with an id.", request.type_name);
            return Err(failure("Import by identity not supported", detail));
        };
        let attributes = entry.kind.import(id).await?;
        let state = with_attributes(&entry.block.empty_value(), &attributes);
        let type_name = request.type_name.clone();
        Ok(vec![ImportedObject { type_name, state, private: Private::new(), identity: None }])
    }

    async fn read_data(
        &self,
        request: &DataRequest,
        warnings: &mut Diagnostics,
    ) -> Result<Value, Diagnostics> {
        let entry = find(&self.catalog.data_sources, "data source", &request.type_name)?;
        let provider_config = self.provider_config();
        let call = Call { provider_config: &provider_config, stop: self.stop.subscribe() };
        let attributes = entry.kind.read(&request.config, call, warnings).await?;
        Ok(with_attributes(&request.config, &attributes))
    }

    async fn open(&self, type_name: &str, config: &Value) -> Result<Value, Diagnostics> {
        let entry = find(&self.catalog.ephemeral_resources, "ephemeral resource", type_name)?;
        let provider_config = self.provider_config();
        let call = Call { provider_config: &provider_config, stop: self.stop.subscribe() };
        let attributes: Attributes = entry.kind.open(config, call).await?;
        Ok(with_attributes(config, &attributes))
    }
}

fn planned(
    planned_state: Value,
    requires_replace: Vec<terrane_model::AttributePath>,
    planned_private: Private,
    diagnostics: Diagnostics,
) -> PlanResponse {
    PlanResponse {
        planned_state,
        requires_replace,
        planned_private,
        planned_identity: None,
        legacy_type_system: false,
        deferred: None,
        diagnostics,
    }
}

#[async_trait]
impl Provider for StandardProvider {
    async fn schemas(&self) -> Result<Arc<ProviderSchemas>, Diagnostics> {
        Ok(self.catalog.schemas.clone())
    }

    async fn validate_provider_config(&self, config: Value) -> Diagnostics {
        self.catalog.provider_table.as_ref().map(|table| rule::validate(table, &config)).unwrap_or_default()
    }

    async fn validate_resource_config(&self, request: ValidateRequest) -> Diagnostics {
        match self.resource(&request.type_name) {
            Ok(entry) => validate(&entry.table, &request.config, |config| entry.kind.validate(config)),
            Err(diagnostics) => diagnostics,
        }
    }

    async fn validate_data_config(&self, request: ValidateRequest) -> Diagnostics {
        match find(&self.catalog.data_sources, "data source", &request.type_name) {
            Ok(entry) => validate(&entry.table, &request.config, |config| entry.kind.validate(config)),
            Err(diagnostics) => diagnostics,
        }
    }

    async fn validate_ephemeral_config(&self, request: ValidateRequest) -> Diagnostics {
        match find(&self.catalog.ephemeral_resources, "ephemeral resource", &request.type_name) {
            Ok(entry) => validate(&entry.table, &request.config, |config| entry.kind.validate(config)),
            Err(diagnostics) => diagnostics,
        }
    }

    async fn configure(&self, request: ConfigureRequest) -> Diagnostics {
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = request.config;
        Diagnostics::new()
    }

    async fn upgrade_resource_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        let upgraded = self.resource(&request.type_name).and_then(|entry| {
            let state = read_state(&request.json, &entry.block)
                .map_err(|error| failure("Unable to Read Previously Saved State", error))?;
            if request.version == entry.table.version {
                return Ok(state);
            }
            entry.kind.upgrade(request.version, state)
        });
        let (state, diagnostics) = settle(upgraded, Value::dynamic_null);
        UpgradeResponse { state, diagnostics }
    }

    async fn read_resource(&self, request: ReadRequest) -> ReadResponse {
        let current = request.current_state;
        let ty = current.ty();
        let read = match self.resource(&request.type_name) {
            Ok(entry) => entry.kind.read(current.clone()).await,
            Err(diagnostics) => Err(diagnostics),
        };
        let (new_state, diagnostics) = settle(read, || Some(current));
        let new_state = new_state.unwrap_or(Value::Null(ty));
        ReadResponse { new_state, private: request.private, new_identity: None, diagnostics }
    }

    async fn plan_resource_change(&self, request: PlanRequest) -> PlanResponse {
        self.plan(&request).unwrap_or_else(|diagnostics| {
            planned(request.proposed_new_state, Vec::new(), request.prior_private, diagnostics)
        })
    }

    async fn apply_resource_change(&self, request: ApplyRequest, _progress: &dyn Progress) -> ApplyResponse {
        let (new_state, diagnostics) = settle(self.apply(&request).await, || request.prior_state);
        ApplyResponse {
            new_state,
            private: request.planned_private,
            new_identity: None,
            legacy_type_system: false,
            diagnostics,
        }
    }

    async fn import_resource_state(&self, request: ImportRequest) -> ImportResponse {
        let (imported, diagnostics) = settle(self.import(&request).await, Vec::new);
        ImportResponse { imported, diagnostics }
    }

    async fn read_data_source(&self, request: DataRequest) -> DataResponse {
        let mut warnings = Diagnostics::new();
        let read = self.read_data(&request, &mut warnings).await;
        let (state, diagnostics) = settle(read, || request.config);
        warnings.extend(diagnostics);
        DataResponse { state, diagnostics: warnings }
    }

    async fn open_ephemeral_resource(&self, type_name: Str, config: Value) -> OpenResponse {
        let (result, diagnostics) = settle(self.open(&type_name, &config).await, || config);
        OpenResponse { result, private: Private::new(), renew_after: None, diagnostics }
    }

    async fn validate_action_config(&self, request: ValidateRequest) -> Diagnostics {
        match find(&self.catalog.actions, "action", &request.type_name) {
            Ok(entry) => validate(&entry.table, &request.config, |config| entry.kind.validate(config)),
            Err(diagnostics) => diagnostics,
        }
    }

    async fn plan_action(&self, request: ActionRequest) -> Diagnostics {
        match find(&self.catalog.actions, "action", &request.type_name) {
            Ok(entry) => entry.kind.plan(&request.config),
            Err(diagnostics) => diagnostics,
        }
    }

    async fn invoke_action(&self, request: ActionRequest, progress: &dyn Progress) -> Diagnostics {
        let entry = match find(&self.catalog.actions, "action", &request.type_name) {
            Ok(entry) => entry,
            Err(diagnostics) => return diagnostics,
        };
        let provider_config = self.provider_config();
        let call = Call { provider_config: &provider_config, stop: self.stop.subscribe() };
        entry.kind.invoke(&request.config, call, progress).await.err().unwrap_or_default()
    }

    async fn call_function(&self, name: Str, arguments: Vec<Value>) -> Result<Value, ProviderFunctionError> {
        let Some(call) = self.catalog.functions.get(&name) else {
            let message = format!("there is no function named {name:?}");
            return Err(ProviderFunctionError { argument: None, message });
        };
        call(&arguments)
    }

    fn effects(&self, type_name: &str) -> Effects {
        self.resource(type_name).map_or(Effects::Remote, |entry| entry.kind.effects())
    }

    async fn stop(&self) {
        self.stop.send_replace(true);
    }
}

fn validate(table: &Table, config: &Value, more: impl FnOnce(&Value) -> Diagnostics) -> Diagnostics {
    let mut diagnostics = rule::validate(table, config);
    diagnostics.extend(more(config));
    diagnostics
}

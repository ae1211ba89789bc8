//! The provider: what it was told, and the trait.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use terrane_model::{Diagnostic, Diagnostics, Str, Value};
use terrane_provider::{
    ActionKind, ApplyRequest, ApplyResponse, ConfigureRequest, DataRequest, DataResponse, Discovery, Holds,
    ImportRequest, ImportResponse, NoProgress, PlanRequest, PlanResponse, PlannedResource, Progress,
    Provider, ProviderSchemas, ReadRequest, ReadResponse, UpgradeRequest, UpgradeResponse, ValidateRequest,
};

use crate::client::{ArmError, Call, StopSignal};
use crate::connection::Connection;
use crate::lifecycle::falling::{address_of, find_falling};
use crate::lifecycle::{Address, Work};
use crate::plan::validate_config;
use crate::preflight::{
    check_address_ranges, check_names, check_offers, check_policies, check_private_servers,
    check_same_objects, check_subnet_sizes,
};
use crate::provider::{AzureEndpoint, Session, choose_generation};
use crate::resources::behaviour_of;
use crate::schema::{block_schema, resource_schema, schema};
use crate::table::{Catalog, Generation, ResourceTable, parse_duration};

/// How long an action may take when neither the configuration nor the table says.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// How long looking at a whole plan may take.
const PREFLIGHT_TIMEOUT: Duration = Duration::from_secs(30);

/// What the provider is started with.
#[derive(Clone, Default)]
pub struct AzureOptions {
    /// The constraints that `required_providers` puts on the version, such as `~> 4.0`; empty for none. They
    /// choose between the arguments and meanings of azurerm 4.x and those of 5.x.
    pub version_constraint: String,
    /// The environment: `ARM_*`, proxies, `SSL_CERT_FILE`. The provider reads no variable from elsewhere.
    pub environment: HashMap<String, String>,
    /// A cloud to use in place of Azure, whatever the configuration and the environment say.
    pub endpoint: Option<AzureEndpoint>,
}

/// Azure with azurerm's names.
pub struct AzureProvider {
    pub(crate) generation: Generation,
    pub(crate) catalog: &'static Catalog,
    schemas: OnceLock<Arc<ProviderSchemas>>,
    session: Session,
    pub(crate) stop: StopSignal,
}

impl AzureProvider {
    /// Makes a provider. It does nothing before it is asked to.
    pub fn new(options: AzureOptions) -> Self {
        let generation = choose_generation(&options.version_constraint);
        let stop = StopSignal::default();
        Self {
            generation,
            catalog: Catalog::of(generation),
            schemas: OnceLock::new(),
            session: Session::new(options, stop.clone()),
            stop,
        }
    }

    /// Returns the major version of azurerm whose arguments the provider has.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    pub(crate) fn resource_table(&self, type_name: &str) -> Result<&'static ResourceTable, Diagnostics> {
        self.catalog.resources.get(type_name).ok_or_else(|| unknown_type("resource type", type_name))
    }

    pub(crate) fn data_table(&self, type_name: &str) -> Result<&'static ResourceTable, Diagnostics> {
        self.catalog.data_sources.get(type_name).ok_or_else(|| unknown_type("data source", type_name))
    }

    /// Tells whether the provider block still has unknown parts: nothing can be asked of Azure then.
    pub(crate) fn is_configuration_unknown(&self) -> bool {
        self.session.is_configuration_unknown()
    }

    /// Returns the subscription that resources are made in, when the settings name one.
    pub(crate) fn subscription_id(&self) -> Option<&str> {
        self.session.subscription_id()
    }

    /// Opens the connection, or returns the one that is open.
    ///
    /// # Errors
    /// When there is no connection.
    pub(crate) async fn connection(&self) -> Result<&Connection, ArmError> {
        self.session.connection().await
    }

    /// Begins work on an object.
    pub(crate) fn work<'a>(
        &self,
        connection: &'a Connection,
        table: &'static ResourceTable,
        call: Call<'a>,
    ) -> Work<'a> {
        Work::begin(connection, table, behaviour_of(&table.type_name), call)
    }

    /// Returns how long an action may take.
    pub(crate) fn timeout(table: &ResourceTable, value: &Value, action: ActionKind) -> Duration {
        let (name, default) = match action {
            ActionKind::Create => ("create", table.timeouts.create),
            ActionKind::Read => ("read", table.timeouts.read),
            ActionKind::Update => ("update", table.timeouts.update),
            ActionKind::Delete => ("delete", table.timeouts.delete),
        };
        let configured = value.attribute("timeouts").attribute(name);
        let configured = configured.as_str().and_then(|text| parse_duration(text));
        configured.or(default).unwrap_or(TIMEOUT)
    }

    /// Returns how long an action usually takes.
    pub(crate) fn usual(table: &ResourceTable, action: ActionKind) -> Option<Duration> {
        match action {
            ActionKind::Create => table.usual.create,
            ActionKind::Read => table.usual.read,
            ActionKind::Update => table.usual.update.or(table.usual.create),
            ActionKind::Delete => table.usual.delete.or(table.usual.create),
        }
    }

    fn make_schemas(&self) -> ProviderSchemas {
        let resources = self.catalog.resources.iter();
        let data_sources = self.catalog.data_sources.iter();
        ProviderSchemas {
            provider: Arc::new(block_schema(&self.catalog.provider)),
            resources: resources.map(|(name, table)| (name.clone(), resource_schema(table))).collect(),
            data_sources: data_sources.map(|(name, table)| (name.clone(), schema(table))).collect(),
            ..ProviderSchemas::default()
        }
    }
}

fn unknown_type(kind: &str, type_name: &str) -> Diagnostics {
    Diagnostic::error(
        "Unsupported Azure type",
        format!(
            "The built-in Azure provider has no {kind} named {type_name}. azapi_resource of the azapi provider \
             reaches every type of Azure Resource Manager, and the azurerm plugin can be used in place of the \
             built-in provider."
        ),
    )
    .into()
}

fn check_timeouts(config: &Value, diagnostics: &mut Diagnostics) {
    let timeouts = config.attribute("timeouts");
    for (name, value) in timeouts.as_entries().unwrap_or_default() {
        if let Some(text) = value.as_str()
            && parse_duration(text).is_none()
        {
            let detail = format!("timeouts.{name} must be a duration such as 30m or 1h30m, but is {text:?}.");
            let path = terrane_model::AttributePath::root().attribute("timeouts").attribute(name.clone());
            diagnostics.push(Diagnostic::error("Invalid value", detail).on_attribute(path));
        }
    }
}

#[async_trait]
impl Provider for AzureProvider {
    async fn schemas(&self) -> Result<Arc<ProviderSchemas>, Diagnostics> {
        Ok(Arc::clone(self.schemas.get_or_init(|| Arc::new(self.make_schemas()))))
    }

    async fn validate_provider_config(&self, config: Value) -> Diagnostics {
        validate_config(&self.catalog.provider, &config)
    }

    async fn validate_resource_config(&self, request: ValidateRequest) -> Diagnostics {
        let table = match self.resource_table(&request.type_name) {
            Ok(table) => table,
            Err(diagnostics) => return diagnostics,
        };
        let mut diagnostics = validate_config(&table.arguments, &request.config);
        check_timeouts(&request.config, &mut diagnostics);
        behaviour_of(&table.type_name).validate(&request.config, &mut diagnostics);
        diagnostics
    }

    async fn validate_data_config(&self, request: ValidateRequest) -> Diagnostics {
        match self.data_table(&request.type_name) {
            Ok(table) => validate_config(&table.arguments, &request.config),
            Err(diagnostics) => diagnostics,
        }
    }

    async fn configure(&self, request: ConfigureRequest) -> Diagnostics {
        self.session.configure(request)
    }

    async fn upgrade_resource_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        self.upgrade(&request)
    }

    async fn read_resource(&self, request: ReadRequest) -> ReadResponse {
        self.read(request).await
    }

    async fn plan_resource_change(&self, request: PlanRequest) -> PlanResponse {
        self.plan(request)
    }

    async fn apply_resource_change(&self, request: ApplyRequest, progress: &dyn Progress) -> ApplyResponse {
        self.apply(request, progress).await
    }

    async fn import_resource_state(&self, request: ImportRequest) -> ImportResponse {
        self.import(&request)
    }

    async fn read_data_source(&self, request: DataRequest) -> DataResponse {
        self.read_data(request).await
    }

    async fn read_many(&self, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        self.read_all(requests).await
    }

    async fn check_plan(&self, changes: Vec<PlannedResource>) -> Diagnostics {
        let mut diagnostics = check_address_ranges(&changes);
        diagnostics.extend(check_subnet_sizes(&changes));
        let subscription_id = self.subscription_id().unwrap_or_default();
        diagnostics.extend(check_same_objects(&changes, |resource| {
            let table = self.catalog.resources.get(&resource.type_name)?;
            let planned = &resource.planned_state;
            let id = planned.attribute("id").as_str().map(ToString::to_string);
            id.or_else(|| Some(Address::from_arguments(table, planned, subscription_id).ok()?.id))
        }));
        // Without a connection every create says why it fails.
        if !self.is_configuration_unknown()
            && let Ok(connection) = self.connection().await
        {
            let call = Call::begin(PREFLIGHT_TIMEOUT, &NoProgress, &self.stop);
            let names = async {
                let overwrites = connection.settings.features.overwrites_existing;
                if overwrites { Diagnostics::new() } else { check_names(connection, &changes, &call).await }
            };
            let offers = check_offers(connection, &changes, &call);
            let servers = check_private_servers(connection, &changes, &call);
            let policies = check_policies(connection, self.catalog, &changes, &call);
            let (names, offers, servers, policies) = futures_util::join!(names, offers, servers, policies);
            [names, offers, servers, policies].into_iter().for_each(|found| diagnostics.extend(found));
        }
        diagnostics
    }

    async fn discover(&self, scope: Str) -> Result<Discovery, Diagnostics> {
        self.discover_scope(&scope).await
    }

    async fn falls_with(&self, removed: Vec<PlannedResource>) -> Vec<Vec<usize>> {
        if self.is_configuration_unknown() {
            return Vec::new();
        }
        let Ok(connection) = self.connection().await else { return Vec::new() };
        let call = Call::begin(PREFLIGHT_TIMEOUT, &NoProgress, &self.stop);
        find_falling(connection, self.catalog, &removed, &call).await
    }

    fn holds(&self, type_name: &str) -> Holds {
        // Disks and addresses that a cluster has asked for may be in other groups than the one of its nodes.
        if type_name == "azurerm_kubernetes_cluster" { Holds::Inside } else { Holds::Nothing }
    }

    fn expect_fallen(&self, fallen: &[PlannedResource]) {
        let addresses = fallen.iter().filter_map(|object| address_of(self.catalog, object));
        addresses.for_each(|address| self.session.leaving().note(&address.path));
    }

    fn id_before_create(&self, type_name: &str, planned_state: &Value) -> Option<Str> {
        let table = self.catalog.resources.get(type_name)?;
        let mut arguments = crate::attributes::Attributes::of(planned_state);
        behaviour_of(type_name).complete_arguments(&mut arguments);
        let arguments = arguments.into_object(&planned_state.ty());
        let address = Address::from_arguments(table, &arguments, self.subscription_id()?).ok()?;
        Some(address.id.into())
    }

    fn expected_duration(&self, type_name: &str, action: ActionKind) -> Option<Duration> {
        Self::usual(self.catalog.resources.get(type_name)?, action)
    }

    async fn stop(&self) {
        self.stop.stop();
    }
}

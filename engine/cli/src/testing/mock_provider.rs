//! A provider that does nothing and knows everything: objects that tests only pretend.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_model::{Block, Diagnostic, Diagnostics, Str, Value};
use terrane_provider::{
    ActionRequest, ApplyRequest, ApplyResponse, ConfigureRequest, DataRequest, DataResponse, Effects,
    ImportRequest, ImportResponse, PlanRequest, PlanResponse, Progress, Provider, ProviderFunctionError,
    ProviderSchemas, ReadRequest, ReadResponse, UpgradeRequest, UpgradeResponse, ValidateRequest,
    async_trait,
};

use super::mock_values::{with_computed_unknown, with_unknown_filled};

/// Values for the objects of a type.
#[derive(Debug, Clone)]
pub struct MockData {
    /// An object with values for computed attributes.
    pub values: Value,
    /// Whether they are there at plan time already.
    pub during_plan: bool,
}

/// Values by type, for resources and data sources.
#[derive(Debug, Clone, Default)]
pub struct MockTypes {
    /// For managed resources.
    pub resources: BTreeMap<Str, MockData>,
    /// For data resources.
    pub data_sources: BTreeMap<Str, MockData>,
    /// For types that neither names.
    pub during_plan: bool,
}

/// Stands in for a provider, whose schemas it has.
pub struct MockProvider {
    real: Arc<dyn Provider>,
    schemas: Arc<ProviderSchemas>,
    types: MockTypes,
}

impl MockProvider {
    /// Stands in for a provider, which is asked about configurations and nothing else.
    pub fn new(real: Arc<dyn Provider>, schemas: Arc<ProviderSchemas>, types: MockTypes) -> Self {
        Self { real, schemas, types }
    }

    fn filled(&self, block: &Block, value: &Value, data: Option<&MockData>) -> (Value, Diagnostics) {
        let mut misfits = Vec::new();
        let filled = with_unknown_filled(block, value, data.map(|data| &data.values), &mut misfits);
        let problems = misfits.into_iter().map(|reason| {
            let detail =
                format!("A value that a test gives for a computed attribute does not fit: {reason}.");
            Diagnostic::error("Failed to compute attribute", detail)
        });
        (filled, problems.collect())
    }

    fn resource_block(&self, type_name: &str) -> Option<&Block> {
        self.schemas.resources.get(type_name).map(|resource| resource.schema.block.as_ref())
    }
}

#[async_trait]
impl Provider for MockProvider {
    async fn schemas(&self) -> Result<Arc<ProviderSchemas>, Diagnostics> {
        Ok(Arc::clone(&self.schemas))
    }

    async fn validate_provider_config(&self, _config: Value) -> Diagnostics {
        Diagnostics::new()
    }

    async fn validate_resource_config(&self, request: ValidateRequest) -> Diagnostics {
        self.real.validate_resource_config(request).await
    }

    async fn validate_data_config(&self, request: ValidateRequest) -> Diagnostics {
        self.real.validate_data_config(request).await
    }

    async fn configure(&self, _request: ConfigureRequest) -> Diagnostics {
        Diagnostics::new()
    }

    async fn upgrade_resource_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        self.real.upgrade_resource_state(request).await
    }

    async fn read_resource(&self, request: ReadRequest) -> ReadResponse {
        ReadResponse {
            new_state: request.current_state,
            private: request.private,
            new_identity: request.current_identity,
            diagnostics: Diagnostics::new(),
        }
    }

    async fn plan_resource_change(&self, request: PlanRequest) -> PlanResponse {
        let mut diagnostics = Diagnostics::new();
        let mut planned_state = request.proposed_new_state;
        let block = self.resource_block(&request.type_name);
        if let (true, false, Some(block)) = (request.prior_state.is_null(), planned_state.is_null(), block) {
            planned_state = with_computed_unknown(block, &planned_state);
            let data = self.types.resources.get(&request.type_name);
            if data.map_or(self.types.during_plan, |data| data.during_plan) {
                // What the configuration leaves unknown must stay so.
                let (filled, problems) = self.filled(block, &planned_state, data);
                planned_state = keep_unknown(&request.config, filled);
                diagnostics.extend(problems);
            }
        }
        PlanResponse {
            planned_state,
            requires_replace: Vec::new(),
            planned_private: request.prior_private,
            planned_identity: request.prior_identity,
            legacy_type_system: false,
            deferred: None,
            diagnostics,
        }
    }

    async fn apply_resource_change(&self, request: ApplyRequest, _progress: &dyn Progress) -> ApplyResponse {
        let mut response = ApplyResponse {
            new_state: request.planned_state,
            private: request.planned_private,
            new_identity: request.planned_identity,
            legacy_type_system: false,
            diagnostics: Diagnostics::new(),
        };
        if let (false, Some(block)) = (response.new_state.is_null(), self.resource_block(&request.type_name))
        {
            let data = self.types.resources.get(&request.type_name);
            let (filled, problems) = self.filled(block, &response.new_state, data);
            response.new_state = filled;
            response.diagnostics = problems;
        }
        response
    }

    async fn import_resource_state(&self, request: ImportRequest) -> ImportResponse {
        let detail =
            format!("Objects of type {} are only pretended, so none can be imported.", request.type_name);
        ImportResponse {
            imported: Vec::new(),
            diagnostics: Diagnostic::error("Import from a mock provider", detail).into(),
        }
    }

    async fn read_data_source(&self, request: DataRequest) -> DataResponse {
        let Some(schema) = self.schemas.data_sources.get(&request.type_name) else {
            return DataResponse { state: request.config, diagnostics: Diagnostics::new() };
        };
        let open = with_computed_unknown(&schema.block, &request.config);
        let data = self.types.data_sources.get(&request.type_name);
        let (state, diagnostics) = self.filled(&schema.block, &open, data);
        DataResponse { state, diagnostics }
    }

    async fn validate_action_config(&self, request: ValidateRequest) -> Diagnostics {
        self.real.validate_action_config(request).await
    }

    async fn plan_action(&self, _request: ActionRequest) -> Diagnostics {
        Diagnostics::new()
    }

    async fn invoke_action(&self, _request: ActionRequest, _progress: &dyn Progress) -> Diagnostics {
        Diagnostics::new()
    }

    async fn call_function(&self, name: Str, arguments: Vec<Value>) -> Result<Value, ProviderFunctionError> {
        self.real.call_function(name, arguments).await
    }

    /// There is nothing to read, to write down or to wait for.
    fn effects(&self, _type_name: &str) -> Effects {
        Effects::None
    }
}

/// Puts back what is unknown in a configuration.
fn keep_unknown(config: &Value, planned: Value) -> Value {
    planned.transform(&mut |path, value| match config.at_path(path) {
        Some(configured) if !configured.is_known() => configured,
        _ => value,
    })
}

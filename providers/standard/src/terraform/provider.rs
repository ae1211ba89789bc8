//! The provider itself: one resource type, one data source, three functions, no configuration.
//!
//! Nothing but reading a remote state ever waits: every other call is ready when it is first polled.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_model::{Block, Diagnostic, Diagnostics, Str, Value, encode_json};
use terrane_provider::{
    ApplyRequest, ApplyResponse, Capabilities, ConfigureRequest, DataRequest, DataResponse, Effects,
    ImportRequest, ImportResponse, ImportTarget, ImportedObject, MoveRequest, MoveResponse, PlanRequest,
    PlanResponse, Private, Progress, Provider, ProviderFunctionError, ProviderSchemas, ReadRequest,
    ReadResponse, UpgradeRequest, UpgradeResponse, ValidateRequest, async_trait,
};

use super::data_resource;
use super::functions::{self, TerraformFunctions};
use super::remote_state::{self, RemoteStateReader};

pub(crate) struct TerraformProvider {
    schemas: Arc<ProviderSchemas>,
    data_block: Arc<Block>,
    remote_state: Arc<dyn RemoteStateReader>,
    functions: TerraformFunctions,
}

impl TerraformProvider {
    pub(crate) fn new(remote_state: Arc<dyn RemoteStateReader>, functions: TerraformFunctions) -> Self {
        let data_resource = data_resource::schema();
        let data_block = data_resource.schema.block.clone();
        let schemas = ProviderSchemas {
            resources: BTreeMap::from([(data_resource::TYPE_NAME.into(), data_resource)]),
            data_sources: BTreeMap::from([(remote_state::TYPE_NAME.into(), remote_state::schema())]),
            functions: functions::signatures(),
            capabilities: Capabilities { move_resource_state: true, ..Capabilities::default() },
            ..ProviderSchemas::default()
        };
        Self { schemas: Arc::new(schemas), data_block, remote_state, functions }
    }
}

#[async_trait]
impl Provider for TerraformProvider {
    async fn schemas(&self) -> Result<Arc<ProviderSchemas>, Diagnostics> {
        Ok(self.schemas.clone())
    }

    async fn validate_provider_config(&self, _config: Value) -> Diagnostics {
        Diagnostics::new()
    }

    async fn validate_resource_config(&self, request: ValidateRequest) -> Diagnostics {
        data_resource::validate(&request.config)
    }

    async fn validate_data_config(&self, request: ValidateRequest) -> Diagnostics {
        remote_state::validate(self.remote_state.as_ref(), &request.config)
    }

    async fn configure(&self, _request: ConfigureRequest) -> Diagnostics {
        Diagnostics::new()
    }

    async fn upgrade_resource_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        match encode_json::value_from_json(&request.json, self.data_block.implied_type()) {
            Ok(state) => UpgradeResponse { state, diagnostics: Diagnostics::new() },
            Err(error) => UpgradeResponse {
                state: Value::dynamic_null(),
                diagnostics: Diagnostic::error("Invalid resource state", error.to_string()).into(),
            },
        }
    }

    async fn read_resource(&self, request: ReadRequest) -> ReadResponse {
        ReadResponse {
            new_state: request.current_state,
            private: request.private,
            new_identity: None,
            diagnostics: Diagnostics::new(),
        }
    }

    async fn plan_resource_change(&self, request: PlanRequest) -> PlanResponse {
        let (planned_state, requires_replace) = data_resource::plan(&request);
        PlanResponse {
            planned_state,
            requires_replace,
            planned_private: request.prior_private,
            planned_identity: None,
            legacy_type_system: false,
            deferred: None,
            diagnostics: Diagnostics::new(),
        }
    }

    async fn apply_resource_change(&self, request: ApplyRequest, _progress: &dyn Progress) -> ApplyResponse {
        ApplyResponse {
            new_state: data_resource::apply(&request),
            private: request.planned_private,
            new_identity: None,
            legacy_type_system: false,
            diagnostics: Diagnostics::new(),
        }
    }

    async fn import_resource_state(&self, request: ImportRequest) -> ImportResponse {
        let ImportTarget::Id(id) = request.target else {
            let detail = "The terraform_data resource has no identity; import it with an id.";
            return ImportResponse {
                imported: Vec::new(),
                diagnostics: Diagnostic::error("Import by identity not supported", detail).into(),
            };
        };
        let object = ImportedObject {
            type_name: request.type_name,
            state: data_resource::import(&self.data_block, &id),
            private: Private::new(),
            identity: None,
        };
        ImportResponse { imported: vec![object], diagnostics: Diagnostics::new() }
    }

    async fn read_data_source(&self, request: DataRequest) -> DataResponse {
        let (state, diagnostics) = remote_state::read(self.remote_state.as_ref(), &request.config).await;
        DataResponse { state, diagnostics }
    }

    async fn move_resource_state(&self, request: MoveRequest) -> MoveResponse {
        let (state, diagnostics) = match data_resource::take_over(&self.data_block, &request) {
            Ok(state) => (state, Diagnostics::new()),
            Err(diagnostics) => (Value::dynamic_null(), diagnostics),
        };
        MoveResponse { state, private: Private::new(), diagnostics }
    }

    async fn call_function(&self, name: Str, arguments: Vec<Value>) -> Result<Value, ProviderFunctionError> {
        self.functions.call(&name, &arguments)
    }

    fn effects(&self, _type_name: &str) -> Effects {
        Effects::None
    }
}

//! A plugin as a provider: every call goes to the process of its configuration.

use std::sync::{Arc, PoisonError, RwLock};

use futures_util::StreamExt;
use terrane_model::{Diagnostics, Str, Value};
use terrane_provider::{
    ActionRequest, ApplyRequest, ApplyResponse, ConfigureRequest, DataRequest, DataResponse, ImportRequest,
    ImportResponse, MoveRequest, MoveResponse, OpenResponse, PlanRequest, PlanResponse, Private, Progress,
    Provider, ProviderFunctionError, ProviderSchemas, ReadRequest, ReadResponse, RenewResponse,
    UpgradeRequest, UpgradeResponse, ValidateRequest, async_trait,
};

use crate::factory::{Plugin, Slot};
use crate::running::Running;

/// One provider configuration of a plugin, or none yet.
pub(crate) struct PluginProvider {
    plugin: Arc<Plugin>,
    slot: RwLock<Arc<Slot>>,
}

impl PluginProvider {
    /// Makes a provider without a configuration.
    pub(crate) fn new(plugin: Arc<Plugin>) -> Self {
        let slot = plugin.shared_slot();
        Self { plugin, slot: RwLock::new(slot) }
    }

    fn slot(&self) -> Arc<Slot> {
        Arc::clone(&self.slot.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn running(&self) -> Result<Arc<Running>, Diagnostics> {
        self.plugin.running(&self.slot()).await
    }
}

/// Messages alone are an answer too; with an error, what cannot be known stays as it was.
fn messages(outcome: Result<Diagnostics, Diagnostics>) -> Diagnostics {
    outcome.unwrap_or_else(|problems| problems)
}

#[async_trait]
impl Provider for PluginProvider {
    async fn schemas(&self) -> Result<Arc<ProviderSchemas>, Diagnostics> {
        if let Some(known) = self.plugin.known_schemas().await {
            return Ok(Arc::clone(&known.schemas));
        }
        Ok(Arc::clone(&self.running().await?.loaded.schemas))
    }

    async fn validate_provider_config(&self, config: Value) -> Diagnostics {
        messages(async { self.running().await?.validate_provider(&config).await }.await)
    }

    async fn validate_resource_config(&self, request: ValidateRequest) -> Diagnostics {
        messages(async { self.running().await?.validate_resource(&request).await }.await)
    }

    async fn validate_data_config(&self, request: ValidateRequest) -> Diagnostics {
        messages(async { self.running().await?.validate_data(&request).await }.await)
    }

    async fn configure(&self, request: ConfigureRequest) -> Diagnostics {
        let slot = self.plugin.slot_to_configure(&self.slot());
        *self.slot.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&slot);
        messages(async { self.plugin.running(&slot).await?.configure(request).await }.await)
    }

    async fn upgrade_resource_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        async { self.running().await?.upgrade_state(request).await }
            .await
            .unwrap_or_else(|diagnostics| UpgradeResponse { state: Value::dynamic_null(), diagnostics })
    }

    async fn read_resource(&self, request: ReadRequest) -> ReadResponse {
        async { self.running().await?.read_resource(&request).await }.await.unwrap_or_else(|diagnostics| {
            ReadResponse {
                new_state: request.current_state,
                private: request.private,
                new_identity: request.current_identity,
                diagnostics,
            }
        })
    }

    async fn read_many(&self, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let reads = requests.into_iter().map(|request| self.read_resource(request));
        let concurrency = self.plugin.options.read_concurrency.max(1);
        futures_util::stream::iter(reads).buffered(concurrency).collect().await
    }

    async fn plan_resource_change(&self, request: PlanRequest) -> PlanResponse {
        async { self.running().await?.plan_resource(&request).await }.await.unwrap_or_else(|diagnostics| {
            PlanResponse {
                planned_state: request.proposed_new_state,
                requires_replace: Vec::new(),
                planned_private: request.prior_private,
                planned_identity: request.prior_identity,
                legacy_type_system: false,
                deferred: None,
                diagnostics,
            }
        })
    }

    async fn apply_resource_change(&self, request: ApplyRequest, _progress: &dyn Progress) -> ApplyResponse {
        // Where there is no answer, nothing better is known than that the object is as it was.
        async { self.running().await?.apply_resource(&request).await }.await.unwrap_or_else(|diagnostics| {
            ApplyResponse {
                new_state: request.prior_state,
                private: request.planned_private,
                new_identity: None,
                legacy_type_system: false,
                diagnostics,
            }
        })
    }

    async fn import_resource_state(&self, request: ImportRequest) -> ImportResponse {
        async { self.running().await?.import_resource(request).await }
            .await
            .unwrap_or_else(|diagnostics| ImportResponse { imported: Vec::new(), diagnostics })
    }

    async fn move_resource_state(&self, request: MoveRequest) -> MoveResponse {
        async { self.running().await?.move_resource(request).await }.await.unwrap_or_else(|diagnostics| {
            MoveResponse { state: Value::dynamic_null(), private: Private::new(), diagnostics }
        })
    }

    async fn read_data_source(&self, request: DataRequest) -> DataResponse {
        async { self.running().await?.read_data(&request).await }
            .await
            .unwrap_or_else(|diagnostics| DataResponse { state: Value::dynamic_null(), diagnostics })
    }

    async fn validate_ephemeral_config(&self, request: ValidateRequest) -> Diagnostics {
        messages(async { self.running().await?.validate_ephemeral(&request).await }.await)
    }

    async fn open_ephemeral_resource(&self, type_name: Str, config: Value) -> OpenResponse {
        async { self.running().await?.open_ephemeral(&type_name, &config).await }.await.unwrap_or_else(
            |diagnostics| OpenResponse {
                result: Value::dynamic_null(),
                private: Private::new(),
                renew_after: None,
                diagnostics,
            },
        )
    }

    async fn renew_ephemeral_resource(&self, type_name: Str, private: Private) -> RenewResponse {
        async { self.running().await?.renew_ephemeral(&type_name, private.clone()).await }
            .await
            .unwrap_or_else(|diagnostics| RenewResponse { private, renew_after: None, diagnostics })
    }

    async fn close_ephemeral_resource(&self, type_name: Str, private: Private) -> Diagnostics {
        messages(async { self.running().await?.close_ephemeral(&type_name, private).await }.await)
    }

    async fn validate_action_config(&self, request: ValidateRequest) -> Diagnostics {
        messages(async { self.running().await?.validate_action(&request).await }.await)
    }

    async fn plan_action(&self, request: ActionRequest) -> Diagnostics {
        messages(async { self.running().await?.plan_action(&request).await }.await)
    }

    async fn invoke_action(&self, request: ActionRequest, progress: &dyn Progress) -> Diagnostics {
        messages(async { self.running().await?.invoke_action(&request, progress).await }.await)
    }

    async fn call_function(&self, name: Str, arguments: Vec<Value>) -> Result<Value, ProviderFunctionError> {
        match self.running().await {
            Ok(running) => running.call_function(&name, &arguments).await,
            Err(problems) => Err(crate::calls::function_error(&problems)),
        }
    }

    async fn stop(&self) {
        // A process that does not run has nothing to stop.
        let slot = self.slot();
        if let Some(running) = slot.current() {
            running.connection.stop().await;
        }
    }
}

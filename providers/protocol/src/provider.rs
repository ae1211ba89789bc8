//! The trait itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use terrane_model::{Diagnostic, Diagnostics, Str, Value};

use crate::progress::Progress;
use crate::request::{
    ActionRequest, ApplyRequest, ApplyResponse, ConfigureRequest, DataRequest, DataResponse, Discovery,
    ImportRequest, ImportResponse, MoveRequest, MoveResponse, OpenResponse, PlanRequest, PlanResponse,
    Private, ProviderFunctionError, ReadRequest, ReadResponse, RenewResponse, UpgradeRequest,
    UpgradeResponse, ValidateRequest,
};
use crate::schemas::ProviderSchemas;
use crate::ties::{Holds, Ties};

/// One running provider with one configuration.
///
/// The engine calls [`schemas`](Provider::schemas) first, `validate_…` and `upgrade_resource_state` at any time,
/// [`configure`](Provider::configure) once, and everything else after that, concurrently. Nobody may ask whether
/// a provider is built in or a plugin.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Returns all schemas; the same ones on every call.
    ///
    /// # Errors
    /// When the provider cannot be started or does not answer.
    async fn schemas(&self) -> Result<Arc<ProviderSchemas>, Diagnostics>;

    /// Checks the `provider` block.
    async fn validate_provider_config(&self, config: Value) -> Diagnostics;

    /// Checks a `resource` block.
    async fn validate_resource_config(&self, request: ValidateRequest) -> Diagnostics;

    /// Checks a `data` block.
    async fn validate_data_config(&self, request: ValidateRequest) -> Diagnostics;

    /// Takes the configuration.
    async fn configure(&self, request: ConfigureRequest) -> Diagnostics;

    /// Brings stored state to the present schema version.
    async fn upgrade_resource_state(&self, request: UpgradeRequest) -> UpgradeResponse;

    /// Reads an object.
    async fn read_resource(&self, request: ReadRequest) -> ReadResponse;

    /// Plans an object.
    async fn plan_resource_change(&self, request: PlanRequest) -> PlanResponse;

    /// Creates, updates or deletes an object. `progress` may be told how it goes.
    async fn apply_resource_change(&self, request: ApplyRequest, progress: &dyn Progress) -> ApplyResponse;

    /// Finds an existing object.
    async fn import_resource_state(&self, request: ImportRequest) -> ImportResponse;

    /// Reads a data source.
    async fn read_data_source(&self, request: DataRequest) -> DataResponse;

    /// Reads many objects; answers in the order of the requests. Worth overriding where one remote call can
    /// answer for many objects.
    async fn read_many(&self, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let mut responses = Vec::with_capacity(requests.len());
        for request in requests {
            responses.push(self.read_resource(request).await);
        }
        responses
    }

    /// Takes over the state of another resource type.
    async fn move_resource_state(&self, request: MoveRequest) -> MoveResponse {
        let detail = format!(
            "The provider does not support moving {} to {}.",
            request.source_type, request.target_type
        );
        MoveResponse {
            state: Value::dynamic_null(),
            private: Private::new(),
            diagnostics: Diagnostic::error("Move Resource State Not Supported", detail).into(),
        }
    }

    /// Checks an `ephemeral` block.
    async fn validate_ephemeral_config(&self, request: ValidateRequest) -> Diagnostics {
        unsupported_ephemeral(&request.type_name)
    }

    /// Opens an ephemeral resource.
    async fn open_ephemeral_resource(&self, type_name: Str, _config: Value) -> OpenResponse {
        OpenResponse {
            result: Value::dynamic_null(),
            private: Private::new(),
            renew_after: None,
            diagnostics: unsupported_ephemeral(&type_name),
        }
    }

    /// Keeps an ephemeral resource alive.
    async fn renew_ephemeral_resource(&self, type_name: Str, _private: Private) -> RenewResponse {
        RenewResponse {
            private: Private::new(),
            renew_after: None,
            diagnostics: unsupported_ephemeral(&type_name),
        }
    }

    /// Closes an ephemeral resource.
    async fn close_ephemeral_resource(&self, _type_name: Str, _private: Private) -> Diagnostics {
        Diagnostics::new()
    }

    /// Checks an `action` block.
    async fn validate_action_config(&self, request: ValidateRequest) -> Diagnostics {
        unsupported_action(&request.type_name)
    }

    /// Tells whether an action could be carried out, as far as its configuration is known.
    async fn plan_action(&self, request: ActionRequest) -> Diagnostics {
        unsupported_action(&request.type_name)
    }

    /// Carries out an action. `progress` is told what it has to say on the way.
    async fn invoke_action(&self, request: ActionRequest, _progress: &dyn Progress) -> Diagnostics {
        unsupported_action(&request.type_name)
    }

    /// Calls a function.
    ///
    /// # Errors
    /// When there is no such function or it refuses its arguments.
    async fn call_function(&self, name: Str, _arguments: Vec<Value>) -> Result<Value, ProviderFunctionError> {
        Err(ProviderFunctionError { argument: None, message: format!("there is no function named {name:?}") })
    }

    /// Looks at all changes of a plan together, before any of them is shown or applied: what no single
    /// resource can know (overlapping ranges, names taken twice, quota).
    async fn check_plan(&self, _changes: Vec<PlannedResource>) -> Diagnostics {
        Diagnostics::new()
    }

    /// Finds all objects in a scope, such as a resource group or an account, that resources could manage.
    ///
    /// # Errors
    /// When the provider cannot, or the scope is none of its.
    async fn discover(&self, scope: Str) -> Result<Discovery, Diagnostics> {
        let detail = format!("The provider cannot tell what there is in {scope}.");
        Err(Diagnostic::error("Scope cannot be searched", detail).into())
    }

    /// Tells for each object that a plan destroys with which of the others it would go by itself, the best first, as
    /// positions in the list. Objects without any need a call of their own; an empty answer means all of them.
    async fn falls_with(&self, _removed: Vec<PlannedResource>) -> Vec<Vec<usize>> {
        Vec::new()
    }

    /// Tells for each object of a plan what it has to do with others, whoever manages them. Those that are to go have
    /// no planned state. An empty answer means: nothing.
    async fn ties(&self, _objects: Vec<PlannedResource>) -> Vec<Ties> {
        Vec::new()
    }

    /// Names the place that the configuration leads to, such as a server; nothing where it is not known. Only asked where
    /// the configuration comes from no object that [holds](Provider::holds) anything.
    async fn place(&self) -> Option<Str> {
        None
    }

    /// Tells what objects of a type hold for providers whose configuration comes from them.
    fn holds(&self, _type_name: &str) -> Holds {
        Holds::Nothing
    }

    /// Takes note of objects that the next deletion of another one is to take along.
    fn expect_fallen(&self, _fallen: &[PlannedResource]) {}

    /// Tells whether applying a resource type changes anything outside of the engine. Types without effects
    /// need no record before they are applied.
    fn effects(&self, _type_name: &str) -> Effects {
        Effects::Remote
    }

    /// Returns the import id of the object that a planned create will make, where it can be known before. It
    /// lets the engine find what an interrupted apply created.
    fn id_before_create(&self, _type_name: &str, _planned_state: &Value) -> Option<Str> {
        None
    }

    /// Returns how long an action usually takes, for progress and for the length of a plan's critical path.
    fn expected_duration(&self, _type_name: &str, _action: ActionKind) -> Option<Duration> {
        None
    }

    /// Asks to end what is under way soon; running calls return early, with what they know.
    async fn stop(&self) {}
}

fn unsupported_ephemeral(type_name: &str) -> Diagnostics {
    let detail = format!("The provider has no ephemeral resource type named {type_name:?}.");
    Diagnostic::error("Invalid ephemeral resource type", detail).into()
}

fn unsupported_action(type_name: &str) -> Diagnostics {
    let detail = format!("The provider has no action type named {type_name:?}.");
    Diagnostic::error("Invalid action type", detail).into()
}

/// One change as [`Provider::check_plan`] sees it.
#[derive(Debug, Clone)]
pub struct PlannedResource {
    /// The resource instance's address, for messages.
    pub address: String,
    /// Resource type.
    pub type_name: Str,
    /// The object as it is; null when it is to be created.
    pub prior_state: Value,
    /// The object as planned; null when it is to be deleted.
    pub planned_state: Value,
    /// What the provider keeps with the object: as planned, or as it is where it is to be deleted.
    pub private: Private,
}

/// Whether applying changes anything outside of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effects {
    /// Nothing: the object is its state.
    None,
    /// Something that would be lost if nobody wrote it down.
    Remote,
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ActionKind {
    Create,
    Update,
    Delete,
    Read,
}

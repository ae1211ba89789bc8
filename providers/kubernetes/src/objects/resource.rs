//! What a resource type or data source has to be able to do.

use std::sync::Arc;

use terrane_model::{AttributePath, Block, Diagnostics, Schema, Str, Value};
use terrane_provider::{
    ApplyRequest, PlanRequest, Private, Progress, Reach, ReadRequest, ReadResponse, Ties, async_trait,
};

use super::context::{Context, ObjectKey};

/// A plan for an object.
pub(crate) struct Planned {
    pub(crate) state: Value,
    pub(crate) replaces: Vec<AttributePath>,
    pub(crate) private: Private,
    /// Warnings; errors come instead of a plan.
    pub(crate) warnings: Diagnostics,
}

/// An object of any kind, as it is written.
pub(crate) struct Written {
    pub(crate) object: Value,
    /// The argument that it is written in.
    pub(crate) argument: &'static str,
    /// Whether fields that its kind does not have are refused.
    pub(crate) refuses_unknown: bool,
}

/// What came of applying a plan.
pub(crate) struct Outcome {
    /// The object as far as it is known; null when it is gone.
    pub(crate) state: Value,
    pub(crate) private: Private,
    pub(crate) diagnostics: Diagnostics,
}

impl Outcome {
    /// Makes an outcome that leaves everything as it was before the request, with the reasons.
    pub(crate) fn unchanged(request: &ApplyRequest, diagnostics: Diagnostics) -> Self {
        Self { state: request.prior_state.clone(), private: request.planned_private.clone(), diagnostics }
    }

    /// Makes an outcome in which everything is as planned: for a deletion, that the object is gone.
    pub(crate) fn as_planned(request: &ApplyRequest) -> Self {
        Self::of(request, Ok(request.planned_state.clone()))
    }

    /// Makes an outcome of the state that was reached, or of the reasons why nothing has changed.
    pub(crate) fn of(request: &ApplyRequest, done: Result<Value, Diagnostics>) -> Self {
        match done {
            Ok(state) => Self { state, private: Private::new(), diagnostics: Diagnostics::new() },
            Err(diagnostics) => Self::unchanged(request, diagnostics),
        }
    }
}

/// A resource type.
#[async_trait]
pub(crate) trait Resource: Send + Sync {
    /// Returns the schema.
    fn schema(&self) -> Schema;

    /// Checks a configuration.
    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Plans an object that is to be made or changed.
    async fn plan(&self, context: &Context, request: &PlanRequest) -> Result<Planned, Diagnostics>;

    /// Makes, changes or deletes an object.
    async fn apply(&self, context: &Context, request: &ApplyRequest, progress: &dyn Progress) -> Outcome;

    /// Reads objects; answers in the order of the requests.
    async fn read(&self, context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse>;

    /// Returns enough of an existing object to read it, and private data for it.
    async fn import(&self, context: &Context, id: &str) -> Result<(Value, Private), Diagnostics>;

    /// Brings a stored state to the present version.
    fn upgrade(&self, _version: i64, json: &str) -> Result<Value, Diagnostics> {
        super::stored_state::read(json, &self.schema().block)
    }

    /// Returns the import id of what a plan will make, where it is known before.
    fn id_before_create(&self, _planned: &Value) -> Option<Str> {
        None
    }

    /// Returns what an object has to do with others, by its values and private data.
    fn ties(&self, _values: &Value, _private: &[u8]) -> Ties {
        Ties { reach: Reach::Inside, ..Ties::default() }
    }

    /// Returns the object that values stand for as it is written, where that is all there is to know about it.
    fn written(&self, _values: &Value) -> Option<Written> {
        None
    }

    /// Returns what an object's values say about which object it is.
    fn key(&self, _values: &Value) -> Option<ObjectKey> {
        None
    }
}

/// A data source.
#[async_trait]
pub(crate) trait DataSource: Send + Sync {
    /// Returns the schema.
    fn schema(&self) -> Schema;

    /// Checks a configuration.
    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Returns the configuration with what was read.
    async fn read(&self, context: &Context, config: &Value) -> Result<Value, Diagnostics>;
}

/// Makes a schema of a block.
pub(crate) fn schema(version: i64, block: Block) -> Schema {
    Schema { version, block: Arc::new(block) }
}

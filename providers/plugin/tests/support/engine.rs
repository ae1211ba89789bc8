//! A small engine: leads one object through plans and applies.

use std::sync::Arc;

use terrane_model::{Block, Diagnostics, Str, Value};
use terrane_provider::{
    ApplyRequest, NoProgress, PlanRequest, PlanResponse, Private, Provider, ReadRequest, ValidateRequest,
};

use super::{config, show};

/// One resource instance and what is known of it.
pub(crate) struct Instance {
    pub(crate) provider: Arc<dyn Provider>,
    type_name: Str,
    block: Arc<Block>,
    /// The object; null while there is none.
    pub(crate) state: Value,
    private: Private,
    identity: Option<Value>,
}

impl Instance {
    /// An instance without an object.
    pub(crate) async fn new(provider: &Arc<dyn Provider>, type_name: &str) -> Self {
        let schemas = provider.schemas().await.expect("the provider has schemas");
        let block = Arc::clone(&schemas.resources[type_name].schema.block);
        let state = Value::Null(block.implied_type().clone());
        let provider = Arc::clone(provider);
        Self { provider, type_name: type_name.into(), block, state, private: Private::new(), identity: None }
    }

    /// Validates a configuration.
    pub(crate) async fn validate(&self, json: &str) -> Diagnostics {
        let config = config(&self.block, json);
        let request = ValidateRequest { type_name: self.type_name.clone(), config };
        self.provider.validate_resource_config(request).await
    }

    /// Plans for a configuration; an empty one is a destroy.
    pub(crate) async fn plan(&self, json: &str) -> PlanResponse {
        let config = self.config(json);
        let planned = self.provider.plan_resource_change(self.plan_request(&config)).await;
        assert!(!planned.diagnostics.has_errors(), "{}", show(&planned.diagnostics));
        planned
    }

    /// Plans and applies a configuration; an empty one is a destroy.
    pub(crate) async fn apply(&mut self, json: &str) -> &Value {
        let problems = self.try_apply(json).await;
        assert!(!problems.has_errors(), "{}", show(&problems));
        &self.state
    }

    /// Plans and applies a configuration, and returns the messages of the apply.
    pub(crate) async fn try_apply(&mut self, json: &str) -> Diagnostics {
        let planned = self.plan(json).await;
        let request = ApplyRequest {
            type_name: self.type_name.clone(),
            prior_state: self.state.clone(),
            planned_state: planned.planned_state,
            config: self.config(json),
            planned_private: planned.planned_private,
            provider_meta: Value::dynamic_null(),
            planned_identity: planned.planned_identity,
        };
        let applied = self.provider.apply_resource_change(request, &NoProgress).await;
        (self.state, self.private, self.identity) =
            (applied.new_state, applied.private, applied.new_identity);
        applied.diagnostics
    }

    /// Reads the object again.
    pub(crate) async fn refresh(&mut self) -> &Value {
        let request = ReadRequest {
            type_name: self.type_name.clone(),
            current_state: self.state.clone(),
            private: self.private.clone(),
            provider_meta: Value::dynamic_null(),
            current_identity: self.identity.clone(),
            wanted: None,
        };
        let read = self.provider.read_resource(request).await;
        assert!(!read.diagnostics.has_errors(), "{}", show(&read.diagnostics));
        (self.state, self.private, self.identity) = (read.new_state, read.private, read.new_identity);
        &self.state
    }

    /// Returns the text of an attribute.
    pub(crate) fn text(&self, name: &str) -> String {
        self.state.attribute(name).as_str().map_or_else(|| panic!("{name} is no text"), ToString::to_string)
    }

    fn config(&self, json: &str) -> Value {
        if json.is_empty() {
            Value::Null(self.block.implied_type().clone())
        } else {
            config(&self.block, json)
        }
    }

    fn plan_request(&self, config: &Value) -> PlanRequest {
        PlanRequest {
            type_name: self.type_name.clone(),
            prior_state: self.state.clone(),
            proposed_new_state: self.propose(config),
            config: config.clone(),
            prior_private: self.private.clone(),
            provider_meta: Value::dynamic_null(),
            prior_identity: self.identity.clone(),
        }
    }

    /// What is not configured and computed stays; enough for types without computed attributes in blocks.
    fn propose(&self, config: &Value) -> Value {
        let Some(entries) = config.as_entries() else { return config.clone() };
        Value::object(entries.iter().map(|(name, value)| {
            let is_computed = self.block.attribute(name).is_some_and(|attribute| attribute.computed);
            let stays = value.is_null() && is_computed && !self.state.is_null();
            (name.clone(), if stays { self.state.attribute(name) } else { value.clone() })
        }))
    }
}

//! One resource instance as an engine leads it: plan, apply, refresh, import, destroy.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;
use terrane_model::{AttributePath, Block, Str, Type, Value};
use terrane_provider::{
    ApplyRequest, DataRequest, ImportRequest, ImportTarget, PlanRequest, PlannedResource, Private, Progress,
    ProgressUpdate, Provider, ReadRequest, ValidateRequest,
};

use super::{render, written};

/// What is planned to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    None,
    Create,
    Update,
    /// With the paths that ask for it.
    Replace(Vec<String>),
    Delete,
}

/// A plan for an instance.
pub(crate) struct Planned {
    pub(crate) action: Action,
    pub(crate) state: Value,
    pub(crate) warnings: String,
    prior: Value,
    config: Value,
    private: Private,
}

/// One resource instance.
pub(crate) struct Instance {
    provider: Arc<dyn Provider>,
    type_name: Str,
    block: Arc<Block>,
    pub(crate) state: Value,
    pub(crate) private: Private,
    pub(crate) phases: Phases,
}

/// Remembers what was told about the way.
#[derive(Default, Clone)]
pub(crate) struct Phases(Arc<Mutex<Vec<String>>>);

impl Phases {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Progress for Phases {
    fn report(&self, update: ProgressUpdate) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(update.phase);
    }
}

impl Instance {
    pub(crate) async fn new(provider: &Arc<dyn Provider>, type_name: &str) -> Self {
        let schemas = provider.schemas().await.expect("the provider has schemas");
        let block = Arc::clone(&schemas.resources[type_name].schema.block);
        Self {
            provider: Arc::clone(provider),
            type_name: type_name.into(),
            state: Value::Null(block.implied_type().clone()),
            block,
            private: Private::new(),
            phases: Phases::default(),
        }
    }

    /// Plans a configuration; panics on errors.
    pub(crate) async fn plan(&self, config: &Json) -> Planned {
        self.try_plan(config).await.unwrap_or_else(|text| panic!("{text}"))
    }

    /// Plans a configuration; errors come as text.
    pub(crate) async fn try_plan(&self, config: &Json) -> Result<Planned, String> {
        let config = written::config(&self.block, &config.to_string());
        let request = ValidateRequest { type_name: self.type_name.clone(), config: config.clone() };
        let diagnostics = self.provider.validate_resource_config(request).await;
        if diagnostics.has_errors() {
            return Err(render::diagnostics(&diagnostics));
        }
        let null = Value::Null(self.block.implied_type().clone());
        let (mut planned, replaces) = self.plan_from(&self.state, &config).await?;
        let changed = |path: &&AttributePath| self.state.at_path(path) != planned.state.at_path(path);
        let replaces: Vec<String> = replaces.iter().filter(changed).map(ToString::to_string).collect();
        if self.state.is_null() {
            planned.action = Action::Create;
        } else if !replaces.is_empty() {
            (planned, _) = self.plan_from(&null, &config).await?;
            planned.action = Action::Replace(replaces);
            planned.prior = self.state.clone();
        } else if planned.state != self.state {
            planned.action = Action::Update;
        }
        self.check_plan(&planned).await?;
        Ok(planned)
    }

    async fn plan_from(
        &self,
        prior: &Value,
        config: &Value,
    ) -> Result<(Planned, Vec<AttributePath>), String> {
        let request = PlanRequest {
            type_name: self.type_name.clone(),
            prior_state: prior.clone(),
            proposed_new_state: config.clone(),
            config: config.clone(),
            prior_private: if prior.is_null() { Private::new() } else { self.private.clone() },
            provider_meta: Value::dynamic_null(),
            prior_identity: None,
        };
        let response = self.provider.plan_resource_change(request).await;
        let text = render::diagnostics(&response.diagnostics);
        if response.diagnostics.has_errors() {
            return Err(text);
        }
        assert_fits(&response.planned_state, &self.block);
        let planned = Planned {
            action: Action::None,
            state: response.planned_state,
            warnings: text,
            prior: prior.clone(),
            config: config.clone(),
            private: response.planned_private,
        };
        Ok((planned, response.requires_replace))
    }

    async fn check_plan(&self, planned: &Planned) -> Result<(), String> {
        let change = PlannedResource {
            address: format!("{}.test", self.type_name),
            type_name: self.type_name.clone(),
            prior_state: planned.prior.clone(),
            planned_state: planned.state.clone(),
            private: Vec::new(),
        };
        let diagnostics = self.provider.check_plan(vec![change]).await;
        if diagnostics.has_errors() { Err(render::diagnostics(&diagnostics)) } else { Ok(()) }
    }

    /// Carries a plan out; panics on errors.
    pub(crate) async fn apply(&mut self, planned: Planned) {
        self.try_apply(planned).await.unwrap_or_else(|text| panic!("{text}"));
    }

    /// Carries a plan out; a replacement deletes first.
    pub(crate) async fn try_apply(&mut self, planned: Planned) -> Result<(), String> {
        let null = Value::Null(self.block.implied_type().clone());
        if let Action::Replace(_) = planned.action {
            self.call_apply(null.clone(), null, self.private.clone()).await?;
        }
        self.call_apply(planned.state, planned.config, planned.private).await
    }

    async fn call_apply(&mut self, planned: Value, config: Value, private: Private) -> Result<(), String> {
        let request = ApplyRequest {
            type_name: self.type_name.clone(),
            prior_state: self.state.clone(),
            planned_state: planned.clone(),
            config,
            planned_private: private,
            provider_meta: Value::dynamic_null(),
            planned_identity: None,
        };
        let response = self.provider.apply_resource_change(request, &self.phases).await;
        (self.state, self.private) = (response.new_state, response.private);
        if response.diagnostics.has_errors() {
            return Err(render::diagnostics(&response.diagnostics));
        }
        assert!(self.state.is_wholly_known(), "what is applied is known: {:?}", self.state);
        assert_fits(&self.state, &self.block);
        Ok(())
    }

    /// Reads the object again.
    pub(crate) async fn refresh(&mut self) {
        let request = ReadRequest {
            type_name: self.type_name.clone(),
            current_state: self.state.clone(),
            private: self.private.clone(),
            provider_meta: Value::dynamic_null(),
            current_identity: None,
            wanted: None,
        };
        let response = self.provider.read_resource(request).await;
        assert!(response.diagnostics.is_empty(), "{}", render::diagnostics(&response.diagnostics));
        (self.state, self.private) = (response.new_state, response.private);
    }

    /// Checks that reading what the state once was finds nothing.
    pub(crate) async fn refresh_is_gone(&mut self, was: Value) {
        self.state = was;
        self.refresh().await;
        assert!(self.state.is_null(), "the object is gone");
    }

    /// Plans and applies, then checks that reading changes nothing and that the next plan is empty.
    pub(crate) async fn converge(&mut self, config: &Json) -> Action {
        let planned = self.plan(config).await;
        let action = planned.action.clone();
        if action != Action::None {
            self.apply(planned).await;
        }
        let applied = self.state.clone();
        self.refresh().await;
        assert_eq!(render::object(&self.state), render::object(&applied), "reading changes nothing");
        let next = self.plan(config).await;
        assert_eq!(
            (next.action, render::object(&next.state)),
            (Action::None, render::object(&self.state)),
            "the plan after an apply is empty"
        );
        action
    }

    /// Deletes the object.
    pub(crate) async fn destroy(&mut self) {
        self.try_destroy().await.unwrap_or_else(|text| panic!("{text}"));
        assert!(self.state.is_null());
    }

    /// Deletes the object; errors come as text.
    pub(crate) async fn try_destroy(&mut self) -> Result<(), String> {
        let null = Value::Null(self.block.implied_type().clone());
        self.call_apply(null.clone(), null, self.private.clone()).await
    }

    /// Imports an object by its id and reads it.
    pub(crate) async fn import(&mut self, id: &str) -> Result<(), String> {
        let request =
            ImportRequest { type_name: self.type_name.clone(), target: ImportTarget::Id(id.into()) };
        let mut response = self.provider.import_resource_state(request).await;
        if response.diagnostics.has_errors() {
            return Err(render::diagnostics(&response.diagnostics));
        }
        let object = response.imported.pop().expect("an object is imported");
        (self.state, self.private) = (object.state, object.private);
        self.refresh().await;
        Ok(())
    }

    /// Returns a part of the object by a path such as `spec.0.replicas`.
    pub(crate) fn at(&self, path: &str) -> Value {
        at(&self.state, path)
    }
}

/// Returns a part of a value by a path such as `spec.0.replicas`.
pub(crate) fn at(value: &Value, path: &str) -> Value {
    path.split('.').fold(value.clone(), |value, step| {
        let by_position =
            step.parse::<usize>().ok().and_then(|position| value.as_sequence()?.get(position).cloned());
        by_position
            .or_else(|| value.get(step).cloned())
            .unwrap_or_else(|| panic!("{path}: there is no {step}"))
    })
}

/// Checks that a value is of a schema's type; where that is open, any will do.
fn assert_fits(value: &Value, block: &Block) {
    fn fits(ty: &Type, wanted: &Type) -> bool {
        match (ty, wanted) {
            (_, Type::Dynamic) => true,
            (Type::Object(ty), Type::Object(wanted)) => {
                let pairs = ty.attributes().iter().zip(wanted.attributes());
                ty.attributes().len() == wanted.attributes().len()
                    && pairs
                        .into_iter()
                        .all(|((name, ty), (other, wanted))| name == other && fits(ty, wanted))
            }
            (ty, wanted) => ty == wanted,
        }
    }
    let (ty, wanted) = (value.ty(), block.implied_type());
    assert!(fits(&ty, wanted), "{ty:?} is not of the schema's type {wanted:?}");
}

/// Validates and reads a data source.
pub(crate) async fn read_data(
    provider: &Arc<dyn Provider>,
    type_name: &str,
    config: &Json,
) -> Result<Value, String> {
    let schemas = provider.schemas().await.expect("the provider has schemas");
    let block = &schemas.data_sources[type_name].block;
    let config = written::config(block, &config.to_string());
    let request = ValidateRequest { type_name: type_name.into(), config: config.clone() };
    let diagnostics = provider.validate_data_config(request).await;
    if diagnostics.has_errors() {
        return Err(render::diagnostics(&diagnostics));
    }
    let request = DataRequest { type_name: type_name.into(), config, provider_meta: Value::dynamic_null() };
    let response = provider.read_data_source(request).await;
    if response.diagnostics.has_errors() {
        return Err(render::diagnostics(&response.diagnostics));
    }
    assert!(response.state.is_wholly_known(), "what is read is known");
    assert_fits(&response.state, block);
    Ok(response.state)
}

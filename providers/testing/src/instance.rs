//! One resource instance as an engine leads it: plan, apply, refresh, import, destroy.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use terrane_model::{AttributePath, Block, Diagnostics, Str, Value};
use terrane_provider::{
    ApplyRequest, DataRequest, ImportRequest, ImportTarget, PlanRequest, PlannedResource, Private, Progress,
    ProgressUpdate, Provider, ReadRequest, UpgradeRequest, ValidateRequest,
};

use crate::promises::{check_applied, check_follows_config, check_planned, propose_new};
use crate::{render, written};

/// One resource instance and what is known of it.
pub struct Instance {
    /// The provider.
    pub provider: Arc<dyn Provider>,
    type_name: Str,
    block: Arc<Block>,
    /// The object; null while there is none.
    pub state: Value,
    /// The provider's own data.
    pub private: Private,
    /// What has been told about the way.
    pub phases: Phases,
}

/// A plan for an instance.
#[derive(Debug)]
pub struct Planned {
    /// What is done.
    pub action: Action,
    /// The object as planned.
    pub state: Value,
    config: Value,
    private: Private,
}

/// What a plan does to an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Nothing.
    None,
    /// An object is made.
    Create,
    /// The object is changed.
    Update,
    /// The object is made anew, because of the parts at these paths.
    Replace(Vec<String>),
    /// The object is removed.
    Delete,
}

/// Keeps what is told about the way, each with its time.
#[derive(Debug, Default)]
pub struct Phases(Mutex<Vec<(Instant, String)>>);

impl Progress for Phases {
    fn report(&self, update: ProgressUpdate) {
        let mut phases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if phases.last().is_none_or(|(_, last)| *last != update.phase) {
            phases.push((Instant::now(), update.phase));
        }
    }
}

impl Phases {
    /// Returns all phases.
    pub fn all(&self) -> Vec<String> {
        let phases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        phases.iter().map(|(_, phase)| phase.clone()).collect()
    }

    /// Returns all phases, each with the seconds since `start`.
    pub fn since(&self, start: Instant) -> Vec<(f64, String)> {
        let phases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        phases.iter().map(|(at, phase)| (at.duration_since(start).as_secs_f64(), phase.clone())).collect()
    }
}

impl Instance {
    /// An instance without an object.
    pub async fn new(provider: Arc<dyn Provider>, type_name: &str) -> Self {
        let schemas = provider.schemas().await.expect("the provider has schemas");
        let block = schemas.resources[type_name].schema.block.clone();
        let state = Value::Null(block.implied_type().clone());
        Self {
            provider,
            type_name: type_name.into(),
            block,
            state,
            private: Private::new(),
            phases: Phases::default(),
        }
    }

    /// Reads a configuration.
    pub fn config(&self, json: &str) -> Value {
        written::config(&self.block, json)
    }

    /// Validates a configuration.
    pub async fn validate(&self, json: &str) -> Diagnostics {
        let config = self.config(json);
        self.provider
            .validate_resource_config(ValidateRequest { type_name: self.type_name.clone(), config })
            .await
    }

    /// Plans for a configuration, without messages.
    pub async fn plan(&self, json: &str) -> Planned {
        let diagnostics = self.validate(json).await;
        assert!(!diagnostics.has_errors(), "{}", render::diagnostics(&diagnostics));
        self.try_plan(self.config(json))
            .await
            .unwrap_or_else(|diagnostics| panic!("{}", render::diagnostics(&diagnostics)))
    }

    /// Plans for a configuration, or for destruction when it is null.
    pub async fn try_plan(&self, config: Value) -> Result<Planned, Diagnostics> {
        let (planned, replace, private) = self.plan_from(&self.state, &self.private, &config).await?;
        let changed: Vec<String> = replace
            .iter()
            .filter(|path| {
                let (before, after) = (self.state.at_path(path), planned.at_path(path));
                before != after || after.is_some_and(|after| !after.is_wholly_known())
            })
            .map(ToString::to_string)
            .collect();
        let action = match (self.state.is_null(), planned.is_null()) {
            (true, true) => Action::None,
            (true, false) => Action::Create,
            (false, true) => Action::Delete,
            (false, false) if planned == self.state => Action::None,
            (false, false) if changed.is_empty() => Action::Update,
            (false, false) => Action::Replace(changed),
        };
        if let Action::Replace(_) = action {
            let null = Value::Null(self.block.implied_type().clone());
            let (planned, _, private) = self.plan_from(&null, &Private::new(), &config).await?;
            return Ok(Planned { action, state: planned, config, private });
        }
        Ok(Planned { action, state: planned, config, private })
    }

    async fn plan_from(
        &self,
        prior: &Value,
        private: &Private,
        config: &Value,
    ) -> Result<(Value, Vec<AttributePath>, Private), Diagnostics> {
        let proposed = propose_new(&self.block, prior, config);
        let request = PlanRequest {
            type_name: self.type_name.clone(),
            prior_state: prior.clone(),
            proposed_new_state: proposed,
            config: config.clone(),
            prior_private: private.clone(),
            provider_meta: Value::dynamic_null(),
            prior_identity: None,
        };
        let response = self.provider.plan_resource_change(request).await;
        if response.diagnostics.has_errors() {
            return Err(response.diagnostics);
        }
        check_planned(&self.block, prior, config, &response.planned_state);
        Ok((response.planned_state, response.requires_replace, response.planned_private))
    }

    /// Lets the provider look at the plan as a whole.
    pub async fn check_plan(&self, planned: &Planned) -> Diagnostics {
        let change = PlannedResource {
            address: format!("{}.this", self.type_name),
            type_name: self.type_name.clone(),
            prior_state: self.state.clone(),
            planned_state: planned.state.clone(),
            private: Vec::new(),
        };
        self.provider.check_plan(vec![change]).await
    }

    /// Carries a plan out, without messages.
    pub async fn apply(&mut self, planned: Planned) {
        let diagnostics = self.try_apply(planned).await;
        assert!(diagnostics.is_empty(), "{}", render::diagnostics(&diagnostics));
    }

    /// Carries a plan out; a replacement deletes first.
    pub async fn try_apply(&mut self, planned: Planned) -> Diagnostics {
        let null = Value::Null(self.block.implied_type().clone());
        if let Action::Replace(_) = planned.action {
            let diagnostics = self.call_apply(null.clone(), null, self.private.clone()).await;
            if diagnostics.has_errors() {
                return diagnostics;
            }
        }
        self.call_apply(planned.state, planned.config, planned.private).await
    }

    async fn call_apply(&mut self, planned: Value, config: Value, private: Private) -> Diagnostics {
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
        if !response.diagnostics.has_errors() {
            check_applied(&planned, &response.new_state);
        }
        (self.state, self.private) = (response.new_state, response.private);
        response.diagnostics
    }

    /// Reads the object again.
    pub async fn refresh(&mut self) -> Diagnostics {
        let request = ReadRequest {
            type_name: self.type_name.clone(),
            current_state: self.state.clone(),
            private: self.private.clone(),
            provider_meta: Value::dynamic_null(),
            current_identity: None,
            wanted: None,
        };
        let response = self.provider.read_resource(request).await;
        (self.state, self.private) = (response.new_state, response.private);
        response.diagnostics
    }

    /// Plans and applies, then checks that reading changes nothing and that the next plan is empty.
    pub async fn converge(&mut self, json: &str) -> Action {
        let planned = self.plan(json).await;
        let action = planned.action.clone();
        self.apply(planned).await;
        let applied = self.state.clone();
        let diagnostics = self.refresh().await;
        assert!(diagnostics.is_empty(), "{}", render::diagnostics(&diagnostics));
        assert_eq!(self.state, applied, "reading changes nothing");
        assert_eq!(self.plan(json).await.action, Action::None, "the plan after an apply is empty");
        action
    }

    /// Deletes the object.
    pub async fn destroy(&mut self) {
        let null = Value::Null(self.block.implied_type().clone());
        let planned = self
            .try_plan(null)
            .await
            .unwrap_or_else(|diagnostics| panic!("{}", render::diagnostics(&diagnostics)));
        assert_eq!(planned.action, Action::Delete);
        self.apply(planned).await;
        assert!(self.state.is_null());
    }

    /// Imports an object by its id and reads it.
    pub async fn import(&mut self, id: &str) -> Diagnostics {
        let target = ImportTarget::Id(id.into());
        let request = ImportRequest { type_name: self.type_name.clone(), target };
        let mut response = self.provider.import_resource_state(request).await;
        if response.diagnostics.has_errors() {
            return response.diagnostics;
        }
        let object = response.imported.pop().expect("an object is imported");
        assert_eq!(object.type_name, self.type_name);
        (self.state, self.private) = (object.state, object.private);
        self.refresh().await
    }

    /// Brings a stored state to the present version.
    pub async fn upgrade(&mut self, version: i64, json: &str) -> Diagnostics {
        let request = UpgradeRequest { type_name: self.type_name.clone(), version, json: json.into() };
        let response = self.provider.upgrade_resource_state(request).await;
        self.state = response.state;
        response.diagnostics
    }

    /// Returns an attribute of the object.
    pub fn get(&self, name: &str) -> Value {
        self.state.attribute(name)
    }

    /// Returns a text attribute of the object.
    pub fn text(&self, name: &str) -> String {
        self.get(name).as_str().unwrap_or_else(|| panic!("{name} is a text")).to_string()
    }

    /// Writes the object, one attribute a line.
    pub fn show(&self) -> String {
        render::object(&self.state)
    }
}

/// Validates and reads a data source.
pub async fn read_data(provider: &dyn Provider, type_name: &str, json: &str) -> Result<Value, Diagnostics> {
    let schemas = provider.schemas().await?;
    let config = written::config(&schemas.data_sources[type_name].block, json);
    let request = ValidateRequest { type_name: type_name.into(), config: config.clone() };
    let diagnostics = provider.validate_data_config(request).await;
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let request = DataRequest {
        type_name: type_name.into(),
        config: config.clone(),
        provider_meta: Value::dynamic_null(),
    };
    let response = provider.read_data_source(request).await;
    if response.diagnostics.has_errors() {
        return Err(response.diagnostics);
    }
    assert!(response.state.is_wholly_known(), "what is read is known");
    check_follows_config(&config, &response.state);
    Ok(response.state)
}

/// Validates and opens an ephemeral resource.
pub async fn open(provider: &dyn Provider, type_name: &str, json: &str) -> Result<Value, Diagnostics> {
    let schemas = provider.schemas().await?;
    let config = written::config(&schemas.ephemeral_resources[type_name].block, json);
    let request = ValidateRequest { type_name: type_name.into(), config: config.clone() };
    let diagnostics = provider.validate_ephemeral_config(request).await;
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let response = provider.open_ephemeral_resource(type_name.into(), config.clone()).await;
    if response.diagnostics.has_errors() {
        return Err(response.diagnostics);
    }
    assert!(response.result.is_wholly_known(), "what is opened is known");
    check_follows_config(&config, &response.result);
    Ok(response.result)
}

/// Polls a future once; panics when it is not ready.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the call waits for something"),
    }
}

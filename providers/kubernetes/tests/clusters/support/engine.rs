//! A small engine: leads one object through plans and applies, and checks every answer against the promises
//! that providers have to keep.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use terrane_model::{AttributePath, Block, Diagnostics, Str, Value};
use terrane_provider::{
    ApplyRequest, DataRequest, ImportRequest, ImportTarget, PlanRequest, PlannedResource, Private, Progress,
    ProgressUpdate, Provider, ReadRequest, ValidateRequest,
};

use super::{show, written};

/// One resource instance and what is known of it.
pub(crate) struct Instance {
    pub(crate) provider: Arc<dyn Provider>,
    type_name: Str,
    pub(crate) block: Arc<Block>,
    /// The object; null while there is none.
    pub(crate) state: Value,
    pub(crate) private: Private,
    /// What has been reported.
    pub(crate) phases: Phases,
}

/// A plan for an instance.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) action: Action,
    pub(crate) state: Value,
    config: Value,
    private: Private,
}

/// What a plan does to an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    None,
    Create,
    Update,
    Replace(Vec<String>),
    Delete,
}

/// Keeps reported phases, each with its time.
#[derive(Default)]
pub(crate) struct Phases(Mutex<Vec<(Instant, String)>>);

impl Progress for Phases {
    fn report(&self, update: ProgressUpdate) {
        let mut phases = self.0.lock().expect("nobody panics");
        if phases.last().is_none_or(|(_, last)| *last != update.phase) {
            phases.push((Instant::now(), update.phase));
        }
    }
}

impl Phases {
    /// Returns all phases.
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics").iter().map(|(_, phase)| phase.clone()).collect()
    }

    /// Returns all phases, each with the seconds since `start`.
    pub(crate) fn since(&self, start: Instant) -> Vec<(f64, String)> {
        let phases = self.0.lock().expect("nobody panics");
        phases.iter().map(|(at, phase)| (at.duration_since(start).as_secs_f64(), phase.clone())).collect()
    }
}

impl Instance {
    /// An instance without an object.
    pub(crate) async fn new(provider: Arc<dyn Provider>, type_name: &str) -> Self {
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

    /// Validates and plans for a configuration, without messages.
    pub(crate) async fn plan(&self, json: &str) -> Planned {
        let config = written::config(&self.block, json);
        let request = ValidateRequest { type_name: self.type_name.clone(), config: config.clone() };
        let diagnostics = self.provider.validate_resource_config(request).await;
        assert!(diagnostics.is_empty(), "{}", show(&diagnostics));
        self.plan_config(config).await
    }

    /// Plans for a configuration, or for destruction when it is null.
    pub(crate) async fn plan_config(&self, config: Value) -> Planned {
        let (planned, replace, private) = self.plan_from(&self.state, &self.private, &config).await;
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
            let (planned, _, private) = self.plan_from(&null, &Private::new(), &config).await;
            return Planned { action, state: planned, config, private };
        }
        Planned { action, state: planned, config, private }
    }

    async fn plan_from(
        &self,
        prior: &Value,
        private: &Private,
        config: &Value,
    ) -> (Value, Vec<AttributePath>, Private) {
        let request = PlanRequest {
            type_name: self.type_name.clone(),
            prior_state: prior.clone(),
            proposed_new_state: propose_new(&self.block, prior, config),
            config: config.clone(),
            prior_private: private.clone(),
            provider_meta: Value::dynamic_null(),
            prior_identity: None,
        };
        let response = self.provider.plan_resource_change(request).await;
        assert!(response.diagnostics.is_empty(), "{}", show(&response.diagnostics));
        check_planned(&self.block, prior, config, &response.planned_state);
        (response.planned_state, response.requires_replace, response.planned_private)
    }

    /// Checks a plan as a whole.
    pub(crate) async fn check_plan(&self, planned: &Planned) -> Diagnostics {
        let change = PlannedResource {
            address: format!("{}.this", self.type_name),
            type_name: self.type_name.clone(),
            prior_state: self.state.clone(),
            planned_state: planned.state.clone(),
        };
        self.provider.check_plan(vec![change]).await
    }

    /// Carries a plan out, without messages; a replacement deletes first.
    pub(crate) async fn apply(&mut self, planned: Planned) {
        let diagnostics = self.try_apply(planned).await;
        assert!(diagnostics.is_empty(), "{}", show(&diagnostics));
    }

    /// Carries a plan out.
    pub(crate) async fn try_apply(&mut self, planned: Planned) -> Diagnostics {
        let null = Value::Null(self.block.implied_type().clone());
        if let Action::Replace(_) = planned.action {
            let diagnostics = self.call_apply(null.clone(), null, self.private.clone()).await;
            assert!(diagnostics.is_empty(), "{}", show(&diagnostics));
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
        assert!(response.diagnostics.is_empty(), "{}", show(&response.diagnostics));
        (self.state, self.private) = (response.new_state, response.private);
    }

    /// Plans and applies, then checks that reading changes nothing and that the next plan is empty.
    pub(crate) async fn converge(&mut self, json: &str) -> Action {
        let planned = self.plan(json).await;
        let action = planned.action.clone();
        self.apply(planned).await;
        let applied = self.state.clone();
        self.refresh().await;
        for (name, value) in applied.as_entries().unwrap_or_default() {
            assert!(self.state.get(name) == Some(value), "reading changes {name}");
        }
        assert_eq!(self.plan(json).await.action, Action::None, "the plan after an apply is empty");
        action
    }

    /// Deletes the object.
    pub(crate) async fn destroy(&mut self) {
        let null = Value::Null(self.block.implied_type().clone());
        let planned = self.plan_config(null).await;
        assert_eq!(planned.action, Action::Delete);
        self.apply(planned).await;
        assert!(self.state.is_null());
    }

    /// Imports an object by its id and reads it.
    pub(crate) async fn import(&mut self, id: &str) -> Diagnostics {
        let target = ImportTarget::Id(id.into());
        let request = ImportRequest { type_name: self.type_name.clone(), target };
        let mut response = self.provider.import_resource_state(request).await;
        if response.diagnostics.has_errors() {
            return response.diagnostics;
        }
        let object = response.imported.pop().expect("an object is imported");
        (self.state, self.private) = (object.state, object.private);
        self.refresh().await;
        response.diagnostics
    }

    /// Returns a text attribute of the object.
    pub(crate) fn text(&self, name: &str) -> String {
        self.state.attribute(name).as_str().unwrap_or_else(|| panic!("{name} is a text")).to_string()
    }
}

/// Reads a data source.
pub(crate) async fn read_data(
    provider: &dyn Provider,
    type_name: &str,
    json: &str,
) -> Result<Value, Diagnostics> {
    let schemas = provider.schemas().await?;
    let config = written::config(&schemas.data_sources[type_name].block, json);
    let request = DataRequest { type_name: type_name.into(), config, provider_meta: Value::dynamic_null() };
    let response = provider.read_data_source(request).await;
    if response.diagnostics.has_errors() {
        return Err(response.diagnostics);
    }
    assert!(response.state.is_wholly_known(), "what is read is known");
    Ok(response.state)
}

/// The configuration with what the prior object keeps: computed attributes that are not written. No resource
/// here has computed attributes inside nested blocks.
fn propose_new(block: &Block, prior: &Value, config: &Value) -> Value {
    let Some(entries) = config.as_entries() else { return config.clone() };
    Value::object(entries.iter().map(|(name, written)| {
        let keeps = block.attribute(name).is_some_and(|attribute| attribute.computed) && written.is_null();
        let value = match (keeps, prior.is_null()) {
            (true, true) => Value::unknown(written.ty()),
            (true, false) => prior.attribute(name),
            (false, _) => written.clone(),
        };
        (name.clone(), value)
    }))
}

fn check_planned(block: &Block, prior: &Value, config: &Value, planned: &Value) {
    if config.is_null() {
        assert!(planned.is_null(), "what is destroyed is planned to be gone");
        return;
    }
    assert_eq!(planned.ty(), *block.implied_type(), "the plan is of the schema's type");
    for (name, attribute) in block.attributes() {
        let (written, planned) = (config.attribute(name), planned.attribute(name));
        if !written.is_null() || !attribute.computed {
            let keeps_prior = !prior.is_null() && planned == prior.attribute(name);
            assert!(planned == written || keeps_prior, "{name} is planned as written: {planned:?}");
        }
    }
    for (name, _) in block.block_types() {
        assert_eq!(planned.attribute(name), config.attribute(name), "{name} is planned as written");
    }
}

fn check_applied(planned: &Value, new: &Value) {
    assert!(new.is_wholly_known(), "what is applied is known");
    for (name, promised) in planned.as_entries().unwrap_or_default() {
        if promised.is_wholly_known() {
            assert_eq!(new.get(name), Some(promised), "{name} is as planned");
        }
    }
    assert_eq!(planned.is_null(), new.is_null());
}

//! A small engine: leads one object through plans and applies, and checks every answer against the promises
//! that providers have to keep.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use terrane_model::{AttributePath, Block, Diagnostics, Str, Value};
use terrane_provider::{
    ApplyRequest, DataRequest, ImportRequest, ImportTarget, NoProgress, PlanRequest, Private, Provider,
    ReadRequest, UpgradeRequest, ValidateRequest,
};

use super::{render, written};

/// One resource instance and what is known of it.
pub(crate) struct Instance {
    /// The provider.
    pub(crate) provider: Arc<dyn Provider>,
    type_name: Str,
    block: Arc<Block>,
    /// The object; null while there is none.
    pub(crate) state: Value,
    private: Private,
}

/// A plan for an instance.
#[derive(Debug)]
pub(crate) struct Planned {
    /// What is done.
    pub(crate) action: Action,
    /// The object as planned.
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

impl Instance {
    /// An instance without an object.
    pub(crate) async fn new(provider: Arc<dyn Provider>, type_name: &str) -> Self {
        let schemas = provider.schemas().await.expect("the provider has schemas");
        let block = schemas.resources[type_name].schema.block.clone();
        let state = Value::Null(block.implied_type().clone());
        Self { provider, type_name: type_name.into(), block, state, private: Private::new() }
    }

    /// Reads a configuration.
    pub(crate) fn config(&self, json: &str) -> Value {
        written::config(&self.block, json)
    }

    /// Validates a configuration.
    pub(crate) async fn validate(&self, json: &str) -> Diagnostics {
        let config = self.config(json);
        self.provider
            .validate_resource_config(ValidateRequest { type_name: self.type_name.clone(), config })
            .await
    }

    /// Plans for a configuration, without messages.
    pub(crate) async fn plan(&self, json: &str) -> Planned {
        let diagnostics = self.validate(json).await;
        assert!(!diagnostics.has_errors(), "{}", render::diagnostics(&diagnostics));
        self.try_plan(self.config(json))
            .await
            .unwrap_or_else(|diagnostics| panic!("{}", render::diagnostics(&diagnostics)))
    }

    /// Plans for a configuration, or for destruction when it is null.
    pub(crate) async fn try_plan(&self, config: Value) -> Result<Planned, Diagnostics> {
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

    /// Carries a plan out, without messages.
    pub(crate) async fn apply(&mut self, planned: Planned) {
        let diagnostics = self.try_apply(planned).await;
        assert!(diagnostics.is_empty(), "{}", render::diagnostics(&diagnostics));
    }

    /// Carries a plan out; a replacement deletes first.
    pub(crate) async fn try_apply(&mut self, planned: Planned) -> Diagnostics {
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
        let response = self.provider.apply_resource_change(request, &NoProgress).await;
        if !response.diagnostics.has_errors() {
            check_applied(&planned, &response.new_state);
        }
        (self.state, self.private) = (response.new_state, response.private);
        response.diagnostics
    }

    /// Reads the object again.
    pub(crate) async fn refresh(&mut self) -> Diagnostics {
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
    pub(crate) async fn converge(&mut self, json: &str) -> Action {
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
    pub(crate) async fn destroy(&mut self) {
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
    pub(crate) async fn import(&mut self, id: &str) -> Diagnostics {
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
    pub(crate) async fn upgrade(&mut self, version: i64, json: &str) -> Diagnostics {
        let request = UpgradeRequest { type_name: self.type_name.clone(), version, json: json.into() };
        let response = self.provider.upgrade_resource_state(request).await;
        self.state = response.state;
        response.diagnostics
    }

    /// Returns an attribute of the object.
    pub(crate) fn get(&self, name: &str) -> Value {
        self.state.attribute(name)
    }

    /// Returns a text attribute of the object.
    pub(crate) fn text(&self, name: &str) -> String {
        self.get(name).as_str().unwrap_or_else(|| panic!("{name} is a text")).to_string()
    }

    /// Writes the object, one attribute a line.
    pub(crate) fn show(&self) -> String {
        render::object(&self.state)
    }
}

/// Validates and reads a data source.
pub(crate) async fn read_data(
    provider: &dyn Provider,
    type_name: &str,
    json: &str,
) -> Result<Value, Diagnostics> {
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
pub(crate) async fn open(provider: &dyn Provider, type_name: &str, json: &str) -> Result<Value, Diagnostics> {
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
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the call waits for something"),
    }
}

/// The configuration with what the prior object keeps: computed attributes that are not written. No resource
/// here has computed attributes inside nested blocks.
fn propose_new(block: &Block, prior: &Value, config: &Value) -> Value {
    let Some(entries) = config.as_entries() else { return config.clone() };
    Value::object(entries.iter().map(|(name, written)| {
        let keeps = block.attribute(name).is_some_and(|attribute| attribute.computed) && written.is_null();
        let value = if keeps && !prior.is_null() { prior.attribute(name) } else { written.clone() };
        (name.clone(), value)
    }))
}

fn check_planned(block: &Block, prior: &Value, config: &Value, planned: &Value) {
    if config.is_null() {
        assert!(planned.is_null(), "what is destroyed is planned to be gone");
        return;
    }
    for (name, attribute) in block.attributes() {
        let (written, planned) = (config.attribute(name), planned.attribute(name));
        if attribute.write_only {
            assert!(planned.is_null(), "{name} is not planned");
        } else if !written.is_null() || !attribute.computed {
            let keeps_prior = !prior.is_null() && planned == prior.attribute(name);
            assert!(planned == written || keeps_prior, "{name} is planned as written: {planned:?}");
        }
    }
}

fn check_applied(planned: &Value, new: &Value) {
    assert!(new.is_wholly_known(), "what is applied is known: {new:?}");
    for (name, promised) in planned.as_entries().unwrap_or_default() {
        if promised.is_wholly_known() {
            assert_eq!(new.get(name), Some(promised), "{name} is as planned");
        }
    }
    assert_eq!(planned.is_null(), new.is_null());
}

fn check_follows_config(config: &Value, state: &Value) {
    for (name, written) in config.as_entries().unwrap_or_default() {
        if !written.is_null() {
            assert_eq!(state.get(name), Some(written), "{name} is as written");
        }
    }
}

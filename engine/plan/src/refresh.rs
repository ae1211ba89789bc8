//! Reading all objects of a provider configuration in one go, as soon as the provider is configured.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use rustc_hash::FxHashMap;
use terrane_model::{Diagnostics, ProviderConfigAddress, ResourceInstanceAddress, ResourceMode, Value};
use terrane_provider::{Effects, PlannedResource, Provider, Reach, ReadRequest, ReadResponse};
use terrane_state::DeposedKey;

use crate::events::{PlanEvent, PlanEvents};
use crate::instance_plan::read_request;
use crate::plan::PlanMode;
use crate::planner::Planner;
use crate::provider_pool::ConfiguredKey;
use crate::wanted_attributes::WantedAttributes;

type Key = (ResourceInstanceAddress, Option<DeposedKey>);

/// The reads of one provider configuration, which all its resources wait for together.
#[derive(Clone)]
pub(crate) struct RefreshBatch {
    responses: Shared<BoxFuture<'static, Arc<Vec<Option<ReadResponse>>>>>,
    positions: Arc<FxHashMap<Key, usize>>,
}

impl RefreshBatch {
    /// Waits for the answer about one object; nothing when it was not asked for.
    pub(crate) async fn response(&self, key: &Key) -> Option<ReadResponse> {
        let position = *self.positions.get(key)?;
        let responses = self.responses.clone().await;
        responses.get(position).cloned().flatten()
    }
}

impl Planner {
    /// Starts reading all objects that a provider configuration manages; the second time, returns the first
    /// batch.
    pub(crate) fn refresh_batch(
        &mut self,
        key: &ConfiguredKey,
        provider: &Arc<dyn Provider>,
    ) -> RefreshBatch {
        if let Some(batch) = self.refreshes.get(key) {
            return batch.clone();
        }
        let config_address = self.configuration.provider_configs.get(key.0).address.clone();
        let mut objects: Vec<Key> = Vec::new();
        let mut requests = Vec::new();
        let wanted = self.wanted_attributes();
        for (address, deposed, resource, _) in self.state.objects() {
            let is_ours = resource.provider_config == config_address
                && resource
                    .instances
                    .get(&address.key)
                    .is_some_and(|instance| instance.provider_key == key.1);
            let provider = self.providers.provider_of(key, &address).unwrap_or(provider);
            let effects = provider.effects(&address.resource.resource_type);
            let is_managed = address.resource.mode == ResourceMode::Managed;
            if !is_ours || !is_managed {
                continue;
            }
            if self.options.skip_refresh && !self.uncertain.contains(&address) {
                continue;
            }
            let object_key = (address, deposed.cloned());
            let Some(object) = self.prior.get(&object_key) else { continue };
            if !self.is_worth_reading(&object_key.0) {
                continue;
            }
            if effects == Effects::None {
                // Nobody can have changed it, so that there is nothing to wait for.
                let (address, deposed) = (&object_key.0, object_key.1.as_ref());
                self.events.event(PlanEvent::Refreshing { address, deposed, value: &object.value });
                self.events.event(PlanEvent::Refreshed { address, deposed, value: &object.value });
                continue;
            }
            let resource_type = &object_key.0.resource.resource_type;
            let request = read_request(resource_type, object, &Value::dynamic_null());
            let wanted = wanted.as_ref().and_then(|wanted| wanted.of(&object_key.0));
            requests.push(ReadRequest { wanted, ..request });
            objects.push(object_key);
        }
        let is_gone = !requests.is_empty()
            && self.place_is_gone(&ProviderConfigAddress { key: key.1.clone(), ..config_address });
        let positions = objects.iter().cloned().enumerate().map(|(position, key)| (key, position)).collect();
        let (provider, events) = (Arc::clone(provider), Arc::clone(&self.events));
        let limit = Arc::clone(&self.limit);
        let read = async move {
            if requests.is_empty() {
                return Arc::new(Vec::new());
            }
            let _permit = limit.acquire().await;
            Arc::new(read_all(&*provider, &objects, requests, is_gone, &*events).await)
        };
        let batch = RefreshBatch { responses: read.boxed().shared(), positions: Arc::new(positions) };
        self.refreshes.insert(key.clone(), batch.clone());
        batch
    }

    /// Returns which attributes make a difference. Whoever wants to see all drift wants all attributes.
    fn wanted_attributes(&mut self) -> Option<Arc<WantedAttributes>> {
        if self.options.mode == PlanMode::RefreshOnly {
            return None;
        }
        let configuration = &self.configuration;
        let wanted = self.wanted.get_or_insert_with(|| Arc::new(WantedAttributes::find(configuration)));
        Some(Arc::clone(wanted))
    }

    fn is_worth_reading(&self, address: &ResourceInstanceAddress) -> bool {
        // Whatever has become of an object that is let go, it makes no difference.
        if self.options.mode == PlanMode::Normal && self.removals.of(address) == Some(false) {
            return false;
        }
        if self.selection.is_everything() || self.options.mode == PlanMode::Destroy {
            return true;
        }
        let path = address.module.path();
        let declared = self.configuration.tree.find(&path).and_then(|module| {
            let (position, _) = self.configuration.tree.module(module).resource(&address.resource)?;
            let declaration = terrane_language::config::Declaration::Resource(position);
            self.configuration.graph.declaration(module, declaration)
        });
        match declared {
            Some(id) => self.selection.contains(id) && self.selection.contains_instance(id, address),
            None => self.selection.contains_undeclared(address),
        }
    }
}

/// Reads objects; if their place `is_gone`, only those that may be elsewhere. An answer may be missing.
async fn read_all(
    provider: &dyn Provider,
    objects: &[Key],
    mut requests: Vec<ReadRequest>,
    is_gone: bool,
    events: &dyn PlanEvents,
) -> Vec<Option<ReadResponse>> {
    let gone = if is_gone { gone_with_place(provider, objects, &requests).await } else { Vec::new() };
    let is_asked = |position: usize| gone.get(position) != Some(&true);
    let unasked = |(position, request)| (!is_asked(position)).then(|| nothing_left(request));
    let mut responses: Vec<Option<ReadResponse>> = requests.iter().enumerate().map(unasked).collect();
    let asked: Vec<usize> = (0..requests.len()).filter(|position| is_asked(*position)).collect();
    for position in &asked {
        let ((address, deposed), request) = (&objects[*position], &requests[*position]);
        let (deposed, value) = (deposed.as_ref(), &request.current_state);
        events.event(PlanEvent::Refreshing { address, deposed, value });
    }
    let mut position = 0..;
    requests.retain(|_| position.next().is_some_and(is_asked));
    if requests.is_empty() {
        return responses;
    }
    for (position, response) in asked.into_iter().zip(provider.read_many(requests).await) {
        if !response.diagnostics.has_errors() {
            let (address, deposed) = &objects[position];
            let (deposed, value) = (deposed.as_ref(), &response.new_state);
            events.event(PlanEvent::Refreshed { address, deposed, value });
        }
        responses[position] = Some(response);
    }
    responses
}

/// Tells which objects were at a place and nowhere else, or at least cannot be reached any more, now that it is gone.
async fn gone_with_place(provider: &dyn Provider, objects: &[Key], requests: &[ReadRequest]) -> Vec<bool> {
    let objects = objects.iter().zip(requests).map(|((address, _), request)| PlannedResource {
        address: address.to_string(),
        type_name: request.type_name.clone(),
        prior_state: request.current_state.clone(),
        planned_state: Value::Null(request.current_state.ty()),
        private: request.private.clone(),
    });
    let ties = provider.ties(objects.collect()).await;
    ties.into_iter().map(|ties| ties.reach != Reach::Unknown).collect()
}

/// Says that an object does not exist any more.
fn nothing_left(request: &ReadRequest) -> ReadResponse {
    ReadResponse {
        new_state: Value::Null(request.current_state.ty()),
        private: request.private.clone(),
        new_identity: None,
        diagnostics: Diagnostics::new(),
    }
}

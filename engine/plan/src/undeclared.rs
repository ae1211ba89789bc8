//! Objects that the state has and the configuration does not declare (any more): they go.

use std::sync::Arc;

use terrane_language::config::Declaration;
use terrane_model::{
    Diagnostic, InstanceKey, ModuleInstance, ProviderConfigAddress, ResourceInstanceAddress, ResourceMode,
    Value,
};
use terrane_provider::{PlanRequest, Provider};
use terrane_state::DeposedKey;

use crate::change::{Action, ActionReason, Change, ResourceChange};
use crate::instance_plan::refreshed_object;
use crate::plan::PlanMode;
use crate::planner::Planner;
use crate::prior_objects::PriorObject;

impl Planner {
    /// Plans the end of all objects that nothing declares, and of all deposed ones.
    pub(crate) async fn plan_undeclared(&mut self) {
        // A run that is for one action lets everything else be.
        if self.options.invoke.is_some() {
            return;
        }
        self.plan_undeclared_outputs();
        let mut undeclared: Vec<(ResourceInstanceAddress, Option<DeposedKey>, ProviderConfigAddress)> =
            Vec::new();
        for (address, deposed, resource, _) in self.state.objects() {
            let is_declared = deposed.is_none() && self.declared.contains(&address);
            if !is_declared && self.selection.contains_undeclared(&address) && !self.is_blocked(&address) {
                let provider_config = resource.config_of(address.key.as_ref());
                undeclared.push((address, deposed.cloned(), provider_config));
            }
        }
        for (address, deposed, provider_config) in undeclared {
            match address.resource.mode {
                ResourceMode::Managed => self.plan_end(address, deposed, provider_config).await,
                // Data that nothing reads any more just disappears.
                ResourceMode::Data => {
                    self.state.set_object(&address, None, &provider_config, None);
                }
                ResourceMode::Ephemeral => {}
            }
        }
    }

    /// Tells whether it is not known what is declared, since the resource's own planning failed.
    fn is_blocked(&self, address: &ResourceInstanceAddress) -> bool {
        let Some(module) = self.configuration.tree.find(&address.module.path()) else { return false };
        let Some((position, _)) = self.configuration.tree.module(module).resource(&address.resource) else {
            return false;
        };
        let id = self.configuration.graph.declaration(module, Declaration::Resource(position));
        id.is_some_and(|id| self.failed.contains(&id) || !self.selection.contains(id))
    }

    async fn plan_end(
        &mut self,
        address: ResourceInstanceAddress,
        deposed: Option<DeposedKey>,
        provider_config: ProviderConfigAddress,
    ) {
        let key = (address.clone(), deposed.clone());
        let Some(prior) = self.prior.get(&key).cloned() else { return };
        let source = &provider_config.provider;
        let Some(resource_schema) = self.providers.resource_schema(source, &address.resource.resource_type)
        else {
            return;
        };
        let schema = resource_schema.schema.clone();
        let Some((config_id, provider)) = self.provider_for_undeclared(&address, &provider_config) else {
            return;
        };
        let mut current = Some(prior.clone());
        let batch = self.refresh_batch(&(config_id, provider_config.key.clone()), &provider);
        if let Some(response) = batch.response(&key).await {
            let mut problems = terrane_model::Diagnostics::new();
            let read = refreshed_object(&prior, response, &mut problems);
            self.diagnostics.extend(problems.into_iter().map(|problem| problem.about(&address)));
            match read {
                Some(read) => current = read,
                None => return,
            }
        }
        let Some(current) = current else {
            self.state.set_object(&address, deposed.as_ref(), &provider_config, None);
            if self.uncertain.contains(&address) {
                return;
            }
            self.note_vanished(&address, &prior, &schema, &provider_config);
            return;
        };
        if current != prior
            && let Ok(object) = current.to_state(&schema)
        {
            self.state.set_object(&address, deposed.as_ref(), &provider_config, Some(Arc::new(object)));
        }
        if self.options.mode == PlanMode::RefreshOnly {
            return;
        }
        let removal = self.removals.of(&address);
        let reason = deposed.is_none().then(|| self.reason_of(&address)).flatten();
        let reason = if self.options.mode == PlanMode::Destroy { None } else { reason };
        let private = self.plan_destroy(&address, &current, &schema, provider.as_ref()).await;
        let change = ResourceChange {
            previous_address: self.shown_previous_address(&address),
            address,
            deposed,
            provider_config,
            change: Change {
                action: if removal == Some(false) { Action::Forget } else { Action::Delete },
                before: current.marked(&schema),
                after: Value::Null(schema.block.implied_type().clone()),
            },
            reason,
            required_replace: Vec::new(),
            private,
            schema_version: schema.version,
            create_before_destroy: current.create_before_destroy,
            importing: None,
            generated_config: None,
            identity: current.identity,
        };
        let (ending, is_current) = (change.address.clone(), change.deposed.is_none());
        self.record_change(None, change);
        if is_current {
            self.plan_end_triggers(&ending).await;
        }
    }

    /// Providers that want to be asked even when an object only goes are asked.
    async fn plan_destroy(
        &mut self,
        address: &ResourceInstanceAddress,
        current: &PriorObject,
        schema: &terrane_model::Schema,
        provider: &dyn Provider,
    ) -> Vec<u8> {
        let wants_it = provider.schemas().await.is_ok_and(|schemas| schemas.capabilities.plan_destroy);
        if !wants_it {
            return current.private.clone();
        }
        let nothing = Value::Null(schema.block.implied_type().clone());
        let request = PlanRequest {
            type_name: address.resource.resource_type.clone(),
            prior_state: current.value.clone(),
            proposed_new_state: nothing.clone(),
            config: nothing,
            prior_private: current.private.clone(),
            provider_meta: Value::dynamic_null(),
            prior_identity: current.identity.clone(),
        };
        let response = provider.plan_resource_change(request).await;
        self.diagnostics.extend(response.diagnostics.into_iter().map(|problem| problem.about(address)));
        response.planned_private
    }

    fn provider_for_undeclared(
        &mut self,
        address: &ResourceInstanceAddress,
        provider_config: &ProviderConfigAddress,
    ) -> Option<(terrane_language::modules::ProviderConfigId, Arc<dyn Provider>)> {
        let configs = &self.configuration.provider_configs;
        let found = configs.by_address(provider_config);
        let key = &provider_config.key;
        let provider =
            found.and_then(|id| Some((id, self.providers.provider_of(&(id, key.clone()), address)?.clone())));
        let keys = found.and_then(|id| self.providers.keys(id));
        let lacks_key = key.as_ref().is_some_and(|key| !keys.unwrap_or_default().contains(key));
        if provider.is_none() && (found.is_none() || lacks_key) {
            let detail = format!(
                "To work with {address} (orphan object) its original provider configuration at {provider_config} is required, \
                 but it has been removed. This occurs when a provider configuration is removed while objects created by that \
                 provider still exist in the state. Re-add the provider configuration to destroy {address}, after which you \
                 can remove the provider configuration again."
            );
            self.diagnostics.push(Diagnostic::error("Provider configuration not present", detail));
        }
        provider
    }

    fn note_vanished(
        &mut self,
        address: &ResourceInstanceAddress,
        prior: &PriorObject,
        schema: &terrane_model::Schema,
        provider_config: &ProviderConfigAddress,
    ) {
        self.drift.push(ResourceChange {
            address: address.clone(),
            previous_address: self.moves.previous(address),
            deposed: None,
            provider_config: provider_config.clone(),
            change: Change {
                action: Action::Delete,
                before: prior.marked(schema),
                after: Value::Null(schema.block.implied_type().clone()),
            },
            reason: None,
            required_replace: Vec::new(),
            private: Vec::new(),
            schema_version: schema.version,
            create_before_destroy: false,
            importing: None,
            generated_config: None,
            identity: None,
        });
    }

    /// Says why nothing declares an object.
    fn reason_of(&self, address: &ResourceInstanceAddress) -> Option<ActionReason> {
        let tree = &self.configuration.tree;
        if self.moves.is_blocked_source(address) {
            return Some(ActionReason::DeleteBecauseNoMoveTarget);
        }
        let declared = tree.find(&address.module.path()).map(|module| tree.module(module));
        let Some((_, resource)) = declared.and_then(|module| module.resource(&address.resource)) else {
            let has_moved = self.moves.previous(address) != *address;
            return Some(if has_moved {
                ActionReason::DeleteBecauseNoMoveTarget
            } else {
                ActionReason::DeleteBecauseNoResourceConfig
            });
        };
        if !self.module_instance_exists(&address.module) {
            return Some(ActionReason::DeleteBecauseNoModule);
        }
        let repetition = &resource.repetition;
        Some(match &address.key {
            None if repetition.is_keyed() => ActionReason::DeleteBecauseWrongRepetition,
            None => ActionReason::DeleteBecauseNoResourceConfig,
            Some(InstanceKey::Int(_)) if repetition.count.is_none() => {
                ActionReason::DeleteBecauseWrongRepetition
            }
            Some(InstanceKey::Int(_)) => ActionReason::DeleteBecauseCountIndex,
            Some(InstanceKey::String(_)) if repetition.for_each.is_none() => {
                ActionReason::DeleteBecauseWrongRepetition
            }
            Some(InstanceKey::String(_)) => ActionReason::DeleteBecauseEachKey,
        })
    }

    fn module_instance_exists(&self, module: &ModuleInstance) -> bool {
        self.evaluation.find_instance(module).is_some()
    }
}

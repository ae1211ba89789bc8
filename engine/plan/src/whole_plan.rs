//! Lets each provider look at all of its changes together, when everything is planned and nothing is shown yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use rustc_hash::FxHashMap;
use terrane_language::evaluate::locate;
use terrane_model::{Diagnostic, ProviderConfigAddress, ResourceInstanceAddress, ResourceMode};
use terrane_provider::{PlannedResource, Provider};

use crate::change::{Action, ResourceChange};
use crate::plan::PlanMode;
use crate::planner::Planner;

/// What one provider configuration has to do.
#[derive(Default)]
struct Share {
    resources: Vec<PlannedResource>,
    /// Whether anything is to be done at all.
    changes: bool,
}

impl Planner {
    /// Asks every provider configuration that has something to make or to change what it thinks of all of it.
    /// A plan with errors is not worth the calls, and what only goes away is in nobody's way.
    pub(crate) async fn check_whole_plan(&mut self) {
        if self.options.mode != PlanMode::Normal || self.diagnostics.has_errors() {
            return;
        }
        let mut shares: BTreeMap<&ProviderConfigAddress, Share> = BTreeMap::new();
        let mut places: FxHashMap<String, &ResourceInstanceAddress> = FxHashMap::default();
        let managed = |change: &&ResourceChange| change.address.resource.mode == ResourceMode::Managed;
        for (position, change) in self.changes.iter().enumerate() {
            if !managed(&change) || change.deposed.is_some() {
                continue;
            }
            let share = shares.entry(&change.provider_config).or_default();
            share.changes |= !matches!(
                change.change.action,
                Action::NoOp | Action::Delete | Action::Forget | Action::Read
            );
            places.insert(change.address.to_string(), &change.address);
            share.resources.push(self.planned_resource(position));
        }
        let checks = shares.into_iter().filter(|(_, share)| share.changes).filter_map(|(config, share)| {
            let provider = Arc::clone(self.configured_provider(config)?);
            Some(async move { provider.check_plan(share.resources).await })
        });
        let answers = join_all(checks).await;
        let found: Vec<Diagnostic> =
            answers.into_iter().flatten().map(|diagnostic| self.locate_about(&places, diagnostic)).collect();
        self.diagnostics.extend(found);
    }

    pub(crate) fn configured_provider(&self, config: &ProviderConfigAddress) -> Option<&Arc<dyn Provider>> {
        let id = self.configuration.provider_configs.by_address(config)?;
        self.providers.configured(&(id, config.key.clone()))
    }

    /// Finds the place in the configuration that a message about an instance is for.
    fn locate_about(
        &self,
        places: &FxHashMap<String, &ResourceInstanceAddress>,
        diagnostic: Diagnostic,
    ) -> Diagnostic {
        let place = diagnostic.address.as_ref().and_then(|address| places.get(address.as_str()));
        let Some(address) = place.filter(|_| diagnostic.subject.is_none()) else { return diagnostic };
        let tree = &self.configuration.tree;
        let module = tree.find(&address.module.path());
        let declared = module.and_then(|module| tree.module(module).resource(&address.resource));
        let Some((_, resource)) = declared else { return diagnostic };
        let part = diagnostic.attribute.as_ref().and_then(|path| locate(&resource.body, path));
        diagnostic.at(part.unwrap_or(resource.span))
    }
}

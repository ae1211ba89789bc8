//! Places: the objects that the configurations of providers come from, such as the cluster for the provider of the objects
//! in it.

use terrane_language::config::Declaration;
use terrane_model::{ConfigResource, ProviderConfigAddress};
use terrane_provider::Holds;

use crate::dependency_graph::{NodeId, NodeKind};
use crate::planner::Planner;
use crate::resource_dependencies::config_resource;

impl Planner {
    /// Finds the resource that a provider's configuration comes from, among those that can hold others.
    pub(crate) fn holder_of(&self, config: &ProviderConfigAddress) -> Option<(ConfigResource, Holds)> {
        let configuration = &self.configuration;
        let declared = configuration.provider_configs.get(configuration.provider_configs.by_address(config)?);
        let node =
            configuration.graph.declaration(declared.module, Declaration::Provider(declared.block?))?;
        let holders: Vec<(NodeId, Holds)> = configuration
            .dependencies
            .of(node)
            .iter()
            .map(|id| (*id, self.holds(*id)))
            .filter(|(_, holds)| *holds != Holds::Nothing)
            .collect();
        // What a place itself depends on is not where the configuration leads to.
        let is_last = |(id, _): &&(NodeId, Holds)| {
            holders.iter().all(|(other, _)| configuration.dependencies.of(*other).binary_search(id).is_err())
        };
        let mut last = holders.iter().filter(is_last);
        let (Some((id, holds)), None) = (last.next(), last.next()) else { return None };
        Some((config_resource(&configuration.graph, &configuration.tree, *id)?, *holds))
    }

    /// Returns what becomes of the objects at an object of a resource.
    fn holds(&self, id: NodeId) -> Holds {
        let node = self.configuration.graph.node(id);
        let NodeKind::Declaration(Declaration::Resource(position)) = node.kind else { return Holds::Nothing };
        let module = self.configuration.tree.module(node.module);
        let resource = &module.resources[position];
        let source = module.provider_source(module.provider_local_name(resource));
        self.providers.bare(&source).map_or(Holds::Nothing, |it| it.holds(&resource.address.resource_type))
    }

    /// Tells whether the place that a provider's configuration comes from was there, and has been found to be gone.
    pub(crate) fn place_is_gone(&self, config: &ProviderConfigAddress) -> bool {
        let Some((resource, _)) = self.holder_of(config) else { return false };
        let before = self.previous_state.resources.iter().filter(|(address, _)| address.config() == resource);
        let mut known = before.flat_map(|(address, state)| {
            let there = state.instances.iter().filter(|(_, instance)| instance.current.is_some());
            there.map(|(key, _)| address.instance(key.clone()))
        });
        let (first, second) = (known.next(), known.next());
        let place = match second {
            None => first,
            // One configuration for each cluster: they have the same keys.
            Some(second) => {
                let mut all = first.into_iter().chain([second]).chain(known);
                all.find(|address| address.key.is_some() && address.key == config.key)
            }
        };
        place.is_some_and(|address| {
            let resource = self.state.resources.get(&address.resource());
            let instance = resource.and_then(|resource| resource.instances.get(&address.key));
            instance.is_none_or(|instance| instance.current.is_none())
        })
    }
}

//! Objects that moved to another resource type: their states are handed to the provider of the new one.

use std::sync::Arc;

use terrane_model::encode_json::write_json;
use terrane_model::{Diagnostic, Diagnostics, ProviderConfigAddress, ResourceInstanceAddress};
use terrane_provider::MoveRequest;
use terrane_state::{ObjectState, ResourceState, StateSnapshot};

use crate::moved_addresses::Moves;
use crate::prepared::PreparedConfiguration;
use crate::provider_pool::ProviderPool;

/// Converts the objects whose types have changed by moving.
pub(crate) async fn convert_moved(
    moves: &Moves,
    state: &mut StateSnapshot,
    configuration: &PreparedConfiguration,
    providers: &ProviderPool,
) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for (to, from) in moves.between_types() {
        let Some(stored) = state.object(&to).cloned() else { continue };
        let Some(source_config) =
            state.resources.get(&to.resource()).map(|resource| resource.provider_config.clone())
        else {
            continue;
        };
        let Some(target_config) = target_provider(&to, configuration) else {
            diagnostics.push(undeclared(&from, &to));
            continue;
        };
        match convert(&from, &to, &stored, &source_config, &target_config, providers).await {
            Ok(object) => replace(state, &to, target_config, object),
            Err(problems) => diagnostics.extend(problems.into_iter().map(|problem| problem.about(&to))),
        }
    }
    diagnostics
}

fn target_provider(
    address: &ResourceInstanceAddress,
    configuration: &PreparedConfiguration,
) -> Option<ProviderConfigAddress> {
    let tree = &configuration.tree;
    let module = tree.find(&address.module.path())?;
    let (_, resource) = tree.module(module).resource(&address.resource)?;
    let binding = configuration.provider_configs.binding_of(tree, module, resource)?;
    Some(configuration.provider_configs.get(binding.config).address.clone())
}

fn undeclared(from: &ResourceInstanceAddress, to: &ResourceInstanceAddress) -> Diagnostic {
    let detail = format!(
        "{from} can only become {to}, which is of another resource type, where the configuration declares it. Declare it, or \
         remove the \"moved\" block."
    );
    Diagnostic::error("Moved resource type is not declared", detail)
}

async fn convert(
    from: &ResourceInstanceAddress,
    to: &ResourceInstanceAddress,
    stored: &ObjectState,
    source_config: &ProviderConfigAddress,
    target_config: &ProviderConfigAddress,
    providers: &ProviderPool,
) -> Result<ObjectState, Diagnostics> {
    let target_type = &to.resource.resource_type;
    let schema = providers.resource_schema(&target_config.provider, target_type);
    let (Some(schema), Some(provider)) = (schema, providers.bare(&target_config.provider)) else {
        let detail = format!("The provider of {to} has no resource type {:?}.", target_type.as_str());
        return Err(Diagnostic::error("Invalid resource type", detail).into());
    };
    let request = MoveRequest {
        source_provider: source_config.provider.to_string().into(),
        source_type: from.resource.resource_type.clone(),
        source_version: stored.schema_version,
        source_json: stored.attributes.clone(),
        source_private: stored.private.clone(),
        target_type: target_type.clone(),
    };
    let response = provider.move_resource_state(request).await;
    if response.diagnostics.has_errors() {
        return Err(response.diagnostics);
    }
    let schema = &schema.schema;
    let (value, _) = response.state.unmark_deep();
    let mut attributes = String::new();
    if value.is_null() || write_json(&mut attributes, &value, schema.block.implied_type()).is_err() {
        let detail = format!(
            "The provider returned no usable state for {to} when it took {from} over. This is a bug in the provider."
        );
        return Err(Diagnostic::error("Provider returned invalid moved state", detail).into());
    }
    Ok(ObjectState {
        schema_version: schema.version,
        attributes: attributes.into(),
        private: response.private,
        identity: None,
        ..stored.clone()
    })
}

/// The object belongs to another provider from now on.
fn replace(
    state: &mut StateSnapshot,
    address: &ResourceInstanceAddress,
    provider_config: ProviderConfigAddress,
    object: ObjectState,
) {
    state.set_object(address, None, &provider_config, Some(Arc::new(object)));
    let entry: Option<&mut ResourceState> = state.resources.get_mut(&address.resource());
    if let Some(entry) = entry {
        entry.provider_config = provider_config;
    }
}

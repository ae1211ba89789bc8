//! A configuration with the values of its state: what `console` and `output` look at.

use std::sync::Arc;

use terrane_language::config::Declaration;
use terrane_language::evaluate::{
    Evaluation, GivenValues, ModuleInstanceId, RepetitionValues, Surroundings, expand,
};
use terrane_language::modules::ModuleId;
use terrane_model::{Diagnostics, ResourceInstanceAddress, Value};
use terrane_state::StateSnapshot;

use crate::complete_resource::whole_value;
use crate::dependency_graph::NodeKind;
use crate::prepared::PreparedConfiguration;
use crate::prior_objects::{PriorObjects, decode_state};
use crate::provider_pool::ProviderPool;

/// Evaluates everything with the objects of a state in the places of resources; objects that do not exist are
/// unknown. What fails is unknown too: whoever asks for it gets the error.
pub async fn evaluate_with_state(
    configuration: &PreparedConfiguration,
    providers: &ProviderPool,
    state: &StateSnapshot,
    given: &GivenValues,
    surroundings: Surroundings,
) -> (Evaluation, Diagnostics) {
    let (prior, diagnostics) = decode_state(state, providers).await;
    let mut evaluation = Evaluation::new(Arc::clone(&configuration.tree), surroundings);
    for id in &configuration.order {
        let node = configuration.graph.node(*id);
        let NodeKind::Declaration(declaration) = node.kind else { continue };
        for instance in evaluation.instances_of(node.module).to_vec() {
            match declaration {
                Declaration::Variable(position) => {
                    drop(evaluation.evaluate_variable(instance, position, given, &configuration.sources));
                }
                Declaration::Local(position) => drop(evaluation.evaluate_local(instance, position)),
                Declaration::Output(position) => drop(evaluation.evaluate_output(instance, position)),
                Declaration::Call(position) => drop(evaluation.expand_call(instance, position)),
                Declaration::Resource(position) => {
                    let value = resource_value(
                        configuration,
                        providers,
                        &prior,
                        &evaluation,
                        node.module,
                        instance,
                        position,
                    );
                    evaluation.set_resource(instance, position, value);
                }
                Declaration::VariableValidation(_)
                | Declaration::Provider(_)
                | Declaration::Check(_)
                | Declaration::Action(_) => {}
            }
        }
    }
    (evaluation, diagnostics)
}

fn resource_value(
    configuration: &PreparedConfiguration,
    providers: &ProviderPool,
    prior: &PriorObjects,
    evaluation: &Evaluation,
    module: ModuleId,
    instance: ModuleInstanceId,
    position: usize,
) -> Value {
    let declared = configuration.tree.module(module);
    let resource = &declared.resources[position];
    let source = declared.provider_source(declared.provider_local_name(resource));
    let address = &resource.address;
    let Some(schema) = providers.block_schema(&source, address.mode, &address.resource_type) else {
        return Value::dynamic();
    };
    let scope = evaluation.scope(instance, RepetitionValues::None);
    let (expansion, _) = expand(&resource.repetition, &scope, "resource");
    let values = expansion.instances().into_iter().map(|repetition| {
        let key = ResourceInstanceAddress {
            module: evaluation.address_of(instance).clone(),
            resource: address.clone(),
            key: repetition.key(),
        };
        let object = prior.get(&(key, None)).map(|object| object.marked(schema));
        (repetition, object.unwrap_or_else(|| Value::unknown(schema.block.implied_type().clone())))
    });
    whole_value(&expansion, values.collect())
}

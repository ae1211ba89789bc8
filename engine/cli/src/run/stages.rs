//! `-stages`: runs that have to apply a part before the rest can be planned.
//!
//! Where `count` or `for_each` depend on what only an apply can find out, everything that waits for it is left out of
//! the plan, to be planned once the rest is there.

use std::collections::BTreeSet;

use terrane_language::evaluate::waits_for_apply;
use terrane_language::modules::ModuleId;
use terrane_model::{Diagnostics, ModuleInstance, Span, Target};
use terrane_plan::PreparedConfiguration;
use terrane_state::StateSnapshot;

/// What a stage leaves for the next one.
#[derive(Debug, Clone, Default)]
pub struct Waiting {
    /// Resources and modules.
    pub targets: Vec<Target>,
    /// Why they cannot be planned yet.
    pub problems: Diagnostics,
}

impl Waiting {
    /// Tells whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }
}

/// Finds what has to wait when planning has failed for no other reason than that something is not known yet; nothing
/// when there are other reasons.
pub fn waiting(
    configuration: &PreparedConfiguration,
    state: &StateSnapshot,
    diagnostics: &Diagnostics,
) -> Option<Waiting> {
    let (errors, _): (Vec<_>, Vec<_>) = diagnostics.iter().partition(|diagnostic| diagnostic.is_error());
    if errors.is_empty() || !errors.iter().all(|error| waits_for_apply(error)) {
        return None;
    }
    let spans: BTreeSet<Span> = errors.iter().filter_map(|error| error.subject).collect();
    let targets = targets(configuration, state, &spans);
    let problems = errors.into_iter().cloned().collect();
    (!targets.is_empty()).then_some(Waiting { targets, problems })
}

fn targets(
    configuration: &PreparedConfiguration,
    state: &StateSnapshot,
    spans: &BTreeSet<Span>,
) -> Vec<Target> {
    let mut targets = Vec::new();
    for (id, node) in configuration.tree.nodes() {
        let repetition_is_meant = |repetition: &terrane_language::config::module::Repetition| {
            let expressions = [&repetition.count, &repetition.for_each, &repetition.enabled];
            expressions.into_iter().flatten().any(|expression| spans.contains(&expression.span))
        };
        for call in node.module.module_calls.iter().filter(|call| repetition_is_meant(&call.repetition)) {
            targets.push(Target::Module(node.path.child(&call.name).unkeyed_instance()));
        }
        let resources =
            node.module.resources.iter().filter(|resource| repetition_is_meant(&resource.repetition));
        for resource in resources {
            for module in instances(configuration, state, id) {
                let address = terrane_model::AbsoluteResource { module, resource: resource.address.clone() };
                targets.push(Target::Resource(address.instance(None)));
            }
        }
    }
    targets
}

/// Returns the instances of a module that the state has objects in, and the name of all of them.
fn instances(
    configuration: &PreparedConfiguration,
    state: &StateSnapshot,
    module: ModuleId,
) -> BTreeSet<ModuleInstance> {
    let path = &configuration.tree.node(module).path;
    let known = state.resources.keys().map(|resource| &resource.module);
    let mut instances: BTreeSet<ModuleInstance> =
        known.filter(|instance| instance.path() == *path).cloned().collect();
    instances.insert(path.unkeyed_instance());
    instances
}

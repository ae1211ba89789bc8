//! How long carrying out a plan will take at least, as far as providers know how long their operations usually take.

use std::time::Duration;

use rustc_hash::FxHashSet;
use terrane_model::ResourceInstanceAddress;
use terrane_provider::ActionKind;

use crate::change::{Action, ResourceChange};
use crate::operations::{Operation, OperationGraph, OperationId};
use crate::plan::Plan;
use crate::prepared::PreparedConfiguration;
use crate::provider_pool::ProviderPool;

/// The longest chain of operations that wait for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriticalPath {
    /// How long its operations usually take, one after the other.
    pub duration: Duration,
    /// The objects of those of its operations that take any time, in their order. One that has several operations,
    /// as a replaced one has, stands where its last one is.
    pub addresses: Vec<ResourceInstanceAddress>,
}

/// Finds the longest chain; nothing when no provider knows how long any operation takes.
pub fn critical_path(
    plan: &Plan,
    configuration: &PreparedConfiguration,
    providers: &ProviderPool,
) -> Option<CriticalPath> {
    let takes = |change: &ResourceChange, action: ActionKind| {
        let provider = providers.bare(&change.provider_config.provider)?;
        provider.expected_duration(&change.address.resource.resource_type, action)
    };
    let times: Vec<Times> = plan.resource_changes.iter().map(|change| Times::of(change, takes)).collect();
    if times.iter().all(|times| *times == Times::default()) {
        return None;
    }
    let graph = OperationGraph::build(plan, configuration);
    let own = |id: OperationId| match graph.operation(id) {
        Operation::Apply(position) => times[position].apply,
        Operation::Destroy(position) => times[position].destroy,
        _ => Duration::ZERO,
    };
    let ends = ends(&graph, own);
    let (mut last, duration) = ends.iter().copied().enumerate().max_by_key(|(_, end)| *end)?;
    let mut addresses = Vec::new();
    let mut named = FxHashSet::default();
    loop {
        let id = OperationId(last as u32);
        if let (Operation::Apply(position) | Operation::Destroy(position), false) =
            (graph.operation(id), own(id).is_zero())
            && named.insert(position)
        {
            addresses.push(plan.resource_changes[position].address.clone());
        }
        let before = graph.waits_for(id).iter().max_by_key(|before| ends[before.index()]);
        match before.filter(|before| !ends[before.index()].is_zero()) {
            Some(before) => last = before.index(),
            None => break,
        }
    }
    addresses.reverse();
    Some(CriticalPath { duration, addresses })
}

/// How long the two halves of a change take.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Times {
    apply: Duration,
    destroy: Duration,
}

impl Times {
    fn of(change: &ResourceChange, takes: impl Fn(&ResourceChange, ActionKind) -> Option<Duration>) -> Self {
        let takes = |action: ActionKind| takes(change, action).unwrap_or_default();
        let zero = Duration::ZERO;
        let (apply, destroy) = match change.change.action {
            Action::Create => (takes(ActionKind::Create), zero),
            Action::Update => (takes(ActionKind::Update), zero),
            Action::Delete => (zero, takes(ActionKind::Delete)),
            Action::DeleteThenCreate | Action::CreateThenDelete => {
                (takes(ActionKind::Create), takes(ActionKind::Delete))
            }
            Action::CreateThenForget => (takes(ActionKind::Create), zero),
            Action::NoOp | Action::Read | Action::Forget => (zero, zero),
        };
        Self { apply, destroy }
    }
}

/// Returns when each operation ends at the earliest, by position.
fn ends(graph: &OperationGraph, own: impl Fn(OperationId) -> Duration) -> Vec<Duration> {
    let dependents = graph.dependents();
    let mut waiting: Vec<usize> = graph.iter().map(|(id, _)| graph.waits_for(id).len()).collect();
    let mut ready: Vec<OperationId> =
        graph.iter().map(|(id, _)| id).filter(|id| waiting[id.index()] == 0).collect();
    let mut ends = vec![Duration::ZERO; graph.len()];
    while let Some(id) = ready.pop() {
        // So far the end of the last operation that this one waits for.
        ends[id.index()] += own(id);
        for dependent in &dependents[id.index()] {
            ends[dependent.index()] = ends[dependent.index()].max(ends[id.index()]);
            waiting[dependent.index()] -= 1;
            if waiting[dependent.index()] == 0 {
                ready.push(*dependent);
            }
        }
    }
    ends
}

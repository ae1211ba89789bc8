//! An order between objects that nobody has written down: providers know of it. It is kept as far as what is written
//! down allows; what would close a circle is left out.

use rustc_hash::FxHashMap;

use crate::operations::{Operation, OperationGraph, OperationId};

/// Pairs of positions in a plan's changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddedOrder {
    /// An object, and another one that is made or changed before it.
    pub applied_after: Vec<(usize, usize)>,
    /// An object, and another one that is destroyed before it.
    pub destroyed_after: Vec<(usize, usize)>,
}

impl AddedOrder {
    fn is_empty(&self) -> bool {
        self.applied_after.is_empty() && self.destroyed_after.is_empty()
    }

    /// Adds the order to operations, in time linear in all of them.
    pub(crate) fn add_to(&self, graph: &mut OperationGraph) {
        if self.is_empty() {
            return;
        }
        let (mut applies, mut destroys) = (FxHashMap::default(), FxHashMap::default());
        for (id, operation) in graph.iter() {
            match operation {
                Operation::Apply(position) => drop(applies.insert(position, id)),
                Operation::Destroy(position) => drop(destroys.insert(position, id)),
                _ => {}
            }
        }
        let find = |pairs: &[(usize, usize)], ids: &FxHashMap<usize, OperationId>| {
            let found = |(after, before): &(usize, usize)| Some((*ids.get(after)?, *ids.get(before)?));
            pairs.iter().filter_map(found).filter(|(after, before)| after != before).collect::<Vec<_>>()
        };
        let mut added = find(&self.applied_after, &applies);
        added.extend(find(&self.destroyed_after, &destroys));
        let stuck = stuck(graph, &added);
        for (after, before) in added {
            if !(stuck[after.index()] && stuck[before.index()]) {
                graph.wait(after, before);
            }
        }
    }
}

/// Tells which operations would lie on a circle, or between two of them: those that remain when everything is taken
/// away that waits for nothing, and everything that nothing waits for.
fn stuck(graph: &OperationGraph, added: &[(OperationId, OperationId)]) -> Vec<bool> {
    let mut before: Vec<Vec<OperationId>> =
        graph.iter().map(|(id, _)| graph.waits_for(id).to_vec()).collect();
    let mut after = graph.dependents();
    for (waiting, target) in added {
        before[waiting.index()].push(*target);
        after[target.index()].push(*waiting);
    }
    let mut remains = vec![true; graph.len()];
    for (waits_for, dependents) in [(&before, &after), (&after, &before)] {
        let count = |id: OperationId| waits_for[id.index()].iter().filter(|it| remains[it.index()]).count();
        let mut waiting: Vec<usize> = graph.iter().map(|(id, _)| count(id)).collect();
        let is_free = |id: &OperationId| remains[id.index()] && waiting[id.index()] == 0;
        let mut ready: Vec<OperationId> = graph.iter().map(|(id, _)| id).filter(is_free).collect();
        while let Some(id) = ready.pop() {
            remains[id.index()] = false;
            for dependent in &dependents[id.index()] {
                waiting[dependent.index()] -= 1;
                if waiting[dependent.index()] == 0 && remains[dependent.index()] {
                    ready.push(*dependent);
                }
            }
        }
    }
    remains
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Makes a graph of as many applies, in which the first of each pair waits for the second.
    fn graph(count: usize, waits: &[(usize, usize)]) -> OperationGraph {
        let mut graph = OperationGraph::default();
        let ids: Vec<OperationId> =
            (0..count).map(|position| graph.add(Operation::Apply(position))).collect();
        for (waiting, target) in waits {
            graph.wait(ids[*waiting], ids[*target]);
        }
        graph
    }

    fn edges(graph: &OperationGraph) -> Vec<(usize, usize)> {
        let of = |id: OperationId| graph.waits_for(id).iter().map(move |it| (id.index(), it.index()));
        graph.iter().flat_map(|(id, _)| of(id)).collect()
    }

    fn added(pairs: &[(usize, usize)]) -> AddedOrder {
        AddedOrder { applied_after: pairs.to_vec(), destroyed_after: Vec::new() }
    }

    #[test]
    fn an_order_is_added_unless_it_closes_a_circle() {
        // 0 waits for 1 waits for 2; 3 and 4 wait for nothing.
        let mut graph = graph(5, &[(0, 1), (1, 2)]);
        added(&[(2, 0), (3, 0), (2, 4), (4, 4)]).add_to(&mut graph);
        assert_eq!(edges(&graph), [(0, 1), (1, 2), (2, 4), (3, 0)]);
    }

    #[test]
    fn objects_that_are_not_destroyed_have_no_place_in_that_order() {
        let mut graph = graph(2, &[]);
        AddedOrder { applied_after: Vec::new(), destroyed_after: vec![(0, 1)] }.add_to(&mut graph);
        assert_eq!(edges(&graph), []);
    }

    proptest! {
        #[test]
        fn whatever_is_added_there_is_no_circle(
            written in proptest::collection::vec((0..20usize, 0..20usize), 0..40),
            wanted in proptest::collection::vec((0..20usize, 0..20usize), 0..40),
        ) {
            // What waits for lower numbers alone has no circle.
            let written: Vec<_> = written.into_iter().filter(|(a, b)| a > b).collect();
            let mut graph = graph(20, &written);
            added(&wanted).add_to(&mut graph);
            prop_assert!(!stuck(&graph, &[]).contains(&true));
            let left = edges(&graph);
            prop_assert!(written.iter().all(|edge| left.contains(edge)));
        }
    }
}

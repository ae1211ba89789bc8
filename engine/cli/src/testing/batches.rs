//! Which runs of a test file are carried out at the same time.

use std::ops::Range;

use terrane_language::config::test_file::{Run, TestFile};
use terrane_language::syntax::tree::{Attribute, StepKind, Traversal};

use super::runner::state_key;

/// Divides the runs into those that are carried out at once, in their order.
///
/// Runs that follow one another are carried out at once when all of them say that they may (`parallel`, in the run or for
/// the whole file), work on different states, and use no outputs of each other; and no more than `limit` of them.
pub(super) fn batches(test: &TestFile, limit: usize) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    for (position, run) in test.runs.iter().enumerate() {
        let joins = batches.last().is_some_and(|batch| {
            let others = &test.runs[batch.clone()];
            batch.len() < limit.max(1)
                && is_parallel(test, run)
                && others.iter().all(|other| is_parallel(test, other) && state_key(other) != state_key(run))
                && !others.iter().any(|other| uses(test, run, other))
        });
        match batches.last_mut().filter(|_| joins) {
            Some(batch) => batch.end = position + 1,
            None => batches.push(position..position + 1),
        }
    }
    batches
}

fn is_parallel(test: &TestFile, run: &Run) -> bool {
    run.parallel.unwrap_or(test.parallel)
}

/// Tells whether a run may use outputs of another one. Blocks of providers and mocks are for all runs.
fn uses(test: &TestFile, run: &Run, other: &Run) -> bool {
    let names_other = |traversal: &Traversal| {
        let named = traversal.steps.first().is_some_and(
            |step| matches!(&step.kind, StepKind::Attribute(name) | StepKind::StringKey(name) if *name == other.name),
        );
        traversal.root.name == "run" && named
    };
    let mut found = false;
    let in_attributes = |attributes: &[Attribute]| {
        attributes.iter().any(|attribute| attribute.expression.variables().any(|r| names_other(r.traversal)))
    };
    for provider in &test.providers {
        provider.body.visit_references(&mut |reference| found |= names_other(reference.traversal));
    }
    let expressions = run.assertions.iter().flat_map(|rule| [&rule.condition, &rule.error_message]);
    let overrides =
        run.overrides.iter().chain(&test.overrides).filter_map(|pretended| pretended.values.as_ref());
    found
        || in_attributes(&run.variables)
        || in_attributes(&test.variables)
        || expressions
            .chain(overrides)
            .any(|expression| expression.variables().any(|r| names_other(r.traversal)))
}

#[cfg(test)]
mod tests {
    use terrane_language::syntax::{ConfigBody, parse_file};
    use terrane_model::SourceMap;

    use super::*;

    fn divided(text: &str, limit: usize) -> Vec<usize> {
        let (body, problems) = parse_file(SourceMap::new().add("x.tftest.hcl", text), text);
        assert!(!problems.has_errors(), "{problems:?}");
        let divided = batches(&TestFile::decode(&ConfigBody::from_native(body)).0, limit);
        divided.into_iter().map(|batch| batch.len()).collect()
    }

    #[test]
    fn runs_that_may_are_carried_out_at_once() {
        let run = |name: &str, more: &str| format!("run \"{name}\" {{\n  state_key = \"{name}\"\n{more}}}\n");
        let all = "test {\n  parallel = true\n}\n";
        let three = format!("{all}{}{}{}", run("a", ""), run("b", ""), run("c", ""));
        assert_eq!(divided(&three, 10), [3]);
        assert_eq!(divided(&three, 2), [2, 1]);
        let by_default = format!("{}{}", run("a", ""), run("b", ""));
        assert_eq!(divided(&by_default, 10), [1, 1]);
        let one_waits = format!("{all}{}{}", run("a", ""), run("b", "  parallel = false\n"));
        assert_eq!(divided(&one_waits, 10), [1, 1]);
        let same_state = format!("{all}run \"a\" {{}}\nrun \"b\" {{}}\n");
        assert_eq!(divided(&same_state, 10), [1, 1]);
        let uses = format!("{all}{}{}", run("a", ""), run("b", "  variables {\n    x = run.a.y\n  }\n"));
        assert_eq!(divided(&uses, 10), [1, 1]);
    }
}

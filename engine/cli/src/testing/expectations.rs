//! Failures that a run expects.

use terrane_language::config::module::CheckRule;
use terrane_language::config::test_file::Run;
use terrane_language::config::{Module, Subject, parse_reference};
use terrane_language::evaluate::RuleKind;
use terrane_language::syntax::tree::{StepKind, Traversal};
use terrane_model::{Diagnostic, Diagnostics, ResourceAddress, Severity, SourceMap, Span};

/// How a plan says that an assertion of a check can only be evaluated after it was applied.
const UNKNOWN_ASSERTION: &str = "Check block assertion known after apply";

/// The failures that a run expects, and which of them have come.
pub(super) struct Expectations {
    expected: Vec<Expected>,
}

struct Expected {
    text: String,
    span: Span,
    /// The conditions of the object.
    rules: Vec<Span>,
    /// The instance's address, where one is named.
    instance: Option<String>,
    has_failed: bool,
}

impl Expectations {
    /// Finds the objects of a run's expectations.
    pub(super) fn find(run: &Run, module: &Module, sources: &SourceMap, problems: &mut Diagnostics) -> Self {
        let mut expected = Vec::new();
        for traversal in &run.expect_failures {
            let span = traversal.span();
            match rules_of(traversal, module) {
                Some(rules) => {
                    let text = sources.text(span).to_owned();
                    let is_instance =
                        traversal.steps.iter().any(|step| !matches!(step.kind, StepKind::Attribute(_)));
                    let instance = is_instance.then(|| text.clone());
                    expected.push(Expected { text, span, rules, instance, has_failed: false });
                }
                None => {
                    let detail = "You cannot expect failures from this object. It is necessary that it is an input variable, an \
                                  output value, a check block, or a managed resource or data source of the module under test.";
                    problems.push(Diagnostic::error("Invalid `expect_failures` reference", detail).at(span));
                }
            }
        }
        Self { expected }
    }

    /// Takes the expected failures out of messages. Returns the text of an object that has failed with an error. Assertions
    /// that are still open count only where nothing comes after that.
    pub(super) fn take(&mut self, diagnostics: Diagnostics, is_last: bool) -> (Diagnostics, Option<String>) {
        let mut rest = Diagnostics::new();
        let mut stopped_by = None;
        for diagnostic in diagnostics {
            if !is_last && diagnostic.summary == UNKNOWN_ASSERTION {
                continue;
            }
            let is_meant = |expected: &&mut Expected| {
                diagnostic.rule.is_some_and(|rule| expected.rules.contains(&rule))
                    && (expected.instance.is_none() || expected.instance == diagnostic.address)
            };
            match self.expected.iter_mut().find(is_meant) {
                Some(expected) => {
                    expected.has_failed = true;
                    if diagnostic.is_error() {
                        stopped_by.get_or_insert_with(|| expected.text.clone());
                    }
                }
                // In a test nobody reads warnings, and an assertion that is still open has not been tested.
                None if diagnostic.rule.is_some()
                    && [RuleKind::Assertion.failure_summary(), UNKNOWN_ASSERTION]
                        .contains(&diagnostic.summary.as_str()) =>
                {
                    rest.push(Diagnostic { severity: Severity::Error, ..diagnostic });
                }
                None => rest.push(diagnostic),
            }
        }
        (rest, stopped_by)
    }

    /// Returns messages for the failures that have not come.
    pub(super) fn missing(&self) -> Diagnostics {
        let missing = self.expected.iter().filter(|expected| !expected.has_failed);
        missing
            .map(|expected| {
                let detail = format!(
                    "The checkable object, {}, was expected to report an error but did not.",
                    expected.text
                );
                Diagnostic::error("Missing expected failure", detail).at(expected.span)
            })
            .collect()
    }
}

fn rules_of(traversal: &Traversal, module: &Module) -> Option<Vec<Span>> {
    let spans = |rules: &[CheckRule]| rules.iter().map(|rule| rule.span).collect::<Vec<_>>();
    match parse_reference(traversal).ok()?.subject {
        Subject::Variable(name) => Some(spans(&module.variable(&name)?.1.validations)),
        Subject::Output(name) => Some(spans(&module.output(&name)?.1.preconditions)),
        Subject::Check(name) => {
            Some(spans(&module.checks.iter().find(|check| check.name == name)?.assertions))
        }
        Subject::Resource { mode, resource_type, name } => {
            let (_, resource) = module.resource(&ResourceAddress { mode, resource_type, name })?;
            let mut rules = spans(&resource.lifecycle.preconditions);
            rules.extend(spans(&resource.lifecycle.postconditions));
            Some(rules)
        }
        _ => None,
    }
}

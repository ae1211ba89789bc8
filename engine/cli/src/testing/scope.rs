//! What the expressions of a test file see: values of variables and outputs of earlier runs.

use std::collections::BTreeMap;

use terrane_language::config::{Subject, parse_reference};
use terrane_language::evaluate::module_scope::unknown_run;
use terrane_language::evaluate::{Callable, Resolved, Scope};
use terrane_language::functions::{self, Environment};
use terrane_language::syntax::tree::{Identifier, Traversal};
use terrane_model::{Diagnostic, Str, Value};

/// The scope of a test file.
pub(super) struct TestScope<'a> {
    /// Values of variables.
    pub(super) variables: &'a BTreeMap<Str, Value>,
    /// Outputs of the runs so far.
    pub(super) runs: &'a BTreeMap<Str, Value>,
    /// What functions may ask of the world.
    pub(super) environment: &'a (dyn Environment + Send + Sync),
}

impl Scope for TestScope<'_> {
    fn resolve(&self, traversal: &Traversal) -> Resolved {
        let reference = match parse_reference(traversal) {
            Ok(reference) => reference,
            Err(problem) => return Resolved::error(problem),
        };
        let found = match &reference.subject {
            Subject::Variable(name) => self.variables.get(name).ok_or_else(|| {
                let detail = format!(
                    "No value for a variable named {:?} is given to all runs of this test file, so it cannot be referred to.",
                    name.as_str()
                );
                Diagnostic::error("Reference to unavailable variable", detail)
            }),
            Subject::Run(name) => self.runs.get(name).ok_or_else(|| unknown_run(name)),
            _ => {
                let detail = "You can only reference earlier run blocks, and variables that are given to the whole test file, \
                              from here.";
                Err(Diagnostic::error("Invalid reference", detail))
            }
        };
        match found {
            Ok(value) => Resolved::new(value.clone(), reference.subject_steps),
            Err(problem) => Resolved::error(problem.at(reference.span)),
        }
    }

    fn function(&self, name: &Identifier) -> Option<Callable<'_>> {
        let name = name.name.as_str();
        functions::find(name.strip_prefix("core::").unwrap_or(name)).map(Callable::BuiltIn)
    }

    fn environment(&self) -> &dyn Environment {
        self.environment
    }
}

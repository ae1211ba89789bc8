//! Templates from files and strings: what `templatefile` and `templatestring` render.

use terrane_model::{Diagnostic, SourceMap, Value};

use super::evaluator::Evaluator;
use super::scope::{Callable, Resolved, Scope};
use crate::functions::{self, Environment, FunctionError};
use crate::syntax::identifiers::is_valid_identifier;
use crate::syntax::parse_template;
use crate::syntax::tree::{Identifier, Traversal};

/// Renders a template in which the attributes of `variables` are the only names. `name` is what errors call
/// the template.
///
/// # Errors
/// With what is wrong with the template or the variables.
pub fn render_template(
    name: &str,
    template: &str,
    variables: &Value,
    environment: &dyn Environment,
) -> Result<Value, FunctionError> {
    let entries = variables.as_entries().unwrap_or_default();
    if let Some((key, _)) = entries.iter().find(|(key, _)| !is_valid_identifier(key)) {
        return Err(FunctionError::argument(
            1,
            format!(
                "invalid template variable name {:?}: must start with a letter, followed by zero or more letters, digits, \
                 and underscores",
                key.as_str()
            ),
        ));
    }
    let mut sources = SourceMap::new();
    let file = sources.add(name, template);
    let (expression, problems) = parse_template(template, file);
    if let Some(problem) = problems.iter().find(|problem| problem.is_error()) {
        return Err(FunctionError::new(describe(problem, problems.len(), &sources)));
    }
    for reference in expression.variables() {
        let root = &reference.traversal.root.name;
        if variables.get(root).is_none() && !variables.ty().has_dynamic() {
            return Err(FunctionError::argument(
                1,
                format!(
                    "vars map does not contain key {:?}, referenced at {}",
                    root.as_str(),
                    sources.describe(reference.traversal.root.span)
                ),
            ));
        }
    }
    let scope = TemplateScope { variables, environment };
    let mut evaluator = Evaluator::new(&scope);
    let value = evaluator.evaluate(&expression);
    match evaluator.diagnostics.iter().find(|problem| problem.is_error()) {
        Some(problem) => Err(FunctionError::new(describe(problem, evaluator.diagnostics.len(), &sources))),
        None => Ok(value),
    }
}

fn describe(problem: &Diagnostic, count: usize, sources: &SourceMap) -> String {
    let place = problem.subject.map(|span| format!("{}: ", sources.describe(span))).unwrap_or_default();
    let others = if count > 1 { format!(", and {} other diagnostic(s)", count - 1) } else { String::new() };
    let detail = problem.detail.strip_suffix('.').unwrap_or(&problem.detail);
    format!("{place}{}; {detail}{others}", problem.summary)
}

struct TemplateScope<'a> {
    variables: &'a Value,
    environment: &'a dyn Environment,
}

impl Scope for TemplateScope<'_> {
    fn resolve(&self, traversal: &Traversal) -> Resolved {
        match self.variables.get(&traversal.root.name) {
            Some(value) => Resolved::new(value.clone().with_marks(self.variables.marks()), 0),
            None => {
                let detail = format!("There is no variable named {:?}.", traversal.root.name.as_str());
                Resolved::error(Diagnostic::error("Unknown variable", detail).at(traversal.root.span))
            }
        }
    }

    fn function(&self, name: &Identifier) -> Option<Callable<'_>> {
        let bare = name.name.strip_prefix("core::").unwrap_or(&name.name);
        // A template that renders templates could go on without end.
        if bare == "templatefile" || bare == "templatestring" {
            return Some(Callable::Provider(Box::new(Recursive)));
        }
        functions::find(bare).map(Callable::BuiltIn)
    }

    fn environment(&self) -> &dyn Environment {
        self.environment
    }
}

/// Stands for the functions that would render a template within a template.
struct Recursive;

impl super::ProviderFunction for Recursive {
    fn parameter_names(&self) -> (Vec<terrane_model::Str>, bool) {
        (vec!["path".into(), "vars".into()], false)
    }

    fn call(&self, _arguments: Vec<Value>) -> Result<Value, FunctionError> {
        Err(FunctionError::new(
            "cannot recursively call templatefile from inside templatefile or templatestring",
        ))
    }
}

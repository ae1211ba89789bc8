//! What a unit gets: values for its variables, from outputs of others as far as these are known.

use std::collections::BTreeMap;

use terrane_language::config::module::Expr;
use terrane_language::config::stack_file::{StackFile, Unit, named_by};
use terrane_language::evaluate::{Callable, Resolved, Scope, evaluate};
use terrane_language::functions::{self, Environment};
use terrane_language::syntax::tree::{Identifier, StepKind, Traversal};
use terrane_model::encode_json::{write_json_string, write_simple_json};
use terrane_model::{Diagnostic, Diagnostics, Str, Type, Value};

/// Outputs by unit. A unit that nothing is known of yet is absent.
pub(super) type Outputs = BTreeMap<Str, Value>;

/// What a unit is called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inputs {
    /// Values for its variables, as the JSON of a file of values.
    pub(super) variables: String,
    /// The workspace that keeps its state.
    pub(super) workspace: Option<String>,
    /// Files with values for its variables.
    pub(super) var_files: Vec<String>,
}

/// Whether a unit can be called.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It can.
    Ready(Inputs),
    /// Something of it waits for outputs that are not known before other units were applied.
    Waiting,
}

/// Evaluates what a unit gets.
///
/// # Errors
/// When an expression cannot be evaluated, or refers to outputs that are not there.
pub(super) fn inputs_of(
    stack: &StackFile,
    unit: &Unit,
    outputs: &Outputs,
    environment: &(dyn Environment + Send + Sync),
) -> Result<Readiness, Diagnostics> {
    let units: Vec<&Str> = stack.units.iter().map(|unit| &unit.name).collect();
    let mut scope = StackScope { locals: BTreeMap::new(), units, outputs, environment };
    for (name, expression) in &stack.locals {
        // A local value that this unit does not use may be as wrong as it likes.
        let value = evaluate(expression, &scope).0;
        scope.locals.insert(name.clone(), value);
    }
    let evaluated = |expression: &Option<Expr>| -> Result<Option<Value>, Diagnostics> {
        let Some(expression) = expression else { return Ok(None) };
        let (value, problems) = evaluate(expression, &scope);
        if problems.has_errors() { Err(problems) } else { Ok(Some(value.unmark_deep().0)) }
    };
    let (variables, workspace, var_files) =
        (evaluated(&unit.variables)?, evaluated(&unit.workspace)?, evaluated(&unit.var_files)?);
    if [&variables, &workspace, &var_files].into_iter().flatten().any(|value| !value.is_wholly_known()) {
        return Ok(Readiness::Waiting);
    }
    let text_list = Type::list(Type::String);
    let workspace = converted(workspace, &unit.workspace, &Type::String)?
        .and_then(|value| value.as_str().map(ToString::to_string));
    let var_files = converted(var_files, &unit.var_files, &text_list)?;
    let texts = var_files.iter().flat_map(|list| list.as_sequence().unwrap_or_default());
    let var_files = texts.filter_map(|text| text.as_str().map(ToString::to_string)).collect();
    let variables = variables_json(variables, &unit.variables)?;
    Ok(Readiness::Ready(Inputs { variables, workspace, var_files }))
}

fn converted(value: Option<Value>, at: &Option<Expr>, wanted: &Type) -> Result<Option<Value>, Diagnostics> {
    let Some(value) = value else { return Ok(None) };
    terrane_model::convert::convert(&value, wanted).map(Some).map_err(|error| {
        let span = at.as_ref().map(|expression| expression.span);
        let problem = Diagnostic::error("Unsuitable value type", format!("Unsuitable value: {error}."));
        span.map_or_else(|| problem.clone(), |span| problem.clone().at(span)).into()
    })
}

fn variables_json(value: Option<Value>, at: &Option<Expr>) -> Result<String, Diagnostics> {
    let Some(value) = value else { return Ok("{}".to_owned()) };
    let invalid = |detail: String| {
        let problem = Diagnostic::error("Invalid variables of a unit", detail);
        Diagnostics::from(at.iter().fold(problem, |problem, expression| problem.at(expression.span)))
    };
    let Some(entries) = value.as_entries() else {
        return Err(invalid("The variables of a unit are given as an object: { name = value }.".to_owned()));
    };
    let mut json = String::from("{");
    for (position, (name, value)) in entries.iter().enumerate() {
        if position > 0 {
            json.push(',');
        }
        write_json_string(&mut json, name);
        json.push(':');
        write_simple_json(&mut json, value)
            .map_err(|error| invalid(format!("{}: {error}.", name.as_str())))?;
    }
    json.push('}');
    Ok(json)
}

struct StackScope<'a> {
    locals: BTreeMap<Str, Value>,
    units: Vec<&'a Str>,
    outputs: &'a Outputs,
    environment: &'a (dyn Environment + Send + Sync),
}

impl Scope for StackScope<'_> {
    fn resolve(&self, traversal: &Traversal) -> Resolved {
        let invalid = |detail: String| {
            Resolved::error(Diagnostic::error("Invalid reference", detail).at(traversal.span()))
        };
        if let Some(name) = named_by(traversal, "local") {
            return match self.locals.get(name) {
                Some(value) => Resolved::new(value.clone(), 1),
                None => invalid(format!("This file has no local value {:?}.", name.as_str())),
            };
        }
        let Some(name) = named_by(traversal, "unit") else {
            return invalid(
                "A stack file refers to outputs, such as unit.network.id, and to local values.".to_owned(),
            );
        };
        if !self.units.contains(&name) {
            return invalid(format!("This file has no unit {:?}.", name.as_str()));
        }
        let Some(outputs) = self.outputs.get(name) else {
            return Resolved::new(Value::dynamic(), usize::MAX);
        };
        let output = traversal.steps.get(1).map(|step| &step.kind);
        match output {
            Some(StepKind::Attribute(output) | StepKind::StringKey(output))
                if outputs.get(output).is_none() =>
            {
                invalid(format!("The unit {:?} has no output {:?}.", name.as_str(), output.as_str()))
            }
            _ => Resolved::new(outputs.clone(), 1),
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

//! The values of variables, locals and outputs of module instances.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics, Marks, SourceMap, Span, Str, Value};

use super::evaluation::{Evaluation, ModuleInstanceId};
use super::evaluator::evaluate;
use crate::config::module::Variable;

/// A value given to a variable of the root module.
#[derive(Debug, Clone)]
pub struct GivenValue {
    /// The value, not converted yet.
    pub value: Value,
    /// Who gives it.
    pub origin: ValueOrigin,
}

/// Who gives a value to a variable of the root module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueOrigin {
    /// A file of values, at this place.
    File(Span),
    /// The command line.
    CommandLine,
    /// An environment variable.
    Environment,
    /// A question to the user.
    Question,
    /// A saved plan.
    Plan,
}

/// The values given to the root module's variables.
pub type GivenValues = BTreeMap<Str, GivenValue>;

impl Evaluation {
    /// Evaluates a variable of a module instance from what its caller gives to it.
    pub fn evaluate_variable(
        &mut self,
        instance: ModuleInstanceId,
        position: usize,
        given: &GivenValues,
        sources: &SourceMap,
    ) -> Diagnostics {
        let module = Arc::clone(self.tree.module(self.module_of(instance)));
        let variable = &module.variables[position];
        let (value, diagnostics) = match self.parent_of(instance) {
            None => root_variable(variable, given.get(&variable.name), sources),
            Some(parent) => self.child_variable(instance, parent, variable, sources),
        };
        self.set_variable(instance, position, with_declared_marks(value, variable));
        diagnostics
    }

    fn child_variable(
        &self,
        instance: ModuleInstanceId,
        parent: ModuleInstanceId,
        variable: &Variable,
        sources: &SourceMap,
    ) -> (Value, Diagnostics) {
        let node = self.tree.node(self.module_of(instance));
        let Some((caller, call)) = node.caller else { return (Value::dynamic(), Diagnostics::new()) };
        let caller_module = self.tree.module(caller);
        let call_span = caller_module.module_calls[call].span;
        let Some(expression) = caller_module.call_argument(call, &variable.name) else {
            let mut diagnostics = Diagnostics::new();
            // A missing required argument was reported where the call was checked.
            let value = variable.default.clone().unwrap_or_else(|| Value::unknown(variable.ty().clone()));
            if value.is_null() && !variable.nullable {
                diagnostics.push(not_nullable(variable, call_span, sources));
            }
            return (value, diagnostics);
        };
        let scope = self.scope(parent, self.repetition_of(instance).clone());
        let (value, mut diagnostics) = evaluate(&expression, &scope);
        if diagnostics.has_errors() {
            return (Value::unknown(variable.ty().clone()), diagnostics);
        }
        match finish(&value, variable) {
            Ok(value) => (value, diagnostics),
            Err(problem) => {
                let address = format!("{}.var.{}", node.path, variable.name);
                let declared = sources.describe(variable.span);
                let diagnostic = match problem {
                    Problem::Null => {
                        let detail = format!(
                            "The given value is not suitable for {address} defined at {declared}: required variable may \
                             not be set to null."
                        );
                        Diagnostic::error("Required variable not set", detail)
                    }
                    Problem::Unsuitable(why) => {
                        let detail = format!(
                            "The given value is not suitable for {address} declared at {declared}: {why}."
                        );
                        Diagnostic::error("Invalid value for input variable", detail)
                    }
                };
                diagnostics.push(diagnostic.at(expression.span));
                (Value::unknown(variable.ty().without_optional()), diagnostics)
            }
        }
    }

    /// Evaluates a local value of a module instance.
    pub fn evaluate_local(&mut self, instance: ModuleInstanceId, position: usize) -> Diagnostics {
        let module = Arc::clone(self.tree.module(self.module_of(instance)));
        let scope = self.scope(instance, super::RepetitionValues::None);
        let (value, diagnostics) = evaluate(&module.locals[position].expression, &scope);
        self.set_local(instance, position, value);
        diagnostics
    }

    /// Evaluates the value of an output of a module instance. Conditions are checked by whoever asks.
    pub fn evaluate_output(&mut self, instance: ModuleInstanceId, position: usize) -> Diagnostics {
        let module = Arc::clone(self.tree.module(self.module_of(instance)));
        let output = &module.outputs[position];
        let is_root = self.parent_of(instance).is_none();
        let scope = self.scope(instance, super::RepetitionValues::None);
        let (mut value, mut diagnostics) = evaluate(&output.value, &scope);
        if let Some(constraint) = &output.constraint {
            value = constraint.apply(&value).unwrap_or_else(|error| {
                let detail = format!("The value is not suitable for the output's type constraint: {error}.");
                diagnostics.push(Diagnostic::error("Invalid output value", detail).at(output.value.span));
                Value::unknown(constraint.ty.without_optional())
            });
        }
        let marks = value.deep_marks();
        if marks.is_sensitive() && !output.sensitive && is_root && !diagnostics.has_errors() {
            let detail = "To reduce the risk of accidentally exporting sensitive data that was intended to be only internal, \
                          Terraform requires that any root module output containing sensitive data be explicitly marked as \
                          sensitive, to confirm your intent.\n\nIf you do intend to export this data, annotate the output \
                          value as sensitive by adding the following argument:\n    sensitive = true";
            diagnostics.push(Diagnostic::error("Output refers to sensitive values", detail).at(output.span));
        }
        if marks.is_ephemeral() && !output.ephemeral && !diagnostics.has_errors() {
            let detail = "This output value is not declared as returning an ephemeral value, so it cannot be set to a result \
                          derived from an ephemeral value.";
            diagnostics.push(Diagnostic::error("Ephemeral value not allowed", detail).at(output.value.span));
        }
        let mut declared = Marks::NONE;
        if output.sensitive {
            declared |= Marks::SENSITIVE;
        }
        if output.ephemeral {
            declared |= Marks::EPHEMERAL;
        }
        self.set_output(instance, position, value.with_marks(declared));
        diagnostics
    }
}

fn with_declared_marks(value: Value, variable: &Variable) -> Value {
    let mut marks = Marks::NONE;
    if variable.sensitive {
        marks |= Marks::SENSITIVE;
    }
    if variable.ephemeral {
        marks |= Marks::EPHEMERAL;
    }
    value.with_marks(marks)
}

enum Problem {
    Null,
    Unsuitable(String),
}

/// Converts a given value and puts the default in the place of null where the variable says so.
fn finish(value: &Value, variable: &Variable) -> Result<Value, Problem> {
    let value = variable.constraint.apply(value).map_err(|error| Problem::Unsuitable(error.to_string()))?;
    if !value.is_null() || variable.nullable {
        return Ok(value);
    }
    match &variable.default {
        Some(default) => Ok(default.clone().with_marks(value.marks())),
        None => Err(Problem::Null),
    }
}

fn not_nullable(variable: &Variable, span: Span, sources: &SourceMap) -> Diagnostic {
    let detail = format!(
        "The given value is not suitable for var.{} defined at {}: required variable may not be set to null.",
        variable.name,
        sources.describe(variable.span)
    );
    Diagnostic::error("Required variable not set", detail).at(span)
}

fn root_variable(
    variable: &Variable,
    given: Option<&GivenValue>,
    sources: &SourceMap,
) -> (Value, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let unknown = || Value::unknown(variable.ty().without_optional());
    let Some(given) = given else {
        // Asking for missing values is up to the command; here they are just not known.
        return (variable.default.clone().unwrap_or_else(unknown), diagnostics);
    };
    let name = variable.name.as_str();
    let declared = sources.describe(variable.span);
    let value = match finish(&given.value, variable) {
        Ok(value) => value,
        Err(Problem::Null) => {
            let (summary, detail, span) = match &given.origin {
                ValueOrigin::File(span) => (
                    "Required variable not set",
                    format!(
                        "The given value is not suitable for var.{name} defined at {declared}: required variable may not \
                         be set to null."
                    ),
                    *span,
                ),
                _ => (
                    "Required variable not set",
                    format!("Unsuitable value for var.{name}: required variable may not be set to null."),
                    variable.span,
                ),
            };
            diagnostics.push(Diagnostic::error(summary, detail).at(span));
            unknown()
        }
        Err(Problem::Unsuitable(why)) => {
            diagnostics.push(unsuitable(variable, &given.origin, &declared, &why));
            unknown()
        }
    };
    (value, diagnostics)
}

fn unsuitable(variable: &Variable, origin: &ValueOrigin, declared: &str, why: &str) -> Diagnostic {
    const SUMMARY: &str = "Invalid value for input variable";
    let name = variable.name.as_str();
    let by = match origin {
        ValueOrigin::File(span) => {
            let detail =
                format!("The given value is not suitable for var.{name} declared at {declared}: {why}.");
            return Diagnostic::error(SUMMARY, detail).at(*span);
        }
        ValueOrigin::CommandLine => format!("set using -var=\"{name}=...\""),
        ValueOrigin::Environment => format!("set using the TF_VAR_{name} environment variable"),
        ValueOrigin::Question => "set using an interactive prompt".to_owned(),
        ValueOrigin::Plan => "from the saved plan".to_owned(),
    };
    Diagnostic::error(SUMMARY, format!("Unsuitable value for var.{name} {by}: {why}.")).at(variable.span)
}

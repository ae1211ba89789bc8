//! What is known before modules are found: variables that are declared `const`, and what is made of them.
//!
//! A module without such variables sees nothing, so that what is an error elsewhere stays one.

use std::cell::RefCell;
use std::collections::BTreeMap;

use terrane_model::{Diagnostic, Span, Str, Value};

use super::constant::{ConstantScope, NoEnvironment};
use super::module::Module;
use super::reference::{Subject, parse_reference};
use crate::evaluate::{Callable, Resolved, Scope, evaluate};
use crate::functions::{self, Environment};
use crate::syntax::tree::{Identifier, Traversal};

/// How deep locals may refer to each other.
const DEPTH_MAX: usize = 100;

/// Values of `const` variables by name.
pub type EarlyValues = BTreeMap<Str, Value>;

/// The scope of a module before anything else of it is known.
pub struct EarlyScope<'m> {
    module: &'m Module,
    values: &'m EarlyValues,
    /// Locals that are being evaluated, outermost first.
    active: RefCell<Vec<Str>>,
}

impl<'m> EarlyScope<'m> {
    /// Makes the scope of a module whose `const` variables have these values; those without one have their defaults.
    pub fn new(module: &'m Module, values: &'m EarlyValues) -> Self {
        Self { module, values, active: RefCell::new(Vec::new()) }
    }

    fn sees_anything(&self) -> bool {
        self.module.variables.iter().any(|variable| variable.is_const)
    }

    fn variable(&self, name: &str, steps: usize, span: Span) -> Resolved {
        let variable = self.module.variable(name).map(|(_, variable)| variable);
        let Some(variable) = variable.filter(|variable| variable.is_const) else {
            return not_early(&format!("var.{name} is not declared with \"const = true\""), span);
        };
        let given = self.values.get(name).map(|value| variable.constraint.apply(value));
        match given.unwrap_or_else(|| Ok(variable.default.clone().unwrap_or_else(Value::dynamic_null))) {
            Ok(value) if value.is_null() && variable.default.is_none() => {
                not_early(&format!("var.{name} has no value yet"), span)
            }
            Ok(value) => Resolved::new(value, steps),
            Err(error) => {
                let detail = format!("The given value is not suitable for var.{name}: {error}.");
                Resolved::error(Diagnostic::error("Invalid value for input variable", detail).at(span))
            }
        }
    }

    fn local(&self, name: &Str, steps: usize, span: Span) -> Resolved {
        let Some((_, local)) = self.module.local(name) else {
            return not_early(&format!("local.{name} is not declared"), span);
        };
        if self.active.borrow().contains(name) || self.active.borrow().len() >= DEPTH_MAX {
            return not_early(&format!("local.{name} refers to itself"), span);
        }
        self.active.borrow_mut().push(name.clone());
        let (value, diagnostics) = evaluate(&local.expression, self);
        self.active.borrow_mut().pop();
        Resolved { value, steps_taken: steps, diagnostics }
    }
}

fn not_early(why: &str, span: Span) -> Resolved {
    let detail = format!(
        "Only what is known before modules are installed may be used here: variables that are declared with \"const = true\" \
         and locals made of them; {why}."
    );
    Resolved::error(Diagnostic::error("Variables not allowed", detail).at(span))
}

impl Scope for EarlyScope<'_> {
    fn resolve(&self, traversal: &Traversal) -> Resolved {
        if !self.sees_anything() {
            return ConstantScope.resolve(traversal);
        }
        let reference = match parse_reference(traversal) {
            Ok(reference) => reference,
            Err(problem) => return Resolved::error(problem),
        };
        let (steps, span) = (reference.subject_steps, reference.span);
        match &reference.subject {
            Subject::Variable(name) => self.variable(name, steps, span),
            Subject::Local(name) => self.local(name, steps, span),
            Subject::Path(name) if name == "module" => {
                Resolved::new(Value::String(self.module.directory.clone()), steps)
            }
            _ => not_early("nothing else is known by then", span),
        }
    }

    fn function(&self, name: &Identifier) -> Option<Callable<'_>> {
        let text = name.name.as_str();
        let is_known =
            self.sees_anything().then(|| functions::find(text.strip_prefix("core::").unwrap_or(text)));
        is_known.flatten().map(Callable::BuiltIn)
    }

    fn environment(&self) -> &dyn Environment {
        &NoEnvironment
    }

    fn reads_json_literally(&self) -> bool {
        !self.sees_anything()
    }

    fn function_names(&self) -> Vec<&'static str> {
        if self.sees_anything() {
            functions::all().map(|function| function.name).collect()
        } else {
            Vec::new()
        }
    }
}

//! Values that must be written out: settings that are needed before anything can be evaluated.

use terrane_model::convert::convert;
use terrane_model::{Diagnostic, Diagnostics, Str, Type, Value};

use crate::evaluate::{Callable, Evaluator, Resolved, Scope};
use crate::functions::{Environment, FileError, FileKind, FolderEntry, FunctionError};
use crate::syntax::tree::{Expression, Identifier, Traversal};

/// A scope in which nothing may be referred to or called.
pub struct ConstantScope;

impl Scope for ConstantScope {
    fn resolve(&self, traversal: &Traversal) -> Resolved {
        let error = Diagnostic::error("Variables not allowed", "Variables may not be used here.");
        Resolved::error(error.at(traversal.span()))
    }

    fn function(&self, _name: &Identifier) -> Option<Callable<'_>> {
        None
    }

    fn environment(&self) -> &dyn Environment {
        &NoEnvironment
    }

    fn reads_json_literally(&self) -> bool {
        true
    }

    fn function_names(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// A world of which nothing can be asked.
pub struct NoEnvironment;

impl Environment for NoEnvironment {
    fn read_file(&self, _path: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }

    fn file_kind(&self, _path: &str) -> Result<Option<FileKind>, FileError> {
        Ok(None)
    }

    fn read_folder(&self, _path: &str) -> Result<Vec<FolderEntry>, FileError> {
        Err(FileError::NotFound)
    }

    fn working_directory(&self) -> String {
        "/".to_owned()
    }

    fn home_directory(&self) -> Option<String> {
        None
    }

    fn plan_timestamp(&self) -> Option<String> {
        None
    }

    fn timestamp(&self) -> Option<String> {
        None
    }

    fn random_bytes(&self) -> Option<[u8; 16]> {
        None
    }

    fn render_template(
        &self,
        _name: &str,
        _template: &str,
        _variables: &Value,
    ) -> Result<Value, FunctionError> {
        Err(FunctionError::new("templates cannot be used here"))
    }
}

/// Evaluates an expression that must be written out, and converts it.
pub(super) fn constant(
    expression: &Expression,
    wanted: &Type,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    constant_in(&ConstantScope, expression, wanted, diagnostics)
}

/// Evaluates an expression in a scope of what is known early, and converts it.
pub(super) fn constant_in(
    scope: &dyn Scope,
    expression: &Expression,
    wanted: &Type,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let mut evaluator = Evaluator::new(scope);
    let value = evaluator.evaluate(expression);
    let failed = evaluator.diagnostics.has_errors();
    diagnostics.extend(evaluator.diagnostics);
    let unsuitable = |why: &str| {
        Diagnostic::error("Unsuitable value type", format!("Unsuitable value: {why}")).at(expression.span)
    };
    if failed {
        if *wanted != Type::Dynamic {
            diagnostics.push(unsuitable("value must be known"));
        }
        return None;
    }
    match convert(&value, wanted) {
        Ok(value) => Some(value),
        Err(error) => {
            diagnostics.push(unsuitable(&error.to_string()));
            None
        }
    }
}

/// Reads a bool that must be written out; null counts as absent.
pub(super) fn constant_bool(expression: &Expression, diagnostics: &mut Diagnostics) -> Option<bool> {
    constant(expression, &Type::Bool, diagnostics)?.as_bool()
}

/// Reads a string that must be known early; null counts as absent.
pub(super) fn early_string(
    scope: &dyn Scope,
    expression: &Expression,
    diagnostics: &mut Diagnostics,
) -> Option<Str> {
    constant_in(scope, expression, &Type::String, diagnostics)?.as_str().cloned()
}

/// Reads a string that must be written out; null counts as absent.
pub(super) fn constant_string(expression: &Expression, diagnostics: &mut Diagnostics) -> Option<Str> {
    constant(expression, &Type::String, diagnostics)?.as_str().cloned()
}

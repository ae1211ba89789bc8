//! Where names get their meaning: what an expression may refer to and call.

use terrane_model::{Diagnostic, Diagnostics, Str, Value};

use crate::functions::{Environment, Function, FunctionError};
use crate::syntax::tree::{Identifier, Traversal};

/// What an expression sees.
pub trait Scope {
    /// Finds the object that a traversal starts at.
    fn resolve(&self, traversal: &Traversal) -> Resolved;

    /// Finds a function by its full name, such as `upper`, `core::upper` or `provider::time::duration_parse`.
    fn function(&self, name: &Identifier) -> Option<Callable<'_>>;

    /// Returns what functions may ask of the world.
    fn environment(&self) -> &dyn Environment;

    /// Tells whether strings of the JSON syntax are text as it stands: where nothing can be referred to, they are no
    /// templates.
    fn reads_json_literally(&self) -> bool {
        false
    }

    /// Returns the names of functions for suggestions.
    fn function_names(&self) -> Vec<&'static str> {
        crate::functions::all().map(|function| function.name).collect()
    }
}

/// What a traversal starts at.
#[derive(Debug)]
pub struct Resolved {
    /// The object; unknown after an error.
    pub value: Value,
    /// How many steps lead to the object; the others lead into it.
    pub steps_taken: usize,
    /// What is wrong with the reference.
    pub diagnostics: Diagnostics,
}

impl Resolved {
    /// An object that `steps_taken` steps lead to.
    pub fn new(value: Value, steps_taken: usize) -> Self {
        Self { value, steps_taken, diagnostics: Diagnostics::new() }
    }

    /// No object.
    pub fn error(diagnostic: Diagnostic) -> Self {
        Self { value: Value::dynamic(), steps_taken: usize::MAX, diagnostics: diagnostic.into() }
    }
}

/// What can be called.
pub enum Callable<'a> {
    /// A function of the language.
    BuiltIn(&'static Function),
    /// A function of a provider.
    Provider(Box<dyn ProviderFunction + 'a>),
}

/// A function of a provider, as the evaluator sees it.
pub trait ProviderFunction {
    /// Returns the names of the parameters, and whether the last one takes any number of arguments.
    fn parameter_names(&self) -> (Vec<Str>, bool);

    /// Calls the function.
    ///
    /// # Errors
    /// When it refuses its arguments.
    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError>;
}

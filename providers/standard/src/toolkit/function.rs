//! Functions of providers.

use terrane_model::{Str, Type, Value};
use terrane_provider::{FunctionParameter, FunctionSignature, ProviderFunctionError};

/// What a function does with its arguments.
pub(crate) type FunctionBody = fn(&[Value]) -> Result<Value, ProviderFunctionError>;

/// A function: its name, its signature and what it does.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) signature: FunctionSignature,
    pub(crate) call: FunctionBody,
}

impl Function {
    /// A function of one argument.
    pub(crate) fn of_one(
        name: &'static str,
        parameter: FunctionParameter,
        returns: Type,
        summary: &str,
        call: FunctionBody,
    ) -> Self {
        let signature = FunctionSignature {
            parameters: vec![parameter],
            variadic: None,
            returns,
            summary: summary.into(),
            description: Str::new(),
            deprecation: Str::new(),
        };
        Self { name, signature, call }
    }
}

/// A parameter that takes neither null nor unknown.
pub(crate) fn parameter(name: &str, ty: Type, description: &str) -> FunctionParameter {
    let (name, description) = (name.into(), description.into());
    FunctionParameter { name, ty, allow_null: false, allow_unknown: false, description }
}

/// Blames the first argument.
pub(crate) fn argument_error(message: impl Into<String>) -> ProviderFunctionError {
    ProviderFunctionError { argument: Some(0), message: message.into() }
}

//! The built-in provider's functions: their signatures. What they do belongs to the language and is handed in.

use std::collections::BTreeMap;

use terrane_model::{Str, Type, Value};
use terrane_provider::{FunctionParameter, FunctionSignature, ProviderFunctionError};

/// What a function does with its arguments, which have the types of its signature and are neither null nor
/// unknown.
pub type TerraformFunction = fn(&[Value]) -> Result<Value, ProviderFunctionError>;

/// The implementations of the functions.
#[derive(Debug, Clone, Copy)]
pub struct TerraformFunctions {
    /// `encode_tfvars(value)`: an object as the text of a `.tfvars` file.
    pub encode_tfvars: TerraformFunction,
    /// `decode_tfvars(src)`: the text of a `.tfvars` file as an object.
    pub decode_tfvars: TerraformFunction,
    /// `encode_expr(value)`: a value as an expression.
    pub encode_expr: TerraformFunction,
}

impl TerraformFunctions {
    pub(super) fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, ProviderFunctionError> {
        match name {
            "encode_tfvars" => (self.encode_tfvars)(arguments),
            "decode_tfvars" => (self.decode_tfvars)(arguments),
            "encode_expr" => (self.encode_expr)(arguments),
            _ => {
                let message = format!("there is no function named {name:?}");
                Err(ProviderFunctionError { argument: None, message })
            }
        }
    }
}

pub(super) fn signatures() -> BTreeMap<Str, FunctionSignature> {
    let signature = |parameter: &str, ty: Type, returns: Type, summary: &str| FunctionSignature {
        parameters: vec![FunctionParameter {
            name: parameter.into(),
            ty,
            allow_null: false,
            allow_unknown: false,
            description: Str::new(),
        }],
        variadic: None,
        returns,
        summary: summary.into(),
        description: Str::new(),
        deprecation: Str::new(),
    };
    [
        (
            "decode_tfvars",
            signature("src", Type::String, Type::Dynamic, "Reads the text of a .tfvars file into an object"),
        ),
        (
            "encode_expr",
            signature(
                "value",
                Type::Dynamic,
                Type::String,
                "Writes a value as an expression of the language",
            ),
        ),
        (
            "encode_tfvars",
            signature("value", Type::Dynamic, Type::String, "Writes an object as the text of a .tfvars file"),
        ),
    ]
    .into_iter()
    .map(|(name, signature)| (name.into(), signature))
    .collect()
}

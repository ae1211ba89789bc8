//! Functions of providers, for the evaluator.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use terrane_language::evaluate::{ProviderFunction, ProviderFunctions};
use terrane_language::functions::FunctionError;
use terrane_model::convert::convert;
use terrane_model::{Marks, ProviderSource, Str, Type, Value};
use terrane_provider::{FunctionParameter, FunctionSignature, Provider, ProviderSchemas};

use crate::provider_pool::ProviderPool;

/// The functions of all loaded providers. They need no configuration.
pub struct LoadedFunctions {
    providers: BTreeMap<ProviderSource, (Arc<dyn Provider>, Arc<ProviderSchemas>)>,
}

impl LoadedFunctions {
    /// Takes the functions of the providers of a pool.
    pub fn of(pool: &ProviderPool) -> Self {
        let loaded = pool.all_schemas().iter().filter(|(_, schemas)| !schemas.functions.is_empty());
        let providers = loaded.filter_map(|(source, schemas)| {
            Some((source.clone(), (Arc::clone(pool.bare(source)?), Arc::clone(schemas))))
        });
        Self { providers: providers.collect() }
    }
}

impl ProviderFunctions for LoadedFunctions {
    fn find(&self, source: &ProviderSource, name: &str) -> Option<Box<dyn ProviderFunction>> {
        let (provider, schemas) = self.providers.get(source)?;
        let signature = schemas.functions.get(name)?.clone();
        Some(Box::new(LoadedFunction { provider: Arc::clone(provider), name: name.into(), signature }))
    }
}

struct LoadedFunction {
    provider: Arc<dyn Provider>,
    name: Str,
    signature: FunctionSignature,
}

impl LoadedFunction {
    fn parameter(&self, index: usize) -> Option<&FunctionParameter> {
        self.signature.parameters.get(index).or(self.signature.variadic.as_ref())
    }

    fn prepare(&self, arguments: Vec<Value>) -> Result<(Vec<Value>, Marks, bool), FunctionError> {
        let mut marks = Marks::NONE;
        let mut any_unknown = false;
        let mut values = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.into_iter().enumerate() {
            let Some(parameter) = self.parameter(index) else { break };
            let (argument, argument_marks) = argument.unmark_deep();
            marks |= argument_marks;
            if argument.is_null() && !parameter.allow_null {
                return Err(FunctionError::argument(index, "argument must not be null"));
            }
            let value = convert(&argument, &parameter.ty)
                .map_err(|error| FunctionError::argument(index, error.to_string()))?;
            any_unknown |= !value.is_wholly_known() && !parameter.allow_unknown;
            values.push(value);
        }
        Ok((values, marks, any_unknown))
    }
}

impl ProviderFunction for LoadedFunction {
    fn parameter_names(&self) -> (Vec<Str>, bool) {
        let parameters = self.signature.parameters.iter().chain(&self.signature.variadic);
        (parameters.map(|parameter| parameter.name.clone()).collect(), self.signature.variadic.is_some())
    }

    fn call(&self, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        let (values, marks, any_unknown) = self.prepare(arguments)?;
        let returns: Type = self.signature.returns.clone();
        if any_unknown {
            return Ok(Value::unknown(returns).with_marks(marks));
        }
        let mut call = self.provider.call_function(self.name.clone(), values);
        let result = match (&mut call).now_or_never() {
            Some(result) => result,
            // The evaluator does not wait for anything; a plugin's answer is waited for on its behalf.
            None => tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(call)),
        };
        let value =
            result.map_err(|error| FunctionError { argument: error.argument, message: error.message })?;
        let value = convert(&value, &returns).map_err(|error| FunctionError::new(error.to_string()))?;
        Ok(value.with_marks(marks))
    }
}

//! The provider as a whole: its configuration and its functions.

use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ConfigureRequest, ProviderFunctionError};

use crate::diagnostics_from_wire::read_diagnostics;
use crate::running::Running;
use crate::value_on_wire::{read_value, write_value};
use crate::wire::provider as wire;

impl Running {
    /// Checks the `provider` block.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn validate_provider(&self, config: &Value) -> Result<Diagnostics, Diagnostics> {
        let config = self.encode(config, self.schemas().provider.implied_type())?;
        let response = self.connection.call(wire::ValidateProviderRequest { config }).await?;
        Ok(read_diagnostics(response.diagnostics))
    }

    /// Hands the configuration over.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn configure(&self, request: ConfigureRequest) -> Result<Diagnostics, Diagnostics> {
        let block = &self.schemas().provider;
        self.keep_secret(block, &request.config);
        let request = wire::ConfigureRequest {
            terraform_version: request.terraform_version.to_string(),
            config: self.encode(&request.config, block.implied_type())?,
            client_capabilities: self.capabilities(),
        };
        Ok(read_diagnostics(self.connection.call(request).await?.diagnostics))
    }

    /// Calls a function.
    ///
    /// # Errors
    /// When there is no such function, it refuses its arguments, or there is no answer.
    pub(crate) async fn call_function(
        &self,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, ProviderFunctionError> {
        let fail = |message: String| ProviderFunctionError { argument: None, message };
        let Some(signature) = self.schemas().functions.get(name) else {
            return Err(fail(format!(
                "provider {} has no function named {name:?}",
                self.connection.provider
            )));
        };
        let fixed = signature.parameters.len();
        if arguments.len() < fixed || signature.variadic.is_none() && arguments.len() > fixed {
            return Err(fail(format!("function {name:?} takes {fixed} arguments, not {}", arguments.len())));
        }
        let parameters = signature.parameters.iter().chain(signature.variadic.iter().cycle());
        let encoded =
            arguments.iter().zip(parameters).enumerate().map(|(position, (argument, parameter))| {
                write_value(argument, &parameter.ty).map_err(|error| ProviderFunctionError {
                    argument: Some(position),
                    message: error.to_string(),
                })
            });
        let arguments = encoded.collect::<Result<_, _>>()?;
        let request = wire::CallFunctionRequest { name: name.to_owned(), arguments };
        let response = self.connection.call(request).await.map_err(|problems| function_error(&problems))?;
        if let Some(error) = response.error {
            let argument = error.argument.and_then(|position| usize::try_from(position).ok());
            return Err(ProviderFunctionError { argument, message: error.text });
        }
        read_value(response.result, &signature.returns)
            .map_err(|problem| function_error(&self.invalid_answer::<wire::CallFunctionRequest>(&problem)))
    }
}

/// Returns messages in the one line that a function's error has.
pub(crate) fn function_error(problems: &Diagnostics) -> ProviderFunctionError {
    let describe = |problem: &Diagnostic| format!("{}: {}", problem.summary, problem.detail);
    let message = problems.iter().map(describe).collect::<Vec<_>>().join("; ");
    ProviderFunctionError { argument: None, message }
}

//! Configuring a provider, calling its functions, stopping it.

use prost::Message;

use super::{ClientCapabilities, Diagnostic, DynamicValue, request};

/// Checks the provider's configuration. Version 5 answers with a prepared configuration too, which nobody uses.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ValidateProviderRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) config: Option<DynamicValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ValidateProviderResponse {
    #[prost(message, repeated, tag = "2")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}
request!(ValidateProviderRequest => ValidateProviderResponse, ValidateProviderConfig);

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ConfigureRequest {
    #[prost(string, tag = "1")]
    pub(crate) terraform_version: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) config: Option<DynamicValue>,
    #[prost(message, optional, tag = "3")]
    pub(crate) client_capabilities: Option<ClientCapabilities>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ConfigureResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}
request!(ConfigureRequest => ConfigureResponse, ConfigureProvider);

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CallFunctionRequest {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) arguments: Vec<DynamicValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CallFunctionResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) result: Option<DynamicValue>,
    #[prost(message, optional, tag = "2")]
    pub(crate) error: Option<FunctionError>,
}
request!(CallFunctionRequest => CallFunctionResponse, CallFunction);

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FunctionError {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
    #[prost(int64, optional, tag = "2")]
    pub(crate) argument: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StopRequest {}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StopResponse {
    #[prost(string, tag = "1")]
    pub(crate) error: String,
}
request!(StopRequest => StopResponse, StopProvider);

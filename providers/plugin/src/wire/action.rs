//! Actions.

use prost::Message;

use super::resource::ValidateResponse;
use super::{ClientCapabilities, Deferred, Diagnostic, DynamicValue, request};

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ValidateActionRequest {
    #[prost(string, tag = "1")]
    pub(crate) type_name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) config: Option<DynamicValue>,
}
request!(ValidateActionRequest => ValidateResponse, ValidateActionConfig);

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PlanActionRequest {
    #[prost(string, tag = "1")]
    pub(crate) action_type: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) config: Option<DynamicValue>,
    #[prost(message, optional, tag = "3")]
    pub(crate) client_capabilities: Option<ClientCapabilities>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PlanActionResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) diagnostics: Vec<Diagnostic>,
    #[prost(message, optional, tag = "2")]
    pub(crate) deferred: Option<Deferred>,
}
request!(PlanActionRequest => PlanActionResponse, PlanAction);

#[derive(Clone, PartialEq, Message)]
pub(crate) struct InvokeActionRequest {
    #[prost(string, tag = "1")]
    pub(crate) action_type: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) config: Option<DynamicValue>,
    #[prost(message, optional, tag = "3")]
    pub(crate) client_capabilities: Option<ClientCapabilities>,
}

/// One of the answers to [`InvokeActionRequest`], which come as a stream.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct InvokeActionEvent {
    #[prost(oneof = "InvokeEvent", tags = "1, 2")]
    pub(crate) event: Option<InvokeEvent>,
}
request!(InvokeActionRequest => InvokeActionEvent, InvokeAction);

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum InvokeEvent {
    /// Something to tell.
    #[prost(message, tag = "1")]
    Progress(InvokeProgress),
    /// The end.
    #[prost(message, tag = "2")]
    Completed(InvokeCompleted),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct InvokeProgress {
    #[prost(string, tag = "1")]
    pub(crate) message: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct InvokeCompleted {
    #[prost(message, repeated, tag = "1")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}

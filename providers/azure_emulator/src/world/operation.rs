//! One asynchronous operation.

use serde_json::Value;

use crate::clock::Timestamp;
use crate::resource_id::Key;
use crate::table::TypeIndex;

/// Something that takes time: a create, update, delete or a slow action.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operation {
    /// A GUID.
    pub(crate) id: Box<str>,
    pub(crate) kind: OperationKind,
    /// The resource that it works on.
    pub(crate) target: Key,
    pub(crate) resource_type: TypeIndex,
    /// The resource whose other writes must wait: the target or its parent.
    pub(crate) domain: Key,
    pub(crate) started: Timestamp,
    pub(crate) finish: Timestamp,
    pub(crate) status: OperationStatus,
    /// What to fail with, if the operation is bound to fail or has failed.
    pub(crate) failure: Option<Failure>,
    /// What the result URL answers when the operation is done; the resource itself if `None`.
    pub(crate) result: Option<Value>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperationKind {
    Create,
    Update,
    Delete,
    Action,
}

/// How far an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperationStatus {
    Running,
    Succeeded,
    Failed,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
}

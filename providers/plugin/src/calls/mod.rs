//! The calls of a provider: each turns a request into a message, and the answer into a response.

mod action;
mod ephemeral;
mod import_move;
mod managed;
mod provider;
mod read;

use terrane_model::{Diagnostics, Type, Value};

pub(crate) use provider::function_error;

use crate::running::Running;
use crate::wire;

/// What a provider answered beside its messages: with an error among these, a value that makes no sense is no
/// news, and the value that stood before takes its place.
fn decode_unless_failed<R: wire::Request>(
    running: &Running,
    value: Option<wire::DynamicValue>,
    ty: &Type,
    diagnostics: &mut Diagnostics,
    otherwise: &Value,
) -> Value {
    match running.decode::<R>(value, ty) {
        Ok(value) => value,
        Err(problems) => {
            if !diagnostics.has_errors() {
                diagnostics.extend(problems);
            }
            otherwise.clone()
        }
    }
}

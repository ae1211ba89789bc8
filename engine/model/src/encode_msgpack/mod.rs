//! Values as MessagePack, the way Terraform's provider plugins exchange them.
//!
//! The type is known to both sides and decides the form: objects are maps with all attributes in the order of
//! their names, numbers are integers or floats where these are exact and decimal text otherwise. Where the
//! type leaves something open, the value stands in an array behind its own type. Unknown values are an
//! extension: type 0 when nothing is promised about them, type 12 with a map of promises otherwise.
//! Format: `cty/msgpack` of go-cty.

mod bytes;
mod read;
#[cfg(test)]
mod tests;
mod unknown;
mod write;

use crate::{AttributePath, PathStep, Type, Value, convert};

/// Why a value could not be written or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MsgpackError {
    /// Which part of the value is to blame.
    pub path: AttributePath,
    /// What is wrong there, such as `bool is required`.
    pub message: String,
}

impl MsgpackError {
    fn new(message: impl Into<String>) -> Self {
        Self { path: AttributePath::root(), message: message.into() }
    }

    fn within(mut self, step: PathStep) -> Self {
        self.path.0.insert(0, step);
        self
    }
}

impl std::fmt::Display for MsgpackError {
    /// Writes the message with the path in front, such as `.ports[0]: number is required`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.path.is_root() {
            write!(formatter, "{}: ", self.path)?;
        }
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for MsgpackError {}

/// Returns a value as MessagePack for a reader that expects type `ty`; marks are looked through.
///
/// A value that is not of the type is converted to it first.
///
/// # Errors
/// When the value cannot be converted to the type.
pub fn msgpack_from_value(value: &Value, ty: &Type) -> Result<Vec<u8>, MsgpackError> {
    let mut out = Vec::new();
    if ty.admits(&value.ty()) {
        write::write_value(&mut out, value, ty)?;
    } else {
        let converted =
            convert(value, ty).map_err(|error| MsgpackError { path: error.path, message: error.message })?;
        write::write_value(&mut out, &converted, ty)?;
    }
    Ok(out)
}

/// Reads a value of a type. Bytes behind the value are ignored.
///
/// # Errors
/// When the bytes are no MessagePack, end too early or do not have the shape of the type.
pub fn value_from_msgpack(bytes: &[u8], ty: &Type) -> Result<Value, MsgpackError> {
    read::read_value(&mut bytes::Reader::new(bytes), ty, 0)
}

//! Identifiers for objects that nobody else names.

use terrane_model::Str;
use uuid::{Builder, Uuid};

/// Makes a random UUID (version 4) in its usual form.
pub(crate) fn random_uuid() -> Str {
    let uuid = Builder::from_random_bytes(rand::random()).into_uuid();
    Str::from(&*uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
}

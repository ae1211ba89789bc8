//! The nouns that every crate shares: types, values, addresses, schemas, spans, diagnostics.
//!
//! Nothing here does input or output, reads a clock or knows a provider.

pub mod diagnostic;
pub mod source_span;

pub use diagnostic::{Diagnostic, Diagnostics, ReferenceValue, Severity};
pub use source_span::{FileId, Position, SourceFile, SourceMap, Span};

/// Immutable text that is cheap to clone; short texts need no allocation.
pub type Str = ecow::EcoString;

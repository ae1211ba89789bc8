//! The nouns that every crate shares: types, values, addresses, schemas, spans, diagnostics.
//!
//! Nothing here does input or output, reads a clock or knows a provider.

pub mod attribute_path;
pub mod convert;
mod decimal_digits;
pub mod diagnostic;
pub mod equality;
pub mod marks;
pub mod number;
mod number_format;
mod set_order;
pub mod source_span;
pub mod type_system;
pub mod unify;
pub mod unknown;
pub mod value;

pub use attribute_path::{AttributePath, IndexKey, PathStep};
pub use convert::{ConversionError, can_convert, convert, mismatch_message};
pub use diagnostic::{Diagnostic, Diagnostics, ReferenceValue, Severity};
pub use marks::Marks;
pub use number::{Number, NumberError};
pub use source_span::{FileId, Position, SourceFile, SourceMap, Span};
pub use type_system::{ObjectType, Type};
pub use unify::unify;
pub use unknown::{Refinement, Unknown};
pub use value::Value;

/// Immutable text that is cheap to clone; short texts need no allocation.
pub type Str = ecow::EcoString;

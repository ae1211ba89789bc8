//! The nouns that every crate shares: types, values, addresses, schemas, spans, diagnostics.
//!
//! Nothing here does input or output, reads a clock or knows a provider.

mod action_address;
pub mod address;
mod address_parse;
pub mod attribute_path;
pub mod convert;
mod decimal_digits;
pub mod diagnostic;
pub mod encode_json;
pub mod encode_msgpack;
pub mod equality;
pub mod marks;
pub mod number;
mod number_format;
pub mod schema;
mod set_order;
pub mod source_span;
pub mod type_system;
pub mod unify;
pub mod unknown;
pub mod value;
mod value_paths;

pub use action_address::{ActionAddress, ActionInstanceAddress};
pub use address::{
    AbsoluteResource, ConfigResource, InstanceKey, ModuleInstance, ModulePath, ModuleStep,
    ProviderConfigAddress, ProviderSource, ResourceAddress, ResourceInstanceAddress, ResourceMode, Target,
};
pub use address_parse::AddressError;
pub use attribute_path::{AttributePath, IndexKey, PathStep};
pub use convert::{ConversionError, can_convert, convert, mismatch_message};
pub use diagnostic::{Diagnostic, Diagnostics, ReferenceValue, Severity, with_causes};
pub use marks::Marks;
pub use number::{Number, NumberError};
pub use schema::{Attribute, AttributeKind, Block, NestedAttributes, NestedBlock, Nesting, Schema};
pub use source_span::{FileId, Position, SourceFile, SourceMap, Span};
pub use type_system::{ObjectType, Type};
pub use unify::unify;
pub use unknown::{Refinement, Unknown};
pub use value::{VALUE_HEIGHT_MAX, Value};

/// Immutable text that is cheap to clone; short texts need no allocation.
pub type Str = ecow::EcoString;

//! What a provider says about itself: the schemas of all that it offers.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_model::{Block, Schema, Str, Type};

/// All schemas of a provider.
#[derive(Debug, Clone, Default)]
pub struct ProviderSchemas {
    /// The `provider` block.
    pub provider: Arc<Block>,
    /// The `provider_meta` block, where modules may leave a word for the provider.
    pub provider_meta: Option<Arc<Block>>,
    /// `resource` blocks by type.
    pub resources: BTreeMap<Str, ResourceSchema>,
    /// `data` blocks by type.
    pub data_sources: BTreeMap<Str, Schema>,
    /// `ephemeral` blocks by type.
    pub ephemeral_resources: BTreeMap<Str, Schema>,
    /// Functions by name, without `provider::…::`.
    pub functions: BTreeMap<Str, FunctionSignature>,
    /// `action` blocks by type.
    pub actions: BTreeMap<Str, Schema>,
    /// What the provider can do beyond the usual.
    pub capabilities: Capabilities,
}

/// The schema of a resource type.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceSchema {
    /// The block and the version of the state.
    pub schema: Schema,
    /// The attributes that identify the remote object, where the provider has said so.
    pub identity: Option<IdentitySchema>,
}

impl ResourceSchema {
    /// Makes a schema without an identity.
    pub fn new(schema: Schema) -> Self {
        Self { schema, identity: None }
    }
}

/// The attributes that identify a remote object.
#[derive(Debug, Clone, PartialEq)]
pub struct IdentitySchema {
    /// Version of the identity's shape.
    pub version: i64,
    /// Every attribute.
    pub attributes: BTreeMap<Str, IdentityAttribute>,
}

/// One attribute of an identity.
#[derive(Debug, Clone, PartialEq)]
pub struct IdentityAttribute {
    /// Its type.
    pub ty: Type,
    /// Whether an import has to name it; otherwise it may.
    pub required_for_import: bool,
    /// For people who look it up.
    pub description: Str,
}

/// The signature of a provider's function.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionSignature {
    /// What is passed, in order.
    pub parameters: Vec<FunctionParameter>,
    /// What may be passed any number of times behind the others.
    pub variadic: Option<FunctionParameter>,
    /// The type of the result.
    pub returns: Type,
    /// One sentence.
    pub summary: Str,
    /// More, in Markdown.
    pub description: Str,
    /// Why it should not be used any more; empty when it may.
    pub deprecation: Str,
}

/// A parameter of a provider's function.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionParameter {
    /// The name shown in signatures and errors.
    pub name: Str,
    /// Arguments are converted to this type.
    pub ty: Type,
    /// Whether null may be passed.
    pub allow_null: bool,
    /// Whether the function is called with unknown arguments too.
    pub allow_unknown: bool,
    /// For people who look it up.
    pub description: Str,
}

/// What a provider can do beyond the usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Wants to be asked for a plan when a resource is to be destroyed, too.
    pub plan_destroy: bool,
    /// Can take over the state of other resource types.
    pub move_resource_state: bool,
    /// Can generate configuration for imported objects itself.
    pub generate_config: bool,
}

//! What the engine asks of a provider, and what it answers. Plain values: no handle, no marks.
//!
//! Values given to providers carry no marks; whatever the engine knows about sensitivity it keeps and puts
//! back. Unknown parts are allowed exactly where a field says so. Messages about a part of a value name it
//! with [`Diagnostic::on_attribute`](terrane_model::Diagnostic::on_attribute).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use terrane_model::{AttributePath, Diagnostics, Str, Value};

/// Data that a provider keeps with an object's state and that nobody else looks into.
pub type Private = Vec<u8>;

/// Asks whether a configuration can be right, before anything else is known.
#[derive(Debug, Clone)]
pub struct ValidateRequest {
    /// Resource, data source or ephemeral resource type.
    pub type_name: Str,
    /// The configuration; parts may be unknown.
    pub config: Value,
}

/// Hands the provider its configuration.
#[derive(Debug, Clone)]
pub struct ConfigureRequest {
    /// The `provider` block's value. Parts may be unknown while planning, when they depend on objects that
    /// are still to be created: plan what can be planned then, and connect at apply.
    pub config: Value,
    /// The version of Terraform whose behaviour the engine offers, for user agents.
    pub terraform_version: Str,
    /// The version constraints that the configuration puts on this provider, such as `~> 4.0`; empty for none.
    pub version_constraint: Str,
}

/// Asks to bring an object's stored state to the present schema version.
#[derive(Debug, Clone)]
pub struct UpgradeRequest {
    /// Resource type.
    pub type_name: Str,
    /// Schema version under which the state was written.
    pub version: i64,
    /// The attributes as stored, in JSON.
    pub json: Str,
}

/// The answer to [`UpgradeRequest`].
#[derive(Debug, Clone)]
pub struct UpgradeResponse {
    /// A value of the present schema's type.
    pub state: Value,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// Asks how an object is now.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    /// Resource type.
    pub type_name: Str,
    /// The object as last seen.
    pub current_state: Value,
    /// The provider's own data.
    pub private: Private,
    /// What the module's `provider_meta` block says; null without one.
    pub provider_meta: Value,
    /// The object's identity as last seen.
    pub current_identity: Option<Value>,
    /// The attributes that make a difference: those that the configuration sets, and those that anything refers to.
    /// Nothing when all of them may. What is not among them and takes a call of its own may be answered as last seen.
    pub wanted: Option<Arc<BTreeSet<Str>>>,
}

/// The answer to [`ReadRequest`].
#[derive(Debug, Clone)]
pub struct ReadResponse {
    /// The object; null when it does not exist any more.
    pub new_state: Value,
    /// The provider's own data.
    pub private: Private,
    /// The object's identity.
    pub new_identity: Option<Value>,
    /// Messages. With an error, the state is not used.
    pub diagnostics: Diagnostics,
}

/// Asks what would become of an object.
#[derive(Debug, Clone)]
pub struct PlanRequest {
    /// Resource type.
    pub type_name: Str,
    /// The object as it is; null when it is to be created.
    pub prior_state: Value,
    /// The configuration merged with what the prior state keeps; null when it is to be destroyed. Parts may
    /// be unknown.
    pub proposed_new_state: Value,
    /// The configuration alone; null when the object is to be destroyed.
    pub config: Value,
    /// The provider's own data.
    pub prior_private: Private,
    /// What the module's `provider_meta` block says; null without one.
    pub provider_meta: Value,
    /// The object's identity.
    pub prior_identity: Option<Value>,
}

/// The answer to [`PlanRequest`].
#[derive(Debug, Clone)]
pub struct PlanResponse {
    /// The object as it will be, with unknowns for what is decided at apply.
    pub planned_state: Value,
    /// Parts whose change needs a new object. Paths to parts that do not change are ignored.
    pub requires_replace: Vec<AttributePath>,
    /// The provider's own data, handed back at apply.
    pub planned_private: Private,
    /// The identity, when it is known already.
    pub planned_identity: Option<Value>,
    /// Whether the plan may bend the rules as providers on the old plugin SDK do; violations are warnings then.
    pub legacy_type_system: bool,
    /// Why nothing could be planned yet, where that is no error.
    pub deferred: Option<DeferredReason>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// Why an action has to wait for another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeferredReason {
    /// The resource's configuration is not known.
    ResourceConfigUnknown,
    /// The provider's configuration is not known.
    ProviderConfigUnknown,
    /// Something that has to exist does not.
    AbsentPrerequisite,
}

/// Asks to create, update or delete an object.
#[derive(Debug, Clone)]
pub struct ApplyRequest {
    /// Resource type.
    pub type_name: Str,
    /// The object as it is; null to create it.
    pub prior_state: Value,
    /// The object as planned; null to delete it. Computed parts may still be unknown.
    pub planned_state: Value,
    /// The configuration, wholly known; null to delete.
    pub config: Value,
    /// The provider's own data from the plan.
    pub planned_private: Private,
    /// What the module's `provider_meta` block says; null without one.
    pub provider_meta: Value,
    /// The identity from the plan.
    pub planned_identity: Option<Value>,
}

/// The answer to [`ApplyRequest`].
#[derive(Debug, Clone)]
pub struct ApplyResponse {
    /// The object as it is now, wholly known; null when it does not exist. With an error: what is known of the
    /// object nevertheless, which the engine stores and taints where the object was to be created.
    pub new_state: Value,
    /// The provider's own data.
    pub private: Private,
    /// The object's identity.
    pub new_identity: Option<Value>,
    /// As in [`PlanResponse`].
    pub legacy_type_system: bool,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// Asks to take an existing object over.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// Resource type.
    pub type_name: Str,
    /// Which object.
    pub target: ImportTarget,
}

/// Which object to import.
#[derive(Debug, Clone, PartialEq)]
pub enum ImportTarget {
    /// By the provider's own text for it.
    Id(Str),
    /// By the attributes of its identity.
    Identity(Value),
}

/// The answer to [`ImportRequest`].
#[derive(Debug, Clone)]
pub struct ImportResponse {
    /// What was found, usually one object. The states need only be enough for a read.
    pub imported: Vec<ImportedObject>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// One imported object.
#[derive(Debug, Clone)]
pub struct ImportedObject {
    /// Resource type.
    pub type_name: Str,
    /// Enough of the object to read it.
    pub state: Value,
    /// The provider's own data.
    pub private: Private,
    /// The object's identity.
    pub identity: Option<Value>,
}

/// Asks to take over the state of an object of another type, or of another provider's.
#[derive(Debug, Clone)]
pub struct MoveRequest {
    /// Provider source that the state was written for.
    pub source_provider: Str,
    /// Resource type that the state was written for.
    pub source_type: Str,
    /// Schema version under which it was written.
    pub source_version: i64,
    /// The attributes as stored, in JSON.
    pub source_json: Str,
    /// The other provider's own data.
    pub source_private: Private,
    /// Resource type that it is to become.
    pub target_type: Str,
}

/// The answer to [`MoveRequest`].
#[derive(Debug, Clone)]
pub struct MoveResponse {
    /// A value of the target type's schema.
    pub state: Value,
    /// The provider's own data.
    pub private: Private,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// Asks to read a data source.
#[derive(Debug, Clone)]
pub struct DataRequest {
    /// Data source type.
    pub type_name: Str,
    /// The configuration, wholly known.
    pub config: Value,
    /// What the module's `provider_meta` block says; null without one.
    pub provider_meta: Value,
}

/// The answer to [`DataRequest`].
#[derive(Debug, Clone)]
pub struct DataResponse {
    /// The configuration with all computed attributes.
    pub state: Value,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// An opened ephemeral resource.
#[derive(Debug, Clone)]
pub struct OpenResponse {
    /// The configuration with all computed attributes.
    pub result: Value,
    /// The provider's own data, for renewing and closing.
    pub private: Private,
    /// How long the result is good for without a renewal.
    pub renew_after: Option<Duration>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// The answer to a renewal of an ephemeral resource.
#[derive(Debug, Clone)]
pub struct RenewResponse {
    /// The provider's own data.
    pub private: Private,
    /// How long until the next renewal.
    pub renew_after: Option<Duration>,
    /// Messages.
    pub diagnostics: Diagnostics,
}

/// Asks about an action, or asks to carry it out.
#[derive(Debug, Clone)]
pub struct ActionRequest {
    /// Action type.
    pub type_name: Str,
    /// The configuration; parts may be unknown while planning.
    pub config: Value,
}

/// Why a provider's function has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderFunctionError {
    /// The argument to blame, by position.
    pub argument: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// An object that exists, whether anybody manages it or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// The resource type that can manage it.
    pub type_name: Str,
    /// The id that an import takes.
    pub id: Str,
    /// What people call it.
    pub name: Str,
}

/// Everything that exists in a scope.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    /// What can be managed, what others are in or refer to first.
    pub objects: Vec<Discovered>,
    /// Warnings, such as of objects that no resource type can manage.
    pub diagnostics: Diagnostics,
}

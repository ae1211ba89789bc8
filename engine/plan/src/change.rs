//! One change of a plan.

use terrane_model::{AttributePath, InstanceKey, ProviderConfigAddress, ResourceInstanceAddress, Str, Value};
use terrane_provider::ImportTarget;
use terrane_state::DeposedKey;

/// What will be done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Made.
    Create,
    /// Read, as a data resource is.
    Read,
    /// Changed in place.
    Update,
    /// Destroyed.
    Delete,
    /// Destroyed, then made anew.
    DeleteThenCreate,
    /// Made anew, then the old one destroyed.
    CreateThenDelete,
    /// Not managed any more, but left alone.
    Forget,
    /// Made anew, and the old one left alone.
    CreateThenForget,
}

impl Action {
    /// Tells whether the object is replaced by another one.
    pub fn is_replace(self) -> bool {
        matches!(self, Self::DeleteThenCreate | Self::CreateThenDelete | Self::CreateThenForget)
    }

    /// Tells whether anything is done to the object itself.
    pub fn is_change(self) -> bool {
        !matches!(self, Self::NoOp | Self::Read)
    }
}

/// Why an action was chosen, where the difference of values does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the plan's JSON form")]
pub enum ActionReason {
    ReplaceBecauseTainted,
    ReplaceBecauseCannotUpdate,
    ReplaceByRequest,
    ReplaceByTriggers,
    DeleteBecauseNoResourceConfig,
    DeleteBecauseWrongRepetition,
    DeleteBecauseCountIndex,
    DeleteBecauseEachKey,
    DeleteBecauseNoModule,
    DeleteBecauseNoMoveTarget,
    ReadBecauseConfigUnknown,
    ReadBecauseDependencyPending,
    ReadBecauseCheckNested,
}

/// A value before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What will be done.
    pub action: Action,
    /// What is, with marks; null when there is nothing.
    pub before: Value,
    /// What will be, with marks and with unknowns for what is decided at apply; null when there will be nothing.
    pub after: Value,
}

/// The planned change of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceChange {
    /// The resource instance.
    pub address: ResourceInstanceAddress,
    /// Where the object was in the state before it moved here; the same address when it did not.
    pub previous_address: ResourceInstanceAddress,
    /// Which of the instance's deposed objects; nothing for the current one.
    pub deposed: Option<DeposedKey>,
    /// Who carries it out.
    pub provider_config: ProviderConfigAddress,
    /// The change.
    pub change: Change,
    /// Why.
    pub reason: Option<ActionReason>,
    /// Parts whose change makes a replacement necessary.
    pub required_replace: Vec<AttributePath>,
    /// The provider's own data.
    pub private: Vec<u8>,
    /// Schema version of the values.
    pub schema_version: i64,
    /// Whether a replacement is created first, also where other resources ask for it.
    pub create_before_destroy: bool,
    /// The existing object that is taken over.
    pub importing: Option<Importing>,
    /// Configuration written for an imported object that has none.
    pub generated_config: Option<String>,
    /// The object's identity, where the provider has one.
    pub identity: Option<Value>,
}

/// An object that is taken over by an `import` block.
#[derive(Debug, Clone, PartialEq)]
pub struct Importing {
    /// Which.
    pub target: ImportTarget,
}

impl ResourceChange {
    /// Returns the key of the instance.
    pub fn key(&self) -> Option<&InstanceKey> {
        self.address.key.as_ref()
    }

    /// Tells whether the object moved to another address.
    pub fn is_moved(&self) -> bool {
        self.address != self.previous_address
    }

    /// Tells whether the plan has to say anything about this object.
    pub fn is_noteworthy(&self) -> bool {
        self.change.action != Action::NoOp || self.is_moved() || self.importing.is_some()
    }
}

/// The planned change of an output of the root module.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputChange {
    /// The name.
    pub name: Str,
    /// The change.
    pub change: Change,
    /// Whether the value is never shown, before or after.
    pub sensitive: bool,
}

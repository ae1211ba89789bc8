//! What a table says about a whole resource type or data source.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value as Json;
use terrane_model::{Str, Type};

use crate::client::Method;
use crate::table::argument::Argument;
use crate::table::body_path::BodyPath;
use crate::table::id_template::IdTemplate;

/// A resource type or data source of one generation of azurerm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResourceTable {
    /// Such as `azurerm_subnet`.
    pub(crate) type_name: Str,
    /// What Azure calls it, such as `Microsoft.Network/virtualNetworks/subnets`; empty for what is no object.
    pub(crate) arm_type: Str,
    /// The version of the service's interface that the paths below belong to.
    pub(crate) api_version: Str,
    /// The id in state, and for import.
    pub(crate) id: IdTemplate,
    /// The path of the object in Azure Resource Manager.
    pub(crate) path: IdTemplate,
    /// Other forms of ids, each with its path: for objects with one part more, or that are known by a URL.
    pub(crate) other_ids: Vec<(IdTemplate, IdTemplate)>,
    /// Version of the state's shape.
    pub(crate) schema_version: i64,
    /// Arguments and attributes.
    pub(crate) arguments: Vec<Argument>,
    /// The type of the values of all of them, once it was needed.
    pub(crate) state_type: OnceLock<Type>,
    /// How long actions may take when the configuration does not say.
    pub(crate) timeouts: ActionTimes,
    /// How long actions usually take.
    pub(crate) usual: ActionTimes,
    /// How it is created.
    pub(crate) create: CreateVerb,
    /// How it is changed.
    pub(crate) update: UpdateVerb,
    /// Whether a deletion is sent; otherwise the object only leaves the state.
    pub(crate) is_deleted: bool,
    /// Whether a create first looks whether there is an object already.
    pub(crate) looks_before_create: bool,
    /// What may not be written at the same time.
    pub(crate) locks: Vec<LockKey>,
    /// How many objects can be read in one call.
    pub(crate) listing: Listing,
    /// Set where the list of everything in a resource group can stand for the object: what that list does not show
    /// and never changes.
    pub(crate) summary: Option<Vec<BodyPath>>,
    /// What every created object's body contains.
    pub(crate) fixed: Vec<(BodyPath, Json)>,
    /// What bodies contain that may not be sent back.
    pub(crate) read_only: Vec<BodyPath>,
    /// Objects in bodies that are sent whole when anything in them changes.
    pub(crate) whole: Vec<BodyPath>,
    /// What belongs to the object and is read and written by calls of its own.
    pub(crate) documents: Vec<DocumentTable>,
    /// Set where the type is a part of another object's body.
    pub(crate) part: Option<PartTable>,
}

/// Durations by action; nothing where the action does not exist or nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ActionTimes {
    pub(crate) create: Option<Duration>,
    pub(crate) read: Option<Duration>,
    pub(crate) update: Option<Duration>,
    pub(crate) delete: Option<Duration>,
}

/// How an object is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreateVerb {
    Put,
    /// The object always exists; creating changes it.
    Patch,
    /// Nothing is sent; documents may be.
    Nothing,
}

/// How an object is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UpdateVerb {
    /// Read it, change what has changed, and put all of it: what we do not know stays.
    Merge,
    /// Put what the configuration says.
    Put,
    /// Send what has changed.
    Patch,
    /// It cannot be changed.
    Nothing,
}

/// What a write has to have to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LockKey {
    /// The object.
    Itself,
    /// The object one level up.
    Parent,
    /// What an argument names.
    Named(Str),
    /// The parent of what an argument names.
    ParentOfNamed(Str),
}

/// Which list contains the objects of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listing {
    /// None.
    None,
    /// One of the resource group, and one of the subscription.
    Group,
    /// One of the resource group with all that is below it, and one of the subscription: for what belongs to
    /// other objects.
    Scopes,
    /// One of the parent.
    Children,
    /// That of the parents, inside each of them.
    Embedded(BodyPath),
    /// That of the parents, inside each of them, without ids and with the properties on the outside.
    Profiles(BodyPath),
}

/// A document beside the body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DocumentTable {
    /// The name by which paths call it.
    pub(crate) name: Str,
    /// GET, or POST for keys and credentials.
    pub(crate) read: Method,
    /// Where it is.
    pub(crate) address: DocumentAddress,
    /// The version of its service's interface.
    pub(crate) api_version: Str,
    /// Set where it exists only when the body has this value.
    pub(crate) condition: Option<(BodyPath, Json)>,
    /// How it is written; nothing where it is only read.
    pub(crate) write: Option<Method>,
    /// What is sent in a `properties`-less body: merged into every write.
    pub(crate) fixed: Option<Json>,
    /// Whether it exists with its object, so that what Azure has put there is kept.
    pub(crate) is_born_with_object: bool,
    /// Whether it is deleted when none of its arguments is set any more.
    pub(crate) is_removed: bool,
    /// Whether refreshing many objects at once reads it only where it was there before.
    pub(crate) is_rare: bool,
    /// Set where refreshing many objects at once reads it only where it was not read yet, because it hardly
    /// changes: the path of an attribute that shows whether it was, or nothing for any that is mapped to it.
    pub(crate) settled: Option<Str>,
    /// What it contains that may not be sent back.
    pub(crate) read_only: Vec<BodyPath>,
    /// Whether it holds credentials.
    pub(crate) is_secret: bool,
    /// Documents that code makes from it.
    pub(crate) gives: Vec<Str>,
}

/// Where a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DocumentAddress {
    /// Below the object: `/listKeys`.
    Below(Str),
    /// At the id that the body holds here.
    InBody(BodyPath),
}

/// A type that is a part of another object's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PartTable {
    /// An element of an array, known by its name.
    Element { array: BodyPath },
    /// A reference to another object, set by an argument.
    Link { place: BodyPath, argument: Str },
}

impl ResourceTable {
    /// Returns a top-level argument.
    pub(crate) fn argument(&self, name: &str) -> Option<&Argument> {
        crate::table::argument::find(&self.arguments, name)
    }

    /// Returns a document.
    pub(crate) fn document(&self, name: &str) -> Option<&DocumentTable> {
        self.documents.iter().find(|document| document.name == name)
    }
}

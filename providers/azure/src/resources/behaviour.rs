//! What code may do for a resource type beyond its table.

use async_trait::async_trait;
use serde_json::Value as Json;
use terrane_model::{Diagnostics, Value};

use crate::attributes::Attributes;
use crate::lifecycle::{Address, Change, Draft, Failure, Work, create, delete, fetch, update};
use crate::mapping::Documents;

/// The irregular parts of a resource type. Every method has a default that follows the table alone.
#[async_trait]
pub(crate) trait Behaviour: Send + Sync {
    /// Checks a configuration beyond what the table can say.
    fn validate(&self, _config: &Value, _diagnostics: &mut Diagnostics) {}

    /// Changes a plan: more unknowns, more or less replacement, complaints that need the prior state.
    fn plan(&self, _draft: &mut Draft<'_>) {}

    /// Fills in arguments that the address needs and that nobody has set.
    fn complete_arguments(&self, _arguments: &mut Attributes) {}

    /// Turns what Azure has into the form that the table writes to, before changes are made to it.
    fn shape_base(&self, _change: &Change<'_>, _work: &Work<'_>, _documents: &mut Documents) {}

    /// Finds the path of an object whose id does not say it. `planned` is what it is about to become; without
    /// one, false says that the object cannot exist any more.
    async fn locate(
        &self,
        _work: &Work<'_>,
        _address: &mut Address,
        _planned: Option<&Value>,
    ) -> Result<bool, Failure> {
        Ok(true)
    }

    /// Changes what is about to be written; may ask Azure for what is missing.
    async fn before_write(
        &self,
        _work: &Work<'_>,
        _change: &Change<'_>,
        _documents: &mut Documents,
    ) -> Result<(), Failure> {
        Ok(())
    }

    /// Does what follows a successful write.
    async fn after_write(&self, _work: &Work<'_>, _change: &Change<'_>) -> Result<Freshness, Failure> {
        Ok(Freshness::Same)
    }

    /// Does what a deletion needs before it.
    async fn before_delete(
        &self,
        _work: &Work<'_>,
        _address: &Address,
        _state: &Value,
    ) -> Result<(), Failure> {
        Ok(())
    }

    /// Does what a deletion needs behind it.
    async fn after_delete(
        &self,
        _work: &Work<'_>,
        _address: &Address,
        _state: &Value,
    ) -> Result<(), Failure> {
        Ok(())
    }

    /// Reads more documents than the table names.
    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        _documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        Ok(())
    }

    /// Reads attributes that the table cannot describe.
    fn read_attributes(&self, _documents: &Documents, _known: Option<&Value>, _attributes: &mut Attributes) {}

    /// Creates the object.
    async fn create(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        create::create_object(work, change).await
    }

    /// Changes the object.
    async fn update(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        update::update_object(work, change).await
    }

    /// Deletes the object.
    async fn delete(&self, work: &Work<'_>, address: &Address, state: &Value) -> Result<(), Failure> {
        delete::delete_object(work, address, state).await
    }

    /// Finds the object in the body that its path has; nothing when it is not in there.
    fn find_part(&self, work: &Work<'_>, address: &Address, body: Json) -> Option<Documents> {
        fetch::part_of(work, address, body)
    }

    /// Finds an object whose address the arguments of a data source do not give.
    async fn find(&self, _work: &Work<'_>, _config: &Value) -> Result<Option<Address>, Failure> {
        Ok(None)
    }

    /// Reads the object's body without its documents; nothing when it does not exist.
    async fn fetch(&self, work: &Work<'_>, address: &Address) -> Result<Option<Documents>, Failure> {
        fetch::fetch_object(work, address).await
    }
}

/// Whether what Azure answered to a write still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It does.
    Same,
    /// What followed the write has changed the object.
    Stale,
}

/// Types without irregularities.
pub(crate) struct Regular;

#[async_trait]
impl Behaviour for Regular {}

//! What a type can do beyond its table: the code behind resources, data sources and ephemeral resources.

use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{Effects, Progress, async_trait};

use super::draft::Draft;
use super::table::Table;
use crate::object::Attributes;

/// What a call may look at beside its own values.
pub(crate) struct Call<'a> {
    /// The provider's configuration; null when it has none.
    pub(crate) provider_config: &'a Value,
    /// Becomes true when what is under way is to end.
    pub(crate) stop: tokio::sync::watch::Receiver<bool>,
}

/// A resource type. Every default is that of an object which is nothing but its state.
#[async_trait]
pub(crate) trait Resource: Send + Sync {
    /// Returns the type's table.
    fn table(&self) -> Table;

    /// Checks a configuration beyond the table.
    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Changes the plan that the table has made.
    fn modify_plan(&self, _draft: &mut Draft<'_>) {}

    /// Creates an object and returns what the plan left open. Write-only attributes are in `config` alone.
    async fn create(
        &self,
        planned: &Value,
        config: &Value,
        call: Call<'_>,
    ) -> Result<Attributes, Diagnostics>;

    /// Updates an object and returns what the plan left open.
    async fn update(
        &self,
        _prior: &Value,
        _planned: &Value,
        _config: &Value,
    ) -> Result<Attributes, Diagnostics> {
        Ok(Attributes::new())
    }

    /// Deletes an object.
    async fn delete(&self, _prior: &Value, _call: Call<'_>) -> Result<(), Diagnostics> {
        Ok(())
    }

    /// Returns the object as it is now, or nothing when it is gone.
    async fn read(&self, state: Value) -> Result<Option<Value>, Diagnostics> {
        Ok(Some(state))
    }

    /// Returns the attributes of an existing object; the others are null.
    async fn import(&self, _id: &str) -> Result<Attributes, Diagnostics> {
        let detail = "This resource does not support import. Please contact the provider developer for additional \
                      information.";
        Err(failure("Resource Import Not Implemented", detail))
    }

    /// Brings a state of an older version to the present one. It has the present type already: attributes that
    /// the version did not have are null, those that are gone are left out.
    fn upgrade(&self, _version: i64, state: Value) -> Result<Value, Diagnostics> {
        Ok(state)
    }

    /// Tells whether objects exist outside of the state.
    fn effects(&self) -> Effects {
        Effects::None
    }
}

/// A data source.
#[async_trait]
pub(crate) trait DataSource: Send + Sync {
    /// Returns the data source's table.
    fn table(&self) -> Table;

    /// Checks a configuration beyond the table.
    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Returns what is not written. Warnings go along; errors come instead.
    async fn read(
        &self,
        config: &Value,
        call: Call<'_>,
        warnings: &mut Diagnostics,
    ) -> Result<Attributes, Diagnostics>;
}

/// An ephemeral resource.
#[async_trait]
pub(crate) trait EphemeralResource: Send + Sync {
    /// Returns the ephemeral resource's table.
    fn table(&self) -> Table;

    /// Checks a configuration beyond the table.
    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Returns what is not written.
    async fn open(&self, config: &Value, call: Call<'_>) -> Result<Attributes, Diagnostics>;
}

/// Something that is done once, whenever it is asked for.
#[async_trait]
pub(crate) trait Action: Send + Sync {
    /// Returns the action's table.
    fn table(&self) -> Table;

    /// Checks a configuration beyond the table.
    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Tells what stands in the way, as far as the configuration is known.
    fn plan(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Does it.
    async fn invoke(
        &self,
        config: &Value,
        call: Call<'_>,
        progress: &dyn Progress,
    ) -> Result<(), Diagnostics>;
}

/// One error without a place.
pub(crate) fn failure(summary: &str, detail: impl Into<String>) -> Diagnostics {
    Diagnostic::error(summary, detail).into()
}

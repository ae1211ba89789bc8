//! Taking over existing objects.

use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ImportRequest, ImportResponse, ImportTarget, ImportedObject};

use crate::attributes::Attributes;
use crate::lifecycle::Address;
use crate::provider::AzureProvider;
use crate::schema::schema;

impl AzureProvider {
    /// Checks an id and makes a state that can be read.
    pub(crate) fn import(&self, request: &ImportRequest) -> ImportResponse {
        match self.import_object(request) {
            Ok(object) => ImportResponse { imported: vec![object], diagnostics: Diagnostics::new() },
            Err(diagnostics) => ImportResponse { imported: Vec::new(), diagnostics },
        }
    }

    fn import_object(&self, request: &ImportRequest) -> Result<ImportedObject, Diagnostics> {
        let table = self.resource_table(&request.type_name)?;
        let ImportTarget::Id(id) = &request.target else {
            return Err(Diagnostic::error(
                "Import by identity is not supported",
                format!("{} is imported by its id.", request.type_name),
            )
            .into());
        };
        let address = Address::from_id(table, id).map_err(|_| {
            Diagnostic::error(
                "Invalid import id",
                format!("{id:?} is not the id of an {}. It has the form {}.", request.type_name, table.id),
            )
        })?;
        let mut attributes = Attributes::default();
        attributes.set("id", Value::from(address.id));
        Ok(ImportedObject {
            type_name: request.type_name.clone(),
            state: empty_blocks(attributes, table),
            private: Vec::new(),
            identity: None,
        })
    }
}

/// Completes a state with nulls, and empty collections for blocks.
fn empty_blocks(attributes: Attributes, table: &crate::table::ResourceTable) -> Value {
    let schema = schema(table);
    let mut all = Attributes::of(&schema.block.empty_value());
    all.set("id", attributes.get("id"));
    all.into_object(schema.block.implied_type())
}

//! Taking over objects that exist: by import, or from another resource type.

use terrane_model::Diagnostics;
use terrane_provider::{
    ImportRequest, ImportResponse, ImportTarget, ImportedObject, MoveRequest, MoveResponse,
};

use super::decode_unless_failed;
use crate::diagnostics_from_wire::{put_off, read_deferred, read_diagnostics};
use crate::running::Running;
use crate::value_on_wire::{read_identity, write_identity};
use crate::wire::RawState;
use crate::wire::resource as wire;

impl Running {
    /// Finds an existing object.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn import_resource(
        &self,
        request: ImportRequest,
    ) -> Result<ImportResponse, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let (id, identity) = match &request.target {
            ImportTarget::Id(id) => (id.to_string(), None),
            ImportTarget::Identity(identity) => (String::new(), Some(identity)),
        };
        let message = wire::ImportResourceRequest {
            type_name: request.type_name.to_string(),
            id,
            client_capabilities: self.capabilities(),
            identity: self.encoded(write_identity(identity, resource.identity.as_ref()))?,
        };
        let response = self.connection.call(message).await?;
        let mut diagnostics = read_diagnostics(response.diagnostics);
        if let Some(deferred) = response.deferred {
            diagnostics.push(put_off(read_deferred(deferred), "import this object"));
        }
        let mut imported = Vec::new();
        for found in response.imported_resources {
            match self.read_imported(found) {
                Ok(object) => imported.push(object),
                Err(problems) => diagnostics.extend(problems),
            }
        }
        Ok(ImportResponse { imported, diagnostics })
    }

    fn read_imported(&self, found: wire::ImportedResource) -> Result<ImportedObject, Diagnostics> {
        let resource = self.resource(&found.type_name)?;
        let ty = resource.schema.block.implied_type();
        let identity = read_identity(found.identity, resource.identity.as_ref())
            .map_err(|problem| self.invalid_answer::<wire::ImportResourceRequest>(&problem))?;
        Ok(ImportedObject {
            type_name: found.type_name.into(),
            state: self.decode::<wire::ImportResourceRequest>(found.state, ty)?,
            private: found.private,
            identity,
        })
    }

    /// Takes over the state of another resource type.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn move_resource(&self, request: MoveRequest) -> Result<MoveResponse, Diagnostics> {
        let ty = self.resource(&request.target_type)?.schema.block.implied_type();
        let message = wire::MoveResourceRequest {
            source_provider_address: request.source_provider.to_string(),
            source_type_name: request.source_type.to_string(),
            source_schema_version: request.source_version,
            source_state: Some(RawState { json: request.source_json.as_bytes().to_vec() }),
            target_type_name: request.target_type.to_string(),
            source_private: request.source_private,
        };
        let response = self.connection.call(message).await?;
        let mut diagnostics = read_diagnostics(response.diagnostics);
        let nothing = terrane_model::Value::Null(ty.clone());
        let state = decode_unless_failed::<wire::MoveResourceRequest>(
            self,
            response.target_state,
            ty,
            &mut diagnostics,
            &nothing,
        );
        Ok(MoveResponse { state, private: response.target_private, diagnostics })
    }
}

//! Reading managed objects and data sources.

use terrane_model::{Diagnostics, Value};
use terrane_provider::{DataRequest, DataResponse, ReadRequest, ReadResponse, ValidateRequest};

use super::decode_unless_failed;
use crate::diagnostics_from_wire::{put_off, read_deferred, read_diagnostics};
use crate::running::Running;
use crate::value_on_wire::{read_identity, write_identity};
use crate::wire::resource as wire;

impl Running {
    /// Reads an object.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn read_resource(&self, request: &ReadRequest) -> Result<ReadResponse, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let ty = resource.schema.block.implied_type();
        let identity = resource.identity.as_ref();
        let current_identity = write_identity(request.current_identity.as_ref(), identity);
        let message = wire::ReadResourceRequest {
            type_name: request.type_name.to_string(),
            current_state: self.encode(&request.current_state, ty)?,
            private: request.private.clone(),
            provider_meta: self.encode_meta(&request.provider_meta)?,
            client_capabilities: self.capabilities(),
            current_identity: self.encoded(current_identity)?,
        };
        let response = self.connection.call(message).await?;
        let mut diagnostics = read_diagnostics(response.diagnostics);
        if response.deferred.is_some() {
            // What cannot be read now stays as it was last seen.
            return Ok(ReadResponse {
                new_state: request.current_state.clone(),
                private: request.private.clone(),
                new_identity: request.current_identity.clone(),
                diagnostics,
            });
        }
        let new_state = decode_unless_failed::<wire::ReadResourceRequest>(
            self,
            response.new_state,
            ty,
            &mut diagnostics,
            &request.current_state,
        );
        let new_identity = read_identity(response.new_identity, identity)
            .map_err(|problem| self.invalid_answer::<wire::ReadResourceRequest>(&problem))?;
        Ok(ReadResponse { new_state, private: response.private, new_identity, diagnostics })
    }

    /// Checks a `data` block.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn validate_data(&self, request: &ValidateRequest) -> Result<Diagnostics, Diagnostics> {
        let block = &self.data_source(&request.type_name)?.block;
        let request = wire::ValidateDataRequest {
            type_name: request.type_name.to_string(),
            config: self.encode(&request.config, block.implied_type())?,
        };
        Ok(read_diagnostics(self.connection.call(request).await?.diagnostics))
    }

    /// Reads a data source.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn read_data(&self, request: &DataRequest) -> Result<DataResponse, Diagnostics> {
        let block = &self.data_source(&request.type_name)?.block;
        let ty = block.implied_type();
        self.keep_secret(block, &request.config);
        let message = wire::ReadDataRequest {
            type_name: request.type_name.to_string(),
            config: self.encode(&request.config, ty)?,
            provider_meta: self.encode_meta(&request.provider_meta)?,
            client_capabilities: self.capabilities(),
        };
        let response = self.connection.call(message).await?;
        let mut diagnostics = read_diagnostics(response.diagnostics);
        if let Some(deferred) = response.deferred {
            diagnostics.push(put_off(read_deferred(deferred), "read this data source"));
        }
        let state = decode_unless_failed::<wire::ReadDataRequest>(
            self,
            response.state,
            ty,
            &mut diagnostics,
            &Value::Null(ty.clone()),
        );
        Ok(DataResponse { state, diagnostics })
    }
}

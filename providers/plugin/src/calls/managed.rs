//! Managed resources: checking, planning and applying them.

use terrane_model::{Diagnostics, Value};
use terrane_provider::{
    ApplyRequest, ApplyResponse, PlanRequest, PlanResponse, UpgradeRequest, UpgradeResponse, ValidateRequest,
};

use super::decode_unless_failed;
use crate::diagnostics_from_wire::{read_deferred, read_diagnostics, read_path};
use crate::running::Running;
use crate::value_on_wire::{read_identity, write_identity};
use crate::wire::RawState;
use crate::wire::resource as wire;

impl Running {
    /// Checks a `resource` block.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn validate_resource(
        &self,
        request: &ValidateRequest,
    ) -> Result<Diagnostics, Diagnostics> {
        let block = &self.resource(&request.type_name)?.schema.block;
        let request = wire::ValidateResourceRequest {
            type_name: request.type_name.to_string(),
            config: self.encode(&request.config, block.implied_type())?,
            client_capabilities: self.capabilities(),
        };
        Ok(read_diagnostics(self.connection.call(request).await?.diagnostics))
    }

    /// Brings stored state to the present schema version.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn upgrade_state(
        &self,
        request: UpgradeRequest,
    ) -> Result<UpgradeResponse, Diagnostics> {
        let ty = self.resource(&request.type_name)?.schema.block.implied_type();
        let request = wire::UpgradeStateRequest {
            type_name: request.type_name.to_string(),
            version: request.version,
            raw_state: Some(RawState { json: request.json.as_bytes().to_vec() }),
        };
        let response = self.connection.call(request).await?;
        let mut diagnostics = read_diagnostics(response.diagnostics);
        let state = decode_unless_failed::<wire::UpgradeStateRequest>(
            self,
            response.upgraded_state,
            ty,
            &mut diagnostics,
            &Value::Null(ty.clone()),
        );
        Ok(UpgradeResponse { state, diagnostics })
    }

    /// Plans an object.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn plan_resource(&self, request: &PlanRequest) -> Result<PlanResponse, Diagnostics> {
        if request.proposed_new_state.is_null() && !self.schemas().capabilities.plan_destroy {
            return Ok(plan_destroy(request));
        }
        let resource = self.resource(&request.type_name)?;
        let (block, identity) = (&resource.schema.block, resource.identity.as_ref());
        let ty = block.implied_type();
        self.keep_secret(block, &request.config);
        let prior_identity = write_identity(request.prior_identity.as_ref(), identity);
        let message = wire::PlanResourceRequest {
            type_name: request.type_name.to_string(),
            prior_state: self.encode(&request.prior_state, ty)?,
            proposed_new_state: self.encode(&request.proposed_new_state, ty)?,
            config: self.encode(&request.config, ty)?,
            prior_private: request.prior_private.clone(),
            provider_meta: self.encode_meta(&request.provider_meta)?,
            client_capabilities: self.capabilities(),
            prior_identity: self.encoded(prior_identity)?,
        };
        let response = self.connection.call(message).await?;
        let mut diagnostics = read_diagnostics(response.diagnostics);
        let planned_state = decode_unless_failed::<wire::PlanResourceRequest>(
            self,
            response.planned_state,
            ty,
            &mut diagnostics,
            &request.proposed_new_state,
        );
        let planned_identity = read_identity(response.planned_identity, identity)
            .map_err(|problem| self.invalid_answer::<wire::PlanResourceRequest>(&problem))?;
        Ok(PlanResponse {
            planned_state,
            requires_replace: response.requires_replace.into_iter().map(read_path).collect(),
            planned_private: response.planned_private,
            planned_identity,
            legacy_type_system: response.legacy_type_system,
            deferred: response.deferred.map(read_deferred),
            diagnostics,
        })
    }

    /// Creates, updates or deletes an object.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn apply_resource(&self, request: &ApplyRequest) -> Result<ApplyResponse, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let (block, identity) = (&resource.schema.block, resource.identity.as_ref());
        let ty = block.implied_type();
        self.keep_secret(block, &request.config);
        let planned_identity = write_identity(request.planned_identity.as_ref(), identity);
        let message = wire::ApplyResourceRequest {
            type_name: request.type_name.to_string(),
            prior_state: self.encode(&request.prior_state, ty)?,
            planned_state: self.encode(&request.planned_state, ty)?,
            config: self.encode(&request.config, ty)?,
            planned_private: request.planned_private.clone(),
            provider_meta: self.encode_meta(&request.provider_meta)?,
            planned_identity: self.encoded(planned_identity)?,
        };
        let response = self.connection.call(message).await?;
        let mut diagnostics = read_diagnostics(response.diagnostics);
        let new_state = decode_unless_failed::<wire::ApplyResourceRequest>(
            self,
            response.new_state,
            ty,
            &mut diagnostics,
            &request.prior_state,
        );
        // The object is there whatever its identity is: a bad one must not hide it.
        let new_identity = read_identity(response.new_identity, identity).unwrap_or_else(|problem| {
            diagnostics.extend(self.invalid_answer::<wire::ApplyResourceRequest>(&problem));
            None
        });
        Ok(ApplyResponse {
            new_state,
            private: response.private,
            new_identity,
            legacy_type_system: response.legacy_type_system,
            diagnostics,
        })
    }
}

/// What becomes of an object whose provider does not want to be asked about its end.
fn plan_destroy(request: &PlanRequest) -> PlanResponse {
    PlanResponse {
        planned_state: request.proposed_new_state.clone(),
        requires_replace: Vec::new(),
        planned_private: request.prior_private.clone(),
        planned_identity: request.prior_identity.clone(),
        legacy_type_system: false,
        deferred: None,
        diagnostics: Diagnostics::new(),
    }
}

//! Ephemeral resources: opening them, keeping them alive, closing them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use terrane_model::{Diagnostics, Value};
use terrane_provider::{OpenResponse, Private, RenewResponse, ValidateRequest};

use super::decode_unless_failed;
use crate::diagnostics_from_wire::{put_off, read_deferred, read_diagnostics};
use crate::running::Running;
use crate::wire::ephemeral as wire;

impl Running {
    /// Checks an `ephemeral` block.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn validate_ephemeral(
        &self,
        request: &ValidateRequest,
    ) -> Result<Diagnostics, Diagnostics> {
        let block = &self.ephemeral_resource(&request.type_name)?.block;
        let request = wire::ValidateEphemeralRequest {
            type_name: request.type_name.to_string(),
            config: self.encode(&request.config, block.implied_type())?,
        };
        Ok(read_diagnostics(self.connection.call(request).await?.diagnostics))
    }

    /// Opens an ephemeral resource.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn open_ephemeral(
        &self,
        type_name: &str,
        config: &Value,
    ) -> Result<OpenResponse, Diagnostics> {
        let block = &self.ephemeral_resource(type_name)?.block;
        let ty = block.implied_type();
        self.keep_secret(block, config);
        let message = wire::OpenEphemeralRequest {
            type_name: type_name.to_owned(),
            config: self.encode(config, ty)?,
            client_capabilities: self.capabilities(),
        };
        let response = self.connection.call(message).await?;
        let mut diagnostics = read_diagnostics(response.diagnostics);
        if let Some(deferred) = response.deferred {
            diagnostics.push(put_off(read_deferred(deferred), "open this ephemeral resource"));
        }
        let result = decode_unless_failed::<wire::OpenEphemeralRequest>(
            self,
            response.result,
            ty,
            &mut diagnostics,
            &Value::Null(ty.clone()),
        );
        self.keep_secret(block, &result);
        Ok(OpenResponse {
            result,
            private: response.private.unwrap_or_default(),
            renew_after: response.renew_at.map(time_until),
            diagnostics,
        })
    }

    /// Keeps an ephemeral resource alive.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn renew_ephemeral(
        &self,
        type_name: &str,
        private: Private,
    ) -> Result<RenewResponse, Diagnostics> {
        let message = wire::RenewEphemeralRequest { type_name: type_name.to_owned(), private: Some(private) };
        let response = self.connection.call(message).await?;
        Ok(RenewResponse {
            private: response.private.unwrap_or_default(),
            renew_after: response.renew_at.map(time_until),
            diagnostics: read_diagnostics(response.diagnostics),
        })
    }

    /// Closes an ephemeral resource.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn close_ephemeral(
        &self,
        type_name: &str,
        private: Private,
    ) -> Result<Diagnostics, Diagnostics> {
        let message = wire::CloseEphemeralRequest { type_name: type_name.to_owned(), private: Some(private) };
        Ok(read_diagnostics(self.connection.call(message).await?.diagnostics))
    }
}

/// Returns how long it is until a moment; none when it has passed.
fn time_until(moment: wire::Timestamp) -> Duration {
    let seconds = u64::try_from(moment.seconds).unwrap_or(0);
    let moment = Duration::new(seconds, u32::try_from(moment.nanos).unwrap_or(0).min(999_999_999));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    moment.saturating_sub(now)
}

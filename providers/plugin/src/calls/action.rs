//! Actions: checking, planning and invoking them.

use terrane_model::{Diagnostic, Diagnostics};
use terrane_provider::{ActionRequest, Progress, ProgressUpdate, ValidateRequest};

use crate::diagnostics_from_wire::{put_off, read_deferred, read_diagnostics};
use crate::running::Running;
use crate::wire::action as wire;

impl Running {
    /// Checks an `action` block.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn validate_action(
        &self,
        request: &ValidateRequest,
    ) -> Result<Diagnostics, Diagnostics> {
        let block = &self.action(&request.type_name)?.block;
        let request = wire::ValidateActionRequest {
            type_name: request.type_name.to_string(),
            config: self.encode(&request.config, block.implied_type())?,
        };
        Ok(read_diagnostics(self.connection.call(request).await?.diagnostics))
    }

    /// Asks whether an action could be carried out.
    ///
    /// # Errors
    /// Messages when there is no answer.
    pub(crate) async fn plan_action(&self, request: &ActionRequest) -> Result<Diagnostics, Diagnostics> {
        let block = &self.action(&request.type_name)?.block;
        self.keep_secret(block, &request.config);
        let message = wire::PlanActionRequest {
            action_type: request.type_name.to_string(),
            config: self.encode(&request.config, block.implied_type())?,
            client_capabilities: self.capabilities(),
        };
        let response = self.connection.call(message).await?;
        let mut diagnostics = read_diagnostics(response.diagnostics);
        if let Some(deferred) = response.deferred {
            diagnostics.push(put_off(read_deferred(deferred), "invoke this action"));
        }
        Ok(diagnostics)
    }

    /// Carries out an action.
    ///
    /// # Errors
    /// Messages when there is no answer, or it breaks off.
    pub(crate) async fn invoke_action(
        &self,
        request: &ActionRequest,
        progress: &dyn Progress,
    ) -> Result<Diagnostics, Diagnostics> {
        let block = &self.action(&request.type_name)?.block;
        self.keep_secret(block, &request.config);
        let message = wire::InvokeActionRequest {
            action_type: request.type_name.to_string(),
            config: self.encode(&request.config, block.implied_type())?,
            client_capabilities: self.capabilities(),
        };
        let mut events = self.connection.call_stream(message).await?;
        let mut completed = None;
        loop {
            match events.message().await {
                Ok(Some(event)) => match event.event {
                    Some(wire::InvokeEvent::Progress(wire::InvokeProgress { message })) => {
                        progress.report(ProgressUpdate { phase: message, expected: None });
                    }
                    Some(wire::InvokeEvent::Completed(end)) => {
                        completed
                            .get_or_insert_with(Diagnostics::new)
                            .extend(read_diagnostics(end.diagnostics));
                    }
                    // Kinds of events that are younger than this program are none of its business.
                    None => {}
                },
                Ok(None) => break,
                Err(status) => {
                    return Err(self.connection.explain::<wire::InvokeActionRequest>(&status).await.into());
                }
            }
        }
        completed.ok_or_else(|| {
            let detail = format!(
                "Provider {} has ended the InvokeAction call without saying how the action went. This is a bug in the provider.",
                self.connection.provider
            );
            Diagnostic::error("Provider returned invalid response", detail).into()
        })
    }
}

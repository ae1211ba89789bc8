//! Uninstalling releases.

use std::time::Duration;

use terrane_model::{Diagnostics, Value};
use terrane_provider::{ApplyRequest, Progress, ProgressUpdate};

use super::super::failure::explain;
use super::super::program::{HelmError, Run};
use super::{Identity, Release, apply, check_driver, storage};
use crate::objects::context::Context;
use crate::objects::resource::Outcome;

impl Release {
    pub(super) async fn uninstall(
        &self,
        context: &Context,
        request: &ApplyRequest,
        progress: &dyn Progress,
    ) -> Outcome {
        let gone = || Outcome::as_planned(request);
        let Some(identity) = self.identity(&request.prior_state) else { return gone() };
        let uninstalled = match check_driver(context) {
            Ok(()) => uninstall(context, &identity, &request.prior_state, progress).await,
            Err(diagnostics) => Err(diagnostics),
        };
        context.helm.seen.forget(&identity);
        match uninstalled {
            Ok(()) => gone(),
            Err(diagnostics) => Outcome::unchanged(request, diagnostics),
        }
    }
}

async fn uninstall(
    context: &Context,
    identity: &Identity,
    state: &Value,
    progress: &dyn Progress,
) -> Result<(), Diagnostics> {
    let cluster = context.cluster().await?;
    let failed =
        |error: &HelmError| Diagnostics::from(explain("Cannot delete release", &identity.describe(), error));
    let storage = storage(context, &cluster);
    let found = storage.find(&identity.namespace, &identity.name).await;
    if found.map_err(|error| failed(&HelmError::Failed(error.to_string())))?.is_none() {
        return Ok(());
    }
    progress.report(ProgressUpdate { phase: "uninstalling".to_owned(), expected: None });
    let timeout = apply::seconds(state, "timeout").unwrap_or(Duration::from_secs(300));
    let mut arguments: Vec<String> =
        ["uninstall", &identity.name, "--namespace", &identity.namespace, "--wait"]
            .map(ToOwned::to_owned)
            .to_vec();
    arguments.extend(["--timeout".to_owned(), format!("{}s", timeout.as_secs())]);
    if state.get("disable_webhooks").and_then(Value::as_bool) == Some(true) {
        arguments.push("--no-hooks".to_owned());
    }
    let run = Run { arguments, stop: Some(context.stop.clone()), ..Run::default() };
    let failure = match context.helm.run(Some(&cluster), run).await {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    // Somebody else may have been faster.
    match storage.find(&identity.namespace, &identity.name).await {
        Ok(None) => Ok(()),
        _ => Err(failed(&failure)),
    }
}

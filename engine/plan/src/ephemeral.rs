//! Ephemeral resources: opened in every run that needs them, kept alive while it lasts, closed at its end, and never
//! stored.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use terrane_model::{Diagnostic, Diagnostics, Marks, ResourceInstanceAddress, Schema, Str, Value};
use terrane_provider::{Private, Provider, ValidateRequest};
use tokio::task::JoinHandle;

/// What is needed to open an ephemeral resource.
pub struct EphemeralTask {
    /// The provider, configured.
    pub provider: Arc<dyn Provider>,
    /// Its type.
    pub type_name: Str,
    /// Its schema.
    pub schema: Schema,
    /// The configuration, with marks. Nothing is opened while parts of it are unknown.
    pub config: Value,
    /// The address, for messages.
    pub address: ResourceInstanceAddress,
}

/// What is done to an ephemeral resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum EphemeralAction {
    Open,
    Renew,
    Close,
}

/// Tells what happens to an ephemeral resource.
#[derive(Debug, Clone, Copy)]
pub struct EphemeralEvent<'a> {
    /// The resource instance.
    pub address: &'a ResourceInstanceAddress,
    /// What is done.
    pub action: EphemeralAction,
    /// How it ended: how long it took, and whether it worked; nothing while it goes on.
    pub ended: Option<(Duration, bool)>,
}

/// Gets told what happens to ephemeral resources.
pub type EphemeralEvents = Arc<dyn Fn(EphemeralEvent<'_>) + Send + Sync>;

/// What came of opening an ephemeral resource.
pub struct EphemeralOutcome {
    /// The value, with marks; unknown where it has to wait, and nothing after an error.
    pub value: Option<Value>,
    /// What has to be closed.
    pub opened: Option<OpenEphemeral>,
    /// Messages, with paths into the configuration.
    pub diagnostics: Diagnostics,
}

/// Opens an ephemeral resource, and keeps it alive from then on.
pub async fn open(task: EphemeralTask, events: &EphemeralEvents) -> EphemeralOutcome {
    let (config, _) = task.config.clone().unmark_deep();
    let request = ValidateRequest { type_name: task.type_name.clone(), config: config.clone() };
    let mut diagnostics = task.provider.validate_ephemeral_config(request).await;
    if diagnostics.has_errors() {
        return EphemeralOutcome { value: None, opened: None, diagnostics };
    }
    if !config.is_wholly_known() {
        let value = Value::unknown(task.schema.block.implied_type().clone()).with_marks(Marks::EPHEMERAL);
        return EphemeralOutcome { value: Some(value), opened: None, diagnostics };
    }
    let (address, action) = (&task.address, EphemeralAction::Open);
    events(EphemeralEvent { address, action, ended: None });
    let started = Instant::now();
    let response = task.provider.open_ephemeral_resource(task.type_name.clone(), config).await;
    let failed = response.diagnostics.has_errors();
    events(EphemeralEvent { address, action, ended: Some((started.elapsed(), !failed)) });
    diagnostics.extend(response.diagnostics);
    if failed {
        return EphemeralOutcome { value: None, opened: None, diagnostics };
    }
    let (result, _) = response.result.unmark_deep();
    if !result.is_wholly_known() || !task.schema.block.implied_type().admits(&result.ty()) {
        let detail = format!(
            "The provider returned a value for {} that is not wholly known or not of the type that its schema promises. This is \
             a bug in the provider.",
            task.address
        );
        diagnostics.push(Diagnostic::error("Provider produced invalid ephemeral resource instance", detail));
    }
    let value =
        result.with_marks_at(&task.schema.block.sensitive_paths(&result)).with_marks(Marks::EPHEMERAL);
    let value = (!diagnostics.has_errors()).then_some(value);
    let opened = OpenEphemeral::new(task, response.private, response.renew_after, Arc::clone(events));
    EphemeralOutcome { value, opened: Some(opened), diagnostics }
}

/// An ephemeral resource that is open.
pub struct OpenEphemeral {
    provider: Arc<dyn Provider>,
    type_name: Str,
    address: ResourceInstanceAddress,
    kept: Arc<Mutex<Kept>>,
    renewal: Option<JoinHandle<()>>,
    events: EphemeralEvents,
}

/// What renewals change.
struct Kept {
    private: Private,
    diagnostics: Diagnostics,
}

impl OpenEphemeral {
    fn new(
        task: EphemeralTask,
        private: Private,
        renew_after: Option<Duration>,
        events: EphemeralEvents,
    ) -> Self {
        let kept = Arc::new(Mutex::new(Kept { private, diagnostics: Diagnostics::new() }));
        let renewal = renew_after.map(|pause| {
            tokio::spawn(keep_alive(
                Arc::clone(&task.provider),
                task.type_name.clone(),
                task.address.clone(),
                pause,
                Arc::clone(&kept),
                Arc::clone(&events),
            ))
        });
        let EphemeralTask { provider, type_name, address, .. } = task;
        Self { provider, type_name, address, kept, renewal, events }
    }

    /// Closes the resource; returns what went wrong with it since it was opened.
    pub async fn close(mut self) -> Diagnostics {
        if let Some(renewal) = self.renewal.take() {
            renewal.abort();
            // Whether it was asleep or at work does not matter any more.
            let _ = renewal.await;
        }
        let (private, mut diagnostics) = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut kept.private), std::mem::take(&mut kept.diagnostics))
        };
        let (address, action) = (&self.address, EphemeralAction::Close);
        (self.events)(EphemeralEvent { address, action, ended: None });
        let started = Instant::now();
        let found = self.provider.close_ephemeral_resource(self.type_name.clone(), private).await;
        let ended = Some((started.elapsed(), !found.has_errors()));
        (self.events)(EphemeralEvent { address, action, ended });
        diagnostics.extend(found);
        diagnostics.into_iter().map(|problem| problem.about(&self.address)).collect()
    }
}

impl Drop for OpenEphemeral {
    fn drop(&mut self) {
        if let Some(renewal) = &self.renewal {
            renewal.abort();
        }
    }
}

/// Renews a resource whenever its provider wants it, until that fails or the resource is closed.
async fn keep_alive(
    provider: Arc<dyn Provider>,
    type_name: Str,
    address: ResourceInstanceAddress,
    mut pause: Duration,
    kept: Arc<Mutex<Kept>>,
    events: EphemeralEvents,
) {
    loop {
        tokio::time::sleep(pause).await;
        let private = kept.lock().unwrap_or_else(PoisonError::into_inner).private.clone();
        let (address, action) = (&address, EphemeralAction::Renew);
        events(EphemeralEvent { address, action, ended: None });
        let started = Instant::now();
        let response = provider.renew_ephemeral_resource(type_name.clone(), private).await;
        let failed = response.diagnostics.has_errors();
        events(EphemeralEvent { address, action, ended: Some((started.elapsed(), !failed)) });
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.diagnostics.extend(response.diagnostics);
        if failed {
            return;
        }
        kept.private = response.private;
        match response.renew_after {
            Some(next) => pause = next,
            None => return,
        }
    }
}

//! Provisioners: what is run after an object was made, and before it goes.
//!
//! All of an object's blocks are evaluated before the first of them runs; they run one after the other.

use std::sync::Arc;

use terrane_language::config::module::Provisioner as Block;
use terrane_language::evaluate::{Evaluator, Scope, decode_block};
use terrane_language::syntax::ConfigBody;
use terrane_model::{Diagnostic, Diagnostics, ResourceInstanceAddress, Span, Str, Value};
use terrane_provider::{ProvisionOutput, ProvisionRequest, Provisioner};

use crate::cancellation::Cancellation;
use crate::evaluate::about;
use crate::events::{ApplyEvent, EventSink};
use crate::executor::Executor;

/// A block that is ready to run.
pub(crate) struct Prepared {
    provisioner: Arc<dyn Provisioner>,
    provisioner_type: Str,
    request: ProvisionRequest,
    continue_on_failure: bool,
    /// Why its output is not shown, in a word.
    hidden: Option<&'static str>,
    span: Span,
}

/// Passes output on as events.
struct Output<'a> {
    address: &'a ResourceInstanceAddress,
    provisioner_type: &'a str,
    hidden: Option<&'static str>,
    events: &'a dyn EventSink,
}

impl ProvisionOutput for Output<'_> {
    fn line(&self, text: &str) {
        let replaced = self.hidden.map(|what| format!("(output suppressed due to {what} value in config)"));
        // An empty line is one, too.
        let text = if text.is_empty() { "\n" } else { text };
        self.events.event(ApplyEvent::ProvisionerOutput {
            address: self.address,
            provisioner: self.provisioner_type,
            text: replaced.as_deref().unwrap_or(text),
        });
    }
}

impl Executor {
    /// Evaluates the blocks of an object that run at one of the two times. `connection` is what the resource says for
    /// all of them.
    pub(crate) fn prepare_provisioners(
        &self,
        blocks: &[Block],
        on_destroy: bool,
        connection: Option<&ConfigBody>,
        scope: &dyn Scope,
    ) -> (Vec<Prepared>, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let mut prepared = Vec::new();
        for block in blocks.iter().filter(|block| block.on_destroy == on_destroy) {
            let Some(provisioner) = self.providers.provisioner(&block.provisioner_type) else {
                diagnostics.push(terrane_plan::validate::unknown_provisioner(&block.provisioner_type));
                continue;
            };
            let mut evaluator = Evaluator::new(scope);
            let config = decode_block(&mut evaluator, &block.body, &provisioner.schema());
            let merged = match (connection, &block.connection) {
                (Some(base), Some(own)) => Some(base.clone().overridden_by(own.clone())),
                (base, own) => own.as_ref().or(base).cloned(),
            };
            let connection = merged.map_or_else(Value::dynamic_null, |body| {
                decode_block(&mut evaluator, &body, &provisioner.connection_schema())
            });
            diagnostics.extend(evaluator.diagnostics);
            let (config, config_marks) = config.unmark_deep();
            let (connection, connection_marks) = connection.unmark_deep();
            let marks = config_marks | connection_marks;
            prepared.push(Prepared {
                provisioner: Arc::clone(provisioner),
                provisioner_type: block.provisioner_type.clone(),
                request: ProvisionRequest { config, connection },
                continue_on_failure: block.continue_on_failure,
                hidden: match (config_marks.is_sensitive(), marks.is_ephemeral()) {
                    (true, _) => Some("sensitive"),
                    (false, true) => Some("ephemeral"),
                    (false, false) => None,
                },
                span: block.body.missing_span(),
            });
        }
        (prepared, diagnostics)
    }
}

/// Runs blocks until one fails that may not. What is under way when the run is interrupted ends.
pub(crate) async fn run_provisioners(
    prepared: Vec<Prepared>,
    address: ResourceInstanceAddress,
    events: Arc<dyn EventSink>,
    cancellation: Cancellation,
) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for step in prepared {
        let provisioner_type = step.provisioner_type.as_str();
        events.event(ApplyEvent::Provisioning { address: &address, provisioner: provisioner_type });
        let output =
            Output { address: &address, provisioner_type, hidden: step.hidden, events: events.as_ref() };
        let found = tokio::select! {
            found = step.provisioner.provision(step.request.clone(), &output) => found,
            () = cancellation.requested() => interrupted(provisioner_type).into(),
        };
        let failed = found.has_errors();
        events.event(ApplyEvent::Provisioned { address: &address, provisioner: provisioner_type, failed });
        let placed = found.into_iter().map(|mut problem| {
            if let Some(what) = step.hidden {
                problem.detail =
                    format!("The message is suppressed, since the configuration has a {what} value.");
            }
            let problem = if problem.subject.is_some() { problem } else { problem.at(step.span) };
            about(problem, &address)
        });
        if failed && step.continue_on_failure {
            continue;
        }
        diagnostics.extend(placed);
        if failed {
            break;
        }
    }
    diagnostics
}

fn interrupted(provisioner_type: &str) -> Diagnostic {
    let summary = format!("{provisioner_type} provisioner error");
    Diagnostic::error(summary, "The run was interrupted, so that the provisioner was stopped.")
}

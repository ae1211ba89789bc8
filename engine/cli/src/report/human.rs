//! The report for people.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use terrane_apply::{ApplyEvent, EventSink};
use terrane_model::{Diagnostics, SourceMap};
use terrane_plan::ephemeral::EphemeralEvent;
use terrane_plan::{
    ActionInvocation, ChangeCounts, CriticalPath, InvocationCause, Plan, PlanEvent, PlanEvents, PlanMode,
    ProviderPool, ResourceChange,
};
use terrane_provider::ImportTarget;
use terrane_state::StateSnapshot;

use super::Report;
use super::invoked_actions::InvokedActions;
use super::wording::{elapsed_text, ephemeral_words, id_of};
use crate::args::ParsedFlags;
use crate::context::Context;
use crate::terminal::{Style, Terminal};
use crate::view::human::diagnostic::render_all;
use crate::view::human::paint::Paint;
use crate::view::human::plan::{expected_duration, render_plan};
use crate::view::human::progress::{Progress, id_text, subject};
use crate::view::human::wrap::wrap;

/// Writes what people read.
pub struct HumanReport {
    terminal: Arc<Terminal>,
    compact_warnings: bool,
    /// Whether to leave out what to do next, since a program decides that.
    in_automation: bool,
    /// Whether to leave out what is only looked at.
    is_concise: bool,
    /// Whether to show what is sensitive.
    shows_sensitive: bool,
    progress: Mutex<Progress>,
    actions: InvokedActions,
}

impl HumanReport {
    /// Makes a report.
    pub fn new(context: &Context, flags: &ParsedFlags) -> Self {
        Self {
            terminal: Arc::clone(&context.terminal),
            compact_warnings: flags.switch("compact-warnings", false),
            in_automation: context.variable("TF_IN_AUTOMATION").is_some(),
            is_concise: flags.switch("concise", false),
            shows_sensitive: flags.switch("show-sensitive", false),
            progress: Mutex::new(Progress::new(Instant::now())),
            actions: InvokedActions::default(),
        }
    }

    fn ephemeral(&self, event: EphemeralEvent<'_>) {
        let (going_on, done) = ephemeral_words(event.action);
        let address = event.address;
        match event.ended {
            None => self.bold_line(&format!("{address}: {going_on}")),
            Some((elapsed, true)) => {
                self.bold_line(&format!("{address}: {done} after {}", elapsed_text(elapsed)));
            }
            Some((_, false)) => {}
        }
    }

    fn bold_line(&self, text: &str) {
        self.terminal.line(&self.terminal.style(Style::Bold, text));
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what is under way now, where that is shown already: what ends at once need not be.
    fn renew_live(&self) {
        if self.terminal.is_live() {
            self.show_live();
        }
    }

    fn show_live(&self) {
        if self.terminal.shows_live {
            let lines = self.progress().live(Instant::now(), Paint::of(&self.terminal));
            self.terminal.show_live(lines);
        }
    }
}

impl Report for HumanReport {
    fn diagnostics(&self, diagnostics: &Diagnostics, sources: &SourceMap) {
        render_all(diagnostics, sources, &self.terminal, self.compact_warnings);
    }

    fn plan(&self, plan: &Plan, providers: &ProviderPool) {
        self.terminal.text(&render_plan(plan, providers, &self.terminal, self.shows_sensitive));
    }

    fn expected(&self, path: &CriticalPath) {
        if let Some(text) = expected_duration(path) {
            self.terminal.text(&text);
        }
    }

    fn begin(&self, plan: &Plan) {
        self.progress().begin(plan, Instant::now());
    }

    fn end(&self) {
        self.terminal.show_live(Vec::new());
    }

    fn applied(&self, mode: PlanMode, counts: ChangeCounts) {
        let ChangeCounts { add, change, remove, import, .. } = counts;
        let text = if mode == PlanMode::Destroy {
            format!("Destroy complete! Resources: {remove} destroyed.")
        } else if import > 0 {
            format!(
                "Apply complete! Resources: {import} imported, {add} added, {change} changed, {remove} destroyed."
            )
        } else {
            format!("Apply complete! Resources: {add} added, {change} changed, {remove} destroyed.")
        };
        let text = text + &self.actions.text();
        self.terminal.line(&format!("\n{}", self.terminal.style(Style::BoldGreen, &text)));
    }

    fn outputs(&self, state: &StateSnapshot) {
        if state.outputs.is_empty() {
            return;
        }
        self.terminal.line(&format!("\n{}\n", self.terminal.style(Style::BoldGreen, "Outputs:")));
        for (name, output) in &state.outputs {
            let value = if output.sensitive && !self.shows_sensitive {
                "<sensitive>".to_owned()
            } else {
                crate::view::human::value::format_value(&output.value, 0)
            };
            self.terminal.line(&format!("{name} = {value}"));
        }
    }

    fn notice(&self, text: &str) {
        self.terminal.line(text);
    }

    fn hint(&self, text: &str) {
        if self.in_automation {
            return;
        }
        let columns = self.terminal.columns.saturating_sub(1);
        let rule = self.terminal.style(Style::Dim, &"─".repeat(columns));
        self.terminal.line(&format!("\n{rule}\n\n{}", wrap(text, columns)));
    }

    fn tick(&self) {
        let lines = self.progress().overdue(Instant::now());
        for line in lines {
            self.bold_line(&line);
        }
        self.show_live();
    }
}

impl PlanEvents for HumanReport {
    fn event(&self, event: PlanEvent<'_>) {
        let line = match event {
            PlanEvent::Refreshing { .. } | PlanEvent::Reading { .. } | PlanEvent::Read { .. }
                if self.is_concise =>
            {
                return;
            }
            PlanEvent::Refreshing { address, deposed, value } => {
                format!("{}: Refreshing state...{}", subject(address, deposed), id_text(value))
            }
            PlanEvent::Reading { address } => format!("{address}: Reading..."),
            PlanEvent::Read { address, value, elapsed } => {
                format!("{address}: Read complete after {}{}", elapsed_text(elapsed), id_text(value))
            }
            PlanEvent::Ephemeral(event) => return self.ephemeral(event),
            PlanEvent::Importing { address, id, by_command: true } => {
                format!("{address}: Importing from ID {id:?}...")
            }
            PlanEvent::Importing { address, id, by_command: false } => {
                format!("{address}: Preparing import... [id={id}]")
            }
            PlanEvent::Imported { address, by_command: true, .. } => {
                let type_name = &address.resource.resource_type;
                let text = format!("{address}: Import prepared!\n  Prepared {type_name} for import");
                return self.terminal.line(&self.terminal.style(Style::BoldGreen, &text));
            }
            PlanEvent::Refreshed { .. } | PlanEvent::Imported { by_command: false, .. } => return,
        };
        self.bold_line(&line);
    }
}

impl EventSink for HumanReport {
    fn event(&self, event: ApplyEvent<'_>) {
        let now = Instant::now();
        match event {
            ApplyEvent::Started { change, action, deposed, expected } => {
                let line = self.progress().start(change, action, deposed, expected, now);
                self.bold_line(&line);
            }
            ApplyEvent::Ephemeral(event) => self.ephemeral(event),
            ApplyEvent::Imported { change } => {
                let id = import_id(change);
                self.bold_line(&format!("{}: Importing... [{id}]", change.address));
                self.bold_line(&format!("{}: Import complete [{id}]", change.address));
            }
            ApplyEvent::Progress { address, update } => self.progress().update(address, update),
            ApplyEvent::Provisioning { address, provisioner } => {
                self.bold_line(&format!("{address}: Provisioning with '{provisioner}'..."));
            }
            ApplyEvent::ProvisionerOutput { address, provisioner, text } => {
                let prefix = self.terminal.style(Style::Bold, &format!("{address} ({provisioner}):"));
                for line in text.lines() {
                    self.terminal.line(&format!("{prefix} {line}"));
                }
            }
            ApplyEvent::Provisioned { .. } => {}
            ApplyEvent::ActionStarted { invocation } => {
                self.bold_line(&format!("Action started: {}", invocation_subject(invocation)));
            }
            ApplyEvent::ActionProgress { invocation, message } => {
                let subject = format!("Action {}:", invocation_subject(invocation));
                self.terminal.line(&format!("{} {message}", self.terminal.style(Style::Bold, &subject)));
            }
            ApplyEvent::ActionEnded { invocation, error } => {
                self.actions.add(error.is_some());
                let subject = invocation_subject(invocation);
                let text = match error {
                    None => self.terminal.style(Style::BoldGreen, &format!("Action complete: {subject}")),
                    Some(error) => {
                        self.terminal.style(Style::BoldRed, &format!("Action failed: {subject} - {error}"))
                    }
                };
                self.terminal.line(&text);
            }
            ApplyEvent::Finished { change, action, value } => {
                let line = self.progress().finish(change, action, value, now);
                self.renew_live();
                self.bold_line(&line);
            }
            ApplyEvent::Failed { change, action } => {
                self.progress().end(&change.address, action, now);
                self.renew_live();
            }
        }
    }
}

/// Returns how people are told which action is invoked, and why.
fn invocation_subject(invocation: &ActionInvocation) -> String {
    let address = &invocation.address;
    match &invocation.cause {
        InvocationCause::Trigger(trigger) => format!("{address} (triggered by {})", trigger.resource),
        InvocationCause::Command { caller: None } => format!("{address} (triggered by CLI)"),
        InvocationCause::Command { caller: Some(caller) } => {
            format!("{address} (triggered by CLI, called from {caller})")
        }
    }
}

/// Returns how people are told which object was imported.
fn import_id(change: &ResourceChange) -> String {
    match change.importing.as_ref().map(|importing| &importing.target) {
        Some(ImportTarget::Id(id)) => format!("id={id}"),
        _ => id_of(&change.change.before).map(|(key, id)| format!("{key}={id}")).unwrap_or_default(),
    }
}

//! The machine-readable UI, version 1.2: one JSON object per line, as Terraform's `-json` flag gives it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use terrane_apply::{ApplyEvent, EventSink};
use terrane_model::{Diagnostics, ResourceInstanceAddress, SourceMap, Value};
use terrane_plan::ephemeral::{EphemeralAction, EphemeralEvent};
use terrane_plan::{
    Action, ChangeCounts, Plan, PlanEvent, PlanEvents, PlanMode, ProviderPool, ResourceChange,
};
use terrane_state::StateSnapshot;

use super::Report;
use super::action_lines::{self, ActionLine};
use super::invoked_actions::InvokedActions;
use super::ui_lines::{LineSink, UiLines};
use super::wording::{complete, elapsed_text, ephemeral_words, errored, id_of, progressing, starting};
use crate::view::json::resources::key_json;
use crate::view::json::state_v1::{type_json, value_json};
use crate::view::json::writer::ObjectWriter;

/// How often something that takes long is reported.
const PROGRESS_PERIOD: Duration = Duration::from_secs(10);

/// Writes lines of JSON.
pub struct MachineReport {
    lines: UiLines,
    running: Mutex<FxHashMap<(ResourceInstanceAddress, Action), Running>>,
    actions: InvokedActions,
}

/// Something under way.
struct Running {
    started: Instant,
    /// How many periods were reported.
    reported: u32,
}

impl MachineReport {
    /// Makes a report, and writes the line that says which version writes it.
    pub fn new(sink: LineSink) -> Self {
        let lines = UiLines::begin(sink);
        Self { lines, running: Mutex::new(FxHashMap::default()), actions: InvokedActions::default() }
    }

    fn line(&self, level: &str, message: &str, kind: &str, fill: impl FnOnce(&mut ObjectWriter)) {
        self.lines.write(level, message, kind, &[], fill);
    }

    /// Writes where `init` is in its work; `code` names the message.
    pub fn init_output(&self, code: &str, message: &str) {
        self.line("info", message, "init_output", |line| {
            line.text("message_code", code);
        });
    }

    /// Writes something that programs only pass on.
    pub fn log(&self, message: &str) {
        self.line("info", message, "log", |_| {});
    }

    fn hook(
        &self,
        kind: &str,
        message: &str,
        address: &ResourceInstanceAddress,
        fill: impl FnOnce(&mut ObjectWriter),
    ) {
        let mut hook = ObjectWriter::new();
        hook.raw("resource", &resource_json(address));
        fill(&mut hook);
        let message = format!("{address}: {message}");
        self.line("info", &message, kind, |line| {
            line.raw("hook", &hook.finish());
        });
    }

    fn ephemeral(&self, event: EphemeralEvent<'_>) {
        let (going_on, done) = ephemeral_words(event.action);
        let action = match event.action {
            EphemeralAction::Open => "open",
            EphemeralAction::Renew => "renew",
            EphemeralAction::Close => "close",
        };
        let (kind, message) = match event.ended {
            None => ("ephemeral_op_start", going_on.to_owned()),
            Some((elapsed, true)) => {
                ("ephemeral_op_complete", format!("{done} after {}", elapsed_text(elapsed)))
            }
            Some((elapsed, false)) => {
                let what = done.trim_end_matches(" complete");
                ("ephemeral_op_errored", format!("{what} errored after {}", elapsed_text(elapsed)))
            }
        };
        self.hook(kind, &message, event.address, |hook| {
            hook.text("action", action);
            if let Some((elapsed, _)) = event.ended {
                hook.raw("elapsed_seconds", &elapsed.as_secs().to_string());
            }
        });
    }

    fn action(&self, line: &ActionLine) {
        let (name, json) = &line.content;
        self.line("info", &line.message, line.kind, |writer| {
            writer.raw(name, json);
        });
    }

    fn summary(&self, text: &str, counts: ChangeCounts, (invoked, failed): (usize, usize), operation: &str) {
        let mut changes = ObjectWriter::new();
        let mut number = |name: &str, count: usize| {
            changes.raw(name, &count.to_string());
        };
        number("add", counts.add);
        number("change", counts.change);
        number("import", counts.import);
        number("remove", counts.remove);
        // Programs that were made for Terraform 1.11 do not know these.
        if invoked > 0 {
            number("action_invocation", invoked);
            number("action_fail", failed);
        }
        changes.text("operation", operation);
        self.line("info", text, "change_summary", |line| {
            line.raw("changes", &changes.finish());
        });
    }

    fn change_line(&self, change: &ResourceChange, kind: &str) {
        let mut json = ObjectWriter::new();
        json.raw("resource", &resource_json(&change.address));
        if change.is_moved() {
            json.raw("previous_resource", &resource_json(&change.previous_address));
        }
        json.text("action", change_name(change));
        if let Some(reason) = change.reason {
            json.text("reason", machine_reason(reason.name()));
        }
        if let Some(importing) = &change.importing {
            let mut import = ObjectWriter::new();
            if let terrane_provider::ImportTarget::Id(id) = &importing.target {
                import.text("id", id);
            }
            json.raw("importing", &import.finish());
        }
        if let Some(config) = &change.generated_config {
            json.text("generated_config", config);
        }
        let text = if kind == "resource_drift" {
            format!("{}: Drift detected ({})", change.address, change_name(change))
        } else if change.importing.is_some() && change.change.action == Action::NoOp {
            format!("{}: Plan to import", change.address)
        } else {
            format!("{}: Plan to {}", change.address, change_name(change))
        };
        self.line("info", &text, kind, |line| {
            line.raw("change", &json.finish());
        });
    }

    fn take(&self, address: &ResourceInstanceAddress, action: Action) -> Duration {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&(address.clone(), action)).map_or(Duration::ZERO, |running| running.started.elapsed())
    }
}

impl Report for MachineReport {
    fn diagnostics(&self, diagnostics: &Diagnostics, sources: &SourceMap) {
        self.lines.diagnostics(diagnostics, sources, &[]);
    }

    fn plan(&self, plan: &Plan, _providers: &ProviderPool) {
        for change in plan.resource_drift.iter().filter(|change| change.change.action != Action::NoOp) {
            self.change_line(change, "resource_drift");
        }
        for change in plan.resource_changes.iter().filter(|change| change.is_noteworthy()) {
            self.change_line(change, "planned_change");
        }
        plan.action_invocations.iter().for_each(|invocation| self.action(&action_lines::planned(invocation)));
        let counts = plan.counts();
        let mut text = "Plan: ".to_owned();
        if counts.import > 0 {
            text.push_str(&format!("{} to import, ", counts.import));
        }
        text.push_str(&format!(
            "{} to add, {} to change, {} to destroy.",
            counts.add, counts.change, counts.remove
        ));
        let invoked = plan.action_invocations.len();
        if invoked > 0 {
            text.push_str(&format!(" Actions: {invoked} to invoke."));
        }
        self.summary(&text, counts, (invoked, 0), "plan");
        if plan.output_changes.is_empty() {
            return;
        }
        let mut outputs = ObjectWriter::new();
        for (name, output) in &plan.output_changes {
            let mut entry = ObjectWriter::new();
            entry.flag("sensitive", output.sensitive).text("action", action_name(output.change.action));
            outputs.raw(name, &entry.finish());
        }
        let text = format!("Outputs: {}", plan.output_changes.len());
        self.line("info", &text, "outputs", |line| {
            line.raw("outputs", &outputs.finish());
        });
    }

    fn applied(&self, mode: PlanMode, counts: ChangeCounts) {
        if mode == PlanMode::Destroy {
            let invoked = self.actions.text();
            let text = format!("Destroy complete! Resources: {} destroyed.{invoked}", counts.remove);
            return self.summary(&text, counts, self.actions.counts(), "destroy");
        }
        let mut text = "Apply complete! Resources: ".to_owned();
        if counts.import > 0 {
            text.push_str(&format!("{} imported, ", counts.import));
        }
        let ChangeCounts { add, change, remove, .. } = counts;
        text.push_str(&format!("{add} added, {change} changed, {remove} destroyed."));
        text.push_str(&self.actions.text());
        self.summary(&text, counts, self.actions.counts(), "apply");
    }

    fn outputs(&self, state: &StateSnapshot) {
        let mut outputs = ObjectWriter::new();
        for (name, output) in &state.outputs {
            let mut entry = ObjectWriter::new();
            entry.flag("sensitive", output.sensitive);
            entry.raw("type", &type_json(&output.value.ty()));
            if !output.sensitive {
                entry.raw("value", &value_json(&output.value));
            }
            outputs.raw(name, &entry.finish());
        }
        let text = format!("Outputs: {}", state.outputs.len());
        self.line("info", &text, "outputs", |line| {
            line.raw("outputs", &outputs.finish());
        });
    }

    fn notice(&self, text: &str) {
        self.line("info", text.trim(), "log", |_| {});
    }

    fn hint(&self, _text: &str) {}

    fn tick(&self) {
        let mut lines = Vec::new();
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::iter_over_hash_type, reason = "the lines are sorted below")]
        for ((address, action), running) in &mut *running {
            let elapsed = running.started.elapsed();
            if elapsed >= PROGRESS_PERIOD * (running.reported + 1) {
                running.reported += 1;
                lines.push((address.clone(), *action, elapsed));
            }
        }
        drop(running);
        lines.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        for (address, action, elapsed) in lines {
            let message = format!("{} [{} elapsed]", progressing(action), elapsed_text(elapsed));
            self.hook("apply_progress", &message, &address, |hook| {
                hook.text("action", action_name(action))
                    .raw("elapsed_seconds", &elapsed.as_secs().to_string());
            });
        }
    }
}

impl PlanEvents for MachineReport {
    fn event(&self, event: PlanEvent<'_>) {
        match event {
            PlanEvent::Refreshing { address, value, .. } => {
                let message = format!("Refreshing state...{}", id_text(value));
                self.hook("refresh_start", &message, address, |hook| add_id(hook, value));
            }
            PlanEvent::Refreshed { address, value, .. } => {
                let message = format!("Refresh complete{}", id_text(value));
                self.hook("refresh_complete", &message, address, |hook| add_id(hook, value));
            }
            PlanEvent::Reading { address } => {
                self.hook("apply_start", "Refreshing...", address, |hook| {
                    hook.text("action", "read");
                });
            }
            PlanEvent::Read { address, value, elapsed } => {
                let message = format!("Refresh complete after {}{}", elapsed_text(elapsed), id_text(value));
                self.hook("apply_complete", &message, address, |hook| {
                    hook.text("action", "read");
                    add_id(hook, value);
                    hook.raw("elapsed_seconds", &elapsed.as_secs().to_string());
                });
            }
            PlanEvent::Ephemeral(event) => self.ephemeral(event),
            // Terraform's machine-readable UI has no words for imports.
            PlanEvent::Importing { .. } | PlanEvent::Imported { .. } => {}
        }
    }
}

impl EventSink for MachineReport {
    fn event(&self, event: ApplyEvent<'_>) {
        match event {
            ApplyEvent::Started { change, action, .. } => {
                let running = Running { started: Instant::now(), reported: 0 };
                self.running
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert((change.address.clone(), action), running);
                let before = &change.change.before;
                let id = if action == Action::Create { String::new() } else { id_text(before) };
                let message = format!("{}{id}", machine_starting(action));
                self.hook("apply_start", &message, &change.address, |hook| {
                    hook.text("action", action_name(action));
                    if action != Action::Create {
                        add_id(hook, before);
                    }
                });
            }
            ApplyEvent::Ephemeral(event) => self.ephemeral(event),
            ApplyEvent::Imported { .. } | ApplyEvent::Progress { .. } => {}
            ApplyEvent::Provisioning { address, provisioner } => {
                let message = format!("Provisioning with '{provisioner}'...");
                self.hook("provision_start", &message, address, |hook| {
                    hook.text("provisioner", provisioner);
                });
            }
            ApplyEvent::ProvisionerOutput { address, provisioner, text } => {
                for line in text.lines() {
                    let message = format!("({provisioner}): {line}");
                    self.hook("provision_progress", &message, address, |hook| {
                        hook.text("provisioner", provisioner).text("output", line);
                    });
                }
            }
            ApplyEvent::Provisioned { address, provisioner, failed } => {
                let (kind, word) = if failed {
                    ("provision_errored", "errored")
                } else {
                    ("provision_complete", "complete")
                };
                let message = format!("({provisioner}) Provisioning {word}");
                self.hook(kind, &message, address, |hook| {
                    hook.text("provisioner", provisioner);
                });
            }
            ApplyEvent::ActionStarted { invocation } => self.action(&action_lines::started(invocation)),
            ApplyEvent::ActionProgress { invocation, message } => {
                self.action(&action_lines::progress(invocation, message));
            }
            ApplyEvent::ActionEnded { invocation, error } => {
                self.actions.add(error.is_some());
                self.action(&action_lines::ended(invocation, error));
            }
            ApplyEvent::Finished { change, action, value } => {
                let elapsed = self.take(&change.address, action);
                let id = value.map(id_text).unwrap_or_default();
                let message = format!("{} after {}{id}", machine_complete(action), elapsed_text(elapsed));
                self.hook("apply_complete", &message, &change.address, |hook| {
                    hook.text("action", action_name(action));
                    if let Some(value) = value {
                        add_id(hook, value);
                    }
                    hook.raw("elapsed_seconds", &elapsed.as_secs().to_string());
                });
            }
            ApplyEvent::Failed { change, action } => {
                let elapsed = self.take(&change.address, action);
                let message = format!("{} after {}", errored(action), elapsed_text(elapsed));
                self.hook("apply_errored", &message, &change.address, |hook| {
                    hook.text("action", action_name(action));
                    hook.raw("elapsed_seconds", &elapsed.as_secs().to_string());
                });
            }
        }
    }
}

fn machine_starting(action: Action) -> &'static str {
    if action == Action::Read { "Refreshing..." } else { starting(action) }
}

fn machine_complete(action: Action) -> &'static str {
    if action == Action::Read { "Refresh complete" } else { complete(action) }
}

fn id_text(value: &Value) -> String {
    id_of(value).map_or_else(String::new, |(key, id)| format!(" [{key}={id}]"))
}

fn add_id(hook: &mut ObjectWriter, value: &Value) {
    if let Some((key, id)) = id_of(value) {
        hook.text("id_key", key).text("id_value", &id);
    }
}

/// Writes what an address consists of.
pub(super) fn resource_json(address: &ResourceInstanceAddress) -> String {
    let resource = &address.resource;
    let mut json = ObjectWriter::new();
    json.text("addr", &address.to_string());
    json.text("module", &address.module.to_string());
    let within = ResourceInstanceAddress { module: terrane_model::ModuleInstance::root(), ..address.clone() };
    json.text("resource", &within.to_string());
    json.text("implied_provider", resource.resource_type.split('_').next().unwrap_or_default());
    json.text("resource_type", &resource.resource_type);
    json.text("resource_name", &resource.name);
    json.raw("resource_key", &address.key.as_ref().map_or_else(|| "null".to_owned(), key_json));
    json.finish()
}

fn change_name(change: &ResourceChange) -> &'static str {
    match change.change.action {
        Action::NoOp if change.is_moved() => "move",
        Action::NoOp if change.importing.is_some() => "import",
        action => action_name(action),
    }
}

fn action_name(action: Action) -> &'static str {
    match action {
        Action::NoOp => "noop",
        Action::Create => "create",
        Action::Read => "read",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::DeleteThenCreate | Action::CreateThenDelete | Action::CreateThenForget => "replace",
        Action::Forget => "remove",
    }
}

/// The machine-readable UI has shorter names for some reasons.
fn machine_reason(name: &str) -> &str {
    match name {
        "replace_because_tainted" => "tainted",
        "replace_by_request" => "requested",
        "replace_by_triggers" => "replace_by_triggers",
        "replace_because_cannot_update" => "cannot_update",
        other => other,
    }
}

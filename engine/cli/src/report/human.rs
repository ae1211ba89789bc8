//! The report for people.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use terrane_apply::{ApplyEvent, EventSink};
use terrane_model::{Diagnostics, ResourceInstanceAddress, SourceMap, Value};
use terrane_plan::ephemeral::EphemeralEvent;
use terrane_plan::{Action, ChangeCounts, Plan, PlanEvent, PlanEvents, PlanMode, ProviderPool};
use terrane_state::StateSnapshot;

use super::Report;
use super::wording::{complete, elapsed_text, ephemeral_words, id_of, progressing, starting};
use crate::terminal::{Style, Terminal};
use crate::view::human::diagnostic::render_all;
use crate::view::human::plan::{PlanView, render_plan};

/// How often something that takes long is reported.
const PROGRESS_PERIOD: Duration = Duration::from_secs(10);

/// Writes what people read.
pub struct HumanReport {
    terminal: Arc<Terminal>,
    compact_warnings: bool,
    running: Mutex<FxHashMap<ResourceInstanceAddress, Running>>,
}

/// Something under way.
struct Running {
    action: Action,
    id: String,
    started: Instant,
    /// How many periods were reported.
    reported: u32,
}

impl HumanReport {
    /// Makes a report.
    pub fn new(terminal: Arc<Terminal>, compact_warnings: bool) -> Self {
        Self { terminal, compact_warnings, running: Mutex::new(FxHashMap::default()) }
    }

    fn ephemeral(&self, event: EphemeralEvent<'_>) {
        let (going_on, done) = ephemeral_words(event.action);
        match event.ended {
            None => self.about(event.address, going_on),
            Some((elapsed, true)) => {
                self.about(event.address, &format!("{done} after {}", elapsed_text(elapsed)));
            }
            Some((_, false)) => {}
        }
    }

    fn about(&self, address: &ResourceInstanceAddress, text: &str) {
        self.terminal.line(&self.terminal.style(Style::Bold, &format!("{address}: {text}")));
    }
}

impl Report for HumanReport {
    fn diagnostics(&self, diagnostics: &Diagnostics, sources: &SourceMap) {
        render_all(diagnostics, sources, &self.terminal, self.compact_warnings);
    }

    fn plan(&self, plan: &Plan, providers: &ProviderPool) {
        let view = PlanView { plan, providers, in_automation: false };
        self.terminal.text(&render_plan(&view, &self.terminal));
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
        self.terminal.line(&format!("\n{}", self.terminal.style(Style::BoldGreen, &text)));
    }

    fn outputs(&self, state: &StateSnapshot) {
        if state.outputs.is_empty() {
            return;
        }
        self.terminal.line(&format!("\n{}\n", self.terminal.style(Style::BoldGreen, "Outputs:")));
        for (name, output) in &state.outputs {
            let value = if output.sensitive {
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
        self.terminal.line(text);
    }

    fn tick(&self) {
        let mut lines = Vec::new();
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::iter_over_hash_type, reason = "the lines are sorted below")]
        for (address, running) in &mut *running {
            let elapsed = running.started.elapsed();
            if elapsed >= PROGRESS_PERIOD * (running.reported + 1) {
                running.reported += 1;
                let id = if running.id.is_empty() { String::new() } else { format!("{}, ", running.id) };
                let elapsed = elapsed_text(elapsed);
                lines.push((
                    address.clone(),
                    format!("{} [{id}{elapsed} elapsed]", progressing(running.action)),
                ));
            }
        }
        drop(running);
        lines.sort();
        for (address, text) in lines {
            self.about(&address, &text);
        }
    }
}

impl PlanEvents for HumanReport {
    fn event(&self, event: PlanEvent<'_>) {
        match event {
            PlanEvent::Refreshing { address, value, .. } => {
                self.about(address, &format!("Refreshing state...{}", id_text(value)));
            }
            PlanEvent::Refreshed { .. } => {}
            PlanEvent::Reading { address } => self.about(address, "Reading..."),
            PlanEvent::Read { address, value, elapsed } => {
                let id = value.map(id_text).unwrap_or_default();
                self.about(address, &format!("Read complete after {}{id}", elapsed_text(elapsed)));
            }
            PlanEvent::Ephemeral(event) => self.ephemeral(event),
            PlanEvent::Importing { address, id, by_command: true } => {
                self.about(address, &format!("Importing from ID {id:?}..."));
            }
            PlanEvent::Importing { address, id, by_command: false } => {
                self.about(address, &format!("Preparing import... [id={id}]"));
            }
            PlanEvent::Imported { address, by_command: true, .. } => {
                let type_name = &address.resource.resource_type;
                let text = format!("{address}: Import prepared!\n  Prepared {type_name} for import");
                self.terminal.line(&self.terminal.style(Style::BoldGreen, &text));
            }
            PlanEvent::Imported { by_command: false, .. } => {}
        }
    }
}

impl EventSink for HumanReport {
    fn event(&self, event: ApplyEvent<'_>) {
        match event {
            ApplyEvent::Started { change, action, .. } => {
                let id =
                    if action == Action::Create { String::new() } else { id_text(&change.change.before) };
                self.about(&change.address, &format!("{}{id}", starting(action)));
                let id = id.trim().trim_start_matches('[').trim_end_matches(']').to_owned();
                let running = Running { action, id, started: Instant::now(), reported: 0 };
                self.running
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(change.address.clone(), running);
            }
            ApplyEvent::Ephemeral(event) => self.ephemeral(event),
            ApplyEvent::Imported { change } => {
                let id = import_id(change);
                self.about(&change.address, &format!("Importing... [{id}]"));
                self.about(&change.address, &format!("Import complete [{id}]"));
            }
            ApplyEvent::Progress { .. }
            | ApplyEvent::ProvisionFinished { .. }
            | ApplyEvent::ProvisionFailed { .. } => {}
            ApplyEvent::ProvisionStarted { address, provisioner_type } => {
                self.about(address, &format!("Provisioning with '{provisioner_type}'..."));
            }
            ApplyEvent::ProvisionOutput { address, provisioner_type, text } => {
                let origin = self.terminal.style(Style::Bold, &format!("{address} ({provisioner_type}):"));
                self.terminal.line(&format!("{origin} {text}"));
            }
            ApplyEvent::Finished { change, action, value } => {
                let running =
                    self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&change.address);
                let elapsed = running.map_or(Duration::ZERO, |running| running.started.elapsed());
                let id = value.map(id_text).unwrap_or_default();
                self.about(
                    &change.address,
                    &format!("{} after {}{id}", complete(action), elapsed_text(elapsed)),
                );
            }
            ApplyEvent::Failed { change, .. } => {
                self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&change.address);
            }
        }
    }
}

/// Returns how people are told which object was imported.
fn import_id(change: &terrane_plan::ResourceChange) -> String {
    match change.importing.as_ref().map(|importing| &importing.target) {
        Some(terrane_provider::ImportTarget::Id(id)) => format!("id={id}"),
        _ => id_of(&change.change.before).map(|(key, id)| format!("{key}={id}")).unwrap_or_default(),
    }
}

fn id_text(value: &Value) -> String {
    id_of(value).map_or_else(String::new, |(key, id)| format!(" [{key}={id}]"))
}

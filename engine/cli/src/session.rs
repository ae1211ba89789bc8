//! Access to the state of the working directory: backend, workspace, lock, and what an interrupted run left.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use terrane_model::{Diagnostic, Diagnostics};
use terrane_state::{
    DEFAULT_WORKSPACE, LockInfo, LockRequest, OnConflict, Recovery, StateBackend, StateSnapshot, StateStore,
    StoreOptions, current_user, lock_within, peek,
};

use crate::args::ParsedFlags;
use crate::backend::selected;
use crate::context::Context;
use crate::project::TERRAFORM_VERSION;

/// Runs something that waits, on the runtime of the process.
pub fn block_on<F: Future>(future: F) -> F::Output {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("the system lets the process have threads and an event queue")
    });
    runtime.block_on(future)
}

/// Where a command finds the state, and how it gets at it.
pub struct Session {
    /// Keeps the states.
    pub backend: Arc<dyn StateBackend>,
    /// The selected workspace.
    pub workspace: String,
    journal: std::path::PathBuf,
    lock: Option<LockInfo>,
}

impl Session {
    /// Finds the backend and the workspace. Touches no state.
    ///
    /// # Errors
    /// When the selected workspace has no valid name, or `init` has to choose the backend first.
    pub fn find(context: &Context, flags: &ParsedFlags) -> Result<Self, Diagnostics> {
        let selected = selected(context)?;
        let workspace = selected_workspace(context);
        if let Err(error) = terrane_state::check_workspace_name(&workspace) {
            return Err(Diagnostic::error("Invalid workspace name", format!("{error}")).into());
        }
        let backend = selected.kind.open(&context.environment, flags, &selected.config)?;
        let journal = backend.journal_path(&workspace, &context.data_directory());
        Ok(Self { backend, workspace, journal, lock: None })
    }

    /// Reads the state without lock, with what a run that goes on has done so far.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<StateSnapshot, Diagnostics> {
        let content =
            block_on(self.backend.read(&self.workspace)).map_err(|error| state_error(&error.to_string()))?;
        let journal = std::fs::read(&self.journal).ok();
        peek(&content, journal.as_deref()).map_err(|error| state_error(&error.to_string()))
    }

    /// Gets the state's lock, unless the flags say otherwise.
    ///
    /// # Errors
    /// When somebody else holds it.
    pub fn lock(&mut self, flags: &ParsedFlags, operation: &str) -> Result<(), Diagnostics> {
        if !flags.switch("lock", true) {
            return Ok(());
        }
        let limit = match flags.text("lock-timeout").map(parse_duration) {
            None => Duration::ZERO,
            Some(Some(limit)) => limit,
            Some(None) => {
                let detail = "The -lock-timeout option takes a duration such as \"30s\" or \"5m\".";
                return Err(Diagnostic::error("Invalid lock timeout", detail).into());
            }
        };
        let request = LockRequest {
            operation: operation.to_owned(),
            info: String::new(),
            who: current_user(),
            version: TERRAFORM_VERSION.to_owned(),
        };
        let wait = |delay: Duration| tokio::time::sleep(delay);
        let locked = block_on(lock_within(&*self.backend, &self.workspace, &request, limit, wait));
        self.lock = Some(locked.map_err(|error| Diagnostics::from(error.to_diagnostic()))?);
        Ok(())
    }

    /// Opens the state for changing; the lock is held by now.
    ///
    /// # Errors
    /// When the state is damaged, or an interrupted run's journal cannot be taken over.
    pub fn open(&self) -> Result<(StateStore, Recovery), Diagnostics> {
        let content =
            block_on(self.backend.read(&self.workspace)).map_err(|error| state_error(&error.to_string()))?;
        let options = StoreOptions {
            journal_path: self.journal.clone(),
            terraform_version: TERRAFORM_VERSION.into(),
            on_conflict: OnConflict::Refuse,
        };
        StateStore::open(&content, options).map_err(|error| state_error(&error.to_string()))
    }

    /// Gives the lock back.
    pub fn unlock(&mut self) -> Diagnostics {
        let Some(lock) = self.lock.take() else { return Diagnostics::new() };
        match block_on(self.backend.unlock(&self.workspace, &lock.id)) {
            Ok(()) => Diagnostics::new(),
            Err(error) => error.to_diagnostic().into(),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.unlock();
    }
}

fn state_error(error: &str) -> Diagnostics {
    let detail = format!("Error reading the state: {}.", error.trim_end_matches('.'));
    Diagnostic::error("Failed to load state", detail).into()
}

/// Returns the workspace that the environment or `workspace select` has chosen.
pub fn selected_workspace(context: &Context) -> String {
    if let Some(workspace) = context.variable("TF_WORKSPACE") {
        return workspace.to_owned();
    }
    let path = context.data_directory().join("environment");
    let chosen = std::fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
    if chosen.is_empty() { DEFAULT_WORKSPACE.to_owned() } else { chosen }
}

/// Reads a duration as Go writes it: `1m30s`, `500ms`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match &rest[..unit_end] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            "us" | "µs" => 0.000_001,
            "ns" => 0.000_000_001,
            _ => return None,
        };
        total += number * seconds;
        rest = &rest[unit_end..];
    }
    (total.is_finite() && total <= 1e9).then(|| Duration::from_secs_f64(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        assert_eq!(parse_duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("0"), Some(Duration::ZERO));
        for bad in ["", "5", "s", "1x", "-1s"] {
            assert_eq!(parse_duration(bad).filter(|_| !bad.is_empty()), None, "{bad}");
        }
    }
}

//! Choosing a backend: what `init` does when the configuration asks for another one than was used so far.

use std::sync::Arc;
use std::time::Duration;

use terrane_language::config::Module;
use terrane_model::{Diagnostic, Diagnostics, SourceMap, Str};
use terrane_state::{
    DEFAULT_WORKSPACE, LockRequest, StateBackend, StateSnapshot, current_user, lock_within, read_state,
};

use super::config::{WantedBackend, block_hash, read_backend};
use super::kinds::{capitalized, find_kind};
use super::record::BackendRecord;
use super::select::Selected;
use crate::args::ParsedFlags;
use crate::context::Context;
use crate::init::progress::InitProgress;
use crate::project::TERRAFORM_VERSION;
use crate::project::early_values;
use crate::run::ask;
use crate::session::{block_on, parse_duration};

/// How a change of the backend is dealt with.
pub struct ConfigureOptions<'a> {
    /// The surroundings.
    pub context: &'a Context,
    /// The command's flags: `-backend-config`, `-reconfigure`, `-migrate-state`, `-force-copy`, `-input`, `-lock`.
    pub flags: &'a ParsedFlags,
    /// Gets told what happens.
    pub progress: &'a InitProgress,
}

impl ConfigureOptions<'_> {
    fn is_reconfiguring(&self) -> bool {
        self.flags.switch("reconfigure", false)
    }

    fn is_migrating(&self) -> bool {
        self.flags.switch("migrate-state", false) || self.forces_copy()
    }

    fn forces_copy(&self) -> bool {
        self.flags.switch("force-copy", false)
    }
}

/// Chooses the backend that the root module asks for, and takes the states along. Returns what is chosen.
///
/// # Errors
/// With everything that is in the way. The choice stays what it was then.
pub fn configure(
    options: &ConfigureOptions<'_>,
    root: Option<&Module>,
    sources: &mut Arc<SourceMap>,
) -> Result<Selected, Diagnostics> {
    let additions = options.flags.all("backend-config");
    let record = BackendRecord::read(options.context)?.filter(|_| !options.is_reconfiguring());
    let Some((root, block)) = root.and_then(|root| Some((root, root.settings.backend.as_ref()?))) else {
        if !additions.is_empty() {
            let detail = "-backend-config was used without a \"backend\" block in the configuration.\n\nIf you intended to \
                          override the default local backend configuration, no action is required, but you may add an \
                          explicit backend block to your configuration to clear this warning:\n\nterraform {\n  backend \
                          \"local\" {}\n}\n\nHowever, if you intended to override a defined backend, please verify that the \
                          backend configuration is present and valid.";
            let warning = Diagnostic::warning("Missing backend configuration", detail);
            options.progress.diagnostics(&warning.into(), sources);
        }
        return unset(options, record);
    };
    let wanted = read_backend(block, root, &early_values(options.context, root), &additions, sources)?;
    match record {
        None => set_first(options, wanted),
        Some(record) => change(options, wanted, &record, !additions.is_empty()),
    }
}

/// No block: states are kept in local files again.
fn unset(options: &ConfigureOptions<'_>, record: Option<BackendRecord>) -> Result<Selected, Diagnostics> {
    let local = Selected::implied()?;
    if let Some(record) = record {
        if !options.is_migrating() {
            return Err(must_decide().into());
        }
        let before = of_record(&record)?;
        let from = open(options, &before)?;
        let to = open(options, &local)?;
        migrate(options, (&record.kind, &*from), ("local", &*to))?;
        let text = format!(
            "\n\nSuccessfully unset the backend {:?}. Terrane will now operate locally.",
            record.kind
        );
        options.progress.success("backend_configured_unset_message", &text);
    }
    BackendRecord::remove(options.context)?;
    Ok(local)
}

/// A block where there was none.
fn set_first(options: &ConfigureOptions<'_>, wanted: WantedBackend) -> Result<Selected, Diagnostics> {
    let selected = Selected { kind: wanted.kind, config: wanted.config };
    let to = open_reachable(options, &selected)?;
    if !options.is_reconfiguring() {
        let implied = Selected::implied()?;
        let from = open(options, &implied)?;
        let is_same_place = wanted.kind.name() == "local"
            && super::kinds::local_options(&ParsedFlags::default(), &selected.config).path
                == super::kinds::local_options(&ParsedFlags::default(), &implied.config).path;
        if !is_same_place && migrate(options, ("local", &*from), (wanted.kind.name(), &*to))? {
            // The state is elsewhere now: the file here would only mislead. Its content is kept as a backup.
            block_on(from.write(DEFAULT_WORKSPACE, b"")).map_err(|error| failed(&error.to_string()))?;
        }
    }
    finish(options, selected, &wanted.written)
}

/// A block where there was one already.
fn change(
    options: &ConfigureOptions<'_>,
    wanted: WantedBackend,
    record: &BackendRecord,
    has_additions: bool,
) -> Result<Selected, Diagnostics> {
    if wanted.kind.name() == record.kind {
        let config = record.config(&wanted.kind.schema())?;
        let is_same_block = block_hash(&record.kind, &wanted.written) == record.hash;
        if is_same_block && !has_additions || config == wanted.config {
            if !is_same_block {
                BackendRecord::new(&record.kind, &config, &wanted.written).write(options.context)?;
            }
            return Ok(Selected { kind: wanted.kind, config });
        }
    }
    if !options.is_migrating() {
        return Err(must_decide().into());
    }
    if wanted.kind.name() == record.kind {
        options.progress.step(
            "backend_migrate_reconfigure",
            "Backend configuration changed!\n\nTerrane has detected that the configuration specified for the backend\nhas \
             changed. Terrane will now check for existing state in the backends.\n",
        );
    } else {
        let text = format!(
            "Terrane detected that the backend type changed from {:?} to {:?}.\n",
            record.kind,
            wanted.kind.name()
        );
        options.progress.step("backend_migrate_type_change", &text);
    }
    let before = of_record(record)?;
    let selected = Selected { kind: wanted.kind, config: wanted.config };
    let from = open(options, &before)?;
    let to = open_reachable(options, &selected)?;
    migrate(options, (&record.kind, &*from), (wanted.kind.name(), &*to))?;
    finish(options, selected, &wanted.written)
}

fn finish(
    options: &ConfigureOptions<'_>,
    selected: Selected,
    written: &terrane_model::Value,
) -> Result<Selected, Diagnostics> {
    BackendRecord::new(selected.kind.name(), &selected.config, written).write(options.context)?;
    let text = format!(
        "\nSuccessfully configured the backend {:?}! Terrane will automatically\nuse this backend unless the backend \
         configuration changes.",
        selected.kind.name()
    );
    options.progress.success("backend_configured_success_message", &text);
    Ok(selected)
}

fn of_record(record: &BackendRecord) -> Result<Selected, Diagnostics> {
    let kind = find_kind(&record.kind)?;
    let config = record.config(&kind.schema())?;
    Ok(Selected { kind, config })
}

fn open(options: &ConfigureOptions<'_>, selected: &Selected) -> Result<Arc<dyn StateBackend>, Diagnostics> {
    selected.kind.open(&options.context.environment, &ParsedFlags::default(), &selected.config)
}

/// Opens a backend that is about to be chosen. One that cannot be reached is not.
fn open_reachable(
    options: &ConfigureOptions<'_>,
    selected: &Selected,
) -> Result<Arc<dyn StateBackend>, Diagnostics> {
    let backend = open(options, selected)?;
    block_on(backend.workspaces()).map_err(|error| {
        Diagnostic::error(
            "Failed to get existing workspaces",
            format!("{}.", capitalized(&error.to_string())),
        )
    })?;
    Ok(backend)
}

fn must_decide() -> Diagnostic {
    let detail = "A change in the backend configuration has been detected, which may require migrating existing state.\n\nIf you \
                  wish to attempt automatic migration of the state, use \"terrane init -migrate-state\".\nIf you wish to store \
                  the current configuration with no changes to the state, use \"terrane init -reconfigure\".";
    Diagnostic::error("Backend configuration changed", detail)
}

fn failed(error: &str) -> Diagnostics {
    Diagnostic::error("Error migrating state", format!("{error}.")).into()
}

/// Copies states to another backend, when there are any and the user wants it. Returns whether that was done.
fn migrate(
    options: &ConfigureOptions<'_>,
    (from_name, from): (&str, &dyn StateBackend),
    (to_name, to): (&str, &dyn StateBackend),
) -> Result<bool, Diagnostics> {
    let states = states_of(from)?;
    if states.is_empty() {
        return Ok(false);
    }
    if !is_wanted(options, (from_name, &states), (to_name, to))? {
        return Ok(false);
    }
    for (workspace, _) in &states {
        copy(options, from, to, workspace)?;
    }
    Ok(true)
}

/// Returns the workspaces that have states with something in them.
fn states_of(backend: &dyn StateBackend) -> Result<Vec<(Str, Vec<u8>)>, Diagnostics> {
    let names = block_on(backend.workspaces()).map_err(|error| failed(&error.to_string()))?;
    let mut states = Vec::new();
    for workspace in names {
        let content = block_on(backend.read(&workspace)).map_err(|error| failed(&error.to_string()))?;
        if has_something(&content)? {
            states.push((workspace, content));
        }
    }
    Ok(states)
}

fn has_something(content: &[u8]) -> Result<bool, Diagnostics> {
    if content.is_empty() {
        return Ok(false);
    }
    let state: StateSnapshot = read_state(content).map_err(|error| failed(&error.to_string()))?;
    Ok(!state.resources.is_empty() || !state.outputs.is_empty())
}

fn is_wanted(
    options: &ConfigureOptions<'_>,
    (from_name, states): (&str, &[(Str, Vec<u8>)]),
    (to_name, to): (&str, &dyn StateBackend),
) -> Result<bool, Diagnostics> {
    // What is in both is perhaps one and the same, of which there cannot be two locks.
    let present = states_of(to)?;
    if present == states {
        return Ok(false);
    }
    if options.forces_copy() {
        return Ok(true);
    }
    let (question, description) = if present.is_empty() {
        (
            "Do you want to copy existing state to the new backend?",
            format!(
                "Pre-existing state was found while migrating the previous {from_name:?} backend to the\nnewly configured \
                 {to_name:?} backend. No existing state was found in the newly\nconfigured {to_name:?} backend. Do you want to \
                 copy this state to the new {to_name:?}\nbackend? Enter \"yes\" to copy and \"no\" to start with an empty state."
            ),
        )
    } else {
        (
            "Do you want to copy existing state to the new backend?",
            format!(
                "Pre-existing state was found while migrating the previous {from_name:?} backend to the\nnewly configured \
                 {to_name:?} backend. An existing non-empty state already exists in\nthe new backend. Do you want to overwrite \
                 the state in the new backend with\nthe previous state? Enter \"yes\" to copy and \"no\" to start with the \
                 existing\nstate in the newly configured {to_name:?} backend."
            ),
        )
    };
    if !options.flags.switch("input", true) || !options.context.may_ask() || options.progress.is_machine() {
        let detail = "Can't ask approval for state migration when interactive input is disabled.\n\nPlease remove the \
                      \"-input=false\" option and try again, or use \"-force-copy\".";
        return Err(Diagnostic::error("Error asking for state migration action", detail).into());
    }
    match ask::ask(options.context, question, &description).as_deref() {
        Some("yes") => Ok(true),
        Some("no") => Ok(false),
        _ => {
            let detail = "Enter \"yes\" or \"no\".";
            Err(Diagnostic::error("Error asking for state migration action", detail).into())
        }
    }
}

/// Copies one state, while nobody else can change either.
fn copy(
    options: &ConfigureOptions<'_>,
    from: &dyn StateBackend,
    to: &dyn StateBackend,
    workspace: &str,
) -> Result<(), Diagnostics> {
    let uncopied = |error: terrane_state::BackendError| {
        failed(&format!("the state of workspace {workspace:?} could not be copied: {error}"))
    };
    let is_there = block_on(to.workspaces()).map_err(uncopied)?.iter().any(|name| name == workspace);
    if !is_there {
        block_on(to.create_workspace(workspace)).map_err(uncopied)?;
    }
    let locks = Locks::take(options, (from, to), workspace)?;
    let copied = block_on(async { to.write(workspace, &from.read(workspace).await?).await });
    locks.give_back((from, to), workspace);
    copied.map_err(uncopied)
}

/// Locks on both states, for as long as one is copied.
struct Locks {
    from: Option<String>,
    to: Option<String>,
}

impl Locks {
    fn take(
        options: &ConfigureOptions<'_>,
        (from, to): (&dyn StateBackend, &dyn StateBackend),
        workspace: &str,
    ) -> Result<Self, Diagnostics> {
        if !options.flags.switch("lock", true) {
            return Ok(Self { from: None, to: None });
        }
        let limit = options.flags.text("lock-timeout").and_then(parse_duration).unwrap_or(Duration::ZERO);
        let lock = |backend: &dyn StateBackend, operation: &str| {
            let request = LockRequest {
                operation: operation.to_owned(),
                info: String::new(),
                who: current_user(),
                version: TERRAFORM_VERSION.to_owned(),
            };
            let wait = |delay: Duration| tokio::time::sleep(delay);
            let locked = block_on(lock_within(backend, workspace, &request, limit, wait));
            locked.map(|lock| lock.id).map_err(|error| Diagnostics::from(error.to_diagnostic()))
        };
        let from_id = lock(from, "migration source state")?;
        match lock(to, "migration destination state") {
            Ok(to_id) => Ok(Self { from: Some(from_id), to: Some(to_id) }),
            Err(problem) => {
                Self { from: Some(from_id), to: None }.give_back((from, to), workspace);
                Err(problem)
            }
        }
    }

    fn give_back(self, (from, to): (&dyn StateBackend, &dyn StateBackend), workspace: &str) {
        // A lock that cannot be given back is in the way of the next command, which says so.
        if let Some(id) = self.from {
            let _ = block_on(from.unlock(workspace, &id));
        }
        if let Some(id) = self.to {
            let _ = block_on(to.unlock(workspace, &id));
        }
    }
}

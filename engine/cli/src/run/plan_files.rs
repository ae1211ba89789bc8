//! Plans that outlive the process: saved by `plan -out`, carried out by `apply FILE`.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use terrane_language::config::Module;
use terrane_language::functions::FileError;
use terrane_language::modules::{ModuleResolver, ResolvedModule, SourceAddress, SourceReader};
use terrane_model::{Diagnostic, Diagnostics, ModulePath, SourceMap, Str};
use terrane_plan::plan_file::{PlanFile, read_plan_file, write_plan_file};
use terrane_plan::{PreparedConfiguration, ProviderPool};
use terrane_state::StateSnapshot;

use super::Failure;
use super::planning::PlannedRun;
use super::stages::Waiting;
use crate::args::ParsedFlags;
use crate::context::Context;
use crate::project::load_early;
use crate::registry::registry;
use crate::session::{Session, block_on, selected_workspace};
use crate::variables;

/// Writes a plan to a file that nobody else may read: plans hold secrets.
///
/// # Errors
/// When the file cannot be written.
pub fn save_plan(planned: &PlannedRun, path: &str) -> Result<(), Diagnostic> {
    let failed = |error: String| {
        let detail = format!("The plan file {path:?} could not be written: {error}.");
        Diagnostic::error("Failed to write plan file", detail)
    };
    let bytes = write_plan_file(&plan_file(planned)).map_err(|error| failed(error.to_string()))?;
    write_private(Path::new(path), &bytes).map_err(|error| failed(error.to_string()))
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn plan_file(planned: &PlannedRun) -> PlanFile {
    let tree = &planned.configuration.tree;
    let ephemeral = &planned.plan.ephemeral_variables;
    let given = planned.given.iter().filter(|(name, _)| !ephemeral.contains(name));
    let modules = tree
        .nodes()
        .filter(|(_, node)| !node.path.is_root())
        .map(|(_, node)| (module_key(&node.path), (node.directory.clone(), node.version.clone())));
    let files = planned.sources.files().map(|(_, file)| (file.path().to_owned(), file.text().to_string()));
    PlanFile {
        plan: planned.plan.clone(),
        given: given.map(|(name, given)| (name.clone(), given.clone())).collect(),
        files: files.filter(|(path, _)| !path.starts_with('<') && !is_values_file(path)).collect(),
        modules: modules.collect(),
        workspace: planned.session.workspace.clone(),
    }
}

/// Files of values are in the plan as values.
fn is_values_file(path: &str) -> bool {
    path.ends_with(".tfvars") || path.ends_with(".tfvars.json")
}

fn module_key(path: &ModulePath) -> String {
    path.calls().iter().map(Str::as_str).collect::<Vec<_>>().join(".")
}

/// Reads a plan file.
///
/// # Errors
/// When there is none, or it is damaged.
pub fn read_plan(path: &str) -> Result<PlanFile, Diagnostic> {
    let bytes = std::fs::read(path).map_err(|error| {
        let detail = format!("The file cannot be read: {error}.");
        Diagnostic::error(format!("Failed to load {path:?} as a plan file"), detail)
    })?;
    read_plan_file(&bytes).map_err(|error| error.to_diagnostic(path))
}

/// A plan file with its configuration and the schemas of its providers.
pub struct LoadedPlan {
    /// What the file holds.
    pub file: PlanFile,
    /// The configuration.
    pub configuration: PreparedConfiguration,
    /// Providers with their schemas.
    pub providers: ProviderPool,
    /// The configuration's files.
    pub sources: Arc<SourceMap>,
}

/// Gets everything ready that a plan file needs.
///
/// # Errors
/// When its configuration or its providers cannot be used.
pub fn load_plan(context: &Context, file: PlanFile) -> Result<LoadedPlan, Failure> {
    let values =
        |_: &Module| file.given.iter().map(|(name, given)| (name.clone(), given.value.clone())).collect();
    let (project, _) = load_early(&SavedFiles(&file.files), &SavedModules(&file.modules), &values)?;
    let sources = Arc::clone(&project.sources);
    let fail = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
    let mut configuration =
        PreparedConfiguration::prepare(Arc::clone(&project.tree), Arc::clone(&sources)).map_err(fail)?;
    for change in &file.plan.resource_changes {
        configuration.include_provider(&change.provider_config);
    }
    configuration.include_state(&file.plan.prior_state);
    let mut providers = ProviderPool::new(Arc::new(registry(context, &configuration.tree)));
    let problems = block_on(async {
        let mut problems = Diagnostics::new();
        for source in configuration.provider_sources() {
            problems.extend(providers.load(&source).await);
        }
        problems
    });
    if problems.has_errors() {
        return Err(fail(problems));
    }
    Ok(LoadedPlan { file, configuration, providers, sources })
}

/// Takes a saved plan to where a plan just made would be: the state locked, open and found to be the one that was
/// planned.
///
/// # Errors
/// When the state has changed since.
pub fn resume_plan(context: &Context, flags: &ParsedFlags, path: &str) -> Result<PlannedRun, Failure> {
    let early = |problem: Diagnostic| (Diagnostics::from(problem), Arc::new(SourceMap::new()));
    let file = read_plan(path).map_err(early)?;
    if file.plan.errored {
        let detail =
            "Planning ended with errors when this plan was made. Only a complete plan can be applied.";
        return Err(early(Diagnostic::error("Cannot apply incomplete plan", detail)));
    }
    let workspace = selected_workspace(context);
    if workspace != file.workspace {
        let detail = format!(
            "The plan is for workspace {:?}, and workspace {workspace:?} is selected. Select the plan's workspace, or make a \
             new plan.",
            file.workspace
        );
        return Err(early(Diagnostic::error("Plan is for another workspace", detail)));
    }
    let loaded = load_plan(context, file)?;
    let LoadedPlan { file, configuration, providers, sources } = loaded;
    let fail = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
    let given = ephemeral_values(context, flags, &configuration, &file).map_err(fail)?;
    let mut session = Session::find(context, flags).map_err(fail)?;
    session.lock(flags, "OperationTypeApply").map_err(fail)?;
    let (store, recovery) = session.open().map_err(fail)?;
    if is_stale(store.snapshot(), &file.plan.previous_state) {
        let detail = "The given plan file can no longer be applied because the state was changed by another operation after the \
                      plan was created.";
        return Err(fail(Diagnostic::error("Saved plan is stale", detail).into()));
    }
    Ok(PlannedRun {
        plan: file.plan,
        configuration: Arc::new(configuration),
        providers,
        given,
        store,
        session,
        sources,
        diagnostics: recovery.notices,
        waiting: Waiting::default(),
        discovered: Vec::new(),
    })
}

fn is_stale(now: &StateSnapshot, planned: &StateSnapshot) -> bool {
    let nothing_yet = |state: &StateSnapshot| state.serial == 0 && state.is_empty();
    if nothing_yet(now) && nothing_yet(planned) {
        return false;
    }
    now.serial != planned.serial || now.lineage != planned.lineage
}

/// Adds the values of ephemeral variables to a plan's: they are given anew, and everything else stays as planned.
fn ephemeral_values(
    context: &Context,
    flags: &ParsedFlags,
    configuration: &PreparedConfiguration,
    file: &PlanFile,
) -> Result<terrane_language::evaluate::GivenValues, Diagnostics> {
    let root = configuration.tree.root();
    let collected = variables::collect(context, flags, root, &configuration.sources, false);
    let mut given = file.given.clone();
    let mut problems = collected.diagnostics;
    for (name, value) in collected.given {
        if file.plan.ephemeral_variables.contains(&name) {
            given.insert(name, value);
            continue;
        }
        let is_from_flag = matches!(value.origin, terrane_language::evaluate::ValueOrigin::CommandLine);
        let planned = file.plan.variables.get(&name).map(|value| value.clone().unmark_deep().0);
        if is_from_flag && planned.as_ref() != Some(&value.value) {
            let detail = format!(
                "The variable {:?} has another value in the plan. Variables cannot be set when applying a saved plan, except \
                 ephemeral ones; make a new plan.",
                name.as_str()
            );
            problems.push(Diagnostic::error("Can't change variable when applying a saved plan", detail));
        }
    }
    for name in file.plan.ephemeral_variables.iter().filter(|name| !given.contains_key(*name)) {
        let detail = format!(
            "The ephemeral input variable {:?} was set during the plan phase, and so must also be set during the apply phase.",
            name.as_str()
        );
        problems.push(Diagnostic::error("No value for required variable", detail));
    }
    if problems.has_errors() { Err(problems) } else { Ok(given) }
}

/// The files in a plan file.
struct SavedFiles<'a>(&'a BTreeMap<String, String>);

impl SourceReader for SavedFiles<'_> {
    fn list(&self, directory: &str) -> Result<Vec<String>, FileError> {
        let wanted = if directory == "." { "" } else { directory };
        let in_directory = self.0.keys().filter_map(|path| {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            (parent == wanted).then(|| name.to_owned())
        });
        Ok(in_directory.collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or(FileError::NotFound)
    }
}

/// The modules in a plan file.
struct SavedModules<'a>(&'a BTreeMap<String, (String, Option<Str>)>);

impl ModuleResolver for SavedModules<'_> {
    fn resolve(&self, call: &ModulePath, _: &SourceAddress, _: &str) -> Result<ResolvedModule, Diagnostic> {
        match self.0.get(&module_key(call)) {
            Some((directory, version)) => {
                Ok(ResolvedModule { directory: directory.clone(), version: version.clone() })
            }
            None => {
                Err(Diagnostic::error("Module not in plan", format!("The plan file lacks module {call}.")))
            }
        }
    }
}

//! `init`: makes a working directory ready: backend, modules, providers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use terrane_language::modules::{Configuration, ModuleResolver, ResolvedModule, SourceAddress, load};
use terrane_model::{Diagnostic, Diagnostics, ModulePath, SourceMap};

use super::Command;
use crate::args::{Flag, ParsedFlags};
use crate::backend::Selected;
use crate::backend::configure::{ConfigureOptions, configure};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::file_system::FileSystem;
use crate::init::modules::{Fetcher, InstallOptions, InstallingResolver, fetch_root};
use crate::init::progress::InitProgress;
use crate::init::provider_step::{ProviderStep, install_providers};
use crate::project::{InstalledModules, configuration_files, project_of};
use crate::run::options::JSON_INTO;
use crate::testing::suite::{TEST_DIRECTORY_DEFAULT, read_suite};

pub(super) const COMMAND: Command = Command {
    name: "init",
    summary: "Prepare your working directory for other commands",
    usage: "init [options]",
    flags: &[&[
        Flag::switch(
            "backend",
            "Disable backend or HCP Terraform initialization for this configuration and use what was previously initialized instead (-backend=false).",
        ),
        Flag::switch("cloud", ""),
        Flag::value(
            "backend-config",
            "path",
            "Configuration to be merged with what is in the configuration file's 'backend' block. This can be either a path to an HCL file with key/value assignments (same format as terraform.tfvars) or a 'key=value' format, and can be specified multiple times. The backend type must be in the configuration itself.",
        ),
        Flag::switch(
            "force-copy",
            "Suppress prompts about copying state data when initializing a new state backend. This is equivalent to providing a \"yes\" to all confirmation prompts.",
        ),
        Flag::value(
            "from-module",
            "SOURCE",
            "Copy the contents of the given module into the target directory before initialization.",
        ),
        Flag::switch("get", "Disable downloading modules for this configuration (-get=false)."),
        Flag::switch("input", "Disable interactive prompts (-input=false)."),
        Flag::switch("lock", "Don't hold a state lock during backend migration (-lock=false)."),
        Flag::value("lock-timeout", "0s", "Duration to retry a state lock."),
        Flag::value(
            "plugin-dir",
            "PATH",
            "Directory containing plugin binaries. This overrides all default search paths for plugins, and prevents the automatic installation of plugins. This flag can be used multiple times.",
        ),
        Flag::switch("reconfigure", "Reconfigure a backend, ignoring any saved configuration."),
        Flag::switch("migrate-state", "Reconfigure a backend, and attempt to migrate any existing state."),
        Flag::switch(
            "upgrade",
            "Install the latest module and provider versions allowed within configured constraints, overriding the default behavior of selecting exactly the version recorded in the dependency lockfile.",
        ),
        Flag::value(
            "lockfile",
            "MODE",
            "Set a dependency lockfile mode. Currently only \"readonly\" is valid.",
        ),
        Flag::switch("ignore-remote-version", ""),
        Flag::switch("json", "Produce output in a machine-readable JSON format."),
        JSON_INTO,
        Flag::value("test-directory", "path", "Set the test directory, defaults to \"tests\"."),
        Flag::value("var", "'foo=bar'", ""),
        Flag::value("var-file", "filename", ""),
    ]],
    run,
};

type Failure = (Diagnostics, Arc<SourceMap>);

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    let progress = match InitProgress::new(context, flags) {
        Ok(progress) => progress,
        Err(problem) => {
            context.show(&problem.into(), &SourceMap::new());
            return ExitCode::Error;
        }
    };
    match check_flags(flags).map_err(|problem| (problem.into(), Arc::default())) {
        Ok(()) => {}
        Err(failure) => return fail(&progress, failure),
    }
    match initialize(context, flags, &progress) {
        Ok(()) => ExitCode::Success,
        Err(failure) => fail(&progress, failure),
    }
}

fn fail(progress: &InitProgress, (diagnostics, sources): Failure) -> ExitCode {
    progress.diagnostics(&diagnostics, &sources);
    ExitCode::Error
}

fn check_flags(flags: &ParsedFlags) -> Result<(), Diagnostic> {
    let is_on = |name: &str| flags.switch(name, false);
    let conflict = |detail: &str| Err(Diagnostic::error("Invalid init options", detail));
    if is_on("migrate-state") && is_on("reconfigure") {
        return conflict("The -migrate-state and -reconfigure options are mutually-exclusive.");
    }
    if is_on("migrate-state") && is_on("json") {
        return conflict("The -migrate-state and -json options are mutually-exclusive.");
    }
    match flags.text("lockfile") {
        None | Some("") => {}
        Some("readonly") if is_on("upgrade") => {
            return conflict("The -upgrade flag conflicts with -lockfile=readonly.");
        }
        Some("readonly") => {}
        Some(mode) => {
            let detail =
                format!("The dependency lockfile mode {mode:?} is not known; only \"readonly\" is valid.");
            return conflict(&detail);
        }
    }
    if !flags.arguments.is_empty() {
        let detail = "Did you mean to use -chdir? The command \"init\" takes no arguments.";
        return Err(Diagnostic::error("Too many command line arguments", detail));
    }
    Ok(())
}

fn initialize(context: &Context, flags: &ParsedFlags, progress: &InitProgress) -> Result<(), Failure> {
    let no_sources = |problem: Diagnostic| (Diagnostics::from(problem), Arc::default());
    if let Some(source) = flags.text("from-module") {
        copy_configuration(context, progress, source).map_err(no_sources)?;
    }
    if configuration_files().is_empty() {
        progress.step(
            "output_init_empty_message",
            "\nTerrane initialized in an empty directory!\n\nThe directory has no configuration files. You may begin working\nwith \
             Terrane immediately by creating configuration files.",
        );
        return Ok(());
    }
    let root = load(".", &FileSystem, &UnknownModules);
    let has_calls = !root.tree.is_empty() && !root.tree.root().module_calls.is_empty();
    let selected = initialize_backend(context, flags, progress, &root)?;
    let configuration = if has_calls && flags.switch("get", true) {
        let upgrade = flags.switch("upgrade", false);
        install_modules(context, progress, upgrade).map_err(|(problems, sources)| {
            let mut diagnostics = Diagnostics::from(invalid_configuration());
            diagnostics.extend(problems);
            (diagnostics, sources)
        })?
    } else {
        load(".", &FileSystem, &InstalledModules::read(context))
    };
    let (project, warnings) = project_of(configuration).map_err(|(problems, sources)| {
        let mut diagnostics = Diagnostics::from(invalid_configuration());
        diagnostics.extend(problems);
        (diagnostics, sources)
    })?;
    check_tests(flags)?;
    let sources = Arc::clone(&project.sources);
    progress.diagnostics(&warnings, &sources);
    let step = ProviderStep { context, flags, progress, tree: &project.tree, selected: selected.as_ref() };
    install_providers(&step).map_err(|problems| (problems, sources))?;
    say_success(context, progress);
    Ok(())
}

/// Test files are part of the configuration that has to be valid.
fn check_tests(flags: &ParsedFlags) -> Result<(), Failure> {
    let directory = flags.text("test-directory").unwrap_or(TEST_DIRECTORY_DEFAULT);
    let (suite, problems) = read_suite(directory, &[], SourceMap::new());
    if !problems.has_errors() {
        return Ok(());
    }
    let mut diagnostics = Diagnostics::from(invalid_configuration());
    diagnostics.extend(problems);
    Err((diagnostics, Arc::new(suite.sources)))
}

fn say_success(context: &Context, progress: &InitProgress) {
    progress.success("output_init_success_message", "\nTerrane has been successfully initialized!");
    // A program that runs this knows what to do next.
    if context.variable("TF_IN_AUTOMATION").is_some() {
        return;
    }
    progress.step(
        "output_init_success_cli_message",
        "\nYou may now begin working with Terrane. Try running \"terrane plan\" to see\nany changes that are required for your \
         infrastructure. All Terrane commands\nshould now work.\n\nIf you ever set or change modules or backend configuration \
         for Terrane,\nrerun this command to reinitialize your working directory. If you forget, other\ncommands will detect it \
         and remind you to do so if necessary.",
    );
}

fn invalid_configuration() -> Diagnostic {
    Diagnostic::error(
        "Terrane encountered problems during initialisation, including problems with the configuration, described below.",
        "The configuration must be valid before initialization so that Terrane can determine which modules and providers need \
         to be installed.",
    )
}

fn initialize_backend(
    context: &Context,
    flags: &ParsedFlags,
    progress: &InitProgress,
    root: &Configuration,
) -> Result<Option<Selected>, Failure> {
    if !flags.switch("backend", true) || !flags.switch("cloud", true) {
        return Ok(None);
    }
    progress.headline("initializing_backend_message", "Initializing the backend...");
    let module = (!root.tree.is_empty()).then(|| root.tree.root().as_ref());
    let mut sources = Arc::clone(&root.sources);
    let options = ConfigureOptions { context, flags, progress };
    let selected = configure(&options, module, &mut sources);
    selected.map(Some).map_err(|problems| (problems, sources))
}

/// Installs what the configuration calls, and reads it.
///
/// # Errors
/// When a module cannot be installed.
pub(super) fn install_modules(
    context: &Context,
    progress: &InitProgress,
    upgrade: bool,
) -> Result<Configuration, Failure> {
    if upgrade {
        progress.headline("upgrading_modules_message", "Upgrading modules...");
    } else {
        progress.headline("initializing_modules_message", "Initializing modules...");
    }
    let resolver = InstallingResolver::new(InstallOptions { context, progress, upgrade });
    let configuration = load(".", &FileSystem, &resolver);
    // What is installed is written down although something else failed: it need not be got again.
    match resolver.write_manifest() {
        Ok(()) => Ok(configuration),
        Err(problem) => Err((problem.into(), configuration.sources)),
    }
}

/// Copies a module to the working directory, which must be empty.
fn copy_configuration(context: &Context, progress: &InitProgress, source: &str) -> Result<(), Diagnostic> {
    let is_in_the_way = |name: &String| !name.starts_with('.') || name == ".terraform";
    let listing = std::fs::read_dir(".").map(|entries| {
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(is_in_the_way).count()
    });
    if !listing.is_ok_and(|count| count == 0) {
        let detail = "The working directory already contains files. The -from-module option requires an empty directory into \
                      which a copy of the referenced module will be placed.\n\nTo initialize the configuration already in this \
                      working directory, omit the -from-module option.";
        return Err(Diagnostic::error("Can't populate non-empty directory", detail));
    }
    progress.step("copying_configuration_message", &format!("Copying configuration from {source:?}..."));
    let mut fetcher = Fetcher::new(&context.environment);
    let from: PathBuf = if source.starts_with("./") || source.starts_with("../") {
        Path::new(source).to_owned()
    } else {
        PathBuf::new()
    };
    fetch_root(context, &mut fetcher, source, &from).map_err(|reason| {
        let detail = format!("Could not download the module from {source:?}: {reason}.");
        Diagnostic::error("Failed to download root module", detail)
    })
}

/// Knows no called module: the root module is looked at before they are installed.
struct UnknownModules;

impl ModuleResolver for UnknownModules {
    fn resolve(&self, _: &ModulePath, _: &SourceAddress, _: &str) -> Result<ResolvedModule, Diagnostic> {
        Err(Diagnostic::error("Module not installed", "Only the root module is looked at."))
    }
}

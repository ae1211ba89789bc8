//! Whole configurations: loaded, validated and planned with the built-in providers, without a state.

use std::sync::Arc;

use terrane_language::functions::{FileError, FunctionError, tfvars};
use terrane_language::modules::{ModuleResolver, ResolvedModule, SourceAddress, SourceReader, load};
use terrane_model::{Diagnostic, Diagnostics, ModulePath, Value};
use terrane_plan::plan_file::{PlanFile, read_plan_file, write_plan_file};
use terrane_plan::validate::validate;
use terrane_plan::{NoEvents, PlanInput, PlanOptions, PreparedConfiguration, ProviderPool, plan};
use terrane_provider::{ProviderFunctionError, ProviderRegistry, async_trait};
use terrane_provider_standard::{RemoteOutputs, RemoteStateReader, StandardOptions, TerraformFunctions};
use terrane_state::StateSnapshot;

use super::world::surroundings;
use super::{Target, outcome};
use crate::corpus;

pub(super) const TARGET: Target = Target { name: "configuration", seeds, generate: None, run };

/// Stands between the files of one input.
const SEPARATOR: &str = "\n#### part\n";

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = corpus::own_seeds("configuration");
    seeds.extend(corpus::recorded_files("configs", &[".tf"]));
    seeds.extend(corpus::recorded_files("invalid", &[".tf"]));
    seeds
}

/// The files of an input: the root module, and the module in `./part` if there is a second one.
struct Files<'a>(Vec<&'a str>);

impl SourceReader for Files<'_> {
    fn list(&self, directory: &str) -> Result<Vec<String>, FileError> {
        self.file(directory).map(|_| vec!["main.tf".to_owned()])
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let directory = path.rsplit_once('/').map_or(".", |(directory, _)| directory);
        self.file(directory).map(|text| text.as_bytes().to_vec())
    }
}

impl Files<'_> {
    fn file(&self, directory: &str) -> Result<&str, FileError> {
        let position = if directory == "." { 0 } else { 1 };
        self.0.get(position).copied().ok_or(FileError::NotFound)
    }
}

struct Beside;

impl ModuleResolver for Beside {
    fn resolve(&self, _: &ModulePath, source: &SourceAddress, _: &str) -> Result<ResolvedModule, Diagnostic> {
        match source {
            SourceAddress::Local(_) => Ok(ResolvedModule { directory: "part".to_owned(), version: None }),
            _ => Err(Diagnostic::error("Module not installed", "Nothing is installed.")),
        }
    }
}

struct NoStates;

#[async_trait]
impl RemoteStateReader for NoStates {
    fn validate(&self, _: &str, _: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    async fn read_outputs(&self, _: &str, _: &Value, _: &str) -> Result<Option<RemoteOutputs>, Diagnostics> {
        Ok(None)
    }
}

fn function_error(error: FunctionError) -> ProviderFunctionError {
    ProviderFunctionError { argument: error.argument, message: error.message }
}

/// The providers that have no effects: no file is written, no program is run, nothing is asked of a network.
fn registry() -> ProviderRegistry {
    let options = StandardOptions {
        remote_state: Arc::new(NoStates),
        functions: TerraformFunctions {
            encode_tfvars: |arguments| tfvars::encode_tfvars(arguments).map_err(function_error),
            decode_tfvars: |arguments| tfvars::decode_tfvars(arguments).map_err(function_error),
            encode_expr: |arguments| tfvars::encode_expr(arguments).map_err(function_error),
        },
        environment: std::collections::BTreeMap::new(),
    };
    let mut registry = ProviderRegistry::new();
    for (source, factory) in terrane_provider_standard::factories(options) {
        if matches!(source.name.as_str(), "terraform" | "null" | "random" | "time") {
            registry.insert(source, factory);
        }
    }
    registry
}

fn run(input: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(input);
    let files = Files(text.split(SEPARATOR).collect());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the system gives no event queue: {error}"))?;
    runtime.block_on(load_and_plan(&files))
}

async fn load_and_plan(files: &Files<'_>) -> Result<String, String> {
    let configuration = load(".", files, &Beside);
    let sources = configuration.sources;
    let tree = Arc::new(configuration.tree);
    if configuration.diagnostics.has_errors() {
        return outcome::of_diagnostics(&configuration.diagnostics, &sources);
    }
    let prepared = match PreparedConfiguration::prepare(tree, Arc::clone(&sources)) {
        Ok(prepared) => Arc::new(prepared),
        Err(diagnostics) => return outcome::of_diagnostics(&diagnostics, &sources),
    };
    let mut providers = ProviderPool::new(Arc::new(registry()));
    let mut diagnostics = Diagnostics::new();
    for source in prepared.provider_sources() {
        diagnostics.extend(providers.load(&source).await);
    }
    if diagnostics.has_errors() {
        return outcome::of_diagnostics(&diagnostics, &sources);
    }
    diagnostics.extend(validate(&prepared, &providers, surroundings(true)).await);
    // A plan is made even of what is not valid: the planner relies on nothing.
    let input = PlanInput {
        configuration: prepared,
        providers,
        state: StateSnapshot::default(),
        options: PlanOptions {
            parallelism: 4,
            timestamp: "2025-01-02T03:04:05Z".to_owned(),
            ..PlanOptions::default()
        },
        surroundings: surroundings(false),
        unfinished: Vec::new(),
        events: Arc::new(NoEvents),
    };
    let planned = plan(input).await;
    let messages = outcome::of_diagnostics(&diagnostics, &sources)?;
    let more = outcome::of_diagnostics(&planned.diagnostics, &sources)?;
    if !planned.plan.errored {
        survives_storage(planned.plan)?;
    }
    Ok(format!("{messages}/{more}"))
}

/// What was planned is what a plan file gives back.
fn survives_storage(plan: terrane_plan::Plan) -> Result<(), String> {
    let file = PlanFile {
        plan,
        given: Default::default(),
        files: Default::default(),
        modules: Default::default(),
        workspace: "default".to_owned(),
    };
    // A plan in which something has no form is refused, not changed.
    let Ok(bytes) = write_plan_file(&file) else { return Ok(()) };
    match read_plan_file(&bytes) {
        Ok(read) if read.plan == file.plan => Ok(()),
        Ok(read) => Err(format!("written and read, the plan is {:#?} and not {:#?}", read.plan, file.plan)),
        Err(error) => Err(format!("the plan that was written cannot be read: {error}")),
    }
}

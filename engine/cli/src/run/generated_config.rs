//! `-generate-config-out`: configuration for imported objects that have none.
//!
//! The objects are imported and read as if empty blocks declared them; what was found is written as blocks, and these
//! are planned like all others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use terrane_language::config::module::Import;
use terrane_model::{
    Block, Diagnostic, Diagnostics, ModuleInstance, ResourceAddress, ResourceInstanceAddress, Severity,
    Target, Value,
};
use terrane_plan::prior_objects::decode_state;
use terrane_plan::provider_functions::LoadedFunctions;
use terrane_plan::{
    NoEvents, Plan, PlanInput, PlanMode, PlanOptions, PreparedConfiguration, ProviderPool, configuration_of,
    plan, resource_text,
};
use terrane_provider::{ImportTarget, Provider, ValidateRequest};
use terrane_state::StateSnapshot;

use super::Failure;
use super::configuration::{LoadedConfiguration, prepare_configuration};
use super::planning::now;
use crate::args::ParsedFlags;
use crate::context::Context;
use crate::project::{Phase, load_project_with, surroundings};
use crate::registry::registry;
use crate::session::block_on;

/// The configuration with what was written for it.
pub struct GeneratedConfiguration {
    /// The whole configuration.
    pub loaded: LoadedConfiguration,
    /// The written blocks by what they declare.
    pub blocks: BTreeMap<ResourceAddress, String>,
}

/// A resource that an `import` block names and nothing declares.
pub struct Undeclared {
    /// The resource.
    pub address: ResourceAddress,
    /// What a block says about its provider.
    pub provider: Option<String>,
}

/// What is left out of written blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// Nested blocks with any secret in them, as Terraform does.
    HideBlocks,
    /// Secret arguments.
    HideArguments,
}

/// Writes the blocks that the configuration lacks; nothing when it lacks none.
///
/// # Errors
/// When the file is there already, and when an object cannot be read or cannot get a block.
pub fn generate(
    context: &Context,
    flags: &ParsedFlags,
    path: &str,
    loaded: &LoadedConfiguration,
    state: &StateSnapshot,
    workspace: &str,
) -> Result<Option<GeneratedConfiguration>, Failure> {
    let fail = |problems: Diagnostics| (problems, Arc::clone(&loaded.sources));
    if std::path::Path::new(path).exists() {
        let detail = "Terraform can only write generated config into a new file. Either choose a different target location or \
                      move all existing configuration out of the target file, delete it and try again.";
        return Err(fail(Diagnostic::error("Target generated file already exists", detail).into()));
    }
    let undeclared = find_undeclared(&loaded.configuration).map_err(fail)?;
    if undeclared.is_empty() {
        return Ok(None);
    }
    let name = file_name(path);
    let stubs: Vec<String> = undeclared.iter().map(stub).collect();
    let with_stubs = load_project_with(context, name, &stubs.concat())?;
    let with_stubs = prepare_configuration(context, flags, with_stubs)?;
    let sources = Arc::clone(&with_stubs.sources);
    let found = import_all(context, with_stubs, &undeclared, state, workspace, Secrets::HideBlocks);
    let blocks = found.map_err(|problems| (problems, sources))?;
    let text = blocks.values().map(|block| format!("{block}\n")).collect::<Vec<_>>().join("\n");
    let loaded = prepare_configuration(context, flags, load_project_with(context, name, &text)?)?;
    Ok(Some(GeneratedConfiguration { loaded, blocks }))
}

/// The written blocks are read as a file of the working directory, wherever they are saved.
fn file_name(path: &str) -> &str {
    if path.ends_with(".tf") && !path.contains('/') { path } else { "generated-configuration.tf" }
}

fn find_undeclared(configuration: &PreparedConfiguration) -> Result<Vec<Undeclared>, Diagnostics> {
    let mut problems = Diagnostics::new();
    let mut undeclared: Vec<Undeclared> = Vec::new();
    let tree = &configuration.tree;
    for block in configuration.imports.undeclared() {
        let import = block.get(tree);
        match refusal(import, tree.node(block.module).path.is_root()) {
            Some(detail) => {
                let summary = "Configuration for import target does not exist";
                problems.push(Diagnostic::error(summary, detail).at(import.to.span));
            }
            None => undeclared.push(Undeclared {
                address: import.address.resource.clone(),
                provider: import.provider.as_ref().map(|provider| match &provider.alias {
                    Some(alias) => format!("{}.{alias}", provider.local_name),
                    None => provider.local_name.to_string(),
                }),
            }),
        }
    }
    undeclared.sort_by(|a, b| a.address.cmp(&b.address));
    if problems.has_errors() { Err(problems) } else { Ok(undeclared) }
}

/// Says why no block can be written for what an `import` block names.
fn refusal(import: &Import, is_in_root: bool) -> Option<String> {
    if !is_in_root || !import.address.modules.is_empty() {
        let address = import.address.as_static().map(|address| address.to_string());
        return Some(format!(
            "Resource {} not found. Only resources within the root module are eligible for config generation.",
            address.unwrap_or_else(|| import.address.resource.to_string())
        ));
    }
    (import.for_each.is_some() || import.address.key.is_some()).then(|| {
        "The given import block is not compatible with config generation. The -generate-config-out option cannot be used with \
         import blocks which use for_each, or resources which use for_each or count."
            .to_owned()
    })
}

fn stub(undeclared: &Undeclared) -> String {
    let ResourceAddress { resource_type, name, .. } = &undeclared.address;
    let provider =
        undeclared.provider.as_ref().map(|name| format!("  provider = {name}\n")).unwrap_or_default();
    format!("resource \"{resource_type}\" \"{name}\" {{\n{provider}}}\n")
}

/// Imports and reads all objects, and writes their blocks.
///
/// # Errors
/// When an object cannot be read.
pub fn import_all(
    context: &Context,
    loaded: LoadedConfiguration,
    undeclared: &[Undeclared],
    state: &StateSnapshot,
    workspace: &str,
    secrets: Secrets,
) -> Result<BTreeMap<ResourceAddress, String>, Diagnostics> {
    let mut configuration = loaded.configuration;
    configuration.include_state(state);
    let in_root = |address: &ResourceAddress| ResourceInstanceAddress {
        module: ModuleInstance::root(),
        resource: address.clone(),
        key: None,
    };
    let options = PlanOptions {
        mode: PlanMode::RefreshOnly,
        targets: undeclared.iter().map(|one| Target::Resource(in_root(&one.address))).collect(),
        generating: undeclared.iter().map(|one| one.address.clone()).collect(),
        given: loaded.given,
        parallelism: 10,
        timestamp: now(),
        ..PlanOptions::default()
    };
    block_on(async {
        let mut providers = ProviderPool::new(Arc::new(registry(context, &configuration.tree)));
        let mut problems = Diagnostics::new();
        for source in configuration.provider_sources() {
            problems.extend(providers.load(&source).await);
        }
        if problems.has_errors() {
            return Err(problems);
        }
        let phase = Phase {
            plan_timestamp: Some(options.timestamp.clone()),
            provider_functions: Some(Arc::new(LoadedFunctions::of(&providers))),
            ..Phase::default()
        };
        let tree = Arc::clone(&configuration.tree);
        let input = PlanInput {
            configuration: Arc::new(configuration),
            providers,
            state: state.clone(),
            options,
            surroundings: surroundings(context, workspace, &phase),
            unfinished: Vec::new(),
            events: Arc::new(NoEvents),
        };
        let outcome = plan(input).await;
        if outcome.diagnostics.has_errors() {
            return Err(outcome.diagnostics);
        }
        let (objects, _) = decode_state(&outcome.plan.prior_state, &outcome.providers).await;
        let mut blocks = BTreeMap::new();
        for Undeclared { address, provider } in undeclared {
            let declared =
                tree.root().resource(address).map(|(_, resource)| tree.root().provider_local_name(resource));
            let source = tree.root().provider_source(declared.unwrap_or_default());
            let schema = outcome.providers.resource_schema(&source, &address.resource_type);
            let object = objects.get(&(in_root(address), None));
            let (Some(schema), Some(object)) = (schema, object) else { continue };
            let block = &schema.schema.block;
            let value = match (secrets, outcome.providers.bare(&source)) {
                (Secrets::HideBlocks, _) => object.marked(&schema.schema),
                (Secrets::HideArguments, None) => object.value.clone(),
                (Secrets::HideArguments, Some(own)) => {
                    accepted(own.as_ref(), &address.resource_type, block, &object.value).await
                }
            };
            blocks.insert(address.clone(), resource_text(address, provider.as_deref(), block, &value));
        }
        Ok(blocks)
    })
}

/// How often an object's arguments are looked through: every time, some are left out.
const ATTEMPTS_MAX: usize = 8;

/// Leaves out what a provider has put into an object and does not accept in a configuration: what it has chosen itself,
/// or spells in another way. Secrets are accepted as they are.
async fn accepted(provider: &dyn Provider, type_name: &str, block: &Block, value: &Value) -> Value {
    let mut without = BTreeSet::new();
    for _ in 0..ATTEMPTS_MAX {
        let config = configuration_of(block, value, &without);
        let request = ValidateRequest { type_name: type_name.into(), config };
        let problems = provider.validate_resource_config(request).await;
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        let refused = errors.filter_map(|problem| problem.attribute.as_ref()?.first_attribute().cloned());
        let count = without.len();
        without.extend(refused.filter(|name| can_be_left_out(block, name)));
        if without.len() == count {
            break;
        }
    }
    if without.is_empty() {
        return value.clone();
    }
    configuration_of(block, value, &without)
}

fn can_be_left_out(block: &Block, name: &str) -> bool {
    let attribute = block.attribute(name).is_some_and(|attribute| attribute.optional);
    attribute || block.block_type(name).is_some_and(|nested| nested.min_items == 0)
}

/// Saves the written blocks, each with the id of the object that it was written for.
///
/// # Errors
/// When the file cannot be written.
pub fn save(path: &str, blocks: &BTreeMap<ResourceAddress, String>, plan: &Plan) -> Result<(), Diagnostic> {
    let mut text = "# __generated__ by Terraform\n# Please review these resources and move them into your main configuration \
                    files.\n"
        .to_owned();
    for (address, block) in blocks {
        let change = plan.resource_changes.iter().find(|change| {
            change.address.module.is_root()
                && change.address.resource == *address
                && change.importing.is_some()
        });
        let origin =
            match change.and_then(|change| change.importing.as_ref()).map(|importing| &importing.target) {
                Some(ImportTarget::Id(id)) => format!(" from {:?}", id.as_str()),
                _ => String::new(),
            };
        text.push_str(&format!("\n# __generated__ by Terraform{origin}\n{block}\n"));
    }
    std::fs::write(path, text).map_err(|error| {
        let detail = format!("Terraform could not write the generated configuration to {path:?}: {error}.");
        Diagnostic::error("Failed to write generated config to target file", detail)
    })
}

/// The warning that goes with written configuration.
pub fn experimental() -> Diagnostic {
    let detail = "Generating configuration during import is currently experimental, and the generated configuration format may \
                  change in future versions.";
    Diagnostic::warning("Config generation is experimental", detail)
}

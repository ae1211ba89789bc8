//! Which providers there are: the built-in ones with what they need from here, and installed plugins.

mod plugin_log;
mod plugins;
mod remote_state;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use terrane_language::config::version_constraint::{Version, VersionConstraints};
use terrane_language::functions::{FunctionError, tfvars};
use terrane_language::modules::ModuleTree;
use terrane_language::modules::provider_bindings::version_constraints;
use terrane_model::{Diagnostics, ProviderSource};
use terrane_provider::{Provider, ProviderFactory, ProviderFunctionError, ProviderRegistry};
use terrane_provider_azure::{AzapiProvider, AzureOptions, AzureProvider};
use terrane_provider_kubernetes::{
    HelmGeneration, KindOptions, KubernetesOptions, kind_factories, kubernetes_factories,
};
use terrane_provider_standard::{StandardOptions, TerraformFunctions};

pub use self::plugins::{attached, development_warnings, prefers_plugin};
use self::remote_state::RemoteStates;
use crate::context::Context;
use crate::emulation::Emulation;
use crate::init::dependency_lock_file::DependencyLocks;
use crate::project::load_project;

/// Makes the registry for a configuration.
pub fn registry(context: &Context, tree: &ModuleTree) -> ProviderRegistry {
    let mut registry = ProviderRegistry::new();
    let built_in = built_in_factories(context, &chosen_versions(tree));
    let sources: BTreeSet<ProviderSource> = built_in.iter().map(|(source, _)| source.clone()).collect();
    for (source, factory) in built_in {
        if !source.is_builtin() {
            registry.set_note(source.clone(), plugin_hint(&source));
        }
        registry.insert(source, factory);
    }
    for (source, factory) in plugins::plugins(context, tree, &sources) {
        registry.remove_note(&source);
        registry.insert(source, factory);
    }
    for (provisioner_type, provisioner) in terrane_provisioners::provisioners(&context.environment) {
        registry.insert_provisioner(provisioner_type, provisioner);
    }
    registry
}

/// Returns the providers that need no installation, unless the user prefers their plugins.
pub fn built_in_sources(context: &Context) -> BTreeSet<ProviderSource> {
    let factories = built_in_factories(context, &ChosenVersions::default());
    let sources = factories.into_iter().map(|(source, _)| source);
    sources.filter(|source| !prefers_plugin(context, source)).collect()
}

/// For which versions of providers a configuration is written, where the built-in ones know several.
#[derive(Default)]
struct ChosenVersions {
    /// Conditions on azurerm's version.
    azurerm: String,
    helm: HelmGeneration,
}

fn chosen_versions(tree: &ModuleTree) -> ChosenVersions {
    ChosenVersions { azurerm: constraint(tree, "azurerm").to_string(), helm: helm_generation(tree) }
}

fn built_in_factories(context: &Context, versions: &ChosenVersions) -> Factories {
    let options = azure_options(context, versions.azurerm.clone());
    let azure = [
        (ProviderSource::implied("azurerm"), factory(options.clone(), AzureProvider::new)),
        (
            ProviderSource::parse("Azure/azapi").expect("BUG: a source address"),
            factory(options, AzapiProvider::new),
        ),
    ];
    let factories = standard_factories(context).into_iter();
    let factories = factories.chain(kubernetes_factories(kubernetes_options(context, versions.helm)));
    factories.chain(kind_factories(kind_options(context))).chain(azure).collect()
}

/// Returns the conditions on a provider's version. What the lock file has chosen is one of them: with it, a team stays
/// on a major version although the configuration would allow the next.
fn constraint(tree: &ModuleTree, name: &str) -> VersionConstraints {
    let source = ProviderSource::implied(name);
    let constraints = version_constraints(tree, &source);
    // A lock file that cannot be read is reported where packages are needed.
    let locks = DependencyLocks::read().unwrap_or_default();
    let locked = locks.provider(&source).filter(|lock| constraints.admits(&lock.version));
    match locked {
        Some(lock) => constraints.and(&VersionConstraints::exactly(&lock.version)),
        None => constraints,
    }
}

/// Helm's provider is that of the second major version where only that one will do. Conditions are tried with the versions
/// that they name, and with the first and the last that there could be of a major version.
fn helm_generation(tree: &ModuleTree) -> HelmGeneration {
    let constraints = constraint(tree, "helm");
    let text = constraints.to_string();
    let named = text.split([',', ' ']).filter_map(Version::parse);
    let ends = ["2.0.0", "2.999.999", "3.0.0", "3.999.999"].into_iter().filter_map(Version::parse);
    let mut admitted = named.chain(ends).filter(|version| constraints.admits(version)).peekable();
    let any = admitted.peek().is_some();
    if any && admitted.all(|version| version.major() == 2) {
        HelmGeneration::Second
    } else {
        HelmGeneration::Third
    }
}

fn plugin_hint(source: &ProviderSource) -> String {
    format!(
        "The provider {0} that is built in does not have everything that its plugin has. To use the plugin, set {1}=\"{0}\" in \
         the environment and run \"terrane init\".",
        source.for_display(),
        plugins::PLUGIN_PROVIDERS_VARIABLE
    )
}

/// Makes the registry for a state without regard to whether the configuration beside it is right.
pub fn state_registry(context: &Context) -> ProviderRegistry {
    match load_project(context) {
        Ok((project, _)) => registry(context, &project.tree),
        Err(_) => registry(context, &ModuleTree::default()),
    }
}

type Factories = Vec<(ProviderSource, Arc<dyn ProviderFactory>)>;

fn standard_factories(context: &Context) -> Factories {
    terrane_provider_standard::factories(StandardOptions {
        remote_state: Arc::new(RemoteStates { environment: context.environment.clone() }),
        functions: TerraformFunctions {
            encode_tfvars: |arguments| tfvars::encode_tfvars(arguments).map_err(function_error),
            decode_tfvars: |arguments| tfvars::decode_tfvars(arguments).map_err(function_error),
            encode_expr: |arguments| tfvars::encode_expr(arguments).map_err(function_error),
        },
        environment: context.environment.clone(),
    })
}

fn function_error(error: FunctionError) -> ProviderFunctionError {
    ProviderFunctionError { argument: error.argument, message: error.message }
}

/// The version constraint chooses between azurerm's major versions.
fn azure_options(context: &Context, version_constraint: String) -> AzureOptions {
    let environment: HashMap<String, String> =
        context.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let endpoint = context.emulation.as_ref().map(Emulation::azure_endpoint);
    AzureOptions { version_constraint, environment, endpoint }
}

fn factory<P: Provider + 'static>(
    options: AzureOptions,
    make: fn(AzureOptions) -> P,
) -> Arc<dyn ProviderFactory> {
    Arc::new(move || -> Result<Arc<dyn Provider>, Diagnostics> { Ok(Arc::new(make(options.clone()))) })
}

fn kubernetes_options(context: &Context, helm: HelmGeneration) -> KubernetesOptions {
    KubernetesOptions {
        environment: context.environment.clone(),
        working_folder: PathBuf::from("."),
        cache_folder: Some(context.data_directory().join("terrane")),
        helm,
    }
}

fn kind_options(context: &Context) -> KindOptions {
    KindOptions { environment: context.environment.clone(), working_directory: working_directory() }
}

/// Returns the working directory as an absolute path.
fn working_directory() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

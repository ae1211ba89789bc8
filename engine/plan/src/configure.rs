//! Configuring providers: evaluating `provider` blocks and handing them over.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use terrane_language::config::module::ProviderBlock;
use terrane_language::evaluate::{
    Evaluation, Evaluator, ModuleInstanceId, RepetitionValues, decode_block, locate,
};
use terrane_language::modules::provider_bindings::version_constraints;
use terrane_language::modules::{ModuleId, ProviderConfigId};
use terrane_model::{Diagnostic, Diagnostics, ProviderSource, Value};
use terrane_provider::{ConfigureRequest, Provider};

use crate::planner::{NodeOutcome, Planner, Step};
use crate::prepared::PreparedConfiguration;
use crate::provider_instances::expand_provider;
use crate::provider_pool::{ConfiguredKey, ProviderPool};

/// The version of Terraform whose behaviour is offered.
pub const TERRAFORM_VERSION: &str = "1.11.4";

impl Planner {
    /// Configures all providers that have no block: nothing can be unknown about them.
    pub(crate) async fn configure_implied_providers(&mut self) {
        let implied: Vec<(ProviderConfigId, ProviderSource)> = self
            .configuration
            .provider_configs
            .iter()
            .filter(|(_, config)| config.block.is_none() && config.used)
            .map(|(id, config)| (id, config.address.provider.clone()))
            .collect();
        for (id, source) in implied {
            if let Some(substitute) = self.providers.substitute(&source, None) {
                self.providers.insert_configured((id, None), substitute);
                continue;
            }
            let Some(schema) = self.providers.provider_schema(&source).cloned() else { continue };
            let provider = match self.providers.start(&source) {
                Ok(provider) => provider,
                Err(problems) => {
                    self.diagnostics.extend(problems);
                    continue;
                }
            };
            let config = schema.empty_value();
            let problems = configure(provider.as_ref(), config, self.constraint_text(&source)).await;
            let problems = problems.into_iter().map(|problem| explain_missing_block(problem, &source));
            let mut all = Diagnostics::new();
            all.extend(problems);
            self.diagnostics.extend(all);
            self.providers.insert_configured((id, None), provider);
        }
    }

    /// Starts configuring the provider of a block.
    pub(crate) fn configure_provider(&mut self, module: ModuleId, position: usize) -> Step {
        let configuration = Arc::clone(&self.configuration);
        // Whoever looks for what exists asks providers that nothing uses yet.
        let unused_too = self.options.discover.is_some();
        let place = (module, position);
        match start_block(&mut self.providers, &configuration, &self.evaluation, place, unused_too) {
            Ok(Some(configuring)) => {
                let outcome = |(configured, problems)| NodeOutcome::Providers(configured, problems);
                Step::Waiting(configuring.map(outcome).boxed())
            }
            Ok(None) => Step::Done,
            Err(problems) => {
                self.diagnostics.extend(problems);
                Step::Done
            }
        }
    }

    fn constraint_text(&self, source: &ProviderSource) -> String {
        version_constraints(&self.configuration.tree, source).to_string()
    }
}

/// The providers of a block that are being configured, one per key of a repeated block, and what there is to say of them.
pub type Configuring = BoxFuture<'static, (Vec<(ConfiguredKey, Arc<dyn Provider>)>, Diagnostics)>;

/// A provider that was started, with the configuration that it is to get.
type Starting = (ConfiguredKey, Arc<dyn Provider>, Value);

/// Finds the instances of the `provider` block at a position in a module and starts a provider for each. There is nothing to
/// wait for where nothing uses the block, unless `unused_too`, and where others stand in for its providers.
///
/// # Errors
/// When the block cannot be evaluated or a provider cannot be started.
pub fn start_block(
    providers: &mut ProviderPool,
    configuration: &PreparedConfiguration,
    evaluation: &Evaluation,
    (module, position): (ModuleId, usize),
    unused_too: bool,
) -> Result<Option<Configuring>, Diagnostics> {
    let declared = configuration.tree.module(module);
    let block = &declared.provider_blocks[position];
    let source = declared.provider_source(&block.local_name);
    let config = configuration.provider_configs.of_block(module, position);
    let Some((id, _)) = config.filter(|(_, config)| config.used || unused_too) else { return Ok(None) };
    let Some(instance) = evaluation.instances_of(module).first().copied() else { return Ok(None) };
    let (repetitions, problems) = expand_provider(block, evaluation, instance);
    if problems.has_errors() {
        return Err(problems);
    }
    if block.for_each.is_some() {
        providers.set_keys(id, repetitions.iter().filter_map(RepetitionValues::key).collect());
    }
    if let Some(substitute) = providers.substitute(&source, block.alias.as_ref()) {
        for repetition in repetitions {
            providers.insert_configured((id, repetition.key()), Arc::clone(&substitute));
        }
        return Ok(None);
    }
    let mut starting = Vec::with_capacity(repetitions.len());
    for repetition in repetitions {
        let key = (id, repetition.key());
        let (provider, config) =
            start_configured(providers, &source, block, evaluation, instance, repetition)?;
        starting.push((key, provider, config));
    }
    let constraint = version_constraints(&configuration.tree, &source).to_string();
    let block = block.clone();
    Ok(Some(async move { configure_all(starting, &block, &constraint).await }.boxed()))
}

/// Evaluates one instance of a `provider` block and starts the provider for it.
///
/// # Errors
/// When the block cannot be evaluated or the provider cannot be started.
fn start_configured(
    providers: &ProviderPool,
    source: &ProviderSource,
    block: &ProviderBlock,
    evaluation: &Evaluation,
    instance: ModuleInstanceId,
    repetition: RepetitionValues,
) -> Result<(Arc<dyn Provider>, Value), Diagnostics> {
    let Some(schema) = providers.provider_schema(source) else { return Err(Diagnostics::new()) };
    let scope = evaluation.scope(instance, repetition);
    let mut evaluator = Evaluator::new(&scope);
    let value = decode_block(&mut evaluator, &block.body, schema);
    if evaluator.diagnostics.has_errors() {
        return Err(evaluator.diagnostics);
    }
    Ok((providers.start(source)?, value.unmark_deep().0))
}

/// Configures all instances of a `provider` block at the same time.
async fn configure_all(
    starting: Vec<Starting>,
    block: &ProviderBlock,
    version_constraint: &str,
) -> (Vec<(ConfiguredKey, Arc<dyn Provider>)>, Diagnostics) {
    let configuring = starting.into_iter().map(|(key, provider, config)| async move {
        let problems = configure(provider.as_ref(), config, version_constraint.to_owned()).await;
        (key, provider, problems)
    });
    let mut all = Diagnostics::new();
    let mut configured = Vec::new();
    for (key, provider, problems) in futures_util::future::join_all(configuring).await {
        all.extend(problems.into_iter().map(|problem| place(problem, block)));
        configured.push((key, provider));
    }
    (configured, all)
}

/// Checks a provider's configuration and hands it over.
pub async fn configure(provider: &dyn Provider, config: Value, version_constraint: String) -> Diagnostics {
    let mut diagnostics = provider.validate_provider_config(config.clone()).await;
    if !diagnostics.has_errors() {
        let request = ConfigureRequest {
            config,
            terraform_version: TERRAFORM_VERSION.into(),
            version_constraint: version_constraint.into(),
        };
        diagnostics.extend(provider.configure(request).await);
    }
    diagnostics
}

fn place(diagnostic: Diagnostic, block: &ProviderBlock) -> Diagnostic {
    let span = diagnostic.attribute.as_ref().and_then(|path| locate(&block.body, path)).unwrap_or(block.span);
    if diagnostic.subject.is_some() { diagnostic } else { diagnostic.at(span) }
}

/// An implied configuration has no place to point at; the message says which provider it is about.
fn explain_missing_block(mut diagnostic: Diagnostic, source: &ProviderSource) -> Diagnostic {
    diagnostic.detail = format!(
        "{}\n\nProvider {} has no \"provider\" block in the root module, so it was configured with defaults.",
        diagnostic.detail,
        source.for_display()
    );
    diagnostic
}

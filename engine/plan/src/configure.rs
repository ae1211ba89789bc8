//! Configuring providers: evaluating `provider` blocks and handing them over.

use std::sync::Arc;

use futures_util::FutureExt;
use terrane_language::config::module::ProviderBlock;
use terrane_language::evaluate::{Evaluator, RepetitionValues, decode_block, locate};
use terrane_language::modules::provider_bindings::version_constraints;
use terrane_language::modules::{ModuleId, ProviderConfigId};
use terrane_model::{Diagnostic, Diagnostics, ProviderSource, Value};
use terrane_provider::{ConfigureRequest, Provider};

use crate::planner::{NodeOutcome, Planner, Step};

/// The version of Terraform whose behaviour is offered.
pub const TERRAFORM_VERSION: &str = "1.11.4";

impl Planner {
    /// Configures all providers that have no block: nothing can be unknown about them.
    pub(crate) async fn configure_implied_providers(&mut self) {
        let implied: Vec<(ProviderConfigId, ProviderSource)> = self
            .configuration
            .provider_configs
            .iter()
            .filter(|(_, config)| config.block.is_none())
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
        let tree = Arc::clone(&self.configuration.tree);
        let block = &tree.module(module).provider_blocks[position];
        let source = tree.module(module).provider_source(&block.local_name);
        let config = self
            .configuration
            .provider_configs
            .iter()
            .find(|(_, config)| config.module == module && config.block == Some(position));
        let Some((id, _)) = config else { return Step::Done };
        if let Some(substitute) = self.providers.substitute(&source, block.alias.as_ref()) {
            self.providers.insert_configured((id, None), substitute);
            return Step::Done;
        }
        let Some(schema) = self.providers.provider_schema(&source).cloned() else { return Step::Done };
        let Some(instance) = self.evaluation.instances_of(module).first().copied() else { return Step::Done };
        let scope = self.evaluation.scope(instance, RepetitionValues::None);
        let mut evaluator = Evaluator::new(&scope);
        let value = decode_block(&mut evaluator, &block.body, &schema);
        let problems = evaluator.diagnostics;
        if problems.has_errors() {
            self.diagnostics.extend(problems);
            return Step::Done;
        }
        let provider = match self.providers.start(&source) {
            Ok(provider) => provider,
            Err(problems) => {
                self.diagnostics.extend(problems);
                return Step::Done;
            }
        };
        let constraint = self.constraint_text(&source);
        let (value, _) = value.unmark_deep();
        let block = block.clone();
        let future = async move {
            let problems = configure(provider.as_ref(), value, constraint).await;
            let problems = problems.into_iter().map(|problem| place(problem, &block)).collect();
            NodeOutcome::Provider((id, None), provider, problems)
        };
        Step::Waiting(future.boxed())
    }

    fn constraint_text(&self, source: &ProviderSource) -> String {
        version_constraints(&self.configuration.tree, source).to_string()
    }
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

//! Results of conditions, gathered over a run.

use std::collections::BTreeMap;

use terrane_language::evaluate::RuleOutcome;
use terrane_language::modules::ModuleTree;
use terrane_model::Str;
use terrane_state::{CheckObject, CheckResult, CheckStatus, CheckableKind};

/// Gathers results by the object of the configuration that has the conditions.
#[derive(Debug, Default)]
pub struct Checks {
    by_config: BTreeMap<(String, CheckableKind), Objects>,
}

/// Results per instance; `None` until any instance is known.
type Objects = Option<BTreeMap<String, Outcomes>>;

#[derive(Debug, Default)]
struct Outcomes {
    status: Option<CheckStatus>,
    messages: Vec<Str>,
}

impl Checks {
    /// Enters every object of a configuration that has conditions, without a result.
    pub fn of_configuration(tree: &ModuleTree) -> Self {
        let mut checks = Self::default();
        for (_, node) in tree.nodes() {
            let prefix = if node.path.is_root() { String::new() } else { format!("{}.", node.path) };
            let module = &node.module;
            for variable in module.variables.iter().filter(|variable| !variable.validations.is_empty()) {
                checks.declare(format!("{prefix}var.{}", variable.name), CheckableKind::InputVariable);
            }
            for output in module.outputs.iter().filter(|output| !output.preconditions.is_empty()) {
                checks.declare(format!("{prefix}output.{}", output.name), CheckableKind::OutputValue);
            }
            for resource in &module.resources {
                let lifecycle = &resource.lifecycle;
                if !lifecycle.preconditions.is_empty() || !lifecycle.postconditions.is_empty() {
                    checks.declare(format!("{prefix}{}", resource.address), CheckableKind::Resource);
                }
            }
            for check in &module.checks {
                checks.declare(format!("{prefix}check.{}", check.name), CheckableKind::Check);
            }
        }
        checks
    }

    /// Enters what a destruction leaves: everything that has conditions, without any object that they could hold for.
    pub fn of_destruction(tree: &ModuleTree) -> Self {
        let mut checks = Self::of_configuration(tree);
        for output in &tree.root().outputs {
            let address = format!("output.{}", output.name);
            checks.expect(&address, CheckableKind::OutputValue, &address);
        }
        checks
    }

    fn declare(&mut self, config_address: String, kind: CheckableKind) {
        self.by_config.insert((config_address, kind), None);
    }

    /// Says that the instances of an object are known, so that having none is a result as well.
    pub fn expanded(&mut self, config_address: &str, kind: CheckableKind) {
        if let Some(objects) = self.by_config.get_mut(&(config_address.to_owned(), kind)) {
            objects.get_or_insert_default();
        }
    }

    /// Names an instance of which nothing is known yet.
    pub fn expect(&mut self, config_address: &str, kind: CheckableKind, address: &str) {
        if let Some(objects) = self.by_config.get_mut(&(config_address.to_owned(), kind)) {
            objects.get_or_insert_default().entry(address.to_owned()).or_default();
        }
    }

    /// Adds the result of one condition of an instance. Of several, the worst counts.
    pub fn record(
        &mut self,
        config_address: &str,
        kind: CheckableKind,
        address: &str,
        outcome: &RuleOutcome,
    ) {
        let objects =
            self.by_config.entry((config_address.to_owned(), kind)).or_default().get_or_insert_default();
        let outcomes = objects.entry(address.to_owned()).or_default();
        let status = match outcome {
            RuleOutcome::Pass => CheckStatus::Pass,
            RuleOutcome::Unknown => CheckStatus::Unknown,
            RuleOutcome::Fail { message } => {
                outcomes.messages.push(message.as_str().into());
                CheckStatus::Fail
            }
            RuleOutcome::Error => CheckStatus::Error,
        };
        outcomes.status = outcomes.status.max(Some(status));
    }

    /// Tells whether a condition of an instance does not hold, or could not be evaluated.
    pub fn has_failed(&self, config_address: &str, kind: CheckableKind, address: &str) -> bool {
        let objects = self.by_config.get(&(config_address.to_owned(), kind)).and_then(Option::as_ref);
        let status = objects.and_then(|objects| objects.get(address)).and_then(|outcomes| outcomes.status);
        matches!(status, Some(CheckStatus::Fail | CheckStatus::Error))
    }

    /// Returns the results in the order of addresses.
    pub fn results(&self) -> Vec<CheckResult> {
        let results = self.by_config.iter().map(|((config_address, kind), objects)| {
            let objects: Vec<CheckObject> = objects
                .iter()
                .flatten()
                .map(|(address, outcomes)| CheckObject {
                    address: address.as_str().into(),
                    status: outcomes.status.unwrap_or(CheckStatus::Unknown),
                    failure_messages: outcomes.messages.clone(),
                })
                .collect();
            let worst = objects.iter().map(|object| object.status).max();
            let known = self.by_config.get(&(config_address.clone(), *kind)).is_some_and(Option::is_some);
            let status = worst.unwrap_or(if known { CheckStatus::Pass } else { CheckStatus::Unknown });
            CheckResult { kind: *kind, config_address: config_address.as_str().into(), status, objects }
        });
        results.collect()
    }
}

//! `show -json` of a plan, format 1.2.

use terrane_model::{AttributePath, IndexKey, PathStep, Value};
use terrane_plan::prior_objects::PriorObjects;
use terrane_plan::{Action, OutputChange, Plan, PreparedConfiguration, ProviderPool, ResourceChange};
use terrane_provider::ImportTarget;

use super::actions::invocation_json;
use super::checks::checks_json;
use super::configuration::configuration_json;
use super::resources::{ShownResource, key_json, mode_name, module_tree};
use super::state_v1::{output_json, state_values};
use super::values::{known_json, sensitive_json, unknown_json};
use super::writer::{ObjectWriter, array, quoted};
use crate::project::TERRAFORM_VERSION;

/// Everything that a plan's JSON shows.
pub struct ShownPlan<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The configuration that it was made from.
    pub configuration: &'a PreparedConfiguration,
    /// The objects of its prior state.
    pub prior: &'a PriorObjects,
    /// The providers' schemas.
    pub providers: &'a ProviderPool,
}

/// Writes a plan.
pub fn plan_json(shown: &ShownPlan<'_>) -> String {
    let plan = shown.plan;
    let mut writer = ObjectWriter::new();
    writer.text("format_version", "1.2");
    writer.text("terraform_version", TERRAFORM_VERSION);
    if !plan.variables.is_empty() {
        let mut variables = ObjectWriter::new();
        for (name, value) in &plan.variables {
            let mut entry = ObjectWriter::new();
            entry.raw("value", &known_json(value).unwrap_or_else(|| "null".to_owned()));
            variables.raw(name, &entry.finish());
        }
        writer.raw("variables", &variables.finish());
    }
    writer.raw("planned_values", &planned_values(plan));
    if !plan.resource_drift.is_empty() {
        writer.raw("resource_drift", &array(plan.resource_drift.iter().map(resource_change_json)));
    }
    let changes: Vec<String> = plan.resource_changes.iter().map(resource_change_json).collect();
    if !changes.is_empty() {
        writer.raw("resource_changes", &array(changes));
    }
    if !plan.output_changes.is_empty() {
        let mut outputs = ObjectWriter::new();
        for (name, change) in &plan.output_changes {
            outputs.raw(name, &output_change_json(change));
        }
        writer.raw("output_changes", &outputs.finish());
    }
    if !plan.action_invocations.is_empty() {
        writer.raw("action_invocations", &array(plan.action_invocations.iter().map(invocation_json)));
    }
    if !plan.prior_state.is_empty() {
        let mut prior = ObjectWriter::new();
        prior.text("format_version", "1.0");
        prior.text("terraform_version", TERRAFORM_VERSION);
        prior.raw("values", &state_values(&plan.prior_state, shown.prior, shown.providers));
        writer.raw("prior_state", &prior.finish());
    }
    writer.raw("configuration", &configuration_json(shown.configuration, shown.providers));
    if !plan.relevant_attributes.is_empty() {
        writer.raw("relevant_attributes", &relevant_attributes_json(plan));
    }
    if !plan.checks.is_empty() {
        writer.raw("checks", &checks_json(&plan.checks));
    }
    writer.text("timestamp", &plan.timestamp);
    writer.flag("applyable", plan.is_applyable());
    writer.flag("complete", plan.targets.is_empty() && plan.excludes.is_empty());
    writer.flag("errored", plan.errored);
    writer.finish()
}

/// Writes the parts of objects that a plan depends on.
pub fn relevant_attributes_json(plan: &Plan) -> String {
    let relevant = plan.relevant_attributes.iter().map(|(address, path)| {
        let mut entry = ObjectWriter::new();
        entry.text("resource", &address.to_string());
        entry.raw("attribute", &path_json(path));
        entry.finish()
    });
    array(relevant)
}

fn planned_values(plan: &Plan) -> String {
    let mut writer = ObjectWriter::new();
    let outputs: Vec<&OutputChange> =
        plan.output_changes.values().filter(|output| output.change.action != Action::Delete).collect();
    if !outputs.is_empty() {
        let mut shown = ObjectWriter::new();
        for output in outputs {
            shown.raw(&output.name, &output_json(&output.change.after, output.sensitive));
        }
        writer.raw("outputs", &shown.finish());
    }
    let resources: Vec<ShownResource<'_>> = plan
        .resource_changes
        .iter()
        .filter(|change| change.deposed.is_none() && change.change.action != Action::Delete)
        .map(|change| ShownResource {
            address: &change.address,
            deposed: None,
            provider: &change.provider_config.provider,
            schema_version: change.schema_version,
            value: &change.change.after,
            depends_on: Vec::new(),
            tainted: false,
        })
        .collect();
    writer.raw("root_module", &module_tree(&resources));
    writer.finish()
}

/// Writes the change of an object.
pub fn resource_change_json(change: &ResourceChange) -> String {
    let address = &change.address;
    let mut writer = ObjectWriter::new();
    writer.text("address", &address.to_string());
    if change.is_moved() {
        writer.text("previous_address", &change.previous_address.to_string());
    }
    if !address.module.is_root() {
        writer.text("module_address", &address.module.to_string());
    }
    writer.text("mode", mode_name(address.resource.mode));
    writer.text("type", &address.resource.resource_type);
    writer.text("name", &address.resource.name);
    if let Some(key) = &address.key {
        writer.raw("index", &key_json(key));
    }
    writer.text("provider_name", &change.provider_config.provider.to_string());
    if let Some(deposed) = &change.deposed {
        writer.text("deposed", deposed);
    }
    writer.raw("change", &change_json(change));
    if let Some(reason) = change.reason {
        writer.text("action_reason", reason.name());
    }
    writer.finish()
}

fn change_json(change: &ResourceChange) -> String {
    let (before, after) = (&change.change.before, &change.change.after);
    let mut writer = ObjectWriter::new();
    writer.raw("actions", &actions_json(change.change.action));
    writer.raw("before", &known_json(before).unwrap_or_else(|| "null".to_owned()));
    writer.raw("after", &known_json(after).unwrap_or_else(|| "null".to_owned()));
    let after_unknown = if after.is_wholly_known() { "{}".to_owned() } else { unknown_json(after) };
    writer.raw("after_unknown", &after_unknown);
    writer.raw("before_sensitive", &sensitive_json(before));
    writer.raw("after_sensitive", &sensitive_json(after));
    if !change.required_replace.is_empty() {
        writer.raw("replace_paths", &array(change.required_replace.iter().map(path_json)));
    }
    if let Some(importing) = &change.importing {
        let mut import = ObjectWriter::new();
        match &importing.target {
            ImportTarget::Id(id) => import.text("id", id),
            ImportTarget::Identity(identity) => {
                import.raw("identity", &known_json(identity).unwrap_or_else(|| "null".to_owned()))
            }
        };
        writer.raw("importing", &import.finish());
    }
    if let Some(config) = &change.generated_config {
        writer.text("generated_config", config);
    }
    writer.finish()
}

/// Writes the change of an output.
pub fn output_change_json(output: &OutputChange) -> String {
    let (before, _) = output.change.before.clone().unmark_deep();
    let (after, _) = output.change.after.clone().unmark_deep();
    let mut writer = ObjectWriter::new();
    writer.raw("actions", &actions_json(output.change.action));
    writer.raw("before", &known_json(&before).unwrap_or_else(|| "null".to_owned()));
    if let Some(after) = known_json(&after) {
        writer.raw("after", &after);
    }
    let unknown = if after.is_wholly_known() { "false".to_owned() } else { unknown_json(&after) };
    writer.raw("after_unknown", &unknown);
    writer.flag("before_sensitive", output.sensitive);
    writer.flag("after_sensitive", output.sensitive);
    writer.finish()
}

/// Writes an action as the list of what it consists of.
pub fn actions_json(action: Action) -> String {
    let names: &[&str] = match action {
        Action::NoOp => &["no-op"],
        Action::Create => &["create"],
        Action::Read => &["read"],
        Action::Update => &["update"],
        Action::Delete => &["delete"],
        Action::DeleteThenCreate => &["delete", "create"],
        Action::CreateThenDelete => &["create", "delete"],
        Action::Forget => &["forget"],
        Action::CreateThenForget => &["create", "forget"],
    };
    array(names.iter().map(|name| quoted(name)))
}

/// Writes a path as a list of names and positions.
pub fn path_json(path: &AttributePath) -> String {
    array(path.steps().iter().map(|step| match step {
        PathStep::Attribute(name) => quoted(name),
        PathStep::Index(IndexKey::Position(position)) => position.to_string(),
        PathStep::Index(IndexKey::Key(key)) => quoted(key),
        PathStep::Index(IndexKey::Element(element)) => element_json(element),
    }))
}

fn element_json(element: &Value) -> String {
    known_json(element).unwrap_or_else(|| "null".to_owned())
}

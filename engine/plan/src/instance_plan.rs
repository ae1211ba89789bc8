//! Planning one instance of a managed resource: everything that asks the provider, and nothing that looks at
//! other instances.

use std::sync::Arc;

use terrane_language::config::module::IgnoreChanges;
use terrane_model::{
    AttributePath, Diagnostic, Diagnostics, Marks, ResourceInstanceAddress, Schema, Str, Value,
};
use terrane_provider::{
    ImportRequest, ImportTarget, PlanRequest, PlanResponse, Private, Provider, ReadRequest, ReadResponse,
    ValidateRequest,
};

use crate::change::{Action, ActionReason};
use crate::events::{PlanEvent, PlanEvents};
use crate::ignore_changes::apply_ignore_changes;
use crate::prior_objects::PriorObject;
use crate::propose_new::propose_new;
use crate::provider_contract::{Violation, check_plan};

/// What is needed to plan an instance.
pub struct InstanceTask {
    /// The address, for messages.
    pub address: String,
    /// The provider, configured.
    pub provider: Arc<dyn Provider>,
    /// The provider's name, for messages.
    pub provider_name: String,
    /// Resource type.
    pub type_name: Str,
    /// Its schema.
    pub schema: Schema,
    /// The configuration, with marks.
    pub config: Value,
    /// The object that the state knows, refreshed if that was asked for.
    pub prior: Option<PriorObject>,
    /// The existing object to take over when the state knows none.
    pub import: Option<ImportTask>,
    /// Which changes do not count.
    pub ignore_changes: IgnoreChanges,
    /// Whether a replacement is created first.
    pub create_before_destroy: bool,
    /// Why the object is replaced, whatever the provider says.
    pub replace_reason: Option<ActionReason>,
    /// What the module says to the provider.
    pub provider_meta: Value,
    /// Whether nothing is planned and only the present object wanted.
    pub refresh_only: bool,
    /// Whether there is a configuration at all; one that is still to be written is not checked.
    pub is_declared: bool,
}

/// An existing object to take over.
pub struct ImportTask {
    /// Which; nothing for the one that would be in the way of making it.
    pub target: Option<ImportTarget>,
    /// Whether there may be none, which is no error then.
    pub if_exists: bool,
    /// The instance that takes it, for events.
    pub address: ResourceInstanceAddress,
    /// Whether the user asked for it on the command line.
    pub by_command: bool,
    /// Gets told how it goes.
    pub events: Arc<dyn PlanEvents>,
}

/// What came out.
pub struct InstanceOutcome {
    /// The present object, with what an import found.
    pub prior: Option<PriorObject>,
    /// Whether the object was imported.
    pub imported: Option<ImportTarget>,
    /// The plan; nothing after an error.
    pub planned: Option<PlannedInstance>,
    /// Messages, with paths into the configuration.
    pub diagnostics: Diagnostics,
}

/// The plan for an instance.
pub struct PlannedInstance {
    /// What will be done.
    pub action: Action,
    /// Why.
    pub reason: Option<ActionReason>,
    /// The object as it will be, with marks.
    pub after: Value,
    /// Parts whose change makes a replacement necessary.
    pub required_replace: Vec<AttributePath>,
    /// The provider's own data.
    pub private: Private,
    /// The identity, where it is known.
    pub identity: Option<Value>,
}

/// Plans an instance.
pub async fn plan_instance(task: InstanceTask) -> InstanceOutcome {
    let mut outcome = InstanceOutcome {
        prior: task.prior.clone(),
        imported: None,
        planned: None,
        diagnostics: Diagnostics::new(),
    };
    let (config, config_marks) = task.config.split_marks();
    if task.is_declared {
        let request = ValidateRequest { type_name: task.type_name.clone(), config: config.clone() };
        outcome.diagnostics.extend(task.provider.validate_resource_config(request).await);
    }
    if outcome.diagnostics.has_errors() {
        return outcome;
    }
    if outcome.prior.is_none()
        && let Some(import_task) = &task.import
    {
        let target = match &import_task.target {
            Some(target) => Some(target.clone()),
            None => target_in_the_way(&task, &config, &config_marks, &mut outcome.diagnostics).await,
        };
        if let Some(target) = target {
            outcome.prior = import(&task, import_task, &target, &mut outcome.diagnostics).await;
            outcome.imported = outcome.prior.is_some().then_some(target);
        }
    }
    if outcome.diagnostics.has_errors() || task.refresh_only {
        return outcome;
    }
    outcome.planned =
        plan_change(&task, outcome.prior.as_ref(), &config, &config_marks, &mut outcome.diagnostics).await;
    outcome
}

async fn plan_change(
    task: &InstanceTask,
    prior: Option<&PriorObject>,
    config: &Value,
    config_marks: &[(AttributePath, Marks)],
    diagnostics: &mut Diagnostics,
) -> Option<PlannedInstance> {
    let block = &task.schema.block;
    let nothing = Value::Null(block.implied_type().clone());
    let prior_value = prior.map_or(&nothing, |prior| &prior.value);
    // A tainted object is on its way out: its values say nothing about the new one.
    let plan_against = if prior.is_some_and(|prior| prior.tainted) { &nothing } else { prior_value };
    let config = apply_ignore_changes(&task.ignore_changes, plan_against, config, block);
    let private = prior.map(|prior| prior.private.clone()).unwrap_or_default();
    let response = ask(task, plan_against, &config, private, prior, diagnostics).await?;
    let mut planned = response.planned_state;
    let mut planned_private = response.planned_private;
    let mut identity = response.planned_identity;
    let required_replace: Vec<AttributePath> = if plan_against.is_null() {
        Vec::new()
    } else {
        changed_paths(response.requires_replace, plan_against, &planned)
    };
    let replace_reason = match prior {
        None => None,
        Some(prior) if prior.tainted => Some(ActionReason::ReplaceBecauseTainted),
        Some(_) if !required_replace.is_empty() => Some(ActionReason::ReplaceBecauseCannotUpdate),
        Some(_) => task.replace_reason,
    };
    let action = match (prior, replace_reason) {
        (None, _) => Action::Create,
        (Some(_), Some(_)) if task.create_before_destroy => Action::CreateThenDelete,
        (Some(_), Some(_)) => Action::DeleteThenCreate,
        (Some(prior), None) if planned.raw_equals(&prior.value) => Action::NoOp,
        (Some(_), None) => Action::Update,
    };
    if action.is_replace() && !plan_against.is_null() {
        // The new object owes nothing to the old one: it is planned as if there were none.
        let response = ask(task, &nothing, &config, Private::new(), None, diagnostics).await?;
        planned = response.planned_state;
        planned_private = response.planned_private;
        identity = response.planned_identity;
    }
    let after = with_marks(task, &planned, config_marks);
    let reason = if action == Action::NoOp || action == Action::Update { None } else { replace_reason };
    let action =
        if action == Action::NoOp && prior.is_some_and(|prior| marks_differ(prior, &task.schema, &after)) {
            Action::Update
        } else {
            action
        };
    Some(PlannedInstance { action, reason, after, required_replace, private: planned_private, identity })
}

/// A change of what is sensitive is a change, even where no value changes.
fn marks_differ(prior: &PriorObject, schema: &Schema, after: &Value) -> bool {
    let paths = |value: &Value| {
        let mut paths: Vec<String> = value.split_marks().1.iter().map(|(path, _)| path.to_string()).collect();
        paths.sort();
        paths
    };
    paths(&prior.marked(schema)) != paths(after)
}

fn with_marks(task: &InstanceTask, planned: &Value, config_marks: &[(AttributePath, Marks)]) -> Value {
    let mut marks = task.schema.block.sensitive_paths(planned);
    let stored = config_marks.iter().map(|(path, marks)| (path.clone(), marks.without(Marks::EPHEMERAL)));
    marks.extend(stored.filter(|(_, marks)| !marks.is_empty()));
    planned.with_marks_at(&marks)
}

/// Asks the provider for a plan and checks what it answers.
async fn ask(
    task: &InstanceTask,
    prior: &Value,
    config: &Value,
    private: Private,
    prior_object: Option<&PriorObject>,
    diagnostics: &mut Diagnostics,
) -> Option<PlanResponse> {
    let block = &task.schema.block;
    let proposed = propose_new(block, prior, config);
    let request = PlanRequest {
        type_name: task.type_name.clone(),
        prior_state: prior.clone(),
        proposed_new_state: proposed,
        config: config.clone(),
        prior_private: private,
        provider_meta: task.provider_meta.clone(),
        prior_identity: prior_object.and_then(|prior| prior.identity.clone()),
    };
    let mut response = task.provider.plan_resource_change(request).await;
    let failed = response.diagnostics.has_errors();
    diagnostics.extend(std::mem::take(&mut response.diagnostics));
    if failed {
        return None;
    }
    let expected = block.implied_type();
    if !expected.admits(&response.planned_state.ty()) {
        let detail = format!(
            "Provider {:?} planned an invalid value for {}: the value is not of the type that the provider's schema \
             promises.\n\nThis is a bug in the provider, which should be reported in the provider's own issue tracker.",
            task.provider_name, task.address
        );
        diagnostics.push(Diagnostic::error("Provider produced invalid plan", detail));
        return None;
    }
    let violations = check_plan(block, prior, config, &response.planned_state);
    if !violations.is_empty() && !response.legacy_type_system {
        diagnostics.push(contract_error(task, &violations));
        return None;
    }
    Some(response)
}

fn contract_error(task: &InstanceTask, violations: &[Violation]) -> Diagnostic {
    let list: Vec<String> =
        violations.iter().map(|violation| format!("  - {}: {}", violation.path, violation.message)).collect();
    let detail = format!(
        "Provider {:?} planned an invalid value for {}:\n{}\n\nThis is a bug in the provider, which should be reported in \
         the provider's own issue tracker.",
        task.provider_name,
        task.address,
        list.join("\n")
    );
    Diagnostic::error("Provider produced invalid plan", detail)
}

/// Leaves the paths at which something really changes; an unknown value counts as a change.
fn changed_paths(paths: Vec<AttributePath>, prior: &Value, planned: &Value) -> Vec<AttributePath> {
    let changes = |path: &AttributePath| match (prior.at_path(path), planned.at_path(path)) {
        (Some(before), Some(after)) => !before.raw_equals(&after),
        (before, after) => before.is_some() != after.is_some(),
    };
    let mut paths: Vec<AttributePath> = paths.into_iter().filter(changes).collect();
    paths.dedup();
    paths
}

/// Finds which object would be in the way of making one. Where that depends on what is yet to be made, none is.
async fn target_in_the_way(
    task: &InstanceTask,
    config: &Value,
    config_marks: &[(AttributePath, Marks)],
    diagnostics: &mut Diagnostics,
) -> Option<ImportTarget> {
    let planned = plan_change(task, None, config, config_marks, diagnostics).await?;
    let (planned, _) = planned.after.split_marks();
    task.provider.id_before_create(&task.type_name, &planned).map(ImportTarget::Id)
}

async fn import(
    task: &InstanceTask,
    import: &ImportTask,
    target: &ImportTarget,
    diagnostics: &mut Diagnostics,
) -> Option<PriorObject> {
    let ImportTask { if_exists, address, by_command, events, .. } = import;
    let id = describe_target(target);
    events.event(PlanEvent::Importing { address, id: &id, by_command: *by_command });
    let request = ImportRequest { type_name: task.type_name.clone(), target: target.clone() };
    let response = task.provider.import_resource_state(request).await;
    let failed = response.diagnostics.has_errors();
    diagnostics.extend(response.diagnostics);
    if failed {
        return None;
    }
    let found = response.imported.into_iter().find(|imported| imported.type_name == task.type_name);
    let Some(found) = found else {
        let detail = format!(
            "The provider returned no {} for the import of {}. Check the import id.",
            task.type_name, task.address
        );
        diagnostics.push(Diagnostic::error("Import returned no resources", detail));
        return None;
    };
    let stub = PriorObject {
        value: found.state,
        sensitive: Vec::new(),
        private: found.private,
        tainted: false,
        dependencies: Arc::from([]),
        create_before_destroy: false,
        schema_version: task.schema.version,
        identity: found.identity,
    };
    events.event(PlanEvent::Imported { address, id: &id, by_command: *by_command });
    events.event(PlanEvent::Refreshing { address, deposed: None, value: &stub.value });
    let response =
        task.provider.read_resource(read_request(&task.type_name, &stub, &task.provider_meta)).await;
    let read = refreshed_object(&stub, response, diagnostics)?;
    if let Some(read) = &read {
        events.event(PlanEvent::Refreshed { address, deposed: None, value: &read.value });
    } else if !*if_exists {
        let detail = format!(
            "While attempting to import an existing object to {:?}, the provider detected that no object exists with the \
             given id. Only pre-existing objects can be imported; check that the id {:?} is correct and that it is \
             associated with the provider's configured region or endpoint, or use \"terrane apply\" to create a new remote \
             object for this resource.",
            task.address, id
        );
        diagnostics.push(Diagnostic::error("Cannot import non-existent remote object", detail));
    }
    read
}

/// Returns how people are told which object is imported.
fn describe_target(target: &ImportTarget) -> String {
    match target {
        ImportTarget::Id(id) => id.to_string(),
        ImportTarget::Identity(identity) => {
            let entries = identity.as_entries().unwrap_or_default().iter();
            let texts = entries.filter_map(|(name, value)| match value {
                Value::Null(_) => None,
                Value::String(text) => Some(format!("{name}={text}")),
                Value::Number(number) => Some(format!("{name}={number}")),
                Value::Bool(flag) => Some(format!("{name}={flag}")),
                _ => Some(name.to_string()),
            });
            texts.collect::<Vec<_>>().join(",")
        }
    }
}

/// Makes the request that reads an object as it is now.
pub fn read_request(type_name: &Str, object: &PriorObject, provider_meta: &Value) -> ReadRequest {
    ReadRequest {
        type_name: type_name.clone(),
        current_state: object.value.clone(),
        private: object.private.clone(),
        provider_meta: provider_meta.clone(),
        current_identity: object.identity.clone(),
        wanted: None,
    }
}

/// Takes over what a read answered: the object as it is now, or that there is none. Nothing after an error.
pub fn refreshed_object(
    object: &PriorObject,
    response: ReadResponse,
    diagnostics: &mut Diagnostics,
) -> Option<Option<PriorObject>> {
    let failed = response.diagnostics.has_errors();
    diagnostics.extend(response.diagnostics);
    if failed {
        return None;
    }
    if response.new_state.is_null() {
        return Some(None);
    }
    Some(Some(PriorObject {
        value: response.new_state,
        private: response.private,
        identity: response.new_identity.or_else(|| object.identity.clone()),
        ..object.clone()
    }))
}

//! A plan: everything that a run would do, as a value.

use std::collections::BTreeMap;

use terrane_language::evaluate::GivenValues;
use terrane_model::{
    ActionInstanceAddress, AttributePath, ResourceAddress, ResourceInstanceAddress, Str, Target, Value,
};
use terrane_provider::ImportTarget;
use terrane_state::{CheckResult, StateSnapshot};

use crate::action_invocation::ActionInvocation;
use crate::added_order::AddedOrder;
use crate::change::{Action, OutputChange, ResourceChange};

/// What kind of run a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlanMode {
    /// Bring what exists in line with the configuration.
    #[default]
    Normal,
    /// Destroy everything.
    Destroy,
    /// Only bring the state in line with what exists.
    RefreshOnly,
}

/// What to plan and what to leave out.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// What kind of run.
    pub mode: PlanMode,
    /// Whether not to look at how objects are now.
    pub skip_refresh: bool,
    /// What to plan, with what it depends on; everything when empty.
    pub targets: Vec<Target>,
    /// What to leave out, with what depends on it.
    pub excludes: Vec<Target>,
    /// Objects to replace whether they need it or not.
    pub force_replace: Vec<ResourceInstanceAddress>,
    /// Values for the root module's variables.
    pub given: GivenValues,
    /// How many provider calls may run at once.
    pub parallelism: usize,
    /// The time of the plan in RFC 3339.
    pub timestamp: String,
    /// Objects to take over besides those of `import` blocks.
    pub imports: Vec<(ResourceInstanceAddress, ImportTarget)>,
    /// A scope of which everything that exists is to be found.
    pub discover: Option<Str>,
    /// Resources of the root module whose configuration is still to be written: their objects are only imported,
    /// whatever their blocks say.
    pub generating: Vec<ResourceAddress>,
    /// The action to invoke, with all of its instances or one: nothing else is done then.
    pub invoke: Option<ActionInstanceAddress>,
    /// Configuration that was written for imported objects, by the resource that it declares.
    pub generated: BTreeMap<ResourceAddress, String>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What kind of run.
    pub mode: PlanMode,
    /// Objects in the order of their addresses, the unchanged ones too.
    pub resource_changes: Vec<ResourceChange>,
    /// What was changed by somebody else since the last run.
    pub resource_drift: Vec<ResourceChange>,
    /// Actions to invoke, in the order in which they are shown.
    pub action_invocations: Vec<ActionInvocation>,
    /// Outputs of the root module, the unchanged ones too.
    pub output_changes: BTreeMap<Str, OutputChange>,
    /// Values of the root module's variables, as they were given (not converted) or by default, with marks.
    pub variables: BTreeMap<Str, Value>,
    /// Variables that are never stored and must be given again at apply.
    pub ephemeral_variables: Vec<Str>,
    /// What was planned, when that was not everything.
    pub targets: Vec<Target>,
    /// What was left out.
    pub excludes: Vec<Target>,
    /// The action that the run is for, when it is for nothing else.
    pub invoke: Option<ActionInstanceAddress>,
    /// What was to be replaced by request.
    pub force_replace: Vec<ResourceInstanceAddress>,
    /// The state as it was before the run, after moves.
    pub previous_state: StateSnapshot,
    /// The state with every object as it is now.
    pub prior_state: StateSnapshot,
    /// Results of checks so far.
    pub checks: Vec<CheckResult>,
    /// Parts of objects that the changes depend on.
    pub relevant_attributes: Vec<(ResourceInstanceAddress, AttributePath)>,
    /// Destroyed objects that need no call of their own, since they go with others: positions in `resource_changes`.
    pub falling: BTreeMap<usize, usize>,
    /// What comes after what besides what configuration and state ask for.
    pub added_order: AddedOrder,
    /// The time of the plan in RFC 3339.
    pub timestamp: String,
    /// Whether planning failed, so that this is only what was found until then.
    pub errored: bool,
}

impl Plan {
    /// Returns what becomes of an instance's current object.
    pub fn change_of(&self, address: &ResourceInstanceAddress) -> Option<&ResourceChange> {
        let wanted = (address, &None);
        let found =
            self.resource_changes.binary_search_by(|change| (&change.address, &change.deposed).cmp(&wanted));
        found.ok().map(|position| &self.resource_changes[position])
    }

    /// Returns how many objects are added, changed and destroyed.
    pub fn counts(&self) -> ChangeCounts {
        let mut counts = ChangeCounts::default();
        for change in &self.resource_changes {
            if change.importing.is_some() {
                counts.import += 1;
            }
            match change.change.action {
                Action::Create => counts.add += 1,
                Action::Update => counts.change += 1,
                Action::Delete => counts.remove += 1,
                Action::DeleteThenCreate | Action::CreateThenDelete => {
                    counts.add += 1;
                    counts.remove += 1;
                }
                Action::CreateThenForget => {
                    counts.add += 1;
                    counts.forget += 1;
                }
                Action::Forget => counts.forget += 1,
                Action::NoOp | Action::Read => {}
            }
        }
        counts
    }

    /// Tells whether any output changes.
    pub fn has_output_changes(&self) -> bool {
        self.output_changes.values().any(|output| output.change.action != Action::NoOp)
    }

    /// Tells whether applying would do nothing at all, not even to the state.
    pub fn is_empty(&self) -> bool {
        let changes_state = self.mode == PlanMode::RefreshOnly && self.has_drift();
        let changes_objects = self.resource_changes.iter().any(ResourceChange::is_noteworthy);
        let invokes = !self.action_invocations.is_empty();
        !(changes_objects || invokes || changes_state || self.has_output_changes())
    }

    /// Tells whether objects are not as the state says.
    pub fn has_drift(&self) -> bool {
        self.prior_state.resources != self.previous_state.resources
    }

    /// Tells whether applying makes sense.
    pub fn is_applyable(&self) -> bool {
        !self.errored && !self.is_empty()
    }
}

/// How many objects a plan touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ChangeCounts {
    pub add: usize,
    pub change: usize,
    pub remove: usize,
    pub import: usize,
    pub forget: usize,
}

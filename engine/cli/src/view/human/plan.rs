//! A plan for people, laid out as Terraform lays it out: readers know it, and tools find their way in it.

use std::fmt::Write;
use std::time::Duration;

use rustc_hash::FxHashMap;
use terrane_model::{AttributePath, ResourceInstanceAddress, ResourceMode, Schema};
use terrane_plan::{Action, ActionInvocation, CriticalPath, Plan, PlanMode, ProviderPool, ResourceChange};

use super::paint::Paint;
use super::plan_actions::PlannedActions;
use super::plan_outputs::output_changes;
use super::plan_resource::{Cause, PlannedDiff, action_symbol, resource_diff};
use super::reveal::{RevealedSchemas, revealed_plan};
use super::wrap::wrap;
use crate::report::wording::elapsed_text;
use crate::terminal::{Style, Terminal};

/// Finds the schema of an object.
pub(super) type SchemaOf<'a> = dyn Fn(&ResourceChange) -> Option<&'a Schema> + 'a;

/// Lays a plan out, from what has changed since the last run to the outputs that will change. Begins with an
/// empty line and ends with a line end. What is sensitive is shown only where that was asked for.
pub fn render_plan(
    plan: &Plan,
    providers: &ProviderPool,
    terminal: &Terminal,
    shows_sensitive: bool,
) -> String {
    if shows_sensitive {
        return render_revealed(plan, providers, terminal);
    }
    let schema_of = |change: &ResourceChange| -> Option<&Schema> {
        let resource = &change.address.resource;
        let provider = &change.provider_config.provider;
        providers.block_schema(provider, resource.mode, &resource.resource_type)
    };
    let action_schema_of = |invocation: &ActionInvocation| -> Option<&Schema> {
        let schemas = providers.schemas(&invocation.provider_config.provider)?;
        schemas.actions.get(&invocation.address.action.action_type)
    };
    let paint = Paint::of(terminal);
    render(plan, &schema_of, &PlannedActions::new(plan, &action_schema_of, paint), paint)
}

fn render_revealed(plan: &Plan, providers: &ProviderPool, terminal: &Terminal) -> String {
    let schemas = RevealedSchemas::of_plan(plan, providers);
    let plan = revealed_plan(plan);
    let schema_of = |change: &ResourceChange| {
        let resource = &change.address.resource;
        schemas.get(&change.provider_config.provider, Some(resource.mode), &resource.resource_type)
    };
    let action_schema_of = |invocation: &ActionInvocation| {
        let action = &invocation.address.action;
        schemas.get(&invocation.provider_config.provider, None, &action.action_type)
    };
    let paint = Paint::of(terminal);
    render(&plan, &schema_of, &PlannedActions::new(&plan, &action_schema_of, paint), paint)
}

pub(super) fn render<'p>(
    plan: &'p Plan,
    schema_of: &SchemaOf<'p>,
    actions: &PlannedActions<'_>,
    paint: Paint,
) -> String {
    let changes: Vec<&ResourceChange> =
        plan.resource_changes.iter().filter(|change| is_shown(change)).collect();
    let outputs = output_changes(&plan.output_changes, paint);
    let invokes = !plan.action_invocations.is_empty();
    let drift = shown_drift(plan, schema_of, !changes.is_empty() || !outputs.is_empty() || invokes);
    let mut out = String::new();
    write_drift(&mut out, plan.mode, &drift, paint);
    let has_drift = !drift.is_empty();
    if changes.is_empty() && outputs.is_empty() && !invokes {
        write_no_changes(&mut out, plan, has_drift, paint);
        return out;
    }
    if has_drift {
        write_rule(&mut out, paint);
    }
    let has_actions = changes.iter().any(|change| change.change.action != Action::NoOp);
    if has_actions {
        write_legend(&mut out, &changes, paint);
    }
    if !changes.is_empty() || invokes {
        write_changes(&mut out, plan, &changes, schema_of, actions, paint);
    }
    if let Some(requested) = actions.requested() {
        let _ = write!(out, "\nTerrane will invoke the following action(s):\n\n{requested}\n");
    }
    if !outputs.is_empty() {
        let _ = writeln!(out, "\nChanges to Outputs:\n{outputs}");
        if changes.iter().all(|change| change.change.action == Action::NoOp) {
            out.push_str(&wrapped(
                "\nYou can apply this plan to save these new output values to the Terrane state, without changing any real \
                 infrastructure.",
                paint,
            ));
        }
    }
    out
}

/// The shortest duration that is worth a line.
const DURATION_MIN: Duration = Duration::from_secs(10);
/// How many objects of the longest chain are named.
const CHAIN_MAX: usize = 4;

/// Says how long the longest chain of operations usually takes; nothing when that is a moment.
pub fn expected_duration(path: &CriticalPath) -> Option<String> {
    if path.duration < DURATION_MIN {
        return None;
    }
    let mut chain: Vec<String> = path.addresses.iter().map(ToString::to_string).collect();
    let more = chain.len().saturating_sub(CHAIN_MAX);
    if more > 0 {
        // The longest operations are rarely the first ones.
        chain.drain(..more);
        chain.insert(0, format!("{more} others"));
    }
    Some(format!("\nExpected duration: about {} ({}).\n", elapsed_text(path.duration), chain.join(", then ")))
}

/// Tells whether a plan has to say anything about an object.
fn is_shown(change: &ResourceChange) -> bool {
    let is_forgotten_data =
        change.change.action == Action::Delete && change.address.resource.mode != ResourceMode::Managed;
    change.is_noteworthy() && !is_forgotten_data
}

fn wrapped(text: &str, paint: Paint) -> String {
    wrap(text, paint.columns.saturating_sub(1)) + "\n"
}

fn write_rule(out: &mut String, paint: Paint) {
    let rule = "─".repeat(paint.columns.saturating_sub(1));
    let _ = writeln!(out, "\n{}", paint.style(Style::Dim, &rule));
}

/// Compares what has changed since the last run, as far as it matters for the plan.
fn shown_drift<'p>(plan: &'p Plan, schema_of: &SchemaOf<'p>, is_changing: bool) -> Vec<PlannedDiff<'p>> {
    let is_refresh_only = plan.mode == PlanMode::RefreshOnly;
    if !is_refresh_only && !is_changing {
        return Vec::new();
    }
    let mut relevant: FxHashMap<&ResourceInstanceAddress, Vec<&AttributePath>> = FxHashMap::default();
    for (address, path) in &plan.relevant_attributes {
        relevant.entry(address).or_default().push(path);
    }
    let diffs = plan.resource_drift.iter().map(|change| {
        let of_object = relevant.get(&change.address).map(Vec::as_slice).unwrap_or_default();
        let relevant = (!is_refresh_only).then_some(of_object);
        PlannedDiff::new(change, schema_of(change), relevant)
    });
    // What has only moved is said where the plan says what will be done.
    diffs.filter(|diff| is_refresh_only || !diff.is_unchanged()).collect()
}

fn write_drift(out: &mut String, mode: PlanMode, drift: &[PlannedDiff<'_>], paint: Paint) {
    if drift.is_empty() {
        return;
    }
    let note = paint.style(Style::BoldCyan, "Note:");
    let _ = writeln!(out, "\n{note}{}\n", paint.bold(" Objects have changed outside of Terrane"));
    out.push_str(&wrapped(
        "Terrane detected the following changes made outside of Terrane since the last \"terrane apply\" which may have \
         affected this plan:",
        paint,
    ));
    for diff in drift {
        if let Some(text) = resource_diff(diff, Cause::Drift, paint) {
            let _ = writeln!(out, "\n{text}");
        }
    }
    out.push_str("\n\n");
    out.push_str(&wrapped(
        if mode == PlanMode::RefreshOnly {
            "This is a refresh-only plan, so Terrane will not take any actions to undo these. If you were expecting these \
             changes then you can apply this plan to record the updated values in the Terrane state without changing any \
             remote objects."
        } else {
            "Unless you have made equivalent changes to your configuration, or ignored the relevant attributes using \
             ignore_changes, the following plan may include actions to undo or respond to these changes."
        },
        paint,
    ));
}

fn write_no_changes(out: &mut String, plan: &Plan, has_drift: bool, paint: Paint) {
    if has_drift && plan.mode == PlanMode::RefreshOnly && !plan.errored {
        // What applying would do has been said below the changes.
        return;
    }
    if has_drift {
        write_rule(out, paint);
    }
    if plan.errored {
        let failed = paint.style(Style::BoldRed, "Planning failed.");
        let rest = paint.bold(" Terrane encountered an error while generating this plan.");
        let _ = writeln!(out, "\n{failed}{rest}\n");
        return;
    }
    let (verdict, explanation) = match plan.mode {
        PlanMode::RefreshOnly => (
            "Your infrastructure still matches the configuration.",
            "Terrane has checked that the real remote objects still match the result of your most recent changes, and \
             found no differences.",
        ),
        PlanMode::Destroy => (
            "No objects need to be destroyed.",
            "Either you have not created any objects yet or the existing objects were already deleted outside of Terrane.",
        ),
        PlanMode::Normal => (
            "Your infrastructure matches the configuration.",
            "Terrane has compared your real infrastructure against your configuration and found no differences, so no \
             changes are needed.",
        ),
    };
    let no_changes = paint.style(Style::BoldGreen, "No changes.");
    let _ = writeln!(out, "\n{no_changes}{}\n", paint.bold(&format!(" {verdict}")));
    out.push_str(&wrapped(explanation, paint));
}

/// Explains the symbols, those that the plan uses.
fn write_legend(out: &mut String, changes: &[&ResourceChange], paint: Paint) {
    out.push_str(&wrapped(
        "\nTerrane used the selected providers to generate the following execution plan. Resource actions are indicated \
         with the following symbols:",
        paint,
    ));
    let legend = [
        (Action::Create, "create"),
        (Action::Update, "update in-place"),
        (Action::Delete, "destroy"),
        (Action::DeleteThenCreate, "destroy and then create replacement"),
        (Action::CreateThenDelete, "create replacement and then destroy"),
        (Action::Read, "read (data resources)"),
    ];
    for (action, meaning) in legend {
        if changes.iter().any(|change| change.change.action == action) {
            let _ = writeln!(out, "{} {meaning}", action_symbol(action, paint));
        }
    }
}

fn write_changes<'p>(
    out: &mut String,
    plan: &Plan,
    changes: &[&'p ResourceChange],
    schema_of: &SchemaOf<'p>,
    actions: &PlannedActions<'_>,
    paint: Paint,
) {
    out.push_str(if plan.errored {
        "\nTerrane planned the following actions, but then encountered a problem:\n"
    } else {
        "\nTerrane will perform the following actions:\n"
    });
    for change in changes {
        let diff = PlannedDiff::new(change, schema_of(change), None);
        if let Some(text) = resource_diff(&diff, Cause::Plan, paint) {
            let around =
                if change.deposed.is_none() { actions.around(&change.address) } else { String::new() };
            let _ = writeln!(out, "\n{text}{around}");
        }
    }
    let _ = writeln!(out, "\n{}", summary(plan, paint));
}

/// Counts what will be done, in the words that tools look for.
pub fn summary(plan: &Plan, paint: Paint) -> String {
    let counts = plan.counts();
    let import = if counts.import > 0 { format!("{} to import, ", counts.import) } else { String::new() };
    let invoke = match plan.action_invocations.len() {
        0 => String::new(),
        count => format!(" Actions: {count} to invoke."),
    };
    format!(
        "{} {import}{} to add, {} to change, {} to destroy.{invoke}",
        paint.bold("Plan:"),
        counts.add,
        counts.change,
        counts.remove
    )
}

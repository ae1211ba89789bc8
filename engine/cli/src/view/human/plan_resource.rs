//! One change of a plan: what happens to which object and why, then its parts.

use terrane_model::{AttributePath, ResourceAddress, ResourceMode, Schema, Value};
use terrane_plan::{Action, ActionReason, ResourceChange};
use terrane_provider::ImportTarget;

use super::diff::{Diff, DiffAction, Interest, Options, Paths, compare_block, compare_values, write_diff};
use super::paint::Paint;
use crate::terminal::Style;

/// Who is behind a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The plan.
    Plan,
    /// Somebody else, since the last run.
    Drift,
}

/// A change with its parts compared.
pub(super) struct PlannedDiff<'p> {
    change: &'p ResourceChange,
    diff: Diff<'p>,
    /// Whether the plan has looked at any part of the object.
    is_of_interest: bool,
}

impl<'p> PlannedDiff<'p> {
    /// Compares the object before and after. Of changes by somebody else only those parts are `relevant` that the
    /// plan looked at; everything is when nothing is given.
    pub(super) fn new(
        change: &'p ResourceChange,
        schema: Option<&'p Schema>,
        relevant: Option<&[&AttributePath]>,
    ) -> Self {
        let (before, mut after) = (&change.change.before, &change.change.after);
        if change.change.action == Action::Forget {
            // The object stays as it is; only its place in the state goes.
            after = before;
        }
        let relevant =
            relevant.map_or(Paths::All, |relevant| Paths::of(relevant.iter().copied()).spreading());
        let is_of_interest = relevant.is_here_or_below();
        let interest = Interest { replace: Paths::of(&change.required_replace), relevant };
        let diff = match schema {
            Some(schema) => compare_block(before, after, &schema.block, &interest),
            // A saved plan can outlive its provider.
            None => compare_values(present(before), present(after)),
        };
        Self { change, diff, is_of_interest }
    }

    /// Tells whether nothing that is shown has changed.
    pub(super) fn is_unchanged(&self) -> bool {
        self.diff.action == DiffAction::NoOp || !self.is_of_interest
    }
}

fn present(value: &Value) -> Option<&Value> {
    Some(value).filter(|value| !value.is_null())
}

/// Lays a change out; nothing where there is nothing to say.
pub(super) fn resource_diff(planned: &PlannedDiff<'_>, cause: Cause, paint: Paint) -> Option<String> {
    let change = planned.change;
    if !change.is_noteworthy() {
        return None;
    }
    let action = change.change.action;
    let mut options = Options::of_changes(paint);
    options.show_unchanged = change.importing.is_some();
    let mut text = heading(change, cause, paint);
    text.push_str(&action_symbol(action, paint));
    text.push(' ');
    text.push_str(&header(&change.address.resource));
    text.push(' ');
    write_diff(&mut text, &planned.diff, 0, &options);
    Some(text)
}

/// Returns the words that a block of a resource begins with.
pub(super) fn header(resource: &ResourceAddress) -> String {
    let keyword = match resource.mode {
        ResourceMode::Managed => "resource",
        ResourceMode::Data => "data",
        ResourceMode::Ephemeral => "ephemeral",
    };
    format!("{keyword} \"{}\" \"{}\"", resource.resource_type, resource.name)
}

/// Returns the sign of an action, three columns wide.
pub(super) fn action_symbol(action: Action, paint: Paint) -> String {
    let (plus, minus) = (paint.style(Style::Green, "+"), paint.style(Style::Red, "-"));
    match action {
        Action::NoOp => "   ".to_owned(),
        Action::Create => format!("  {plus}"),
        Action::Read => format!(" {}", paint.style(Style::Cyan, "<=")),
        Action::Update => format!("  {}", paint.style(Style::Yellow, "~")),
        Action::Delete => format!("  {minus}"),
        Action::DeleteThenCreate => format!("{minus}/{plus}"),
        Action::CreateThenDelete => format!("{plus}/{minus}"),
        Action::Forget => format!(" {}", paint.style(Style::Red, ".")),
        Action::CreateThenForget => format!(" {plus}/{}", paint.style(Style::Red, ".")),
    }
}

/// Says what happens to which object, and why.
fn heading(change: &ResourceChange, cause: Cause, paint: Paint) -> String {
    let is_only_moved = change.change.action == Action::NoOp && change.is_moved();
    let subject = if is_only_moved { &change.previous_address } else { &change.address };
    let mut address = subject.to_string();
    if let Some(key) = &change.deposed {
        address.push_str(&format!(" (deposed object {key})"));
    }
    let margin = if change.change.action == Action::Forget { " " } else { "  " };
    let subject = paint.bold(&format!("{margin}# {address}"));
    let mut lines = vec![format!("{subject} {}", verdict(change, cause, paint))];
    if let Some(reason) = reason(change) {
        lines.push(format!("{margin}# ({reason})"));
    }
    if change.deposed.is_some() && matches!(change.change.action, Action::Delete | Action::Forget) {
        lines.push("  # (left over from a partially-failed replacement of this instance)".to_owned());
    }
    if change.is_moved() && change.change.action != Action::NoOp {
        lines.push(format!("  # (moved from {})", change.previous_address));
    }
    lines.extend(import_notes(change, paint));
    lines.push(String::new());
    lines.join("\n")
}

/// Says what is behind an object that is taken over.
fn import_notes(change: &ResourceChange, paint: Paint) -> Vec<String> {
    let Some(importing) = &change.importing else { return Vec::new() };
    if change.change.action == Action::NoOp {
        let note = change.generated_config.as_ref().map(|_| "  # (config will be generated)".to_owned());
        return note.into_iter().collect();
    }
    let mut notes = vec![match &importing.target {
        ImportTarget::Id(id) => format!("  # (imported from \"{id}\")"),
        ImportTarget::Identity(_) => "  # (will be imported first)".to_owned(),
    }];
    if matches!(change.change.action, Action::DeleteThenCreate | Action::CreateThenDelete) {
        let warning = paint.style(Style::Yellow, "Warning: this will destroy the imported resource");
        notes.push(format!("  # {warning}"));
    }
    notes
}

/// Says what happens to an object, behind its address.
pub(super) fn verdict(change: &ResourceChange, cause: Cause, paint: Paint) -> String {
    let red = |text: &str| paint.style(Style::BoldRed, text);
    match (change.change.action, change.reason) {
        (Action::Create, _) => "will be created".to_owned(),
        (Action::Read, _) => "will be read during apply".to_owned(),
        (Action::Update, _) if cause == Cause::Drift => "has changed".to_owned(),
        (Action::Update, _) => "will be updated in-place".to_owned(),
        (Action::DeleteThenCreate | Action::CreateThenDelete, reason) => match reason {
            Some(ActionReason::ReplaceBecauseTainted) => {
                format!("is tainted, so must be {}", red("replaced"))
            }
            Some(ActionReason::ReplaceByRequest) => format!("will be {}, as requested", red("replaced")),
            Some(ActionReason::ReplaceByTriggers) => {
                format!("will be {} due to changes in replace_triggered_by", red("replaced"))
            }
            _ => format!("must be {}", red("replaced")),
        },
        (Action::CreateThenForget, _) => {
            "must be replaced, but the existing object will not be destroyed".to_owned()
        }
        (Action::Delete, _) if cause == Cause::Drift => "has been deleted".to_owned(),
        (Action::Delete, _) => format!("will be {}", red("destroyed")),
        (Action::Forget, _) => {
            format!("will no longer be managed by Terrane, but {}", red("will not be destroyed"))
        }
        (Action::NoOp, _) if change.is_moved() => {
            // The address that the object had stands first.
            format!("has moved to {}", paint.bold(&change.address.to_string()))
        }
        (Action::NoOp, _) => "will be imported".to_owned(),
    }
}

/// Says why, where the values do not say it.
pub(super) fn reason(change: &ResourceChange) -> Option<String> {
    let address = &change.address;
    if change.change.action == Action::Forget {
        return Some("destroy = false is set in the configuration".to_owned());
    }
    let text = match change.reason? {
        ActionReason::DeleteBecauseNoResourceConfig => {
            format!("because {} is not in configuration", address.resource)
        }
        ActionReason::DeleteBecauseNoModule => format!("because {} is not in configuration", address.module),
        ActionReason::DeleteBecauseNoMoveTarget => format!(
            "because {} was moved to {address}, which is not in configuration",
            change.previous_address
        ),
        ActionReason::DeleteBecauseWrongRepetition => match &address.key {
            Some(terrane_model::InstanceKey::Int(_)) => "because resource does not use count".to_owned(),
            Some(terrane_model::InstanceKey::String(_)) => {
                "because resource does not use for_each".to_owned()
            }
            None => "because resource uses count or for_each".to_owned(),
        },
        ActionReason::DeleteBecauseCountIndex => match &address.key {
            Some(key) => format!("because index {key} is out of range for count"),
            None => return None,
        },
        ActionReason::DeleteBecauseEachKey => match &address.key {
            Some(key) => format!("because key {key} is not in for_each map"),
            None => return None,
        },
        ActionReason::ReadBecauseConfigUnknown => "config refers to values not yet known".to_owned(),
        ActionReason::ReadBecauseDependencyPending => {
            "depends on a resource or a module with changes pending".to_owned()
        }
        ActionReason::ReadBecauseCheckNested => "config will be reloaded to verify a check block".to_owned(),
        ActionReason::ReplaceBecauseTainted
        | ActionReason::ReplaceBecauseCannotUpdate
        | ActionReason::ReplaceByRequest
        | ActionReason::ReplaceByTriggers => return None,
    };
    Some(text)
}

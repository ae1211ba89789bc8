//! The actions that a plan invokes, laid out as Terraform lays them out.

use std::fmt::Write;

use rustc_hash::FxHashMap;
use terrane_model::{ResourceInstanceAddress, Schema, Value};
use terrane_plan::{ActionInvocation, InvocationCause, Plan};

use super::diff::{Interest, Options, Paths, compare_block, compare_values, write_diff};
use super::paint::Paint;

/// Finds the schema of an action.
pub(super) type ActionSchemaOf<'a> = dyn Fn(&ActionInvocation) -> Option<&'a Schema> + 'a;

/// The invocations of a plan, by the objects that trigger them.
pub(super) struct PlannedActions<'p> {
    plan: &'p Plan,
    triggered: FxHashMap<&'p ResourceInstanceAddress, Vec<&'p ActionInvocation>>,
    schema_of: &'p ActionSchemaOf<'p>,
    paint: Paint,
}

impl<'p> PlannedActions<'p> {
    pub(super) fn new(plan: &'p Plan, schema_of: &'p ActionSchemaOf<'p>, paint: Paint) -> Self {
        let mut triggered: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for invocation in &plan.action_invocations {
            if let Some(trigger) = invocation.trigger() {
                triggered.entry(&trigger.resource).or_default().push(invocation);
            }
        }
        Self { plan, triggered, schema_of, paint }
    }

    /// Lays out what is invoked around the change of an object; begins with an empty line.
    pub(super) fn around(&self, address: &ResourceInstanceAddress) -> String {
        let mut out = String::new();
        let Some(triggered) = self.triggered.get(address) else { return out };
        for (is_before, word) in [(true, "before"), (false, "after")] {
            let belongs = |invocation: &&&ActionInvocation| {
                invocation.trigger().is_some_and(|trigger| trigger.event.is_before() == is_before)
            };
            let mut shown: Vec<&ActionInvocation> = triggered.iter().filter(belongs).copied().collect();
            shown.sort_by_key(|invocation| {
                invocation.trigger().map(|trigger| (trigger.block, trigger.position))
            });
            if shown.is_empty() {
                continue;
            }
            let heading = format!("# Actions to be invoked {word} this change in order:");
            let _ = writeln!(out, "\n\n    {}", self.paint.bold(&heading));
            shown.into_iter().for_each(|invocation| self.write(&mut out, invocation));
        }
        out
    }

    /// Lays out what the user has asked for; nothing where that is nothing.
    pub(super) fn requested(&self) -> Option<String> {
        let asked = self.plan.action_invocations.iter().filter_map(|invocation| match &invocation.cause {
            InvocationCause::Command { caller } => Some((invocation, caller)),
            InvocationCause::Trigger(_) => None,
        });
        let texts = asked.map(|(invocation, caller)| {
            let subject = self.paint.bold(&format!("# {}", invocation.address));
            let caller =
                caller.as_ref().map_or_else(String::new, |caller| format!(" (called from {caller})"));
            let mut text = format!("  {subject} will be invoked{caller}\n");
            self.write(&mut text, invocation);
            text
        });
        let texts: Vec<String> = texts.collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }

    fn write(&self, out: &mut String, invocation: &ActionInvocation) {
        let action = &invocation.address.action;
        let _ = writeln!(out, "    # {}", invocation.address);
        let _ = writeln!(out, "    action \"{}\" \"{}\" {{", action.action_type, action.name);
        let nothing = Value::Null(invocation.config.ty());
        let interest = Interest { replace: Paths::NONE, relevant: Paths::All };
        let diff = match (self.schema_of)(invocation) {
            Some(schema) => compare_block(&nothing, &invocation.config, &schema.block, &interest),
            // A saved plan can outlive its provider.
            None => compare_values(None, Some(&invocation.config)),
        };
        let mut config = String::new();
        write_diff(&mut config, &diff, 0, &Options::of_values(self.paint));
        let mut lines = config.lines();
        let _ = writeln!(out, "        config {}", lines.next().unwrap_or_default());
        for line in lines {
            let _ = writeln!(out, "        {line}");
        }
        out.push_str("    }\n");
    }
}

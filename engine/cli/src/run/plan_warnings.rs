//! What a user should know about a plan before and after it is carried out.

use std::fmt::Write;

use terrane_model::Diagnostic;
use terrane_plan::{Action, Plan};

/// Names the option that left something out of a plan.
fn limiting_option(plan: &Plan) -> Option<&'static str> {
    match (plan.targets.is_empty(), plan.excludes.is_empty()) {
        (false, _) => Some("-target"),
        (true, false) => Some("-exclude"),
        (true, true) => None,
    }
}

/// Says that a plan is not about everything.
pub fn targeting_warning(plan: &Plan) -> Option<Diagnostic> {
    let option = limiting_option(plan)?;
    let detail = format!(
        "You are creating a plan with the {option} option, which means that the result of this plan may not represent all of \
         the changes requested by the current configuration.\n\nThe {option} option is not for routine use, and is provided \
         only for exceptional situations such as recovering from errors or mistakes, or when Terrane specifically suggests to \
         use it as part of an error message."
    );
    Some(Diagnostic::warning(TARGETING, detail))
}

/// What it is called that a plan is not about everything.
const TARGETING: &str = "Resource targeting is in effect";

/// Tells whether a message says that a plan is not about everything.
pub fn is_targeting_warning(diagnostic: &Diagnostic) -> bool {
    diagnostic.summary == TARGETING
}

/// Says that what was carried out was not about everything.
pub fn incomplete_warning(plan: &Plan) -> Option<Diagnostic> {
    let option = limiting_option(plan)?;
    let detail = format!(
        "The plan was created with the {option} option in effect, so some changes requested in the configuration may have been \
         ignored and the output values may not be fully updated. Run the following command to verify that no other changes are \
         pending:\n    terrane plan\n\nNote that the {option} option is not suitable for routine use, and is provided only for \
         exceptional situations such as recovering from errors or mistakes, or when Terrane specifically suggests to use it as \
         part of an error message."
    );
    Some(Diagnostic::warning("Applied changes may be incomplete", detail))
}

/// Lists the objects that nothing will look after any more.
pub fn forgetting_warning(plan: &Plan) -> Option<Diagnostic> {
    let is_forgotten = |action| matches!(action, Action::Forget | Action::CreateThenForget);
    let mut list = String::new();
    for change in plan.resource_changes.iter().filter(|change| is_forgotten(change.change.action)) {
        let _ = match &change.deposed {
            Some(key) => writeln!(list, " - {} (deposed object {key})", change.address),
            None => writeln!(list, " - {}", change.address),
        };
    }
    if list.is_empty() {
        return None;
    }
    let detail = format!(
        "If you apply this plan, Terrane will discard its tracking information for the following objects, but it will not delete \
         them:\n{list}\nAfter applying this plan, Terrane will no longer manage these objects. You will need to import them \
         into Terrane to manage them again."
    );
    Some(Diagnostic::warning("Some objects will no longer be managed by Terraform", detail))
}

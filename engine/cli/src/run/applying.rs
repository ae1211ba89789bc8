//! From a plan to a new state.

use std::sync::Arc;
use std::time::Duration;

use terrane_apply::{ApplyInput, Cancellation, EventSink, apply};
use terrane_model::{Diagnostic, Diagnostics};
use terrane_plan::provider_functions::LoadedFunctions;
use terrane_plan::{Plan, PlanMode};
use terrane_state::{Change, Outcome, StateStore, publish, save_errored_state, write_state};

use super::interrupts::{Ending, interruptible};
use super::planning::{PlannedRun, merged};
use super::{Failure, ask};
use crate::args::ParsedFlags;
use crate::context::Context;
use crate::project::{Phase, surroundings};
use crate::report::Report;
use crate::session::{Session, block_on};

/// Tells whether a plan is only carried out when the user says so.
pub fn needs_approval(flags: &ParsedFlags, plan: &Plan) -> bool {
    !flags.switch("auto-approve", false) && plan.is_applyable()
}

/// Asks the user whether to carry out a plan, where that is necessary.
///
/// # Errors
/// When there is nobody to ask, or the answer is no.
pub fn approve(context: &Context, flags: &ParsedFlags, plan: &Plan) -> Result<(), Option<Diagnostic>> {
    if !needs_approval(flags, plan) {
        return Ok(());
    }
    let (question, description) = match plan.mode {
        PlanMode::Destroy => (
            "Do you really want to destroy all resources?",
            "Terrane will destroy all your managed infrastructure, as shown above.\nThere is no undo. Only 'yes' will be accepted \
             to confirm.",
        ),
        PlanMode::RefreshOnly if plan.invoke.is_some() => (
            "Would you like to invoke the specified actions?",
            "Terrane will invoke the actions described above, and any changes will be written to the state without modifying \
             real infrastructure.\nThere is no undo. Only 'yes' will be accepted to confirm.",
        ),
        PlanMode::RefreshOnly => (
            "Would you like to update the Terrane state to reflect these detected changes?",
            "Terrane will write these changes to the state without modifying any real infrastructure.\nThere is no undo. Only \
             'yes' will be accepted to confirm.",
        ),
        PlanMode::Normal => (
            "Do you want to perform these actions?",
            "Terrane will perform the actions described above.\nOnly 'yes' will be accepted to approve.",
        ),
    };
    if !flags.switch("input", true) || !context.may_ask() {
        let detail = "The plan has changes that need approval, and asking is switched off. Use -auto-approve, or apply a saved \
                      plan file.";
        return Err(Some(Diagnostic::error("Approval required", detail)));
    }
    context.terminal.line("");
    match ask::ask(context, question, description) {
        Some(answer) if answer == "yes" => Ok(()),
        Some(_) => {
            let word = if plan.mode == PlanMode::Destroy { "Destroy" } else { "Apply" };
            context.terminal.line(&format!("{word} cancelled."));
            Err(None)
        }
        None => {
            let detail = "Error asking for approval: EOF.";
            Err(Some(Diagnostic::error("Error asking for approval", detail)))
        }
    }
}

/// Carries out a plan and saves the state. Returns the state as it is then, with what is to be told.
///
/// # Errors
/// With everything that went wrong; what was done is saved all the same.
pub fn carry_out(
    context: &Context,
    run: PlannedRun,
    parallelism: usize,
    report: &Arc<dyn Report>,
) -> Result<(StateStore, Diagnostics), Failure> {
    let PlannedRun {
        plan,
        configuration,
        providers,
        given,
        mut store,
        mut session,
        sources,
        mut diagnostics,
        waiting: _,
        discovered: _,
    } = run;
    let fail = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
    take_over(&mut store, &plan).map_err(|error| fail(error.into()))?;
    let functions = Arc::new(LoadedFunctions::of(&providers));
    let phase = Phase {
        applying: true,
        plan_timestamp: Some(plan.timestamp.clone()),
        provider_functions: Some(functions),
        ..Phase::default()
    };
    let cancellation = Cancellation::new();
    report.begin(&plan);
    let input = ApplyInput {
        plan: Arc::new(plan),
        configuration,
        providers,
        store,
        given,
        surroundings: surroundings(context, &session.workspace, &phase),
        parallelism,
        cancellation: cancellation.clone(),
    };
    let work = apply(input, Arc::clone(report) as Arc<dyn EventSink>);
    let ending = block_on(async {
        tokio::select! {
            ending = interruptible(work, &cancellation, report.as_ref()) => ending,
            () = ticking(report) => unreachable!("ticking does not end"),
        }
    });
    report.end();
    let store = match ending {
        Ending::Finished(outcome) => {
            // A check that failed before fails again.
            diagnostics = merged(diagnostics, outcome.diagnostics);
            Ok(outcome.store)
        }
        // What was recorded until then is in the journal.
        Ending::Abandoned => session.open().map(|(store, _)| store),
    };
    let mut store = store.map_err(&fail)?;
    publish_even_if_empty(&mut store);
    if let Err(error) = save(&mut store, &session) {
        diagnostics.push(error);
    }
    diagnostics.extend(session.unlock());
    if diagnostics.has_errors() { Err(fail(diagnostics)) } else { Ok((store, diagnostics)) }
}

/// Makes the plan's view of what exists the state's own, and ends what an interrupted run has left open: planning
/// has looked at all of it.
pub fn take_over(store: &mut StateStore, plan: &Plan) -> Result<(), Diagnostic> {
    let failed = |error: String| {
        Diagnostic::error("Failed to record the state", format!("The state could not be recorded: {error}."))
    };
    let unfinished: Vec<_> = store.unfinished().map(|(ticket, _)| ticket).collect();
    for ticket in unfinished {
        store.end(ticket, Outcome::Failed(Change::Keep)).map_err(|error| failed(error.to_string()))?;
    }
    if !store.snapshot().same_content(&plan.prior_state) {
        store.replace_content(plan.prior_state.clone()).map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}

/// After an apply there is a state, even where there was nothing to put into it.
fn publish_even_if_empty(store: &mut StateStore) {
    if store.snapshot().serial == 0 && !store.has_unpublished() {
        let lineage = store.snapshot().lineage.clone();
        store.adopt_history(lineage, 0);
    }
}

/// Saves the state; beside the working directory's files where its backend does not take it.
fn save(store: &mut StateStore, session: &Session) -> Result<(), Diagnostic> {
    let Err(error) = block_on(publish(store, session.backend.as_ref(), &session.workspace)) else {
        return Ok(());
    };
    let text = write_state(store.snapshot()).map_err(|error| error.to_string());
    let saved = text.and_then(|text| {
        save_errored_state(std::path::Path::new("."), &text).map_err(|error| error.to_string())
    });
    let detail = match saved {
        Ok(path) => format!(
            "Error saving state: {error}.\n\nThe state was written to {:?} in the present working directory instead, and its \
             journal is kept. Running the same command again takes the journal over; \"terrane state push\" saves the file.",
            path.display().to_string()
        ),
        Err(second) => format!(
            "Error saving state: {error}. It could not be written to the working directory either: {second}. What was done \
             is in the journal; running the same command again takes it over."
        ),
    };
    Err(Diagnostic::error("Failed to save state", detail))
}

/// Lets the report show how time passes.
async fn ticking(report: &Arc<dyn Report>) {
    let mut interval = tokio::time::interval(Duration::from_secs(1));
    loop {
        interval.tick().await;
        report.tick();
    }
}

//! What a run says while it goes on, to people or to programs.

mod action_lines;
mod both;
mod human;
mod invoked_actions;
mod machine;
mod quiet;
pub mod ui_lines;
pub mod wording;

use std::sync::Arc;

use terrane_apply::EventSink;
use terrane_model::{Diagnostics, SourceMap};
use terrane_plan::{ChangeCounts, CriticalPath, Plan, PlanEvents, PlanMode, ProviderPool};
use terrane_state::StateSnapshot;

pub use both::BothReports;
pub use human::HumanReport;
pub use machine::MachineReport;
pub use quiet::QuietReport;
pub use ui_lines::LineSink;

use crate::args::ParsedFlags;
use crate::context::Context;
use crate::exit_code::ExitCode;

/// Gets told everything about a run.
pub trait Report: PlanEvents + EventSink {
    /// Shows messages.
    fn diagnostics(&self, diagnostics: &Diagnostics, sources: &SourceMap);

    /// Shows a plan.
    fn plan(&self, plan: &Plan, providers: &ProviderPool);

    /// Shows how long carrying out a plan will take.
    fn expected(&self, _path: &CriticalPath) {}

    /// A plan is about to be carried out.
    fn begin(&self, _plan: &Plan) {}

    /// Nothing is under way any more, whether or not all of the plan was carried out.
    fn end(&self) {}

    /// Shows what was done.
    fn applied(&self, mode: PlanMode, counts: ChangeCounts);

    /// Shows the outputs of a state.
    fn outputs(&self, state: &StateSnapshot);

    /// Says something to people.
    fn notice(&self, text: &str);

    /// Says something about a saved plan or generated configuration that only people want to know.
    fn hint(&self, text: &str);

    /// Lets time be shown; called about once a second.
    fn tick(&self);
}

/// Makes the report that the flags ask for.
///
/// # Errors
/// When a file that programs are to read cannot be made; that was said.
pub fn report(context: &Context, flags: &ParsedFlags) -> Result<Arc<dyn Report>, ExitCode> {
    let into = LineSink::asked_for(flags).map_err(|problem| {
        context.show(&problem.into(), &SourceMap::new());
        ExitCode::Error
    })?;
    if flags.switch("json", false) {
        let sink = LineSink::Terminal(Arc::clone(&context.terminal));
        return Ok(Arc::new(MachineReport::new(sink)));
    }
    let people: Arc<dyn Report> = Arc::new(HumanReport::new(context, flags));
    Ok(match into {
        Some(sink) => Arc::new(BothReports::new(people, MachineReport::new(sink))),
        None => people,
    })
}

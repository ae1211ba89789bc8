//! The rounds of a run: plan what can be planned, apply it, and go on with what was waiting for that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use terrane_apply::Cancellation;
use terrane_model::{Diagnostics, Str, Value};
use tokio::task::JoinSet;

use super::child::{Child, Ran, UnitPlan};
use super::inputs::{Inputs, Outputs, Readiness, inputs_of};
use super::read::LoadedStack;
use crate::context::Context;
use crate::emulation::Emulation;
use crate::file_system::WorldEnvironment;
use crate::terminal::Style;

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// To see what would change.
    Plan,
    /// To change it.
    Apply,
    /// To destroy everything.
    Destroy,
}

/// How to run.
pub struct StackOptions<'a> {
    /// What for.
    pub goal: Goal,
    /// How many units are worked on at once.
    pub parallelism: usize,
    /// Arguments with values for variables, by unit.
    pub given: BTreeMap<Str, Vec<String>>,
    /// Asks whether the plans that were shown are to be carried out.
    pub approve: &'a dyn Fn() -> bool,
    /// Asks to end early: what is under way is finished, nothing else is begun.
    pub cancellation: &'a Cancellation,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackResult {
    /// Everything is as it should be.
    Unchanged,
    /// There are changes, or there were and they were carried out.
    Changed,
    /// The user did not want it.
    Refused,
    /// A unit could not be planned or applied.
    Failed,
}

/// How far a unit has come.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// Nothing was done yet.
    New,
    /// Its inputs depend on what other units will make.
    Held,
    /// Its plan waits to be applied.
    Planned(Option<String>),
    /// It is as it should be.
    Done,
    /// It could not be planned or applied, or waits for a unit of which that is true.
    Failed,
}

/// What a unit's task came back with.
enum Outcome {
    Planned(Option<String>, Result<UnitPlan, Ran>),
    Applied(Result<(Ran, Value), Ran>),
    Nothing,
}

struct StackRun<'a> {
    context: &'a Context,
    stack: &'a LoadedStack,
    options: &'a StackOptions<'a>,
    scratch: &'a Path,
    stages: Vec<Stage>,
    prepared: Vec<bool>,
    outputs: Outputs,
    changed: bool,
}

/// Plans or applies all units. Plans and values are kept in `scratch` meanwhile, which nobody else may read.
///
/// # Errors
/// When an expression of the stack file cannot be evaluated.
pub async fn run_stack(
    context: &Context,
    stack: &LoadedStack,
    options: &StackOptions<'_>,
    scratch: &Path,
) -> Result<StackResult, Diagnostics> {
    let units = stack.file.units.len();
    let mut run = StackRun {
        context,
        stack,
        options,
        scratch,
        stages: vec![Stage::New; units],
        prepared: vec![false; units],
        outputs: BTreeMap::new(),
        changed: false,
    };
    if options.goal == Goal::Destroy {
        run.read_outputs().await?;
    }
    loop {
        run.plan_round().await?;
        let is_planned = |stage: &Stage| matches!(stage, Stage::Planned(_));
        if options.goal == Goal::Plan || !run.stages.iter().any(is_planned) {
            break;
        }
        if !(options.approve)() {
            return Ok(StackResult::Refused);
        }
        run.apply_round().await;
        if !run.stages.contains(&Stage::Held) || options.cancellation.is_requested() {
            break;
        }
        // What has waited may be ready now.
        run.stages.iter_mut().filter(|stage| **stage == Stage::Held).for_each(|stage| *stage = Stage::New);
    }
    Ok(run.end())
}

impl StackRun<'_> {
    fn child(&self, unit: usize) -> Child {
        let declared = &self.stack.file.units[unit];
        let directory = self.stack.directory.join(&*declared.source);
        Child {
            directory,
            scratch: self.scratch.to_owned(),
            name: declared.name.clone(),
            given: self.options.given.get(&declared.name).cloned().unwrap_or_default(),
            emulation: self.context.emulation.as_ref().map(Emulation::for_child),
        }
    }

    fn name(&self, unit: usize) -> &Str {
        &self.stack.file.units[unit].name
    }

    fn inputs(&self, unit: usize) -> Result<Readiness, Diagnostics> {
        let environment = WorldEnvironment {
            plan_timestamp: None,
            allow_impure: true,
            working_directory: self.context.original_directory.display().to_string(),
        };
        inputs_of(&self.stack.file, &self.stack.file.units[unit], &self.outputs, &environment)
    }

    /// Reads the outputs of all states: what is destroyed is configured by what is there now.
    async fn read_outputs(&mut self) -> Result<(), Diagnostics> {
        for unit in 0..self.stages.len() {
            let workspace = match self.inputs(unit)? {
                Readiness::Ready(inputs) => inputs.workspace,
                Readiness::Waiting => None,
            };
            let child = self.child(unit);
            let read = match child.init(workspace.as_deref()).await {
                Ok(()) => child.outputs(workspace.as_deref()).await,
                Err(ran) => Err(ran),
            };
            self.prepared[unit] = true;
            match read {
                // A unit that was never applied has no outputs to be wrong about.
                Ok(outputs) if outputs.as_entries().is_none_or(<[_]>::is_empty) => {}
                Ok(outputs) => drop(self.outputs.insert(self.name(unit).clone(), outputs)),
                Err(ran) => self.fail(unit, &ran),
            }
        }
        Ok(())
    }

    /// Plans everything whose inputs are known, as soon as they are.
    async fn plan_round(&mut self) -> Result<(), Diagnostics> {
        let mut tasks: JoinSet<(usize, Outcome)> = JoinSet::new();
        let mut begun: BTreeSet<usize> = BTreeSet::new();
        loop {
            for unit in 0..self.stages.len() {
                let is_new = self.stages[unit] == Stage::New && !begun.contains(&unit);
                let has_room = tasks.len() < self.options.parallelism;
                if !is_new || !has_room || self.options.cancellation.is_requested() || !self.may_plan(unit) {
                    continue;
                }
                match self.inputs(unit)? {
                    Readiness::Waiting if self.options.goal == Goal::Destroy => {
                        begun.insert(unit);
                        self.start_empty_check(&mut tasks, unit);
                    }
                    Readiness::Waiting => self.stages[unit] = Stage::Held,
                    Readiness::Ready(inputs) => {
                        begun.insert(unit);
                        self.start_plan(&mut tasks, unit, inputs);
                    }
                }
            }
            match tasks.join_next().await {
                Some(Ok((unit, outcome))) => self.take(unit, outcome),
                Some(Err(_)) => {}
                None => return Ok(()),
            }
        }
    }

    /// Tells whether everything is decided that a unit's inputs may come from; marks it as failed where that has failed.
    fn may_plan(&mut self, unit: usize) -> bool {
        if self.options.goal == Goal::Destroy {
            return true;
        }
        let waits_for = &self.stack.file.units[unit].waits_for;
        if waits_for.iter().any(|other| self.stages[*other] == Stage::Failed) {
            self.stages[unit] = Stage::Failed;
            return false;
        }
        waits_for.iter().all(|other| self.stages[*other] != Stage::New)
    }

    fn start_plan(&mut self, tasks: &mut JoinSet<(usize, Outcome)>, unit: usize, inputs: Inputs) {
        let (child, destroy) = (self.child(unit), self.options.goal == Goal::Destroy);
        let is_prepared = std::mem::replace(&mut self.prepared[unit], true);
        tasks.spawn(async move {
            let workspace = inputs.workspace.clone();
            if !is_prepared && let Err(ran) = child.init(workspace.as_deref()).await {
                return (unit, Outcome::Planned(workspace, Err(ran)));
            }
            let planned = child.plan(&inputs, destroy).await;
            (unit, Outcome::Planned(workspace, planned))
        });
    }

    /// What has nothing does not have to be destroyed, even where its inputs are not known.
    fn start_empty_check(&self, tasks: &mut JoinSet<(usize, Outcome)>, unit: usize) {
        let child = self.child(unit);
        tasks.spawn(async move {
            if child.is_empty(None).await {
                return (unit, Outcome::Nothing);
            }
            let stderr = "Its variables come from outputs that no state has, so that it cannot be planned.\n"
                .to_owned();
            (unit, Outcome::Planned(None, Err(Ran { status: 1, stdout: String::new(), stderr })))
        });
    }

    /// Carries out the plans, each behind those that it waits for.
    async fn apply_round(&mut self) {
        let mut tasks: JoinSet<(usize, Outcome)> = JoinSet::new();
        let mut begun: BTreeSet<usize> = BTreeSet::new();
        loop {
            for unit in 0..self.stages.len() {
                let Stage::Planned(workspace) = self.stages[unit].clone() else { continue };
                let has_room = tasks.len() < self.options.parallelism;
                if begun.contains(&unit)
                    || !has_room
                    || self.options.cancellation.is_requested()
                    || !self.may_apply(unit)
                {
                    continue;
                }
                begun.insert(unit);
                let child = self.child(unit);
                tasks.spawn(async move {
                    let applied = match child.apply(workspace.as_deref()).await {
                        Ok(ran) => child.outputs(workspace.as_deref()).await.map(|outputs| (ran, outputs)),
                        Err(ran) => Err(ran),
                    };
                    (unit, Outcome::Applied(applied))
                });
            }
            match tasks.join_next().await {
                Some(Ok((unit, outcome))) => self.take(unit, outcome),
                Some(Err(_)) => {}
                None => return,
            }
        }
    }

    /// Tells whether everything was applied that must be applied before; marks the unit as failed where that has failed.
    fn may_apply(&mut self, unit: usize) -> bool {
        let units = &self.stack.file.units;
        let before: Vec<usize> = if self.options.goal == Goal::Destroy {
            (0..units.len()).filter(|other| units[*other].waits_for.contains(&unit)).collect()
        } else {
            units[unit].waits_for.clone()
        };
        if before.iter().any(|other| self.stages[*other] == Stage::Failed) {
            self.stages[unit] = Stage::Failed;
            return false;
        }
        before.iter().all(|other| self.stages[*other] == Stage::Done)
    }

    fn take(&mut self, unit: usize, outcome: Outcome) {
        match outcome {
            Outcome::Nothing => self.stages[unit] = Stage::Done,
            Outcome::Planned(_, Err(ran)) | Outcome::Applied(Err(ran)) => self.fail(unit, &ran),
            Outcome::Planned(workspace, Ok(plan)) => {
                self.show(unit, &plan.shown);
                self.changed |= plan.changes;
                self.stages[unit] = if plan.changes { Stage::Planned(workspace) } else { Stage::Done };
                if self.options.goal != Goal::Destroy {
                    self.outputs.insert(self.name(unit).clone(), plan.outputs);
                }
            }
            Outcome::Applied(Ok((ran, outputs))) => {
                self.show(unit, &ran);
                self.stages[unit] = Stage::Done;
                if self.options.goal != Goal::Destroy {
                    self.outputs.insert(self.name(unit).clone(), outputs);
                }
            }
        }
    }

    fn fail(&mut self, unit: usize, ran: &Ran) {
        self.show(unit, ran);
        self.stages[unit] = Stage::Failed;
    }

    fn show(&self, unit: usize, ran: &Ran) {
        let terminal = &self.context.terminal;
        let declared = &self.stack.file.units[unit];
        let heading = format!("── {} ({}) ──", declared.name, declared.source);
        terminal.line(&format!("\n{}\n", terminal.style(Style::Bold, &heading)));
        if !ran.stdout.trim().is_empty() {
            terminal.line(ran.stdout.trim_matches('\n'));
        }
        if !ran.stderr.trim().is_empty() {
            terminal.error_line(ran.stderr.trim_matches('\n'));
        }
    }

    /// Says what has become of each unit.
    fn end(&self) -> StackResult {
        let terminal = &self.context.terminal;
        terminal.line(&format!("\n{}", terminal.style(Style::Bold, "Units:")));
        for (unit, stage) in self.stages.iter().enumerate() {
            let word = match stage {
                Stage::Done if self.options.goal == Goal::Destroy => "destroyed",
                Stage::Done => "up to date",
                Stage::Planned(_) if self.options.cancellation.is_requested() => "planned, not applied",
                Stage::Planned(_) => "has changes",
                Stage::Held => "waits for outputs that are known after apply",
                Stage::Failed => "failed",
                Stage::New => "not looked at",
            };
            terminal.line(&format!("  {}: {word}", self.name(unit)));
        }
        let bad = |stage: &Stage| *stage == Stage::Failed || *stage == Stage::New;
        let is_left = |stage: &Stage| matches!(stage, Stage::Held | Stage::Planned(_));
        if self.stages.iter().any(bad) || self.options.goal != Goal::Plan && self.stages.iter().any(is_left) {
            return StackResult::Failed;
        }
        let is_held = self.stages.contains(&Stage::Held);
        if self.changed || is_held { StackResult::Changed } else { StackResult::Unchanged }
    }
}

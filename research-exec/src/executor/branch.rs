//! A running experiment of a task.

mod calls;
mod ending;
mod roots;
mod sending;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use nix::sys::time::TimeSpec;
use research_core::executor::{ExecutorContext, SharedSaved};
use research_core::units::{Generator, UnitBody};
use research_core::{
    Context, EventSink, ExecutorHooks, Experiment, Output, SinkError, Status, Unit, UnitError,
    UnitResult, When,
};

use super::flush_policy::coarse_clock;
use super::limits::Limits;
use super::profile::Profile;
use super::unwind::catch;
use super::usage::BranchUsage;
use crate::capture::OutputWriter;
use crate::task::TaskExperiment;

pub(super) struct Branch {
    pub(super) context: ExecutorContext,
    hooks: Option<Arc<dyn ExecutorHooks>>,
    attempt: u32,
    profile: Option<Box<Profile>>,
    /// The writer of the captured output of its programs.
    keeper: Option<Arc<OutputWriter>>,
    /// The started generators, by the unit's position.
    generators: Vec<Option<Box<dyn Generator>>>,
    /// For each unit, whether its last call took long, or it was not called yet.
    slow: Vec<bool>,
    /// The coarse clock after the latest call, which is used as the start of the next one.
    clock: Option<TimeSpec>,
    state: State,
    /// The pipelines that have ended: their last batches have been processed.
    exhausted: Vec<usize>,
    /// Whether the branch takes part in the current full run of a pipeline.
    pub(super) in_full_run: bool,
    /// Whether the branch has received a batch in this full run.
    pub(super) saw_batch: bool,
    pub(super) limits: Limits,
    pub(super) usage: BranchUsage,
    /// The number of iterations that have begun.
    iterations: u64,
    reported_iterations: u64,
    /// Whether its end was reported.
    is_reported: bool,
}

/// The state of a branch. It changes only in the order of this list.
enum State {
    Running,
    /// The branch ends with this iteration, whose rest may still run.
    Stopping(Cause),
    Ended(Cause),
}

struct Cause {
    status: Status,
    reason: Option<String>,
}

impl Branch {
    pub(super) fn new(
        experiment: &Experiment,
        task: TaskExperiment,
        experiments_folder: Option<PathBuf>,
    ) -> Self {
        let generators = experiment.units().iter().map(|_| None).collect();
        let slow = vec![true; experiment.units().len()];
        let context = experiment.context(task.number, Arc::clone(&task.record), experiments_folder);
        Self {
            context,
            hooks: experiment.shared_hooks(),
            attempt: task.attempt,
            profile: None,
            keeper: None,
            generators,
            slow,
            clock: coarse_clock(),
            state: State::Running,
            exhausted: Vec::new(),
            in_full_run: false,
            saw_batch: false,
            limits: Limits::default(),
            usage: BranchUsage::default(),
            iterations: 0,
            reported_iterations: 0,
            is_reported: false,
        }
    }

    /// Records a profile of the units and iterations.
    pub(super) fn set_profile(&mut self, level: u8, units: &[Unit], branches: usize) {
        self.profile = Some(Box::new(Profile::new(level, units, branches)));
    }

    /// Returns a handle with which another thread can send the saved values.
    pub(super) fn share_saved(&mut self) -> SharedSaved {
        self.context.share_saved()
    }

    /// Captures the output of its programs.
    pub(super) fn set_keeper(&mut self, keeper: Option<Arc<OutputWriter>>) {
        if let Some(keeper) = &keeper {
            self.context.set_output_sink(Arc::clone(keeper) as _);
        }
        self.keeper = keeper;
    }

    pub(super) fn is_alive(&self) -> bool {
        !matches!(self.state, State::Ended(_))
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running)
    }

    pub(super) fn is_stopping(&self) -> bool {
        matches!(self.state, State::Stopping(_))
    }

    /// Whether a unit is due now. In the last iteration of a stopping branch the remaining units
    /// run only with `finalize`, except those that only save values.
    #[inline]
    pub(super) fn is_due(&self, unit: &Unit, n_iters: Option<u64>, finalize: bool) -> bool {
        let runs = match self.state {
            State::Running => true,
            State::Stopping(_) => finalize || unit.is_saving(),
            State::Ended(_) => false,
        };
        let has_input = match unit.source() {
            Some(pipeline) => !self.exhausted.contains(&pipeline),
            None => true,
        };
        runs && has_input
            && self.meets(unit.when(), n_iters)
            && (unit.is_saving() || self.limits.has_time())
    }

    /// Whether `when` selects the current iteration. False after the end of the branch.
    #[inline]
    pub(super) fn meets(&self, when: &When, n_iters: Option<u64>) -> bool {
        self.is_alive() && when.is_due(self.context.iteration(), n_iters, self.is_stopping())
    }

    pub(super) fn begin(
        &mut self,
        iteration: u64,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        if !self.is_alive() {
            return Ok(());
        }
        self.context.set_iteration(iteration);
        self.iterations = iteration + 1;
        if let Some(watched) = &self.limits.watched {
            watched.begin_iteration(iteration);
        }
        if let Some(profile) = &mut self.profile {
            profile.begin_iteration();
        }
        self.run_hook(|hooks, context| hooks.before_iteration(context), sink)
    }

    fn run_hook(
        &mut self,
        hook: impl FnOnce(&dyn ExecutorHooks, &mut Context) -> Result<(), UnitError>,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let Some(hooks) = self.hooks.clone() else {
            return Ok(());
        };
        match catch(|| hook(&*hooks, &mut self.context)) {
            Ok(()) => Ok(()),
            Err(error) => self.fail(None, &error, sink),
        }
    }

    /// Returns the number of iterations that have begun.
    pub(super) fn iterations(&self) -> u64 {
        self.iterations
    }

    /// Returns the current iteration.
    pub(super) fn iteration(&self) -> u64 {
        self.context.iteration()
    }

    /// Moves an ended branch to the iteration of the others, for root units that still run in it.
    pub(super) fn go_along(&mut self, iteration: u64) {
        self.context.set_iteration(iteration);
    }

    /// Ends the generators in the thread that has started them, because programs end with that
    /// thread. Keeps the generators of root units, which other branches may still need and which
    /// were started in another thread.
    pub(super) fn close(&mut self, units: &[Unit]) {
        for (generator, unit) in self.generators.iter_mut().zip(units) {
            if !unit.is_root() {
                *generator = None;
            }
        }
        self.usage.add_dropped(false);
    }

    pub(super) fn drop_generator(&mut self, position: usize, is_root: bool) {
        self.generators[position] = None;
        self.usage.add_dropped(is_root);
    }

    /// Saves the output of a unit that has run before.
    pub(super) fn save_latest(
        &mut self,
        position: usize,
        unit: &Unit,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let Some(output) = self.context.output_at(position).cloned() else {
            return Ok(());
        };
        match unit.save(&output, &mut self.context) {
            Ok(()) => Ok(()),
            Err(error) => self.fail(Some(unit), &error, sink),
        }
    }

    /// Ends an iteration; returns whether the branch continues.
    pub(super) fn finish_iteration(&mut self, sink: &mut dyn EventSink) -> Result<bool, SinkError> {
        self.context.check_stored()?;
        self.end_if_cut(sink)?;
        if self.is_alive() {
            self.run_hook(|hooks, context| hooks.after_iteration(context), sink)?;
            if let Some(profile) = &mut self.profile {
                profile.end_iteration(self.context.iteration());
            }
        }
        Ok(match std::mem::replace(&mut self.state, State::Running) {
            State::Running => true,
            State::Stopping(cause) | State::Ended(cause) => {
                self.state = State::Ended(cause);
                false
            }
        })
    }

    /// Runs a unit that is due.
    pub(super) fn run(
        &mut self,
        position: usize,
        unit: &Unit,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        match unit.body() {
            UnitBody::Callable(_) | UnitBody::Generator(_) => {
                if self.may_take_long(position) {
                    self.flush_saved(sink)?;
                }
                self.log_begin(unit, sink)?;
                let result = self.call(position, unit);
                self.settle(position, unit, result, sink)
            }
            UnitBody::Save {
                expression,
                variable,
            } => {
                let context = &mut self.context;
                match catch(|| context.save_expression(expression, variable)) {
                    Ok(()) => Ok(()),
                    Err(error) => self.fail(Some(unit), &error, sink),
                }
            }
            UnitBody::Dump(names) => {
                if names.is_empty() {
                    self.context.send_saved(sink)?;
                } else {
                    self.context.send_saved_as(names, sink)?;
                }
                sink.flush()
            }
        }
    }

    /// Calls a callable or a generator. A panic is an error like any other.
    pub(super) fn call(&mut self, position: usize, unit: &Unit) -> UnitResult {
        let began = self.profile.as_ref().map(|profile| profile.read());
        let logged = self.logs_calls().then(Instant::now);
        let limit = self.limits.begin_call(position, unit);
        self.context.set_deadline(limit.first);
        if unit.is_root() {
            self.context.enter_root(position);
        }
        let context: &mut Context = &mut self.context;
        let slot = &mut self.generators[position];
        let result = match self.hooks.as_deref() {
            None => catch(|| call_body(unit.body(), slot, context)),
            Some(hooks) => catch(|| {
                hooks.around_unit(unit, context, &mut |context| {
                    call_body(unit.body(), slot, context)
                })
            }),
        };
        if unit.is_root() {
            self.context.leave_root();
        }
        let programs = self.usage.add_call(unit.is_root());
        if let (Some(profile), Some(began)) = (&mut self.profile, &began) {
            let used = programs.map(|ended| ended.usage);
            profile.add(position, self.context.iteration(), began, used);
        }
        let clock = coarse_clock();
        self.slow[position] = self.clock != clock;
        self.clock = clock;
        let result = self.limits.end_call(&limit, unit, result);
        if let Some(began) = logged {
            self.log_end(unit, began, &result);
        }
        result
    }

    /// Applies the result of a call of a unit.
    pub(super) fn settle(
        &mut self,
        position: usize,
        unit: &Unit,
        result: UnitResult,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        if self.context.has_messages() {
            // The next unit may take hours, or never return.
            self.context.send_messages(sink)?;
            sink.flush()?;
        }
        match result {
            Ok(Some(output)) => match unit.save(&output, &mut self.context) {
                Ok(()) => {
                    self.context.set_output(position, output);
                    Ok(())
                }
                Err(error) => self.fail(Some(unit), &error, sink),
            },
            Ok(None) => {
                self.come_to_end(position);
                Ok(())
            }
            Err(error) => self.fail(Some(unit), &error, sink),
        }
    }

    pub(super) fn keep(&mut self, position: usize, output: Output) {
        self.context.set_output(position, output);
    }
}

#[inline]
fn call_body(
    body: &UnitBody,
    slot: &mut Option<Box<dyn Generator>>,
    context: &mut Context,
) -> UnitResult {
    match body {
        UnitBody::Callable(body) => body.call(context).map(Some),
        UnitBody::Generator(body) => {
            let generator = match slot {
                Some(generator) => generator,
                None => slot.insert(body.start(context)?),
            };
            generator.next(context)
        }
        // The branch runs these itself, see `Branch::run`.
        UnitBody::Save { .. } | UnitBody::Dump(_) => Ok(None),
    }
}

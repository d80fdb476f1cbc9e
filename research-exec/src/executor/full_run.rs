//! A full run: a pipeline and the units that process its batches run through all batches within one
//! iteration.

use research_core::{EventSink, SinkError};

use super::branch::Branch;
use super::plan::Plan;
use super::step::{call_in, go_along};

/// The units of a full run.
#[derive(Clone, Copy)]
pub(super) struct FullRun {
    /// The position of the pipeline.
    pub(super) pipeline: usize,
    /// The position after the units that process its batches.
    pub(super) end: usize,
}

impl FullRun {
    /// Returns the full run that begins with the pipeline at this position.
    pub(super) fn at(plan: Plan<'_>, pipeline: usize) -> Self {
        Self {
            pipeline,
            end: plan.experiment.block_end(pipeline),
        }
    }

    /// Runs all batches, in one branch after another. The first branch produces the batches.
    pub(super) fn run(
        self,
        plan: Plan<'_>,
        branches: &mut [&mut Branch],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        self.begin(plan, branches, sink)?;
        while self.next_batch(plan, branches, sink)? {
            for branch in branches.iter_mut().filter(|branch| branch.in_full_run) {
                self.step(plan, branch, sink)?;
            }
        }
        self.end(plan, branches, sink)
    }

    /// Determines which branches take part. Sends their saved values first, because running all
    /// batches may take long.
    pub(super) fn begin(
        self,
        plan: Plan<'_>,
        branches: &mut [&mut Branch],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let pipeline = &plan.units()[self.pipeline];
        for branch in branches {
            branch.in_full_run = plan.is_due(branch, pipeline);
            branch.saw_batch = false;
            if branch.in_full_run {
                branch.flush_saved(sink)?;
            }
        }
        Ok(())
    }

    /// Produces the next batch for all branches that still take part; returns whether there is one.
    pub(super) fn next_batch(
        self,
        plan: Plan<'_>,
        branches: &mut [&mut Branch],
        sink: &mut dyn EventSink,
    ) -> Result<bool, SinkError> {
        if !branches
            .iter()
            .any(|branch| branch.in_full_run && branch.limits.has_time())
        {
            return Ok(false);
        }
        let unit = &plan.units()[self.pipeline];
        let result = if plan.shares_roots {
            let takes_part = |branch: &&mut Branch| branch.in_full_run;
            let runner = branches.iter().position(takes_part).unwrap_or(0);
            let result = call_in(branches, runner, self.pipeline, unit);
            let saved = branches[runner].take_root_saved();
            for (at, branch) in branches.iter_mut().enumerate() {
                if branch.in_full_run && at != runner {
                    branch.save_root_saved(&saved);
                }
            }
            result
        } else {
            go_along(branches);
            let Some(first) = branches.first_mut() else {
                return Ok(false);
            };
            first.call(self.pipeline, unit)
        };
        for branch in branches.iter_mut().filter(|branch| branch.in_full_run) {
            match &result {
                Ok(Some(batch)) => branch.keep(self.pipeline, batch.clone()),
                Ok(None) => {}
                Err(error) => {
                    branch.in_full_run = false;
                    branch.fail(Some(unit), error, sink)?;
                }
            }
        }
        Ok(matches!(result, Ok(Some(_))))
    }

    /// Lets a branch process the batch. A branch that fails no longer takes part.
    pub(super) fn step(
        self,
        plan: Plan<'_>,
        branch: &mut Branch,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        branch.saw_batch = true;
        let units = plan.units().iter().enumerate();
        for (position, unit) in units.take(self.end).skip(self.pipeline + 1) {
            if !plan.is_due(branch, unit) {
                continue;
            }
            match branch.call(position, unit) {
                Ok(Some(output)) => branch.keep(position, output),
                Ok(None) => {}
                Err(error) => {
                    branch.in_full_run = false;
                    return branch.fail(Some(unit), &error, sink);
                }
            }
        }
        Ok(())
    }

    /// Saves the outputs for the last batch, and drops the pipeline's generator, so that the next
    /// run begins with the first batch.
    pub(super) fn end(
        self,
        plan: Plan<'_>,
        branches: &mut [&mut Branch],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        for branch in branches.iter_mut() {
            let is_root = plan.units()[self.pipeline].is_root();
            branch.drop_generator(self.pipeline, is_root);
            let took_part = std::mem::take(&mut branch.in_full_run) && branch.saw_batch;
            let units = plan.units().iter().enumerate();
            for (position, unit) in units.take(self.end).skip(self.pipeline) {
                if took_part && position > self.pipeline && plan.is_due(branch, unit) {
                    branch.save_latest(position, unit, sink)?;
                }
                plan.dump(branch, unit, sink)?;
            }
        }
        Ok(())
    }
}

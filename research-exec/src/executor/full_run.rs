//! A pipeline that goes through all its batches within one iteration, together with the units that
//! process them: these are a block, which is repeated for each batch.

use research_core::{EventSink, SinkError};

use super::Executor;
use super::branch::Branch;
use super::step::{call_in, go_along};

/// A block of an experiment.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// Where the pipeline stands.
    pub(super) pipeline: usize,
    /// Where the units end that process its batches.
    pub(super) end: usize,
}

impl Block {
    /// The block that begins with the pipeline at this position.
    pub(super) fn at(executor: &Executor, pipeline: usize) -> Self {
        Self {
            pipeline,
            end: executor.experiment.block_end(pipeline),
        }
    }

    /// Goes through all batches, with these branches in turn. The first makes the batches.
    pub(super) fn run(
        self,
        executor: &Executor,
        branches: &mut [&mut Branch],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        self.begin(executor, branches, sink)?;
        while self.next_batch(executor, branches, sink)? {
            for branch in branches.iter_mut().filter(|branch| branch.in_block) {
                self.step(executor, branch, sink)?;
            }
        }
        self.end(executor, branches, sink)
    }

    /// Notes which branches take part. Going through all batches may take long.
    pub(super) fn begin(
        self,
        executor: &Executor,
        branches: &mut [&mut Branch],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let pipeline = &executor.experiment.units()[self.pipeline];
        for branch in branches {
            branch.in_block = executor.is_due(branch, pipeline);
            branch.saw_batch = false;
            if branch.in_block {
                branch.let_saved_be_seen(sink)?;
            }
        }
        Ok(())
    }

    /// Makes the next batch, for all branches that still take part; whether there is one.
    pub(super) fn next_batch(
        self,
        executor: &Executor,
        branches: &mut [&mut Branch],
        sink: &mut dyn EventSink,
    ) -> Result<bool, SinkError> {
        if !branches
            .iter()
            .any(|branch| branch.in_block && branch.limits.has_time())
        {
            return Ok(false);
        }
        let unit = &executor.experiment.units()[self.pipeline];
        let result = if executor.shares_roots() {
            let takes_part = |branch: &&mut Branch| branch.in_block;
            let runner = branches.iter().position(takes_part).unwrap_or(0);
            let result = call_in(branches, runner, self.pipeline, unit);
            let saved = branches[runner].take_root_saved();
            for (at, branch) in branches.iter_mut().enumerate() {
                if branch.in_block && at != runner {
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
        for branch in branches.iter_mut().filter(|branch| branch.in_block) {
            match &result {
                Ok(Some(batch)) => branch.keep(self.pipeline, batch.clone()),
                Ok(None) => {}
                Err(error) => {
                    branch.in_block = false;
                    branch.fail(Some(unit), error, sink)?;
                }
            }
        }
        Ok(matches!(result, Ok(Some(_))))
    }

    /// Lets a branch process the batch. One that fails takes part no more.
    pub(super) fn step(
        self,
        executor: &Executor,
        branch: &mut Branch,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        branch.saw_batch = true;
        let units = executor.experiment.units().iter().enumerate();
        for (position, unit) in units.take(self.end).skip(self.pipeline + 1) {
            if !executor.is_due(branch, unit) {
                continue;
            }
            match branch.call(position, unit) {
                Ok(Some(output)) => branch.keep(position, output),
                Ok(None) => {}
                Err(error) => {
                    branch.in_block = false;
                    return branch.fail(Some(unit), &error, sink);
                }
            }
        }
        Ok(())
    }

    /// Saves what the last batch led to, and lets the next run begin with the first batch.
    pub(super) fn end(
        self,
        executor: &Executor,
        branches: &mut [&mut Branch],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        for branch in branches.iter_mut() {
            branch.drop_generator(self.pipeline);
            let took_part = std::mem::take(&mut branch.in_block) && branch.saw_batch;
            let units = executor.experiment.units().iter().enumerate();
            for (position, unit) in units.take(self.end).skip(self.pipeline) {
                if took_part && position > self.pipeline && executor.is_due(branch, unit) {
                    branch.save_latest(position, unit, sink)?;
                }
                executor.dump(branch, unit, sink)?;
            }
        }
        Ok(())
    }
}

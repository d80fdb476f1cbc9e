//! The plan of a task: the units that run in each iteration, and the number of iterations.

use research_core::{EventSink, Experiment, SinkError, Unit};
use tracing_core::dispatcher::DefaultGuard;

use super::branch::Branch;
use super::spans;

/// The settings that the branches of a task share.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) n_iters: Option<u64>,
    /// Whether the rest of an iteration still runs after a unit has failed or a generator has
    /// ended.
    pub(super) finalize: bool,
    /// Whether the first failure ends the task.
    pub(super) debug: bool,
    pub(super) profile: u8,
    /// Whether root units do the same for all branches, and each branch saves their outputs.
    pub(super) shares_roots: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn units(&self) -> &'a [Unit] {
        self.experiment.units()
    }

    pub(super) fn is_due(&self, branch: &Branch, unit: &Unit) -> bool {
        branch.is_due(unit, self.n_iters, self.finalize)
    }

    /// Reports the end of a branch while others of its task continue, so that it does not depend on
    /// their fate. The first branch is reported last if it runs root units, because these may still
    /// save values or log messages in it.
    pub(super) fn report_early_end(
        &self,
        index: usize,
        branch: &mut Branch,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let has_roots = || self.units().iter().any(Unit::is_root);
        if branch.is_reported() || (index == 0 && has_roots()) {
            return Ok(());
        }
        branch.close(self.units());
        branch.report_end(sink)
    }

    /// Makes the calling thread count spans, if the profile includes them.
    pub(super) fn count_spans(&self) -> Option<DefaultGuard> {
        if self.profile > 1 {
            spans::listen()
        } else {
            None
        }
    }
}

//! A step of an iteration: runs a unit in one branch, or a root unit for all branches.

use research_core::{Branches, EventSink, SinkError, Unit, UnitResult};

use super::branch::Branch;
use super::plan::Plan;

impl Plan<'_> {
    /// Runs a unit in one branch if it is due, and sends saved values if the unit requests it.
    pub(super) fn run_step(
        &self,
        branch: &mut Branch,
        position: usize,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let unit = &self.units()[position];
        if self.is_due(branch, unit) {
            branch.run(position, unit, sink)?;
        }
        self.dump(branch, unit, sink)
    }

    /// Sends saved values if the unit requests it in this iteration.
    pub(super) fn dump(
        &self,
        branch: &mut Branch,
        unit: &Unit,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        match unit.dump() {
            Some(when) if branch.meets(when, self.n_iters) => {
                branch.send_saved(sink)?;
                sink.flush()
            }
            _ => Ok(()),
        }
    }

    /// Runs a root unit once for all branches in which it is due. They share its output or its
    /// failure.
    pub(super) fn run_root(
        &self,
        position: usize,
        branches: &mut [&mut Branch],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let unit = &self.units()[position];
        if self.shares_roots {
            self.call_shared_root(position, unit, branches, sink)?;
        } else if branches.iter().any(|branch| self.is_due(branch, unit)) {
            self.call_root(position, unit, branches, sink)?;
        }
        for branch in branches {
            self.dump(branch, unit, sink)?;
        }
        Ok(())
    }

    /// Runs the unit in the first branch in which it is due, and applies its result to the other
    /// branches, as if each were alone.
    fn call_shared_root(
        &self,
        position: usize,
        unit: &Unit,
        branches: &mut [&mut Branch],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let is_due = |branch: &&mut Branch| self.is_due(branch, unit);
        let due: Vec<bool> = branches.iter().map(is_due).collect();
        // Prefer a running branch: a failed one may have other values.
        let runs = |at: &usize| due[*at] && branches[*at].is_running();
        let first = (0..due.len()).find(runs);
        let Some(runner) = first.or_else(|| due.iter().position(|due| *due)) else {
            return Ok(());
        };
        let views = unit
            .sees_all_branches()
            .then(|| Branches::new(branches.iter().map(|branch| branch.view())));
        if branches[runner].may_take_long(position) {
            for branch in branches.iter_mut() {
                branch.flush_saved(sink)?;
            }
        }
        branches[runner].let_see(views);
        let result = call_in(branches, runner, position, unit);
        branches[runner].let_see(None);
        let saved = branches[runner].take_root_saved();
        for (at, branch) in branches.iter_mut().enumerate() {
            if due[at] && at != runner {
                branch.adopt(position, unit, &result, &saved, sink)?;
            }
        }
        branches[runner].settle(position, unit, result, sink)
    }

    /// Runs the unit in the first branch. This is for a research that was started by an earlier
    /// version, in which root units saw the first branch and only that branch saved their outputs.
    fn call_root(
        &self,
        position: usize,
        unit: &Unit,
        branches: &mut [&mut Branch],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        let views = unit
            .sees_all_branches()
            .then(|| Branches::new(branches.iter().map(|branch| branch.view())));
        go_along(branches);
        let [first, others @ ..] = branches else {
            return Ok(());
        };
        if first.may_take_long(position) {
            first.flush_saved(sink)?;
            for branch in others.iter_mut() {
                branch.flush_saved(sink)?;
            }
        }
        first.log_begin(unit, sink)?;
        first.let_see(views);
        let result = first.call(position, unit);
        first.let_see(None);
        let shared = match &result {
            Ok(Some(output)) => Some(output.clone()),
            Ok(None) | Err(_) => None,
        };
        for branch in others.iter_mut().filter(|branch| branch.is_alive()) {
            branch.share(position, &result, unit, sink)?;
        }
        if first.is_alive() {
            first.settle(position, unit, result, sink)?;
        } else if let Some(output) = shared {
            first.keep(position, output);
        }
        Ok(())
    }
}

/// Calls a root unit in one of the branches. Its generator is returned to the first branch, which
/// ends last.
pub(super) fn call_in(
    branches: &mut [&mut Branch],
    runner: usize,
    position: usize,
    unit: &Unit,
) -> UnitResult {
    if runner == 0 {
        return branches[0].call(position, unit);
    }
    let generator = branches[0].generator(position).take();
    *branches[runner].generator(position) = generator;
    let result = branches[runner].call(position, unit);
    *branches[0].generator(position) = branches[runner].generator(position).take();
    result
}

/// Moves the first branch to the iteration of the others, if it has ended before them: units that
/// run for all branches run in the first one.
pub(super) fn go_along(branches: &mut [&mut Branch]) {
    let running = branches.iter().find(|branch| branch.is_alive());
    if let Some(iteration) = running.map(|branch| branch.iteration())
        && let Some(first) = branches.first_mut()
    {
        first.go_along(iteration);
    }
}

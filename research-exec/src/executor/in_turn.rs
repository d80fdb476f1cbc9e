//! Branches one after another, unit by unit; also the way of a single branch.

use research_core::{EventSink, SinkError};

use super::branch::Branch;
use super::{Executor, Pace};

/// Runs the branches to their ends.
pub(super) fn run(
    executor: &Executor,
    mut branches: Vec<Branch>,
    sink: &mut dyn EventSink,
) -> Result<Vec<Branch>, SinkError> {
    let units = executor.experiment.units();
    let mut pace = Pace::new();
    for iteration in 0..executor.n_iters.unwrap_or(u64::MAX) {
        for branch in &mut branches {
            branch.begin(iteration);
        }
        for position in 0..units.len() {
            run_unit(executor, position, &mut branches, sink)?;
        }
        let mut alive = false;
        for branch in &mut branches {
            alive |= branch.finish_iteration();
        }
        if !alive {
            break;
        }
        if pace.is_due(branches.iter().map(Branch::saved_bytes).sum()) {
            for branch in &mut branches {
                branch.send_saved(sink)?;
                branch.tell_progress(sink)?;
            }
            sink.flush()?;
        }
    }
    Ok(branches)
}

fn run_unit(
    executor: &Executor,
    position: usize,
    branches: &mut [Branch],
    sink: &mut dyn EventSink,
) -> Result<(), SinkError> {
    let unit = &executor.experiment.units()[position];
    if unit.is_root() && (branches.len() > 1 || unit.sees_all_branches()) {
        let mut all: Vec<&mut Branch> = branches.iter_mut().collect();
        return executor.run_root(position, &mut all, sink);
    }
    for branch in branches {
        if executor.is_due(branch, unit) {
            branch.run(position, unit, sink)?;
        }
    }
    Ok(())
}

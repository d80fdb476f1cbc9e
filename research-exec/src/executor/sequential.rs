//! Runs the branches one after another, unit by unit; also used for a single branch.

use research_core::{EventSink, SinkError};

use super::branch::Branch;
use super::flush_policy::FlushPolicy;
use super::full_run::FullRun;
use super::plan::Plan;

/// Runs the branches to their ends.
pub(super) fn run(
    plan: Plan<'_>,
    branches: &mut [Branch],
    sink: &mut dyn EventSink,
) -> Result<(), SinkError> {
    let units = plan.units();
    let mut flush_policy = FlushPolicy::new();
    for iteration in 0..plan.n_iters.unwrap_or(u64::MAX) {
        for branch in branches.iter_mut() {
            branch.begin(iteration, sink)?;
        }
        let mut position = 0;
        while position < units.len() {
            position = run_unit(plan, position, branches, sink)?;
            if plan.debug && branches.iter().any(Branch::has_failed) {
                return Ok(());
            }
        }
        let mut alive = false;
        for branch in branches.iter_mut() {
            if branch.finish_iteration(sink)? {
                alive = true;
            } else {
                branch.note_end();
            }
        }
        // The values of the last iteration are sent with the ending.
        if !alive || plan.n_iters == Some(iteration + 1) {
            break;
        }
        report_ended(plan, branches, sink)?;
        if flush_policy.is_due(branches.iter().map(Branch::saved_bytes).sum()) {
            for branch in branches.iter_mut() {
                branch.send_saved(sink)?;
                branch.report_progress(sink)?;
            }
            sink.flush()?;
        }
    }
    Ok(())
}

/// Reports the ends of branches that end before others.
fn report_ended(
    plan: Plan<'_>,
    branches: &mut [Branch],
    sink: &mut dyn EventSink,
) -> Result<(), SinkError> {
    let mut is_reported = false;
    for (index, branch) in branches.iter_mut().enumerate() {
        if !branch.is_alive() && !branch.is_reported() {
            plan.report_early_end(index, branch, sink)?;
            is_reported |= branch.is_reported();
        }
    }
    if is_reported { sink.flush() } else { Ok(()) }
}

/// Runs the unit at `position`, and returns the next position.
fn run_unit(
    plan: Plan<'_>,
    position: usize,
    branches: &mut [Branch],
    sink: &mut dyn EventSink,
) -> Result<usize, SinkError> {
    let unit = &plan.units()[position];
    if unit.is_root() && (branches.len() > 1 || unit.sees_all_branches()) {
        let mut all: Vec<&mut Branch> = branches.iter_mut().collect();
        if unit.is_full_run() {
            return run_full_run(plan, position, &mut all, sink);
        }
        plan.run_root(position, &mut all, sink)?;
        return Ok(position + 1);
    }
    if unit.is_full_run() {
        for branch in branches {
            run_full_run(plan, position, &mut [branch], sink)?;
        }
        return Ok(plan.experiment.block_end(position));
    }
    for branch in branches {
        plan.run_step(branch, position, sink)?;
    }
    Ok(position + 1)
}

fn run_full_run(
    plan: Plan<'_>,
    position: usize,
    branches: &mut [&mut Branch],
    sink: &mut dyn EventSink,
) -> Result<usize, SinkError> {
    let full_run = FullRun::at(plan, position);
    full_run.run(plan, branches, sink)?;
    Ok(full_run.end)
}

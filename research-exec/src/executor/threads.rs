//! Runs the branches in parallel: each has a thread for the whole task. The thread runs its branch
//! up to a root unit, and returns it. When all branches are back, the root unit runs in the calling
//! thread. So branches meet only at root units.

use std::thread::{self, Scope};

use crossbeam_channel::{Receiver, Sender, bounded};
use research_core::{Event, EventSink, SinkError, Unit};

use super::branch::Branch;
use super::flush_policy::FlushPolicy;
use super::full_run::FullRun;
use super::plan::Plan;
use super::sequential;
use crate::in_unit::{self, is_in_unit};

/// The capacity of the channel of reports.
const REPORT_CAPACITY: usize = 64;

/// A job for the thread of a branch.
struct Job {
    branch: Box<Branch>,
    what: What,
}

enum What {
    /// Run the units from this position to the next root unit.
    From(usize),
    /// Process the current batch of this full run.
    Step(FullRun),
}

enum Report {
    Events(Vec<Event>),
    /// A branch has reached a root unit or its end.
    Back {
        index: usize,
        branch: Box<Branch>,
        root: Option<usize>,
    },
    /// The sink of a branch does not accept events.
    Failed(SinkError),
}

/// Runs the branches to their ends; one after another if the threads cannot be started.
pub(super) fn run(
    plan: Plan<'_>,
    branches: &mut Vec<Branch>,
    sink: &mut dyn EventSink,
) -> Result<(), SinkError> {
    let (reports, inbox) = bounded(REPORT_CAPACITY);
    thread::scope(|scope| {
        let mut jobs = Vec::with_capacity(branches.len());
        for index in 0..branches.len() {
            match start(scope, plan, index, reports.clone()) {
                Ok(job) => jobs.push(job),
                Err(_) => return sequential::run(plan, branches, sink),
            }
        }
        let coordinator = Coordinator {
            plan,
            next: vec![Some(0); branches.len()],
            branches: branches
                .drain(..)
                .map(|branch| Some(Box::new(branch)))
                .collect(),
            jobs,
            inbox,
        };
        *branches = coordinator.run(sink)?;
        Ok(())
    })
}

fn start<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    plan: Plan<'env>,
    index: usize,
    reports: Sender<Report>,
) -> std::io::Result<Sender<Job>> {
    let (job, jobs) = bounded(1);
    let branch = BranchThread {
        plan,
        index,
        jobs,
        sink: ReportSink {
            events: Vec::new(),
            reports,
        },
        flush_policy: FlushPolicy::new(),
    };
    let is_in_unit = is_in_unit();
    thread::Builder::new()
        .name(format!("branch {index}"))
        .spawn_scoped(scope, move || {
            in_unit::set_thread(is_in_unit);
            branch.serve();
        })?;
    Ok(job)
}

/// Holds the branches that are not in their threads, and runs root units.
struct Coordinator<'a> {
    plan: Plan<'a>,
    branches: Vec<Option<Box<Branch>>>,
    /// The next position of each branch; `None` if it has ended or is in its thread.
    next: Vec<Option<usize>>,
    jobs: Vec<Sender<Job>>,
    inbox: Receiver<Report>,
}

impl Coordinator<'_> {
    fn run(mut self, sink: &mut dyn EventSink) -> Result<Vec<Branch>, SinkError> {
        for branch in self.branches.iter_mut().flatten() {
            branch.begin(0, sink)?;
        }
        loop {
            let away = self.send_off();
            if away == 0 {
                return Ok(self
                    .branches
                    .into_iter()
                    .flatten()
                    .map(|branch| *branch)
                    .collect());
            }
            if let Some(root) = self.await_all(away, sink)? {
                self.run_roots(root, sink)?;
            }
        }
    }

    /// Sends the branches that have not ended to their threads; returns their number.
    fn send_off(&mut self) -> usize {
        let mut away = 0;
        for (index, next) in self.next.iter_mut().enumerate() {
            if let Some(from) = next.take()
                && let Some(branch) = self.branches[index].take()
                && self.jobs[index]
                    .send(Job {
                        branch,
                        what: What::From(from),
                    })
                    .is_ok()
            {
                away += 1;
            }
        }
        away
    }

    /// Waits until all branches are back; returns the root unit that they have reached, if any.
    fn await_all(
        &mut self,
        mut away: usize,
        sink: &mut dyn EventSink,
    ) -> Result<Option<usize>, SinkError> {
        let mut at = None;
        while away > 0 {
            match self.inbox.recv() {
                Ok(Report::Events(events)) => {
                    for event in events {
                        sink.emit(event)?;
                    }
                    sink.flush()?;
                }
                Ok(Report::Back {
                    index,
                    branch,
                    root,
                }) => {
                    away -= 1;
                    at = at.or(root);
                    self.next[index] = root;
                    let branch = self.branches[index].insert(branch);
                    if root.is_none() {
                        branch.note_end();
                        self.plan.report_early_end(index, branch, sink)?;
                    }
                    if away > 0 && self.inbox.is_empty() {
                        sink.flush()?;
                    }
                }
                Ok(Report::Failed(error)) => return Err(error),
                // The threads keep senders as long as they run.
                Err(_) => return Err(panicked()),
            }
        }
        Ok(at)
    }

    /// Runs the root unit at `first`, and the root units directly after it.
    fn run_roots(&mut self, first: usize, sink: &mut dyn EventSink) -> Result<(), SinkError> {
        let units = self.plan.units();
        let mut position = first;
        while units.get(position).is_some_and(Unit::is_root) {
            if units[position].is_full_run() {
                position = self.run_full_run(position, sink)?;
            } else {
                let plan = self.plan;
                plan.run_root(position, &mut self.all(), sink)?;
                position += 1;
            }
        }
        for next in self.next.iter_mut().flatten() {
            *next = position;
        }
        Ok(())
    }

    /// Runs the batches of a pipeline, which the branches process in their threads.
    fn run_full_run(
        &mut self,
        position: usize,
        sink: &mut dyn EventSink,
    ) -> Result<usize, SinkError> {
        let plan = self.plan;
        let full_run = FullRun::at(plan, position);
        full_run.begin(plan, &mut self.all(), sink)?;
        while full_run.next_batch(plan, &mut self.all(), sink)? {
            let mut away = 0;
            for (branch, jobs) in self.branches.iter_mut().zip(&self.jobs) {
                if let Some(branch) = branch.take_if(|branch| branch.in_full_run) {
                    let what = What::Step(full_run);
                    away += usize::from(jobs.send(Job { branch, what }).is_ok());
                }
            }
            self.await_all(away, sink)?;
        }
        full_run.end(plan, &mut self.all(), sink)?;
        Ok(full_run.end)
    }

    fn all(&mut self) -> Vec<&mut Branch> {
        let branches = self.branches.iter_mut().flatten();
        branches.map(Box::as_mut).collect()
    }
}

/// The thread of one branch.
struct BranchThread<'a> {
    plan: Plan<'a>,
    index: usize,
    jobs: Receiver<Job>,
    sink: ReportSink,
    flush_policy: FlushPolicy,
}

impl BranchThread<'_> {
    /// Runs the branch each time it is sent, until the coordinator has ended.
    fn serve(mut self) {
        let _listening = self.plan.count_spans();
        while let Ok(Job { mut branch, what }) = self.jobs.recv() {
            let done = match what {
                What::From(from) => self.run_to_root(&mut branch, from),
                What::Step(full_run) => {
                    let step = full_run.step(self.plan, &mut branch, &mut self.sink);
                    step.map(|()| Some(full_run.pipeline))
                }
            };
            let root = match done {
                Ok(root) => root,
                Err(error) => {
                    // Ignore errors: the coordinator may have ended.
                    let _ = self.sink.reports.send(Report::Failed(error));
                    return;
                }
            };
            let back = Report::Back {
                index: self.index,
                branch,
                root,
            };
            if self.sink.flush().is_err() || self.sink.reports.send(back).is_err() {
                return;
            }
        }
    }

    /// Runs a branch from a unit to the next root unit, or to its end.
    fn run_to_root(
        &mut self,
        branch: &mut Branch,
        from: usize,
    ) -> Result<Option<usize>, SinkError> {
        let units = self.plan.units();
        let mut position = from;
        loop {
            while let Some(unit) = units.get(position) {
                if unit.is_root() {
                    return Ok(Some(position));
                }
                if unit.is_full_run() {
                    let full_run = FullRun::at(self.plan, position);
                    full_run.run(self.plan, &mut [branch], &mut self.sink)?;
                    position = full_run.end;
                    continue;
                }
                self.plan.run_step(branch, position, &mut self.sink)?;
                position += 1;
            }
            let continues = branch.finish_iteration(&mut self.sink)?;
            if !continues || self.plan.n_iters == Some(branch.iterations()) {
                branch.close(units);
                return Ok(None);
            }
            if self.flush_policy.is_due(branch.saved_bytes()) {
                branch.send_saved(&mut self.sink)?;
                branch.report_progress(&mut self.sink)?;
                self.sink.flush()?;
            }
            branch.begin(branch.iterations(), &mut self.sink)?;
            position = 0;
        }
    }
}

impl Drop for BranchThread<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Ignore errors: the coordinator may have ended.
            let _ = self.sink.reports.send(Report::Failed(panicked()));
        }
    }
}

/// Returns the error of a thread that has panicked outside of any unit.
fn panicked() -> SinkError {
    SinkError::Closed("a branch's thread has panicked".to_owned())
}

/// Collects the events of a branch and sends them to the coordinator.
struct ReportSink {
    events: Vec<Event>,
    reports: Sender<Report>,
}

impl EventSink for ReportSink {
    fn emit(&mut self, event: Event) -> Result<(), SinkError> {
        self.events.push(event);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        if self.events.is_empty() {
            return Ok(());
        }
        let events = std::mem::take(&mut self.events);
        let sent = self.reports.send(Report::Events(events));
        sent.map_err(|_| SinkError::Closed("the executor has ended".to_owned()))
    }
}

//! Branches side by side: each has a thread for the whole task. A thread runs its branch until it
//! comes to a root unit, and hands it back; when all are back, the root unit runs here. So branches
//! meet at root units only, and without these not at all.

use std::thread::{self, Scope};

use crossbeam_channel::{Receiver, Sender, bounded};
use research_core::{Event, EventSink, SinkError, Unit};

use super::branch::Branch;
use super::flush_policy::FlushPolicy;
use super::full_run::Block;
use super::plan::Plan;
use super::sequential;
use crate::in_unit::{self, is_in_unit};

/// So many reports wait here; then the threads wait too.
const REPORTS: usize = 64;

/// A branch to go on with.
struct Order {
    branch: Box<Branch>,
    what: What,
}

enum What {
    /// Run the units from this position on, until there is a root unit.
    From(usize),
    /// Process the batch that was made for this block.
    Step(Block),
}

enum Report {
    Events(Vec<Event>),
    /// A branch is back: it stands at a root unit, or has ended.
    Back {
        index: usize,
        branch: Box<Branch>,
        root: Option<usize>,
    },
    /// A branch cannot go on.
    Failed(SinkError),
}

/// Runs the branches to their ends. Where the system gives no more threads, they run in turn.
pub(super) fn run(
    plan: Plan<'_>,
    branches: &mut Vec<Branch>,
    sink: &mut dyn EventSink,
) -> Result<(), SinkError> {
    let (reports, inbox) = bounded(REPORTS);
    thread::scope(|scope| {
        let mut orders = Vec::with_capacity(branches.len());
        for index in 0..branches.len() {
            match start(scope, plan, index, reports.clone()) {
                Ok(order) => orders.push(order),
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
            orders,
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
) -> std::io::Result<Sender<Order>> {
    let (order, orders) = bounded(1);
    let branch = BranchThread {
        plan,
        index,
        orders,
        sink: ReportSink {
            events: Vec::new(),
            reports,
        },
        pace: FlushPolicy::new(),
    };
    let is_in_unit = is_in_unit();
    thread::Builder::new()
        .name(format!("branch {index}"))
        .spawn_scoped(scope, move || {
            in_unit::set_thread(is_in_unit);
            branch.serve();
        })?;
    Ok(order)
}

/// Holds the branches while they are not in their threads, and runs root units.
struct Coordinator<'a> {
    plan: Plan<'a>,
    branches: Vec<Option<Box<Branch>>>,
    /// Where each goes on; `None` if it has ended or is away.
    next: Vec<Option<usize>>,
    orders: Vec<Sender<Order>>,
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

    /// Gives the branches that have not ended to their threads; how many these are.
    fn send_off(&mut self) -> usize {
        let mut away = 0;
        for (index, next) in self.next.iter_mut().enumerate() {
            if let Some(from) = next.take()
                && let Some(branch) = self.branches[index].take()
                && self.orders[index]
                    .send(Order {
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

    /// Waits until all are back; at which root unit they are, if any is.
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
                // The threads hold senders as long as they live.
                Err(_) => return Err(panicked()),
            }
        }
        Ok(at)
    }

    /// Runs the root unit at a position, and those that follow it at once.
    fn run_roots(&mut self, first: usize, sink: &mut dyn EventSink) -> Result<(), SinkError> {
        let units = self.plan.units();
        let mut position = first;
        while units.get(position).is_some_and(Unit::is_root) {
            if units[position].is_full_run() {
                position = self.run_block(position, sink)?;
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

    /// Makes the batches of a pipeline, and lets the branches process each in their threads.
    fn run_block(&mut self, position: usize, sink: &mut dyn EventSink) -> Result<usize, SinkError> {
        let plan = self.plan;
        let block = Block::at(plan, position);
        block.begin(plan, &mut self.all(), sink)?;
        while block.next_batch(plan, &mut self.all(), sink)? {
            let mut away = 0;
            for (branch, orders) in self.branches.iter_mut().zip(&self.orders) {
                if let Some(branch) = branch.take_if(|branch| branch.in_block) {
                    let what = What::Step(block);
                    away += usize::from(orders.send(Order { branch, what }).is_ok());
                }
            }
            self.await_all(away, sink)?;
        }
        block.end(plan, &mut self.all(), sink)?;
        Ok(block.end)
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
    orders: Receiver<Order>,
    sink: ReportSink,
    pace: FlushPolicy,
}

impl BranchThread<'_> {
    /// Runs the branch whenever it is given, until there are no more orders or nobody listens.
    fn serve(mut self) {
        let _listening = self.plan.count_spans();
        while let Ok(Order { mut branch, what }) = self.orders.recv() {
            let done = match what {
                What::From(from) => self.run_to_root(&mut branch, from),
                What::Step(block) => {
                    let step = block.step(self.plan, &mut branch, &mut self.sink);
                    step.map(|()| Some(block.pipeline))
                }
            };
            let root = match done {
                Ok(root) => root,
                Err(error) => {
                    // Whoever does not listen any more need not be told.
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

    /// Runs a branch from a unit on, until it comes to a root unit or to its end.
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
                    let block = Block::at(self.plan, position);
                    block.run(self.plan, &mut [branch], &mut self.sink)?;
                    position = block.end;
                    continue;
                }
                self.plan.take_turn(branch, position, &mut self.sink)?;
                position += 1;
            }
            let goes_on = branch.finish_iteration(&mut self.sink)?;
            if !goes_on || self.plan.n_iters == Some(branch.iterations()) {
                branch.close(units);
                return Ok(None);
            }
            if self.pace.is_due(branch.saved_bytes()) {
                branch.send_saved(&mut self.sink)?;
                branch.tell_progress(&mut self.sink)?;
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
            // Whoever does not listen any more need not be told.
            let _ = self.sink.reports.send(Report::Failed(panicked()));
        }
    }
}

/// A thread has panicked outside of any unit.
fn panicked() -> SinkError {
    SinkError::Closed("a branch's thread has panicked".to_owned())
}

/// Gathers the events of a branch and hands them over.
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

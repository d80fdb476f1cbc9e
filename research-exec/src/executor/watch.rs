//! Enforces timeouts of code, which cannot be interrupted: a thread watches a task and, when a
//! deadline expires, reports the state of its experiments and ends the process.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use research_core::events::ResourceUsage;
use research_core::executor::SharedSaved;
use research_core::units::Deadline;
use research_core::{
    Event, ExceptionRecord, Experiment, ExperimentNumber, FailureKind, Status, Timestamp,
};
use research_process::UsageMeter;

use super::usage::recorded;
use crate::task::{Ending, TaskExperiment};

/// Called when a deadline expires: forwards the last events of the task with the endings of its
/// experiments, and ends the process. Experiments without an ending run again.
pub(crate) type Interrupt = Arc<dyn Fn(Vec<Event>, Vec<Ending>) + Send + Sync>;

/// Watches a task.
pub(super) struct Watch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    experiment: Experiment,
    /// The deadline of all experiments of the task, which began together.
    whole: Option<Deadline>,
    /// Measures the process, if it runs one experiment.
    meter: Option<UsageMeter>,
    branches: Vec<BranchState>,
    /// The time at which the thread wakes up by itself.
    looks_at: Option<Instant>,
    phase: Phase,
}

#[derive(PartialEq, Eq)]
enum Phase {
    Watching,
    /// A deadline has expired, and the process is about to end.
    Interrupted,
    /// The task has ended.
    Over,
}

/// The state of a branch.
struct BranchState {
    number: ExperimentNumber,
    attempt: u32,
    saved: SharedSaved,
    iterations: u64,
    call: Option<Call>,
    ending: Option<Ending>,
    /// Whether the branch has reported its end itself.
    is_reported: bool,
}

#[derive(Clone, Copy)]
struct Call {
    unit: usize,
    deadline: Deadline,
    /// Whether the call is made for all branches.
    is_root: bool,
}

impl Watch {
    /// Starts watching. If the thread cannot be started, the worker that runs the process enforces
    /// the timeout of the experiment.
    pub(super) fn start(
        experiment: &Experiment,
        whole: Option<Deadline>,
        meter: Option<UsageMeter>,
        branches: impl Iterator<Item = (TaskExperiment, SharedSaved)>,
        interrupt: Interrupt,
    ) -> Self {
        let entry = |(task, saved): (TaskExperiment, SharedSaved)| BranchState {
            number: task.number,
            attempt: task.attempt,
            saved,
            iterations: 0,
            call: None,
            ending: None,
            is_reported: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                experiment: experiment.clone(),
                whole,
                meter,
                branches: branches.map(entry).collect(),
                looks_at: None,
                phase: Phase::Watching,
            }),
            changed: Condvar::new(),
        });
        let watching = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("timeouts".into())
            .spawn(move || watching.watch(&interrupt));
        Self {
            shared,
            thread: thread.ok(),
        }
    }

    /// Returns the handle for the branch at `index` in the task.
    pub(super) fn branch(&self, index: usize) -> Watched {
        Watched {
            shared: Arc::clone(&self.shared),
            index,
        }
    }
}

/// Stops watching. If a deadline has already expired, this waits until the process is ended.
impl Drop for Watch {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.wait_if_interrupted();
        state.phase = Phase::Over;
        drop(state);
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // Ignore a panic: the thread runs no code of units, and watching ends in any case.
            let _ = thread.join();
        }
    }
}

/// A branch's side of the watch.
pub(super) struct Watched {
    shared: Arc<Shared>,
    index: usize,
}

impl Watched {
    pub(super) fn begin_iteration(&self, iteration: u64) {
        let mut state = self.shared.lock();
        state.branches[self.index].iterations = iteration + 1;
    }

    #[inline]
    pub(super) fn begin_call(&self, unit: usize, deadline: Deadline, is_root: bool) {
        let mut state = self.shared.lock();
        state.branches[self.index].call = Some(Call {
            unit,
            deadline,
            is_root,
        });
        let is_earlier = match (deadline.at(), state.looks_at) {
            (Some(at), Some(looks_at)) => at < looks_at,
            (Some(_), None) => true,
            (None, _) => false,
        };
        drop(state);
        if is_earlier {
            self.shared.changed.notify_one();
        }
    }

    #[inline]
    pub(super) fn end_call(&self) {
        let mut state = self.shared.lock();
        state.wait_if_interrupted();
        state.branches[self.index].call = None;
    }

    /// Records the ending of a branch that does nothing any more.
    pub(super) fn end(&self, ending: Ending) {
        let mut state = self.shared.lock();
        state.branches[self.index].ending = Some(ending);
    }

    /// Records that the branch reports its end itself.
    pub(super) fn report_end(&self) {
        let mut state = self.shared.lock();
        state.wait_if_interrupted();
        state.branches[self.index].is_reported = true;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, interrupt: &Interrupt) {
        let mut state = self.lock();
        while state.phase == Phase::Watching {
            let next = state.next_deadline();
            state.looks_at = next;
            let now = Instant::now();
            state = match next {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(at) if at > now => {
                    let waited = self.changed.wait_timeout(state, at - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                Some(_) => {
                    let (events, endings) = state.interrupted();
                    state.phase = Phase::Interrupted;
                    drop(state);
                    return interrupt(events, endings);
                }
            };
        }
    }
}

impl State {
    fn wait_if_interrupted(&self) {
        if self.phase == Phase::Interrupted {
            loop {
                // The process is about to end.
                std::thread::park();
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let calls = self.branches.iter().filter_map(|branch| branch.call);
        let calls = calls.filter_map(|call| call.deadline.at());
        calls.chain(self.whole.and_then(|whole| whole.at())).min()
    }

    /// Returns the events and endings to report: of branches whose deadline has expired, and of
    /// branches that have ended without reporting it.
    fn interrupted(&self) -> (Vec<Event>, Vec<Ending>) {
        let whole = self.whole.filter(Deadline::has_expired);
        let is_late = |call: &&Call| call.deadline.has_expired();
        let calls = self
            .branches
            .iter()
            .filter_map(|branch| branch.call.as_ref());
        let root = calls.filter(is_late).find(|call| call.is_root).copied();
        let mut events = Vec::new();
        let mut endings = Vec::new();
        for branch in self.branches.iter().filter(|branch| !branch.is_reported) {
            let late = branch
                .call
                .filter(|call| call.deadline.has_expired())
                .or(root);
            let ending = match (&branch.ending, late, whole) {
                (Some(ending), _, _) => ending.clone(),
                (None, Some(call), _) => {
                    let unit = self.experiment.units()[call.unit].name();
                    branch.timed_out(Some(unit), call.deadline, &mut events)
                }
                (None, None, Some(whole)) => branch.timed_out(None, whole, &mut events),
                (None, None, None) => continue,
            };
            let usage = recorded(self.meter.and_then(UsageMeter::read));
            branch.report_end(&ending, usage, &mut events);
            endings.push(ending);
        }
        (events, endings)
    }
}

impl BranchState {
    fn timed_out(&self, unit: Option<&str>, deadline: Deadline, events: &mut Vec<Event>) -> Ending {
        let iteration = self.iterations.saturating_sub(1);
        let message = format!("it ran into {deadline}, and its process was ended");
        let who = match unit {
            Some(unit) => format!("unit `{unit}`"),
            None => "it".to_owned(),
        };
        let reason = format!("{who} timed out in iteration {iteration}: {message}");
        events.push(Event::Exception {
            at: Timestamp::now(),
            experiment: self.number,
            exception: Box::new(ExceptionRecord {
                unit: unit.map(str::to_owned),
                iteration,
                kind: FailureKind::TimedOut,
                message,
                backtrace: None,
            }),
            command: None,
        });
        Ending {
            number: self.number,
            status: Status::TimedOut,
            reason: Some(reason),
            iterations: self.iterations,
        }
    }

    fn report_end(&self, ending: &Ending, usage: ResourceUsage, events: &mut Vec<Event>) {
        // Sending to a list cannot fail.
        let _ = self.saved.send(events);
        events.push(Event::ExperimentEnded {
            at: Timestamp::now(),
            experiment: self.number,
            attempt: self.attempt,
            status: ending.status,
            reason: ending.reason.clone(),
            iterations: ending.iterations,
            usage,
        });
    }
}

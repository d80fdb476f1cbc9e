//! The leader: drives the scheduler, starts workers, and passes their events to the writer.

mod control;
mod dispatch;
mod in_process;
mod job;
mod launch;
mod memory_monitor;
mod panics;
mod setup;
mod shutdown;
mod signals;
mod subscribers;
mod updates;
mod writer;

use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError, after, bounded, never, select};
use research_core::executor::RunClock;
use research_core::{Event, LogLevel, Outcome, Timestamp, WorkerNumber};
use research_process::{
    MAX_DEPTH, kill_strays, make_children_waitable, nesting_depth, survive_file_size_limit,
};

use crate::devices::DevicePlan;
use crate::launcher::Launcher;
use crate::scheduler::{Action, Input};
use crate::transport::messages::{Init, Task, TaskNumber};
use crate::worker::Target;
pub use control::RunControl;
use dispatch::{Dispatch, DispatchHandle, PendingSend};
use in_process::InProcess;
pub use job::{Job, Report, RunError};
pub use launch::LaunchError;
use launch::{Launched, RunningWorker};
use memory_monitor::MemoryMonitor;
pub use panics::call_subscriber;
use shutdown::ShutdownDeadlines;
pub use signals::Signals;
use updates::Updates;
pub use updates::{DomainUpdater, EndedCounts, Tally};

/// The capacity of the inbox for inputs that do not come from workers.
const INBOX: usize = 256;

/// Runs a research until every experiment has a final status, or the run is stopped. With
/// `signals`, signals end the run in order; otherwise they have their usual effect on this process.
///
/// # Errors
/// Events could not be stored, workers could not be started, or workers ended again and again. In
/// any case no worker outlives the call.
pub fn lead(job: Job, signals: Option<&mut Signals>) -> Result<Report, RunError> {
    if nesting_depth() >= MAX_DEPTH {
        return Err(RunError::TooDeep);
    }
    make_children_waitable().map_err(|source| RunError::Io {
        action: "wait for its children",
        source,
    })?;
    survive_file_size_limit().map_err(|source| RunError::Io {
        action: "handle signals",
        source,
    })?;
    // Opening the storage may have started the clock already: keep that one.
    let _clock = RunClock::keep();
    let (inputs, inbox) = bounded(INBOX);
    if let Some(signals) = signals {
        let started = signals.start(inputs.clone());
        started.map_err(|source| RunError::Io {
            action: "listen to signals",
            source,
        })?;
    }
    let control = job.control.clone();
    let leader = Leader::new(job, inputs.clone(), inbox)?;
    let connected = control.connect(&inputs);
    let (report, listeners) = leader.run();
    drop(connected);
    for listener in listeners {
        // A panic was already reported as the loss of the worker.
        let _ = listener.join();
    }
    report
}

struct Leader {
    init: Init,
    target: Target,
    launcher: Launcher,
    /// The threads that listen to workers; each ends with its worker.
    listeners: Vec<JoinHandle<()>>,
    mark: String,
    handle: DispatchHandle,
    devices: DevicePlan,
    /// Samples the memory of devices, if it is checked.
    memory_monitor: Option<MemoryMonitor>,
    /// The only worker of a run without worker processes.
    in_process: Option<InProcess>,
    shutdown: ShutdownDeadlines,
    inbox: Receiver<Input>,
    /// Keeps the inbox open.
    _letters: Sender<Input>,
    updates: Option<Updates>,
    /// Inputs from the leader itself, which it handles before those of other threads.
    waiting: Vec<Input>,
    n_iters: Option<u64>,
    warnings: Vec<String>,
    failure: Option<RunError>,
    outcome: Option<Outcome>,
}

impl Leader {
    fn run(mut self) -> (Result<Report, RunError>, Vec<JoinHandle<()>>) {
        let handle = self.handle.clone();
        let mut dispatch = handle.lock();
        self.begin(&mut dispatch);
        loop {
            while let Some(action) = dispatch.next_action() {
                self.perform(action, &mut dispatch);
            }
            let pending_sends = dispatch.take_pending_sends();
            if !pending_sends.is_empty() {
                // Release the lock: sending blocks while a worker reads slowly.
                drop(dispatch);
                pending_sends.into_iter().for_each(PendingSend::send);
                dispatch = handle.lock();
                continue;
            }
            if let Some(outcome) = self.outcome {
                let listeners = std::mem::take(&mut self.listeners);
                return (self.finish(outcome, &mut dispatch), listeners);
            }
            let input = match self.waiting.pop() {
                Some(input) => LeaderEvent::Input(input),
                None => {
                    let deadline = dispatch.time_left();
                    let ended = dispatch
                        .writer
                        .as_ref()
                        .map(|writer| writer.ended().clone());
                    drop(dispatch);
                    let event = self.wait(deadline, ended);
                    dispatch = handle.lock();
                    event
                }
            };
            self.handle_event(input, &mut dispatch);
        }
    }

    fn begin(&mut self, dispatch: &mut Dispatch) {
        let total = dispatch.scheduler.remaining();
        dispatch.append(vec![Event::RunStarted {
            at: Timestamp::now(),
            pid: std::process::id(),
            workers: self.init.options.workers,
            total,
            n_iters: self.n_iters,
            epoch: 0,
            host: research_process::host_name(),
        }]);
        for warning in &self.warnings {
            warn(dispatch, warning);
        }
        if total.is_none() && self.updates.is_none() {
            warn(
                dispatch,
                "the domain is infinite: the run continues until it is stopped; set `n_configs` to \
                 limit it",
            );
        }
        if self.in_process.as_ref().is_some_and(InProcess::prints) {
            warn(
                dispatch,
                "with isolation `none` only the output of programs is captured; code prints to the \
                 output of this process",
            );
        }
        dispatch.start();
    }

    /// Waits for the next event other than reports of workers.
    fn wait(&mut self, deadline: Option<Duration>, ended: Option<Receiver<()>>) -> LeaderEvent {
        let ended = ended.unwrap_or_else(never);
        if let Some(in_process) = &mut self.in_process {
            // While experiments remain, the next input is available immediately.
            if matches!(ended.try_recv(), Err(TryRecvError::Disconnected)) {
                return LeaderEvent::WriterEnded;
            }
            if let Some(input) = in_process.next_input(&self.inbox) {
                return LeaderEvent::Input(input);
            }
        }
        let deadline = deadline.map_or_else(never, after);
        select! {
            // The leader holds a sender itself, so the inbox is never closed.
            recv(self.inbox) -> input => LeaderEvent::Input(input.unwrap_or(Input::Kill)),
            recv(self.handle.woken()) -> _ => LeaderEvent::Woken,
            recv(ended) -> _ => LeaderEvent::WriterEnded,
            recv(self.shutdown.expiry()) -> _ => LeaderEvent::DeadlinesExpired,
            recv(deadline) -> _ => LeaderEvent::Input(Input::Tick),
        }
    }

    fn handle_event(&mut self, event: LeaderEvent, dispatch: &mut Dispatch) {
        match event {
            LeaderEvent::Woken => {}
            LeaderEvent::WriterEnded => {
                self.stop_writing(dispatch);
                dispatch.handle(Input::Kill);
            }
            LeaderEvent::DeadlinesExpired => self.kill_overdue_workers(dispatch),
            LeaderEvent::Input(Input::Cancel { .. }) if self.in_process.is_some() => warn(
                dispatch,
                "cannot cancel a running experiment with isolation `none`",
            ),
            LeaderEvent::Input(input) => {
                if matches!(input, Input::Stop) {
                    self.log_stop_request(dispatch);
                }
                dispatch.handle(input);
            }
        }
    }

    /// Logs the request to stop, which otherwise has no visible effect until the last experiment
    /// ends.
    fn log_stop_request(&self, dispatch: &Dispatch) {
        if self.failure.is_some() {
            // The run stops because of a failure, which is reported at its end.
            return;
        }
        warn(
            dispatch,
            "stopping: running experiments finish and no others start; a second request ends the \
             run at once",
        );
    }

    /// Kills the workers that have not ended before their deadline, because they are stopped or
    /// deadlocked. Their listeners report the loss.
    fn kill_overdue_workers(&mut self, dispatch: &Dispatch) {
        while let Some(worker) = self.shutdown.next_expired() {
            if let Some(running) = dispatch.workers.get(&worker) {
                running.handle.end();
            }
        }
    }

    fn perform(&mut self, action: Action, dispatch: &mut Dispatch) {
        match action {
            Action::Append(events) => dispatch.append(events),
            Action::Sample(round) => {
                if let Some(memory_monitor) = &self.memory_monitor {
                    memory_monitor.ask(round);
                }
            }
            Action::Start(worker) => self.start_worker(worker, dispatch),
            // Worker processes get their tasks from the thread that received the report.
            Action::Send(_, number, task) => self.run_in_process(number, task, dispatch),
            Action::Quit(worker) => self.end_worker(worker, dispatch, RunningWorker::quit),
            Action::Kill(worker) => {
                self.end_worker(worker, dispatch, |worker| worker.handle.ask_to_end())
            }
            Action::Update(request) => {
                if let (Some(updates), Some(writer)) = (&self.updates, &dispatch.writer) {
                    updates.ask(request, writer);
                }
            }
            Action::GiveUp(reason) => {
                self.failure.get_or_insert(RunError::GivenUp(reason));
            }
            Action::Done(outcome) => self.outcome = Some(outcome),
        }
    }

    /// Starts a worker. Only this thread starts workers, because the system sends the parent-death
    /// signal when the thread that started them ends.
    fn start_worker(&mut self, worker: WorkerNumber, dispatch: &mut Dispatch) {
        if let Some(in_process) = &mut self.in_process {
            in_process.start();
            return;
        }
        let init = Init {
            worker,
            devices: self.devices.of_worker(worker),
            ..self.init.clone()
        };
        let launched = launch::launch(
            &mut self.launcher,
            &init,
            &self.target,
            &self.mark,
            self.handle.sender(),
        );
        match launched {
            Ok(Launched {
                running,
                listener,
                replaced,
            }) => {
                for what in replaced {
                    warn(dispatch, &format!("{what}, and was replaced"));
                }
                self.listeners.retain(|listener| !listener.is_finished());
                self.listeners.push(listener);
                dispatch.workers.insert(worker, running);
                self.shutdown.cancel(worker);
            }
            Err(error) => {
                let reason = error.to_string();
                self.failure.get_or_insert(error.into());
                self.waiting.push(Input::WorkerLost { worker, reason });
                self.waiting.push(Input::Stop);
            }
        }
    }

    fn run_in_process(&mut self, number: TaskNumber, task: Task, dispatch: &Dispatch) {
        let Some(in_process) = &mut self.in_process else {
            return;
        };
        let failed = in_process.run(number, task, |events| dispatch.append(events));
        if let Some(reason) = failed.filter(|_| self.init.options.debug) {
            self.failure.get_or_insert(RunError::Raised(reason));
            self.waiting.push(Input::Stop);
        }
    }

    fn end_worker(
        &mut self,
        worker: WorkerNumber,
        dispatch: &Dispatch,
        end: impl FnOnce(&RunningWorker),
    ) {
        if let Some(in_process) = &mut self.in_process {
            in_process.end();
        } else if let Some(running) = dispatch.workers.get(&worker) {
            end(running);
            self.shutdown.start(worker);
        }
    }

    /// Ends the writer, and keeps its error.
    fn stop_writing(&mut self, dispatch: &mut Dispatch) {
        if let Some(writer) = dispatch.writer.take()
            && let Err(error) = writer.finish()
        {
            // A storage error is more important than any other.
            self.failure = Some(error.into());
        }
    }

    fn finish(mut self, outcome: Outcome, dispatch: &mut Dispatch) -> Result<Report, RunError> {
        if let Some(updates) = self.updates.take() {
            updates.stop();
            self.kill_own_strays(dispatch);
        } else if self
            .in_process
            .as_ref()
            .is_some_and(InProcess::starts_programs)
        {
            self.kill_own_strays(dispatch);
        }
        dispatch.append(vec![Event::RunEnded {
            at: Timestamp::now(),
            outcome,
        }]);
        self.stop_writing(dispatch);
        match self.failure {
            Some(error) => Err(error),
            None => Ok(Report {
                outcome,
                counts: dispatch.scheduler.counts().clone(),
            }),
        }
    }

    /// Kills the strays of programs that this process has started. Workers do the same for theirs.
    fn kill_own_strays(&self, dispatch: &Dispatch) {
        if let Err(error) = kill_strays(std::slice::from_ref(&self.mark)) {
            let text = format!("cannot kill the processes that programs have left: {error}");
            warn(dispatch, &text);
        }
    }
}

/// An event that the leader's own thread waits for.
enum LeaderEvent {
    /// An input of the scheduler.
    Input(Input),
    /// Another thread has queued actions for this one.
    Woken,
    /// The writer has ended.
    WriterEnded,
    /// The deadline of a worker that was told to end has expired.
    DeadlinesExpired,
}

fn warn(dispatch: &Dispatch, text: &str) {
    dispatch.append(vec![Event::Message {
        at: Timestamp::now(),
        experiment: None,
        level: LogLevel::Warning,
        text: text.to_owned(),
    }]);
}

//! The leader: drives the distributor, starts workers, and has their events written.

mod farewells;
mod in_process;
mod job;
mod launch;
mod sampler;
mod signals;
mod updates;
mod writer;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};
use research_core::{Event, Isolation, LogLevel, Outcome, Timestamp, WorkerNumber};

use crate::devices::{DevicePlan, MemoryGate, MemoryRules};
use crate::distributor::{Action, Distributor, Input, Settings};
use crate::link::message::{Init, PROTOCOL, Task, TaskNumber};
use crate::orphans::end_left_behind;
use crate::process::wait_for_children;
use crate::worker::Target;
use farewells::Farewells;
use in_process::InProcess;
pub use job::{Job, Report, RunError};
pub use launch::LaunchError;
use launch::RunningWorker;
use sampler::{Sampled, Sampler};
use signals::Signals;
pub use updates::DomainUpdater;
use updates::Updates;
use writer::Writer;

/// Reports of workers wait here; when the leader is slow, workers wait too.
const INBOX: usize = 256;

/// Runs a research until every experiment has a final status, or the run is stopped.
///
/// # Errors
/// Events could not be kept, workers could not be started or kept ending. Whatever happens, no
/// worker outlives the call.
pub fn lead(job: Job) -> Result<Report, RunError> {
    wait_for_children().map_err(|source| RunError::Io {
        action: "wait for its children",
        source,
    })?;
    let (letters, inbox) = bounded(INBOX);
    let signals = if job.handle_signals {
        let listening = Signals::listen(letters.clone());
        Some(listening.map_err(|source| RunError::Io {
            action: "listen to signals",
            source,
        })?)
    } else {
        None
    };
    let report = Leader::new(job, letters, inbox)?.run();
    drop(signals);
    report
}

struct Leader {
    init: Init,
    target: Target,
    mark: String,
    distributor: Distributor,
    workers: HashMap<WorkerNumber, RunningWorker>,
    devices: DevicePlan,
    /// Where the memory of devices is checked.
    sampler: Option<Sampler>,
    /// The one worker of a run without worker processes.
    in_process: Option<InProcess>,
    farewells: Farewells,
    letters: Sender<Input>,
    inbox: Receiver<Input>,
    writer: Option<Writer>,
    updates: Option<Updates>,
    /// Inputs of the leader's own, which come before those that others send.
    waiting: Vec<Input>,
    n_iters: Option<u64>,
    warnings: Vec<String>,
    failure: Option<RunError>,
    outcome: Option<Outcome>,
}

impl Leader {
    fn new(job: Job, letters: Sender<Input>, inbox: Receiver<Input>) -> Result<Self, RunError> {
        let Job {
            experiment,
            options,
            source,
            storage,
            mut subscribers,
            ..
        } = job;
        let rules = job.updater.as_ref().map(|updater| updater.rules());
        let updates = job.updater.map(|updater| {
            let (updates, subscriber) = Updates::start(updater, letters.clone());
            subscribers.push(subscriber);
            updates
        });
        let in_process = options.isolation == Isolation::None;
        let settings = Settings {
            workers: if in_process { 1 } else { options.workers },
            retries: options.retries,
            retry_delay: options.retry_delay,
            double_retry_delay: options.double_retry_delay,
            max_failures: options.max_failures,
            shared_process: options.isolation != Isolation::Experiment
                && !experiment.is_processes(),
            updates: rules.unwrap_or_default(),
        };
        let rules = MemoryRules::of(&options, settings.shared_process);
        let gate = rules
            .filter(|_| !job.devices.is_empty())
            .map(|rules| MemoryGate::new(rules, job.devices.clone()));
        let sampled = gate.as_ref().map(|_| Sampled {
            probe: job.probe,
            devices: job.devices.ids().map(str::to_owned).collect(),
            in_process,
        });
        let sampler = sampled.map(|sampled| Sampler::start(sampled, letters.clone()));
        let sampler = sampler.transpose().map_err(|source| RunError::Io {
            action: "start a thread that looks at devices",
            source,
        })?;
        let n_iters = options.n_iters.or(experiment.default_n_iters());
        let init = Init {
            protocol: PROTOCOL,
            worker: WorkerNumber(0),
            options,
            experiments_folder: storage.experiments_folder().map(PathBuf::from),
            // Nothing is to be seen of this process, of which it may be too late to hide devices;
            // programs are processes of their own.
            devices: if in_process && !experiment.is_processes() {
                job.devices.of_process(WorkerNumber(0))
            } else {
                job.devices.of_worker(WorkerNumber(0))
            },
            source: job.recorded_source,
        };
        Ok(Self {
            in_process: in_process.then(|| InProcess::new(experiment, &init, &job.mark)),
            init,
            n_iters,
            target: job.target,
            mark: job.mark,
            distributor: Distributor::new(settings, source).with_gate(gate),
            sampler,
            workers: HashMap::new(),
            devices: job.devices,
            farewells: Farewells::default(),
            letters,
            inbox,
            writer: Some(Writer::start(storage, subscribers)),
            updates,
            waiting: Vec::new(),
            warnings: job.warnings,
            failure: None,
            outcome: None,
        })
    }

    fn run(mut self) -> Result<Report, RunError> {
        self.append(vec![Event::RunStarted {
            at: Timestamp::now(),
            pid: std::process::id(),
            workers: self.init.options.workers,
            total: self.distributor.remaining(),
            n_iters: self.n_iters,
        }]);
        for warning in &self.warnings {
            self.warn(warning);
        }
        if self.distributor.remaining().is_none() && self.updates.is_none() {
            self.warn(
                "the domain has no end: the run goes on until it is stopped, or set n_configs",
            );
        }
        if self.in_process.as_ref().is_some_and(InProcess::prints) {
            self.warn(
                "with isolation `none` only what programs print is kept: code prints where this process does",
            );
        }
        let mut actions = Vec::new();
        self.distributor.start(Timestamp::now(), &mut actions);
        loop {
            self.perform_all(&mut actions);
            if let Some(outcome) = self.outcome {
                return self.finish(outcome);
            }
            let input = self.waiting.pop().unwrap_or_else(|| self.next_input());
            if matches!(input, Input::Stop) {
                self.tell_of_stop();
            }
            self.distributor
                .handle(Timestamp::now(), input, &mut actions);
        }
    }

    /// Without it, whoever has asked sees nothing change until the last experiment ends.
    fn tell_of_stop(&mut self) {
        if self.failure.is_some() {
            // It was not asked for: the run's end says why.
            return;
        }
        self.warn("asked to stop: what runs is finished, nothing new is begun; asked again, it ends at once");
    }

    fn warn(&self, text: &str) {
        self.append(vec![Event::Message {
            at: Timestamp::now(),
            experiment: None,
            level: LogLevel::Warning,
            text: text.to_owned(),
        }]);
    }

    /// Waits for what happens next.
    fn next_input(&mut self) -> Input {
        if let Some(in_process) = &mut self.in_process
            && let Some(input) = in_process.next_input(&self.inbox)
        {
            return input;
        }
        loop {
            let ended = match &self.writer {
                Some(writer) => writer.ended().clone(),
                None => never(),
            };
            let deadline = match self.distributor.next_deadline() {
                Some(moment) => after(time_until(moment)),
                None => never(),
            };
            select! {
                // The leader holds a sender itself, so its inbox is never closed.
                recv(self.inbox) -> input => return input.unwrap_or(Input::Kill),
                recv(ended) -> _ => {
                    self.stop_writing();
                    return Input::Kill;
                }
                recv(self.farewells.too_late()) -> _ => self.kill_who_did_not_end(),
                recv(deadline) -> _ => return Input::Tick,
            }
        }
    }

    /// Ends the workers that were told to and did not, stopped or deadlocked as they may be. They
    /// are lost when their links have seen it.
    fn kill_who_did_not_end(&mut self) {
        while let Some(worker) = self.farewells.next_late() {
            if let Some(running) = self.workers.get(&worker) {
                running.kill();
            }
        }
    }

    /// Performs actions in their order; events that follow each other go to the writer together.
    fn perform_all(&mut self, actions: &mut Vec<Action>) {
        let mut events = Vec::new();
        for action in actions.drain(..) {
            match action {
                Action::Append(more) if events.is_empty() => events = more,
                Action::Append(more) => events.extend(more),
                other => {
                    self.append(std::mem::take(&mut events));
                    self.perform(other);
                }
            }
        }
        self.append(events);
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Append(events) => self.append(events),
            Action::Sample(round) => {
                if let Some(sampler) = &self.sampler {
                    sampler.ask(round);
                }
            }
            Action::Start(worker) => self.start_worker(worker),
            Action::Send(worker, number, task) => self.send_task(worker, number, task),
            Action::Quit(worker) => self.end_worker(worker, RunningWorker::quit),
            Action::Kill(worker) => self.end_worker(worker, RunningWorker::terminate),
            Action::Update(request) => {
                if let (Some(updates), Some(writer)) = (&self.updates, &self.writer) {
                    updates.ask(request, writer);
                }
            }
            Action::GiveUp(reason) => {
                self.failure.get_or_insert(RunError::GivenUp(reason));
            }
            Action::Done(outcome) => self.outcome = Some(outcome),
        }
    }

    fn append(&self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        // A writer that has ended is noticed when the leader waits for what happens next.
        if let Some(writer) = &self.writer {
            writer.append(events);
        }
    }

    fn start_worker(&mut self, worker: WorkerNumber) {
        if let Some(in_process) = &mut self.in_process {
            in_process.start();
            return;
        }
        let init = Init {
            worker,
            devices: self.devices.of_worker(worker),
            ..self.init.clone()
        };
        match launch::launch(&init, &self.target, &self.mark, self.letters.clone()) {
            Ok(running) => {
                self.workers.insert(worker, running);
                self.farewells.is_replaced(worker);
            }
            Err(error) => {
                let reason = error.to_string();
                self.failure.get_or_insert(error.into());
                self.waiting.push(Input::WorkerLost { worker, reason });
                self.waiting.push(Input::Stop);
            }
        }
    }

    fn send_task(&mut self, worker: WorkerNumber, number: TaskNumber, task: Task) {
        if let Some(in_process) = &mut self.in_process {
            let writer = self.writer.as_ref();
            let failed = in_process.run(number, task, |events| {
                if let Some(writer) = writer {
                    writer.append(events);
                }
            });
            if let Some(reason) = failed.filter(|_| self.init.options.debug) {
                self.failure.get_or_insert(RunError::Raised(reason));
                self.waiting.push(Input::Stop);
            }
        } else if let Some(running) = self.workers.get_mut(&worker)
            && running.commander.run(number, &task).is_err()
        {
            // Mostly it is gone already. One that does not read has missed a part of the message;
            // either way its link says that it is lost.
            running.kill();
        }
    }

    fn end_worker(&mut self, worker: WorkerNumber, end: impl FnOnce(&mut RunningWorker)) {
        if let Some(in_process) = &mut self.in_process {
            in_process.end();
        } else if let Some(running) = self.workers.get_mut(&worker) {
            end(running);
            self.farewells.told(worker);
        }
    }

    /// Lets the writer write what it has, and notes why it could not.
    fn stop_writing(&mut self) {
        if let Some(writer) = self.writer.take()
            && let Err(error) = writer.finish()
        {
            // Whatever else went wrong, that nothing can be stored comes first.
            self.failure = Some(error);
        }
    }

    fn finish(mut self, outcome: Outcome) -> Result<Report, RunError> {
        if let Some(updates) = self.updates.take() {
            updates.stop();
            self.end_left_behind();
        } else if self
            .in_process
            .as_ref()
            .is_some_and(InProcess::starts_programs)
        {
            self.end_left_behind();
        }
        self.append(vec![Event::RunEnded {
            at: Timestamp::now(),
            outcome,
        }]);
        self.stop_writing();
        match self.failure {
            Some(error) => Err(error),
            None => Ok(Report {
                outcome,
                counts: self.distributor.counts().clone(),
            }),
        }
    }

    /// Ends what programs have left behind that this process has started: workers end what theirs
    /// have.
    fn end_left_behind(&self) {
        if let Err(error) = end_left_behind(std::slice::from_ref(&self.mark)) {
            self.warn(&format!(
                "what programs have left behind cannot be ended: {error}"
            ));
        }
    }
}

fn time_until(moment: Timestamp) -> Duration {
    let now = Timestamp::now();
    Duration::from_micros(moment.0.saturating_sub(now.0))
}

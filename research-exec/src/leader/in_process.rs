//! A run without worker processes: the leader itself is its only worker.

use std::collections::VecDeque;

use crossbeam_channel::Receiver;
use research_core::{Event, EventSink, Experiment, SinkError, Status, Unit, WorkerNumber};
use research_process::NestedRun;

use crate::capture::Redirects;
use crate::executor::Executor;
use crate::in_unit;
use crate::scheduler::Input;
use crate::transport::messages::{Init, Task, TaskNumber};

/// The number of events that are appended together.
const BATCH: usize = 64;

/// The only worker, with number 0.
pub(super) struct InProcess {
    executor: Executor,
    inputs: VecDeque<Input>,
    /// Marks processes that units start as nested in this research.
    _runs: Option<NestedRun>,
}

const WORKER: WorkerNumber = WorkerNumber(0);

impl InProcess {
    pub(super) fn new(experiment: Experiment, init: &Init, mark: &str) -> Self {
        let executor = Executor::new(experiment)
            .options(&init.options)
            .worker(WORKER, &init.options)
            .experiments_folder(init.experiments_folder.clone())
            .devices(init.devices.clone())
            .marked(mark);
        Self {
            executor,
            inputs: VecDeque::new(),
            // If it fails, only the nesting of researches is not counted.
            _runs: NestedRun::begin().ok(),
        }
    }

    /// Returns whether its experiments run code whose output should be captured.
    pub(super) fn prints(&self) -> bool {
        self.executor.redirects() != Redirects::default()
            && !self.executor.experiment().is_processes()
    }

    /// Returns whether its units start programs.
    pub(super) fn starts_programs(&self) -> bool {
        let mut units = self.executor.experiment().units().iter();
        units.any(Unit::is_process)
    }

    /// Returns the next input. Inputs of other threads, such as signals, come first.
    pub(super) fn next_input(&mut self, inbox: &Receiver<Input>) -> Option<Input> {
        inbox.try_recv().ok().or_else(|| self.inputs.pop_front())
    }

    pub(super) fn start(&mut self) {
        self.inputs.push_back(Input::WorkerUp {
            worker: WORKER,
            pid: std::process::id(),
            host: None,
        });
    }

    pub(super) fn end(&mut self) {
        let reason = "the run has ended".to_owned();
        self.inputs.push_back(Input::WorkerLost {
            worker: WORKER,
            reason,
        });
    }

    /// Runs a task in this thread. Returns the reason of the first failure, if any.
    pub(super) fn run(
        &mut self,
        number: TaskNumber,
        task: Task,
        append: impl FnMut(Vec<Event>),
    ) -> Option<String> {
        let mut sink = BatchSink {
            events: Vec::new(),
            append,
        };
        // The sink never fails, so an error means that values could not be stored.
        let before = in_unit::set_thread(true);
        let endings = self.executor.run_task(task, &mut sink);
        in_unit::set_thread(before);
        let endings = match endings {
            Ok(endings) => endings,
            Err(error) => {
                self.inputs.push_back(Input::StorageFailed {
                    worker: WORKER,
                    task: number,
                    reason: error.to_string(),
                });
                return None;
            }
        };
        let events = sink.events;
        // In debug mode a failure also ends the other branches: prefer its reason to theirs.
        let failed = endings.iter().find(|one| one.status == Status::Failed);
        let failed = failed.or_else(|| endings.iter().find(|one| !one.status.is_success()));
        let reason = failed.and_then(|ending| ending.reason.clone());
        self.inputs.push_back(Input::Ended {
            worker: WORKER,
            task: number,
            events,
            endings,
            retiring: false,
        });
        reason
    }
}

struct BatchSink<F> {
    events: Vec<Event>,
    append: F,
}

impl<F: FnMut(Vec<Event>)> EventSink for BatchSink<F> {
    fn emit(&mut self, event: Event) -> Result<(), SinkError> {
        self.events.push(event);
        if self.events.len() >= BATCH {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        (self.append)(std::mem::take(&mut self.events));
        Ok(())
    }
}

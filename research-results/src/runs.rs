//! The runs of a research, and the hosts of their workers.

use std::collections::HashMap;
use std::sync::Arc;

use research_core::{Event, WorkerNumber};

/// The run and the host of an attempt at an experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The number of the run, from 1.
    pub(crate) run: u32,
    pub(crate) host: Option<Arc<str>>,
}

/// The runs so far: a fold of events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    origins: Vec<Origin>,
    /// The origin of attempts on workers of the latest run that are on other hosts.
    workers: HashMap<WorkerNumber, u32>,
    /// The origin of attempts on the other workers of that run; 0 before the first run.
    current: u32,
    count: u32,
}

impl Runs {
    pub(crate) fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted { host, .. } => {
                self.count += 1;
                self.workers.clear();
                self.current = self.push(host.as_deref());
            }
            Event::WorkerStarted {
                worker,
                host: Some(host),
                ..
            } => {
                let origin = self.push(Some(host));
                self.workers.insert(*worker, origin);
            }
            _ => {}
        }
    }

    fn push(&mut self, host: Option<&str>) -> u32 {
        let run = self.count;
        let host = host.map(Arc::from);
        self.origins.push(Origin { run, host });
        self.origins.len() as u32
    }

    /// Returns the index of the origin of a worker's current attempt, from 1; 0 before the first
    /// run.
    pub(crate) fn index(&self, worker: WorkerNumber) -> u32 {
        *self.workers.get(&worker).unwrap_or(&self.current)
    }

    /// Returns the origin with an index; `None` in a log without runs.
    pub(crate) fn origin(&self, index: u32) -> Option<&Origin> {
        self.origins.get((index as usize).checked_sub(1)?)
    }
}

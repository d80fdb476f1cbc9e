//! The processes of a run.

use research_core::{ExperimentNumber, WorkerNumber};
use serde::Serialize;

use super::Picture;

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessKind {
    /// It leads the run, writes its log and shows its progress; also where it was detached.
    Leader,
    /// It takes experiments from the leader.
    Worker,
    /// It runs the units of an experiment.
    Executor,
}

/// A process of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number in the system.
    pub pid: u32,
    /// What it is there for.
    pub kind: ProcessKind,
    /// The worker that it is, or that it belongs to.
    pub worker: Option<WorkerNumber>,
    /// The experiment that it runs.
    pub experiment: Option<ExperimentNumber>,
}

impl Picture {
    /// The processes of the run that goes on: its leader, its workers that are not lost, and the
    /// executors of experiments. An experiment that a worker, or the leader, runs itself has no
    /// process of its own.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        let Some(run) = self.run.filter(|run| run.ended.is_none()) else {
            return Vec::new();
        };
        let mut processes = vec![Process {
            pid: run.pid,
            kind: ProcessKind::Leader,
            worker: None,
            experiment: None,
        }];
        let workers = self.workers().filter(|(_, worker)| worker.lost.is_none());
        processes.extend(workers.map(|(number, worker)| Process {
            pid: worker.pid,
            kind: ProcessKind::Worker,
            worker: Some(number),
            experiment: None,
        }));
        for (number, running) in self.running() {
            if processes.iter().all(|known| known.pid != running.pid) {
                processes.push(Process {
                    pid: running.pid,
                    kind: ProcessKind::Executor,
                    worker: Some(running.worker),
                    experiment: Some(number),
                });
            }
        }
        processes
    }
}

//! The processes of a run.

use research_core::{ExperimentNumber, WorkerNumber};
use serde::Serialize;

use super::RunState;

/// The role of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessKind {
    /// Leads the run, writes its log and reports progress.
    Leader,
    /// Receives experiments from the leader.
    Worker,
    /// Runs the units of an experiment.
    Executor,
}

/// A process of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// The process id.
    pub pid: u32,
    /// The role.
    pub kind: ProcessKind,
    /// The worker that the process is, or belongs to.
    pub worker: Option<WorkerNumber>,
    /// The experiment that the process runs.
    pub experiment: Option<ExperimentNumber>,
}

impl RunState {
    /// Returns the processes of the active run: the leader, the workers that are not lost, and the
    /// executors of experiments. An experiment that runs inside a worker or the leader has no
    /// separate process.
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

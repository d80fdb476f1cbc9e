//! What a research adds to configs where they run.

use std::sync::Arc;

use research_core::domain::Config;
use research_core::{RunOptions, WorkerNumber};

use super::Executor;
use crate::task::TaskExperiment;

impl Executor {
    /// Adds to configs what a research's options say of this worker.
    #[must_use]
    pub fn worker(mut self, worker: WorkerNumber, options: &RunOptions) -> Self {
        let config = options.worker_configs.get(worker.0 as usize);
        self.added_to_all = config.cloned().unwrap_or_default();
        self
    }

    /// The task with what is added to its configs where it runs.
    pub(super) fn with_added(&self, mut task: Vec<TaskExperiment>) -> Vec<TaskExperiment> {
        if self.added.is_empty() && self.added_to_all.is_empty() {
            return task;
        }
        let nothing = Config::new();
        for experiment in &mut task {
            let of_branch = self.added.get(experiment.branch as usize);
            let of_branch = of_branch.unwrap_or(&nothing);
            let record = Arc::make_mut(&mut experiment.record);
            record.config = record.config.merged(&self.added_to_all).merged(of_branch);
        }
        task
    }
}

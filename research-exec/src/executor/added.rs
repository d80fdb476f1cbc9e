//! Additions of a research to experiments: to their configs, to the parameters that root units see,
//! and to the environment of programs.

use std::ffi::OsString;
use std::sync::Arc;

use research_core::domain::Config;
use research_core::executor::{BranchPosition, RootScope};
use research_core::{RootView, RunOptions, WorkerNumber};
use research_process::mark_of_worker;

use super::Executor;
use crate::task::TaskExperiment;

impl Executor {
    /// Adds the config of this worker, from the options of a research, to all configs.
    #[must_use]
    pub fn worker(mut self, worker: WorkerNumber, options: &RunOptions) -> Self {
        let config = options.worker_configs.get(worker.0 as usize);
        self.added_to_all = config.cloned().unwrap_or_default();
        self
    }

    /// Returns the task with the additions to its configs.
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

    /// What an experiment sees of its position in the task.
    pub(super) fn position(&self, one: &TaskExperiment) -> BranchPosition {
        BranchPosition {
            index: one.branch,
            branch_config: self
                .added
                .get(one.branch as usize)
                .cloned()
                .unwrap_or_default(),
            worker_config: self.added_to_all.clone(),
        }
    }

    /// Marks the programs that the executor starts as processes of the run with this mark, so that
    /// [`kill_strays`](research_process::kill_strays) finds them if this process was killed.
    /// Workers do not need this: all processes that they start are marked.
    #[must_use]
    pub fn marked(mut self, run: &str) -> Self {
        self.mark = Some(mark_of_worker(run).into());
        self
    }

    /// Sets additional environment variables of programs.
    #[must_use]
    pub fn variables(mut self, variables: impl IntoIterator<Item = (String, OsString)>) -> Self {
        self.variables = Some(variables.into_iter().collect());
        self
    }

    /// Returns the scope of root units; `None` if they see the whole first experiment.
    pub(super) fn root_scope(&self) -> Option<Arc<RootScope>> {
        let RootView::Shared { keys, is_declared } = &self.root_view else {
            return None;
        };
        let scope = RootScope::new(keys.clone(), self.seed)
            .added(self.added_to_all.clone())
            .gives_place(*is_declared);
        Some(Arc::new(scope))
    }

    /// Whether root units do the same for all branches, and each branch saves their outputs.
    pub(super) fn shares_roots(&self) -> bool {
        matches!(self.root_view, RootView::Shared { .. })
    }
}

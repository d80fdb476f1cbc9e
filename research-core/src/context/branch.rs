//! The state of an experiment that its units read beside the config: its branch, the added config,
//! whether this is the last iteration, and the values saved so far.

use research_domain::Config;

use super::Context;
use crate::argument::FromArgument;
use crate::expression::{ExpressionError, last_saved, saved};

/// The branch of an experiment in its task, and the config that the research adds for it.
#[derive(Clone, Debug, Default)]
pub struct BranchPosition {
    /// The index among the branches, from 0.
    pub index: u32,
    /// The config of the branch in a research with a list of branches.
    pub branch_config: Config,
    /// The config of the worker in a research with a list of workers.
    pub worker_config: Config,
}

impl BranchPosition {
    /// Returns the position that root units see, which run for all branches.
    pub(super) fn of_root(&self) -> Self {
        Self {
            worker_config: self.worker_config.clone(),
            ..Self::default()
        }
    }
}

impl Context {
    /// Returns the index of the experiment's branch in its task, from 0; 0 for a root unit, which
    /// runs for all branches.
    #[must_use]
    pub fn branch(&self) -> u32 {
        self.branch.index
    }

    /// Returns the config that [`branches`](crate::RunOptions::branch_configs) has for this branch,
    /// which is a part of [`config`](Self::config); empty for a root unit.
    #[must_use]
    pub fn branch_config(&self) -> &Config {
        &self.branch.branch_config
    }

    /// Returns the config that [`workers`](crate::RunOptions::worker_configs) has for the worker,
    /// which is a part of [`config`](Self::config).
    #[must_use]
    pub fn worker_config(&self) -> &Config {
        &self.branch.worker_config
    }

    /// Whether this is the last iteration: number `n_iters - 1`, or the one in which a unit before
    /// this one has failed, or a generator ended. For a root unit, number `n_iters - 1` only.
    #[must_use]
    pub fn is_last(&self) -> bool {
        let is_stopping = self.is_stopping && !self.is_in_shared_root();
        is_stopping || self.n_iters == Some(self.iteration + 1)
    }

    /// Returns the values that the experiment has saved under this name so far, in the order of
    /// their iterations.
    ///
    /// ```
    /// use research_core::{Context, Experiment};
    ///
    /// let experiment = Experiment::builder()
    ///     .callable("loss", |rate: f64| 1.0 / rate, (research_core::ec("rate"),))
    ///     .save_to("loss")
    ///     .unit("mean", |cx: &mut Context| {
    ///         let losses: Vec<f64> = cx.saved("loss")?;
    ///         Ok(losses.iter().sum::<f64>() / losses.len() as f64)
    ///     })
    ///     .save_to("mean")
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// The values have another type, or were not kept: one has 1 MiB or more, or the experiment has
    /// saved more than 16 MiB and no [expression](crate::saved) names the variable. A root unit,
    /// which runs for several experiments, cannot read them.
    pub fn saved<T: FromArgument>(&self, variable: &str) -> Result<T, ExpressionError> {
        self.read(&saved(variable))
    }

    /// Returns the last value that the experiment has saved under this name. An `Option` is `None`
    /// if nothing was saved.
    ///
    /// ```
    /// use research_core::{Context, Experiment};
    ///
    /// let experiment = Experiment::builder()
    ///     .unit("count", |cx: &mut Context| {
    ///         let before: Option<u64> = cx.last_saved("count")?;
    ///         Ok(before.unwrap_or(0) + 1)
    ///     })
    ///     .save_to("count")
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`saved`](Self::saved); or nothing was saved, and `T` is not an `Option`.
    pub fn last_saved<T: FromArgument>(&self, variable: &str) -> Result<T, ExpressionError> {
        self.read(&last_saved(variable))
    }
}

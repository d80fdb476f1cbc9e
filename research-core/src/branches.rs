//! All branches of a task, as a root unit sees them.

use std::sync::Arc;

use research_domain::Config;

use crate::argument::{Argument, FromArgument};
use crate::event::ExperimentRecord;
use crate::expression::{ExpressionError, ec, o};
use crate::output::Output;
use crate::unit_table::{UnitTable, output_of};

/// All branches of a task at one moment; see [`e_all`](crate::e_all).
///
/// ```
/// use research_core::{Branches, Experiment, Shared, e_all, ec};
///
/// let experiment = Experiment::builder()
///     .callable("loss", |rate: f64| (rate - 0.1).abs(), (ec("rate"),))
///     .callable(
///         "lowest",
///         |all: Shared<Branches>| -> Result<f64, research_core::UnitError> {
///             let losses = all.iter().map(|branch| branch.output("loss"));
///             let losses: Vec<f64> = losses.collect::<Result<_, _>>()?;
///             Ok(losses.into_iter().fold(f64::INFINITY, f64::min))
///         },
///         (e_all(),),
///     )
///     .root()
///     .save_to("lowest")
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Branches(Vec<BranchView>);

impl Branches {
    /// All branches, from their contexts and whether they run.
    #[must_use]
    pub fn new(branches: impl IntoIterator<Item = BranchView>) -> Self {
        Self(branches.into_iter().collect())
    }

    /// The branches, in the order of the task.
    pub fn iter(&self) -> std::slice::Iter<'_, BranchView> {
        self.0.iter()
    }

    /// Returns the number of branches.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no branches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Branches {
    type Item = &'a BranchView;
    type IntoIter = std::slice::Iter<'a, BranchView>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One branch of a task: its config and the latest outputs of its units.
#[derive(Clone, Debug)]
pub struct BranchView {
    pub(crate) units: UnitTable,
    pub(crate) record: Arc<ExperimentRecord>,
    pub(crate) full_config: Config,
    pub(crate) is_running: bool,
    pub(crate) outputs: Vec<Option<Output>>,
}

impl BranchView {
    /// Returns the record of the branch's experiment.
    #[must_use]
    pub fn record(&self) -> &ExperimentRecord {
        &self.record
    }

    /// Returns its config, without auxiliary keys.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.record.config
    }

    /// Whether it has neither failed nor stopped.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.is_running
    }

    /// Returns one item of its config.
    ///
    /// # Errors
    /// The config has no such key, or the item has another type.
    pub fn config_item<T: FromArgument>(&self, key: &str) -> Result<T, ExpressionError> {
        T::from_argument(Argument::of_item(&self.full_config, key), &ec(key))
    }

    /// Returns the latest output of one of its units.
    ///
    /// # Errors
    /// There is no such unit, it has not run yet, or its output has another type.
    pub fn output<T: FromArgument>(&self, unit: &str) -> Result<T, ExpressionError> {
        let (position, _) = self.units.find(unit)?;
        T::from_argument(output_of(unit, &self.outputs, position), &o(unit))
    }
}

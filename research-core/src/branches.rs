//! All branches of a task, as a root unit sees them.

use std::borrow::Cow;
use std::sync::Arc;

use research_domain::Config;

use crate::context::Context;
use crate::event::ExperimentRecord;
use crate::experiment::Experiment;
use crate::expression::{Argument, ExpressionError, ec, nearest, o};
use crate::function::FromArgument;
use crate::output::Output;
use crate::unit::Unit;

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
///             let losses: Result<Vec<f64>, _> = all.iter().map(|branch| branch.output("loss")).collect();
///             Ok(losses?.into_iter().fold(f64::INFINITY, f64::min))
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

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
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
    experiment: Experiment,
    record: Arc<ExperimentRecord>,
    full_config: Config,
    is_running: bool,
    outputs: Vec<Option<Output>>,
}

impl BranchView {
    /// What there is to see of a branch.
    #[must_use]
    pub fn new(context: &Context, is_running: bool) -> Self {
        Self {
            experiment: context.experiment().clone(),
            record: Arc::clone(context.shared_record()),
            full_config: context.full_config().clone(),
            is_running,
            outputs: context.outputs().to_vec(),
        }
    }

    /// What the branch's experiment is.
    #[must_use]
    pub fn record(&self) -> &ExperimentRecord {
        &self.record
    }

    /// Its config, without auxiliary keys.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.record.config
    }

    /// Whether it has neither failed nor stopped.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.is_running
    }

    /// One item of its config.
    ///
    /// # Errors
    /// There is none with this key, or it has another type.
    pub fn config_item<T: FromArgument>(&self, key: &str) -> Result<T, ExpressionError> {
        let config = &self.full_config;
        let value = config.get(key).ok_or_else(|| ExpressionError::NoKey {
            key: key.to_owned(),
            hint: nearest(key, config.keys().collect::<Vec<_>>().into_iter()),
        })?;
        T::from_argument(Argument::Value(Cow::Borrowed(value)), &ec(key))
    }

    /// The latest output of one of its units.
    ///
    /// # Errors
    /// There is no such unit, it has not run yet, or its output has another type.
    pub fn output<T: FromArgument>(&self, unit: &str) -> Result<T, ExpressionError> {
        let Some(position) = self.experiment.position(unit) else {
            return Err(ExpressionError::NoUnit {
                unit: unit.to_owned(),
                hint: nearest(unit, self.experiment.units().iter().map(Unit::name)),
            });
        };
        match self.outputs.get(position).and_then(Option::as_ref) {
            Some(output) => T::from_argument(Argument::of(output), &o(unit)),
            None => Err(ExpressionError::NotRun {
                unit: unit.to_owned(),
            }),
        }
    }
}

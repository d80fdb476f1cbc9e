//! Settings of the unit that was added last.

use std::time::Duration;

use super::ExperimentBuilder;
use crate::build_error::BuildError;
use crate::output::Save;
use crate::when::When;

impl ExperimentBuilder {
    /// Makes the last unit, a pipeline, and the branch pipelines that follow it process all batches
    /// in each iteration in which it is due: one epoch per iteration. The output for the last batch
    /// is saved. The states of branch pipelines are kept from epoch to epoch.
    #[must_use]
    pub fn full_run(mut self) -> Self {
        self.last(|unit| unit.full_run = true);
        self
    }

    /// Sets when the last unit is due. The default is every iteration.
    ///
    /// ```
    /// use research_core::{Experiment, When};
    ///
    /// Experiment::builder()
    ///     .callable("test", || 1, ())
    ///     .when(When::every(100).or(When::last()))
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn when(mut self, when: impl Into<When>) -> Self {
        let when = when.into();
        self.last(|unit| unit.when = when);
        self
    }

    /// Sends all values saved so far to the log at these iterations, after the last unit has run,
    /// so that other processes see them at once. [`dump`](Self::dump) does the same as a separate
    /// unit.
    ///
    /// ```
    /// use research_core::{Experiment, When, it};
    ///
    /// let experiment = Experiment::builder()
    ///     .callable("loss", |iteration: u64| 1.0 / (1.0 + iteration as f64), (it(),))
    ///     .save_to("loss")
    ///     .dump_when(When::every(100))
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn dump_when(mut self, when: impl Into<When>) -> Self {
        let when = when.into();
        self.last(|unit| unit.dump = Some(when));
        self
    }

    /// Makes the last unit a root: it runs once for all branches, and they share its output.
    ///
    /// ```
    /// use research_core::{Experiment, Shared};
    ///
    /// Experiment::builder().callable("data", || Shared::new(vec![0.5; 1000]), ()).root().build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn root(mut self) -> Self {
        self.last(|unit| unit.root = true);
        self
    }

    /// Sets the timeout of a call of the last unit (for a generator: of one item). If a call takes
    /// longer, the experiment is `timed_out`. A program is killed, and so is the process in which a
    /// unit in Rust runs. If that process is not the experiment's own (a standalone executor), the
    /// timeout is detected when the call returns.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.last(|unit| unit.timeout = Some(timeout));
        self
    }

    /// Saves the last unit's output under a name at each iteration.
    ///
    /// ```
    /// use research_core::{Experiment, ec};
    ///
    /// Experiment::builder().callable("loss", |x: f64| x * x, (ec("x"),)).save_to("loss").build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn save_to(self, name: &str) -> Self {
        self.save_as(Save::As(name.to_owned()))
    }

    /// Saves the parts of the last unit's output (a tuple or a list), each under its own name;
    /// `None` skips a part.
    ///
    /// ```
    /// use research_core::{Experiment, ec};
    ///
    /// Experiment::builder()
    ///     .callable("parts", |x: f64| (x.floor(), x.signum(), x.fract()), (ec("x"),))
    ///     .save_parts_to([Some("whole"), None, Some("rest")])
    ///     .build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn save_parts_to<'a>(self, names: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        self.save_as(Save::Parts(
            names
                .into_iter()
                .map(|name| name.map(str::to_owned))
                .collect(),
        ))
    }

    /// Saves the last unit's output, a map, with its keys as names.
    ///
    /// ```
    /// use research_core::{Experiment, ec};
    ///
    /// use std::collections::HashMap;
    ///
    /// let metrics = |x: f64| HashMap::from([("x".to_owned(), x), ("square".to_owned(), x * x)]);
    /// Experiment::builder().callable("metrics", metrics, (ec("x"),)).save_output_dict().build()?;
    /// # Ok::<(), research_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn save_output_dict(self) -> Self {
        self.save_as(Save::Map)
    }

    fn save_as(mut self, save: Save) -> Self {
        let mut twice = None;
        self.last(|unit| {
            if unit.save == Save::Nothing {
                unit.save = save;
            } else {
                twice = Some(BuildError::SavedTwice {
                    unit: unit.name.clone(),
                });
            }
        });
        if let Some(error) = twice {
            self.error.get_or_insert(error);
        }
        self
    }
}

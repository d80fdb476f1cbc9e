//! The profile of a research.

mod fold;
mod tables;

use research_core::Fold;
use research_core::events::SpanTime;

use crate::completed_run::CompletedRun;
use crate::error::ResearchError;
use fold::ProfileFold;

/// The time of units and iterations, over the current attempts of experiments; see
/// [`CompletedRun::profile`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Units and whole iterations, the longest first. Each of several branches has an equal share
    /// of the time of an iteration.
    pub units: Vec<UnitTime>,
    /// The spans that units opened, the longest own time first; with level 2.
    pub spans: Vec<UnitSpan>,
    /// The same as `units` for each iteration, in order, if
    /// [requested](ProfileOptions::by_iteration).
    pub iterations: Vec<(u64, UnitTime)>,
    /// The same as `units` for each experiment, in order, if
    /// [requested](ProfileOptions::by_experiment).
    pub experiments: Vec<ExperimentTime>,
}

/// The time of a unit, or of iterations, in an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentTime {
    /// The id of the experiment.
    pub id: String,
    /// The iteration, if iterations are [requested](ProfileOptions::by_iteration), too.
    pub iteration: Option<u64>,
    /// The time.
    pub time: UnitTime,
}

/// The time of a unit, or of iterations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitTime {
    /// The unit; `None` for whole iterations.
    pub unit: Option<String>,
    /// The number of calls.
    pub calls: u64,
    /// The total time of calls in seconds.
    pub total: f64,
    /// The longest call in seconds.
    pub longest: f64,
    /// The processor time of all calls in seconds; with level 2.
    pub cpu: f64,
    /// The page faults of all calls; with level 2.
    pub page_faults: i64,
    /// The peak memory of a process after a call, in bytes; with level 2. 0 if unknown: for
    /// programs with less memory than the process that started them.
    pub peak_memory: i64,
}

/// The time of the spans with one name in a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitSpan {
    /// The unit.
    pub unit: String,
    /// The span with its calls, own time and total time.
    pub span: SpanTime,
}

/// The part of a profile to read.
#[derive(Clone, Debug, Default)]
pub struct ProfileOptions {
    ids: Vec<String>,
    by_iteration: bool,
    by_experiment: bool,
}

impl ProfileOptions {
    /// Selects these experiments; all, if there are none.
    #[must_use]
    pub fn ids(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ids.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Sets whether to read the times of each iteration. Default: false.
    #[must_use]
    pub fn by_iteration(mut self, by_iteration: bool) -> Self {
        self.by_iteration = by_iteration;
        self
    }

    /// Sets whether to read the times of each experiment; with [`by_iteration`](Self::by_iteration)
    /// of each iteration of each experiment. Default: false.
    #[must_use]
    pub fn by_experiment(mut self, by_experiment: bool) -> Self {
        self.by_experiment = by_experiment;
        self
    }
}

impl UnitTime {
    /// Returns the mean time of a call in seconds.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.total / self.calls as f64
    }
}

impl CompletedRun {
    /// Returns the time of units and iterations, over the last attempts of all experiments; empty
    /// without a [profile](crate::Research::profile).
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn profile(&self) -> Result<Profile, ResearchError> {
        self.profile_with(&ProfileOptions::default())
    }

    /// Returns the selected part of the profile.
    ///
    /// # Errors
    /// The log cannot be read, or an id does not exist.
    pub fn profile_with(&self, options: &ProfileOptions) -> Result<Profile, ResearchError> {
        let mut fold = ProfileFold::new(options);
        self.for_each_event(|event| fold.apply(event))?;
        fold.finish()
    }
}

//! What the units of a research took.

mod fold;
mod tables;

use research_core::SpanTime;

use crate::error::ResearchError;
use crate::finished::Finished;
use fold::Fold;

/// What units and iterations took, over the current attempts of experiments; see
/// [`Finished::profile`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// The units, and whole iterations, those that took most first.
    pub units: Vec<UnitTime>,
    /// The spans that units have opened, those with most own time first; with level 2.
    pub spans: Vec<UnitSpan>,
    /// The same as `units` for each iteration, in order; where
    /// [asked for](ProfileOptions::by_iteration).
    pub iterations: Vec<(u64, UnitTime)>,
}

/// What a unit, or all iterations, took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitTime {
    /// The unit; `None` for whole iterations.
    pub unit: Option<String>,
    /// How often it was called.
    pub calls: u64,
    /// All calls together, in seconds.
    pub total: f64,
    /// The longest call, in seconds.
    pub longest: f64,
    /// The processor time of all calls, in seconds; with level 2.
    pub cpu: f64,
    /// The page faults of all calls; with level 2.
    pub page_faults: i64,
    /// The most memory that a process has had after one of the calls, in bytes; with level 2. 0 where
    /// that is not known: of programs that had less than the process that has started them.
    pub peak_memory: i64,
}

/// What the spans of one name took in a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitSpan {
    /// The unit.
    pub unit: String,
    /// The span, with its calls, own time and total time.
    pub span: SpanTime,
}

/// Which part of a profile is read.
#[derive(Clone, Debug, Default)]
pub struct ProfileOptions {
    ids: Vec<String>,
    by_iteration: bool,
}

impl ProfileOptions {
    /// Looks at these experiments alone; at all, if there are none.
    #[must_use]
    pub fn ids(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ids.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Sets whether the times of each iteration are read too; they are not, if not set.
    #[must_use]
    pub fn by_iteration(mut self, by_iteration: bool) -> Self {
        self.by_iteration = by_iteration;
        self
    }
}

impl UnitTime {
    /// The mean of its calls, in seconds.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.total / self.calls as f64
    }
}

impl Finished {
    /// What units and iterations took, over the last attempts of all experiments; empty if no
    /// [profile](crate::Research::profile) was asked for.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn profile(&self) -> Result<Profile, ResearchError> {
        self.profile_with(&ProfileOptions::default())
    }

    /// A part of the profile, or more of it.
    ///
    /// # Errors
    /// The log cannot be read, or there is no experiment with one of the ids.
    pub fn profile_with(&self, options: &ProfileOptions) -> Result<Profile, ResearchError> {
        let mut fold = Fold::new(options);
        self.for_each_event(|event| fold.apply(event))?;
        fold.finish()
    }
}

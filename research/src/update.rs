//! Updates of the domain during a run.

mod answer;
mod log_prefix;
mod program;
mod seen;

use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use research_core::{RunOptions, Status, UnitError, When};
use research_domain::{Config, Domain, experiment_seed};
use research_exec::{DomainUpdater, EndedCounts, NewDomain, Tally, UpdateRequest};
use research_results::Results;

use crate::check;
use crate::place::StorageBackend;

pub use answer::IntoUpdate;
pub use program::ProgramUpdate;
use seen::Seen;

/// The input of an update of the domain; see
/// [`Research::update_domain`](crate::Research::update_domain).
pub struct UpdateContext<'a> {
    seen: &'a Seen,
    request: &'a UpdateRequest,
    seed: u64,
    random: ChaCha8Rng,
    folder: Option<&'a Path>,
    /// The mark of the processes of the run.
    mark: &'a str,
    /// Whether programs get every experiment.
    sees_all: bool,
}

impl UpdateContext<'_> {
    /// Returns the results of all experiments so far, including running ones and those of earlier
    /// runs. They stay in memory after the first call. If they cannot be read, the results are
    /// empty, the returned domain is ignored, and the run ends with that error.
    #[must_use]
    pub fn results(&self) -> &Results {
        self.seen.results()
    }

    /// Returns the number of experiments taken from the domain so far.
    #[must_use]
    pub fn generated(&self) -> u64 {
        self.request.generated
    }

    /// Returns the number of updates of the domain.
    #[must_use]
    pub fn updates(&self) -> u64 {
        self.request.updates
    }

    /// Whether the domain is exhausted.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.request.is_exhausted
    }

    /// Returns the number of experiments taken from the domain that have not ended: they run, or
    /// wait for a retry.
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        let ended = self.seen.count(|_| true);
        self.generated().saturating_sub(ended)
    }

    /// Returns the number of experiments that failed, were killed or timed out, and are not
    /// retried.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.seen.count(|status| !status.is_success())
    }

    /// Returns the number of experiments that ended with `status` and are not retried.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        let count = self.seen.count(|ended| ended == status);
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// Returns a random generator whose seed depends on the seed of the research, the number of
    /// experiments taken from the domain, and the number of updates.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.random
    }

    /// Returns the folder of the research, if it has one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder
    }

    /// Returns the seed of [`rng`](Self::rng).
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

/// The source of an update.
type Function =
    Box<dyn FnMut(&mut UpdateContext<'_>) -> Result<Option<NewDomain>, UnitError> + Send>;

/// A rule that updates the domain.
pub(crate) struct Rule {
    when: When,
    what: String,
    function: Function,
}

impl Rule {
    pub(crate) fn new<R: IntoUpdate>(
        mut function: impl FnMut(&mut UpdateContext<'_>) -> R + Send + 'static,
        when: When,
    ) -> Self {
        Self {
            when,
            what: "a function".to_owned(),
            function: Box::new(move |context| function(context).into_update()),
        }
    }

    pub(crate) fn program(mut program: ProgramUpdate, when: When) -> Self {
        Self {
            when,
            what: program.to_string(),
            function: Box::new(move |context| program.ask(context)),
        }
    }

    /// Returns the rule as a line.
    pub(crate) fn describe(&self) -> String {
        format!("{} (when {})", self.what, self.when)
    }
}

/// Evaluates the rules with the results so far.
pub(crate) struct Updater {
    rules: Vec<Rule>,
    /// The counts of earlier runs, until the run begins.
    tally: Tally,
    seen: Seen,
    options: RunOptions,
    folder: Option<PathBuf>,
    mark: String,
}

impl Updater {
    /// `tally` counts the results of earlier runs; `options` are those of the run, with its seed;
    /// `mark` marks its processes.
    pub(crate) fn new(
        rules: Vec<Rule>,
        tally: Tally,
        options: RunOptions,
        kept: &StorageBackend,
        mark: &str,
    ) -> Self {
        Self {
            rules,
            tally,
            seen: Seen::new(kept.clone()),
            options,
            folder: kept.folder().map(Path::to_owned),
            mark: mark.to_owned(),
        }
    }

    fn ask(
        &mut self,
        rule: usize,
        request: &UpdateRequest,
    ) -> Result<Option<NewDomain>, UnitError> {
        let Some(rule) = self.rules.get_mut(rule) else {
            return Ok(None);
        };
        let (generated, updates) = (request.generated, request.updates);
        let seed = experiment_seed(self.options.seed, &Config::new(), generated, updates, 0);
        let mut context = UpdateContext {
            seen: &self.seen,
            request,
            seed,
            random: ChaCha8Rng::seed_from_u64(seed),
            folder: self.folder.as_deref(),
            mark: &self.mark,
            sees_all: self.options.updates_see_all,
        };
        let answer = (rule.function)(&mut context);
        self.seen.take_failure().map_or(answer, Err)
    }

    fn check(&self, new: &NewDomain) -> Result<(), UnitError> {
        let numbers = [
            ("n_configs", new.n_configs),
            ("n_reps", new.n_reps),
            ("repeat_each", new.repeat_each),
        ];
        if let Some((name, _)) = numbers.iter().find(|(_, number)| *number == Some(0)) {
            return Err(UnitError::new(format!("{name} must be at least 1")));
        }
        let domain: &Domain = &new.domain;
        domain.validate()?;
        // A resumed run continues with the recorded domain.
        if self.folder.is_some() && domain.expression().is_err() {
            return Err(UnitError::new(
                "the domain cannot be recorded as an expression: leave out configs with \
                 `matching`, not with a function",
            ));
        }
        // A warning would not be seen before the experiments run, so this is an error.
        match check::replaced_parameter(&self.options, domain) {
            Some(problem) => Err(UnitError::new(problem)),
            None => Ok(()),
        }
    }
}

impl DomainUpdater for Updater {
    fn rules(&self) -> Vec<When> {
        self.rules.iter().map(|rule| rule.when.clone()).collect()
    }

    fn tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    fn update(
        &mut self,
        request: &UpdateRequest,
        ended: &EndedCounts,
    ) -> Result<Option<NewDomain>, String> {
        self.seen.see(ended);
        for &rule in &request.rules {
            let answer = self.ask(rule, request).and_then(|answer| {
                answer.iter().try_for_each(|new| self.check(new))?;
                Ok(answer)
            });
            match answer {
                Ok(None) => {}
                Ok(new) => return Ok(new),
                Err(error) => {
                    let what = self.rules.get(rule).map_or("", |rule| rule.what.as_str());
                    let output = error.backtrace().map(|lines| format!("\n{lines}"));
                    return Err(format!("{what}: {error}{}", output.unwrap_or_default()));
                }
            }
        }
        Ok(None)
    }
}

/// The programs of the chapter on updates in the tutorial, as doctests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/tutorial/5-domain-updates.md")]
struct Tutorial;

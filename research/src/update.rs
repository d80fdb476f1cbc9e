//! Updates of the domain while a research runs.

mod answer;
mod program;
mod seen;
mod tally;

use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use research_core::{Event, RunOptions, Status, StorageError, UnitError, When};
use research_domain::{Config, Domain, experiment_seed};
use research_exec::{DomainUpdater, NewDomain, UpdateRequest};
use research_storage::{Results, StoredResearch};

use crate::builder::Research;
use crate::check;
use crate::finished::Kept;

pub use answer::IntoUpdate;
pub use program::ProgramUpdate;
use seen::Seen;

impl Research {
    /// Lets a function update the domain while the research runs. After each task that ended, with
    /// so many configs taken from the domain, it is called if `when` is due for the last of these
    /// as if configs were iterations; `last` is when nothing is left of the domain.
    ///
    /// What it returns replaces what is left of the domain: a [`Domain`], or a
    /// [`NewDomain`](crate::NewDomain) that says how that is run through, an option of these or a
    /// result. `updates` in the configs goes up by one. Of several functions that are due the first
    /// counts that returns a domain. It runs in the leader, while workers go on. An error ends the
    /// run as soon as what runs is finished; the resumed run calls it again.
    ///
    /// ```
    /// use research::{Research, ec, option};
    ///
    /// let research = Research::new("search")
    ///     .in_memory()
    ///     .domain(option("x", [0.0, 5.0, 10.0]))
    ///     .callable("loss", |x: f64| (x - 4.0).powi(2), (ec("x"),))
    ///     .save_to("loss")
    ///     .update_domain(
    ///         |cx| (cx.updates() == 0).then(|| option("x", [3.0, 4.0])),
    ///         research::When::last(),
    ///     )
    ///     .run()?;
    /// assert_eq!(research.results().load()?.len(), 5);
    /// # Ok::<(), research::ResearchError>(())
    /// ```
    #[must_use]
    pub fn update_domain<F, R>(mut self, function: F, when: impl Into<When>) -> Self
    where
        F: FnMut(&mut UpdateContext<'_>) -> R + Send + 'static,
        R: IntoUpdate,
    {
        self.updates.push(Rule::new(function, when.into()));
        self
    }

    /// Lets a program update the domain, as [`update_domain`](Self::update_domain) lets a function.
    #[must_use]
    pub fn update_domain_by(mut self, program: ProgramUpdate, when: impl Into<When>) -> Self {
        self.updates.push(Rule::program(program, when.into()));
        self
    }
}

/// What an update of the domain may go by: see [`Research::update_domain`](crate::Research::update_domain).
pub struct UpdateContext<'a> {
    seen: &'a Seen,
    request: &'a UpdateRequest,
    seed: u64,
    random: ChaCha8Rng,
    folder: Option<&'a Path>,
    /// What marks the processes of the run.
    mark: &'a str,
    /// Whether programs are given every experiment.
    sees_all: bool,
}

impl UpdateContext<'_> {
    /// The results of all experiments so far, those that run and those of earlier runs included. They
    /// are in memory from when they are first asked for. Where they cannot be read, there are none
    /// here, and the answer does not count: the run ends with that error.
    #[must_use]
    pub fn results(&self) -> &Results {
        self.seen.results()
    }

    /// How many experiments were taken from the domain so far.
    #[must_use]
    pub fn generated(&self) -> u64 {
        self.request.generated
    }

    /// How often the domain was updated.
    #[must_use]
    pub fn updates(&self) -> u64 {
        self.request.updates
    }

    /// Whether nothing is left of the domain.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.request.is_exhausted
    }

    /// How many of the experiments that were taken from the domain have not ended: others may still
    /// run, or wait to be tried again, when a rule is asked.
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        let ended = self.seen.count(|_| true);
        self.generated().saturating_sub(ended)
    }

    /// How many experiments ended without success, and are not tried again: failed, killed and
    /// timed-out ones.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.seen.count(|status| !status.is_success())
    }

    /// How many experiments ended with a status, and are not tried again.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        let count = self.seen.count(|ended| ended == status);
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// A random generator whose seed depends on the research's seed, on how many experiments were
    /// taken from the domain, and on how often that was updated.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.random
    }

    /// The research's folder, if it has one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder
    }

    /// The seed of [`rng`](Self::rng).
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

/// What is asked for an update.
type Function =
    Box<dyn FnMut(&mut UpdateContext<'_>) -> Result<Option<NewDomain>, UnitError> + Send>;

/// A rule by which the domain is updated.
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

    /// The rule in a line.
    pub(crate) fn describe(&self) -> String {
        format!("{} (when {})", self.what, self.when)
    }
}

/// Asks the rules, with the results so far.
pub(crate) struct Updater {
    rules: Vec<Rule>,
    seen: Seen,
    options: RunOptions,
    folder: Option<PathBuf>,
    mark: String,
}

impl Updater {
    /// `options` are those of the run, with its seed; `mark` marks its processes.
    pub(crate) fn new(rules: Vec<Rule>, options: RunOptions, kept: &Kept, mark: &str) -> Self {
        Self {
            rules,
            seen: Seen::new(kept.clone(), options.retries),
            options,
            folder: kept.folder().map(Path::to_owned),
            mark: mark.to_owned(),
        }
    }

    /// Takes in what earlier runs have come to; `redo_failed` says that what did not succeed in them
    /// is run again.
    pub(crate) fn see_earlier_runs(
        &mut self,
        stored: &StoredResearch,
        redo_failed: bool,
    ) -> Result<(), StorageError> {
        for events in stored.events()? {
            self.seen.see(&events?);
        }
        if redo_failed {
            self.seen.redo_failed();
        }
        Ok(())
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
        // A resumed run goes on with what was recorded.
        if self.folder.is_some() && domain.expression().is_err() {
            return Err(UnitError::new(
                "the domain cannot be recorded as an expression: leave out configs with `matching`, not with a function",
            ));
        }
        check::added_keys(&self.options, domain).map_err(UnitError::new)
    }
}

impl DomainUpdater for Updater {
    fn rules(&self) -> Vec<When> {
        self.rules.iter().map(|rule| rule.when.clone()).collect()
    }

    fn see(&mut self, events: &[Event]) {
        self.seen.see(events);
    }

    fn update(&mut self, request: &UpdateRequest) -> Result<Option<NewDomain>, String> {
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

/// The programs of the tutorial's chapter on updates, so that the tests run them.
#[cfg(doctest)]
#[doc = include_str!("../../docs/tutorial/5-domain-updates.md")]
struct Tutorial;

//! The plan of a resumed research: what is complete, and what is missing.

use research_core::{ResearchRecord, RunOptions};
use research_exec::{DomainSource, ResumePlan, ResumeState};
use research_storage::StoredResearch;

use crate::builder::Research;
use crate::changes;
use crate::error::ResearchError;
use crate::prepared::{Prepared, iteration};
use crate::resume_state::ResumeFold;
use crate::roots::Tasks;

/// A stored research whose record was checked against the new description.
pub(crate) struct Resumed {
    pub(crate) stored: StoredResearch,
    pub(crate) tasks: Tasks,
    pub(crate) warnings: Vec<String>,
}

impl Research {
    /// Returns the plan of [`resume`](Self::resume): the experiments that it would run, and the
    /// number of experiments of earlier runs that are no longer in the domain. Nothing runs, and
    /// the stored research does not change.
    ///
    /// # Errors
    /// As for [`resume`](Self::resume), as far as errors are known before the run.
    pub fn preview_resume(self) -> Result<ResumePlan, ResearchError> {
        let mut prepared = Prepared::new(self)?;
        let mut options = prepared.research.options.clone();
        let resumed = prepared.resumed(&mut options)?;
        let (done, _) = prepared.checked_done(&resumed.stored, &options)?;
        prepared.survey(&options, done)
    }
}

impl Prepared {
    /// Loads the stored research. Its seed, rules and tasks do not change.
    pub(crate) fn resumed(&mut self, options: &mut RunOptions) -> Result<Resumed, ResearchError> {
        let stored = self.stored()?;
        let before = stored.record();
        options.seed = before.options.seed;
        options.updates_see_all = before.options.updates_see_all;
        self.research.rules = before.rules;
        let tasks = self.tasks(options, Some(before))?;
        options.root_view = tasks.view.clone();
        let mut warnings: Vec<String> = tasks.warning.iter().cloned().collect();
        self.check_changes(before, options)?;
        warnings.extend(changes::other_build(before));
        Ok(Resumed {
            stored,
            tasks,
            warnings,
        })
    }

    /// Whether the domain may not fit the experiments of earlier runs.
    pub(crate) fn needs_check(&self, before: &ResearchRecord, options: &RunOptions) -> bool {
        is_other_domain(before, &self.record(options.clone()))
    }

    /// Reads the experiments of earlier runs, and checks the domain against them. Returns a warning
    /// if it lacks some of them.
    pub(crate) fn checked_done(
        &self,
        stored: &StoredResearch,
        options: &RunOptions,
    ) -> Result<(ResumeState, Option<String>), ResearchError> {
        let mut fold = ResumeFold::new(options.retries);
        stored.replay(&mut [&mut fold])?;
        let done = fold.finish(self.research.redo_failed);
        let warning = self.check_done(stored.record(), options, &done)?;
        Ok((done, warning))
    }

    fn check_done(
        &self,
        before: &ResearchRecord,
        options: &RunOptions,
        done: &ResumeState,
    ) -> Result<Option<String>, ResearchError> {
        let now = self.record(options.clone());
        if !done.updates.is_empty() {
            changes::check_updated(before, &now)?;
            Ok(None)
        } else if is_other_domain(before, &now) {
            Ok(self.survey(options, done.clone())?.warning())
        } else {
            Ok(None)
        }
    }

    fn survey(&self, options: &RunOptions, done: ResumeState) -> Result<ResumePlan, ResearchError> {
        let domain = &self.research.domain;
        let configs = domain.configs(&iteration(options, self.research.rules))?;
        let digits = options.create_id_prefix;
        let source = DomainSource::new(&configs, domain, digits, options.seed, done)?;
        Ok(source.survey()?)
    }
}

/// Whether one domain may lack experiments of the other.
fn is_other_domain(before: &ResearchRecord, now: &ResearchRecord) -> bool {
    let of = |record: &ResearchRecord| {
        let options = &record.options;
        (options.n_configs, options.n_reps, options.repeat_each)
    };
    before.domain != now.domain || of(before) != of(now)
}

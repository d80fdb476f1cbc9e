//! What a research that is resumed has done, and what is left of it.

use research_core::{ResearchRecord, RunOptions};
use research_exec::{DomainSource, ResumePlan, ResumeState};
use research_storage::StoredResearch;

use crate::builder::Research;
use crate::changes;
use crate::error::ResearchError;
use crate::resume_state::resume_state;
use crate::roots::Tasks;
use crate::run::{Prepared, iteration};

/// A stored research, checked against the description by which it is resumed.
pub(crate) struct Resumed {
    pub(crate) stored: StoredResearch,
    pub(crate) done: ResumeState,
    pub(crate) tasks: Tasks,
    pub(crate) warnings: Vec<String>,
}

impl Research {
    /// Says what [`resume`](Self::resume) would run, and how many experiments of earlier runs it
    /// would not find in the domain. Nothing is run, and nothing that is stored is touched.
    ///
    /// # Errors
    /// As [`resume`](Self::resume), as far as it can be known before anything runs.
    pub fn preview_resume(self) -> Result<ResumePlan, ResearchError> {
        let mut prepared = Prepared::new(self)?;
        let mut options = prepared.research.options.clone();
        let resumed = prepared.resumed(&mut options)?;
        prepared.survey(&options, resumed.done)
    }
}

impl Prepared {
    /// Loads the research that is resumed. Its seed, its rules and how its tasks are formed stay
    /// what they were.
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
        let done = resume_state(&stored, options.retries, self.research.redo_failed)?;
        let now = self.record(options.clone());
        if !done.updates.is_empty() {
            changes::check_updated(before, &now)?;
        } else if is_other_domain(before, &now) {
            warnings.extend(self.survey(options, done.clone())?.warning());
        }
        Ok(Resumed {
            stored,
            done,
            tasks,
            warnings,
        })
    }

    fn survey(&self, options: &RunOptions, done: ResumeState) -> Result<ResumePlan, ResearchError> {
        let domain = &self.research.domain;
        let configs = domain.configs(&iteration(options, self.research.rules))?;
        let digits = options.create_id_prefix;
        let source = DomainSource::new(&configs, domain, digits, options.seed, done)?;
        Ok(source.survey()?)
    }
}

/// Whether experiments of the one may not be in the other.
fn is_other_domain(before: &ResearchRecord, now: &ResearchRecord) -> bool {
    let of = |record: &ResearchRecord| {
        let options = &record.options;
        (options.n_configs, options.n_reps, options.repeat_each)
    };
    before.domain != now.domain || of(before) != of(now)
}

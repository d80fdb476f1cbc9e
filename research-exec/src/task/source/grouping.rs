//! Selects the experiments that are branches of one task.

use research_core::domain::Config;
use research_core::executor::RootScope;

use super::{DomainSource, PendingExperiment, TaskSlot};
use crate::task::SourceError;

/// The experiments that may be branches of one task.
#[derive(Clone, Debug, Default)]
pub enum Grouping {
    /// Any experiments.
    #[default]
    Any,
    /// Experiments for which root units do the same.
    By(RootScope),
    /// Each task has only one experiment.
    Alone,
}

/// The number of experiments that the source searches ahead for those of one task.
const LOOK_AHEAD: usize = 1024;

impl DomainSource {
    /// Sets the experiments that may be branches of one task. If the next experiment does not fit,
    /// the source searches ahead for one that does, unless `is_updated` says that an update may
    /// replace those experiments.
    #[must_use]
    pub fn group(mut self, grouping: Grouping, is_updated: bool) -> Self {
        let may_look = matches!(grouping, Grouping::By(_)) && self.branches > 1;
        self.look_ahead = match may_look && !is_updated && !self.keeps_branches {
            true => LOOK_AHEAD,
            false => 0,
        };
        self.grouping = grouping;
        self
    }

    /// Returns the largest number of experiments in a task.
    pub(super) fn task_size(&self) -> u64 {
        match self.grouping {
            Grouping::Alone => 1,
            Grouping::Any | Grouping::By(_) => self.branches,
        }
    }

    /// Returns the group of an experiment: only experiments of the same group share a task.
    fn group_of(&self, config: &Config, repetition: u64, updates: u64) -> u64 {
        match &self.grouping {
            Grouping::By(scope) => scope.seed_of(config, repetition, updates),
            Grouping::Any | Grouping::Alone => 0,
        }
    }

    pub(super) fn group_of_found(&self, found: &PendingExperiment) -> u64 {
        let record = &found.record;
        self.group_of(&record.config, record.repetition, record.updates)
    }

    /// Returns the group of the next unfinished experiment, if there is one.
    fn next_group(&self) -> Option<u64> {
        if let Some(found) = self.ready.front() {
            return Some(self.group_of_found(found));
        }
        let item = self.next.as_ref().ok()?.as_ref()?;
        Some(self.group_of(&item.config, item.repetition, item.updates))
    }

    /// Returns the next unfinished experiment of a group. `first` is the slot of the first
    /// experiment of the task, if all must be in the same task of an undisturbed run.
    pub(super) fn next_of_group(
        &mut self,
        group: u64,
        first: Option<TaskSlot>,
    ) -> Result<Option<PendingExperiment>, SourceError> {
        if self.look_ahead == 0 {
            return match self.next_group() {
                Some(next) if next != group => Ok(None),
                _ => self.next_found(first),
            };
        }
        let known = self.waiting.iter().position(|(other, _)| *other == group);
        if let Some((_, found)) = known.and_then(|known| self.waiting.remove(known)) {
            return Ok(Some(found));
        }
        while self.waiting.len() < self.look_ahead
            && let Some(found) = self.next_found(None)?
        {
            let other = self.group_of_found(&found);
            if other == group {
                return Ok(Some(found));
            }
            self.waiting.push_back((other, found));
        }
        Ok(None)
    }
}

//! Which experiments are branches of one task.

use research_core::domain::Config;
use research_core::executor::RootScope;

use super::{DomainSource, PendingExperiment, TaskSlot};
use crate::task::SourceError;

/// Which experiments may be branches of one task.
#[derive(Clone, Debug, Default)]
pub enum Grouping {
    /// Any.
    #[default]
    Any,
    /// Those for which root units do the same.
    By(RootScope),
    /// None: each task has one experiment.
    Alone,
}

/// How many experiments are looked at, at most, for those of one task.
const LOOK_AHEAD: usize = 1024;

impl DomainSource {
    /// Sets which experiments may be of one task. Where a task needs others than the next ones,
    /// they are looked for among the thousand that follow, unless `is_updated` says that these may
    /// still be replaced.
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

    /// How many experiments a task has at most.
    pub(super) fn task_size(&self) -> u64 {
        match self.grouping {
            Grouping::Alone => 1,
            Grouping::Any | Grouping::By(_) => self.branches,
        }
    }

    /// What experiments of one task have in common.
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

    /// The group of the next one that is left, if there is one.
    fn next_group(&self) -> Option<u64> {
        if let Some(found) = self.ready.front() {
            return Some(self.group_of_found(found));
        }
        let item = self.next.as_ref().ok()?.as_ref()?;
        Some(self.group_of(&item.config, item.repetition, item.updates))
    }

    /// The next one that may be of the same task as others of this group, of which the first is
    /// here.
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

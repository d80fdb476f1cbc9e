//! The ends of the experiments of a running task.

use research_core::{Event, ExperimentNumber, Status};

use crate::task::{Ending, TaskExperiment};

/// The experiments of a task that have ended, with their statuses.
#[derive(Debug, Default)]
pub(super) struct EndedSet(Vec<(ExperimentNumber, Status)>);

impl EndedSet {
    /// Adds the ends that events report.
    pub(super) fn note(&mut self, events: &[Event]) {
        self.0.extend(events.iter().filter_map(|event| match event {
            Event::ExperimentEnded {
                experiment, status, ..
            } => Some((*experiment, *status)),
            _ => None,
        }));
    }

    pub(super) fn add(&mut self, endings: &[Ending]) {
        let endings = endings.iter();
        self.0
            .extend(endings.map(|ending| (ending.number, ending.status)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The status of an experiment that has ended.
    pub(super) fn status(&self, experiment: &TaskExperiment) -> Option<Status> {
        let mut known = self.0.iter();
        let (_, status) = known.find(|(number, _)| *number == experiment.number)?;
        Some(*status)
    }
}

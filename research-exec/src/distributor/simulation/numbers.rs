//! Experiments for the simulation.

use std::sync::Arc;

use research_core::domain::{Config, ExperimentId};
use research_core::{ExperimentNumber, ExperimentRecord};

use crate::task::{SourceError, TaskExperiment, TaskSource};

/// Experiments without a domain: the distributor looks at numbers alone.
pub(super) struct Numbers {
    pub(super) next: u64,
    pub(super) count: u64,
    pub(super) branches: u32,
    /// Whether the source says how many there are.
    pub(super) counted: bool,
}

impl TaskSource for Numbers {
    fn next_task(&mut self) -> Result<Option<Vec<TaskExperiment>>, SourceError> {
        let end = self.count.min(self.next + u64::from(self.branches));
        let experiment = |place: u64| {
            let record = ExperimentRecord {
                id: ExperimentId::parse(&format!("{place:08x}")).expect("hex digits are a name"),
                place,
                config: Config::new(),
                repetition: 0,
                updates: 0,
                seed: 0,
            };
            TaskExperiment {
                number: ExperimentNumber(place),
                attempt: 1,
                failures: 0,
                record: Arc::new(record),
            }
        };
        let task: Vec<_> = (self.next..end).map(experiment).collect();
        self.next = end;
        Ok((!task.is_empty()).then_some(task))
    }

    fn remaining(&self) -> Option<u64> {
        let left = self.count - self.next;
        if self.counted || left == 0 {
            Some(left)
        } else {
            None
        }
    }
}

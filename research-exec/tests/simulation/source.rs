//! A source of numbered experiments without a domain, which the scheduler does not need.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use research_core::domain::{Config, ExperimentId};
use research_core::events::UpdateRecord;
use research_core::{ExperimentNumber, ExperimentRecord};

use crate::task::{NewDomain, SourceError, SourceProgress, TaskExperiment, TaskSource};

/// The state that the simulated world shares with the source.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Whether an update is requested; meanwhile no experiment may be taken.
    pub(super) is_asked: AtomicBool,
    /// The number of experiments that were taken.
    pub(super) generated: AtomicU64,
}

pub(super) struct Numbers {
    pub(super) shared: Arc<Shared>,
    pub(super) left: u64,
    /// Whether the source reports the number of remaining experiments.
    pub(super) is_counted: bool,
    /// The number of experiments in a task.
    pub(super) branches: u64,
    pub(super) updates: u64,
    pub(super) updated_at: u64,
}

impl Numbers {
    fn generated(&self) -> u64 {
        self.shared.generated.load(Ordering::Relaxed)
    }

    fn next(&mut self) -> TaskExperiment {
        let place = self.shared.generated.fetch_add(1, Ordering::Relaxed);
        self.left -= 1;
        let record = ExperimentRecord {
            id: ExperimentId::parse(&format!("{place:08x}")).expect("hex digits are a name"),
            place,
            config: Config::new(),
            repetition: 0,
            updates: self.updates,
            seed: 0,
        };
        TaskExperiment {
            number: ExperimentNumber(place),
            attempt: 1,
            failures: 0,
            branch: 0,
            record: Arc::new(record),
        }
    }
}

impl TaskSource for Numbers {
    fn next_task(&mut self) -> Result<Option<Vec<TaskExperiment>>, SourceError> {
        let is_asked = self.shared.is_asked.load(Ordering::Relaxed);
        assert!(!is_asked, "nothing is taken of a domain that may change");
        let count = self.left.min(self.branches);
        let task = (0..count).map(|_| self.next()).collect();
        Ok((count > 0).then_some(task))
    }

    fn remaining(&self) -> Option<u64> {
        (self.is_counted || self.left == 0).then_some(self.left)
    }

    fn progress(&self) -> SourceProgress {
        SourceProgress {
            generated: self.generated(),
            updates: self.updates,
            updated_at: self.updated_at,
        }
    }

    fn update(&mut self, new: &NewDomain) -> Result<UpdateRecord, SourceError> {
        self.left = new.n_configs.unwrap_or(0);
        self.updates += 1;
        self.updated_at = self.generated();
        Ok(UpdateRecord {
            domain: new.domain.to_string(),
            n_configs: new.n_configs,
            n_reps: 1,
            repeat_each: None,
            generated: self.updated_at,
            updates: self.updates,
            remaining: self.remaining(),
        })
    }
}

//! Runs an experiment of a stored research again, and compares the results.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use research_core::events::UpdateRecord;
use research_core::{Event, Outcome, Storage};
use research_domain::Value;
use research_exec::devices::DevicePlan;
use research_exec::{
    Job, NewDomain, RunError, SourceError, SourceProgress, TaskExperiment, TaskSource, lead,
};
use research_storage::{LocalStorage, MemoryStorage, StoredResearch};

use crate::active::ActiveRun;
use crate::builder::Research;
use crate::error::ResearchError;
use crate::experiment::StoredExperiment;
use crate::place::Place;
use crate::place::StorageBackend;
use crate::prepared::Prepared;
use crate::worker;

/// The result of running an experiment again.
#[derive(Clone, Debug)]
pub struct Reproduction {
    /// The stored experiment.
    pub stored: StoredExperiment,
    /// The new run of the experiment.
    pub now: StoredExperiment,
    /// The number of values that were compared.
    pub compared: usize,
    /// The differences, by variable and iteration.
    pub differences: Vec<Difference>,
}

/// A value that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The variable.
    pub variable: String,
    /// The iteration.
    pub iteration: u64,
    /// The stored value, if there is one.
    pub stored: Option<Value>,
    /// The new value, if there is one.
    pub now: Option<Value>,
}

impl Reproduction {
    fn new(stored: StoredExperiment, now: StoredExperiment) -> Self {
        let keys: BTreeSet<_> = stored.values.keys().chain(now.values.keys()).collect();
        let compared = keys.len();
        let differences = keys.into_iter().filter_map(|key| {
            let (before, again) = (stored.values.get(key), now.values.get(key));
            let is_same = match (before, again) {
                (Some(before), Some(again)) => is_same(before, again),
                _ => false,
            };
            (!is_same).then(|| Difference {
                variable: key.0.clone(),
                iteration: key.1,
                stored: before.cloned(),
                now: again.cloned(),
            })
        });
        Self {
            compared,
            differences: differences.collect(),
            stored,
            now,
        }
    }

    /// Whether all values and the status are the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differences.is_empty() && self.stored.status == self.now.status
    }
}

/// Whether values are the same to the last bit; NaN equals NaN.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Float(one), Value::Float(other)) => {
            one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
        }
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_same(a, b))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((key, a), (name, b))| key == name && is_same(a, b))
        }
        _ => one == other,
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            Some(value) => value.to_string(),
            None => "nothing".to_owned(),
        };
        let Self {
            variable,
            iteration,
            ..
        } = self;
        let (stored, now) = (shown(&self.stored), shown(&self.now));
        write!(
            f,
            "{variable}, iteration {iteration}: {stored} is stored, and now it is {now}"
        )
    }
}

impl Research {
    /// Runs one experiment of this stored research again, with the same config and seed, without
    /// other branches; with the branch config and the worker config that it had. The stored results
    /// do not change. `id` may be a unique prefix.
    ///
    /// # Errors
    /// As [`resume`](Self::resume); or the experiment does not exist.
    pub fn reproduce(mut self, id: &str) -> Result<Reproduction, ResearchError> {
        self.options.retries = 0;
        self.options.max_failures = None;
        self.options.monitor_log = false;
        let folder = match &self.place {
            Place::Folder(base) => base.join(&self.name),
            Place::Memory => return Err(ResearchError::InMemory { name: self.name }),
        };
        let stored = StoredResearch::load(&folder)?;
        let experiment = StoredExperiment::find(&stored, id)?;
        if !self.options.branch_configs.is_empty() {
            let branch = branch_of(&stored, &experiment, self.options.branches)?;
            let config = self.options.branch_configs.get(branch).cloned();
            self.options.branch_configs = config.into_iter().collect();
        }
        self.options.branches = 1;
        self.options.workers = 1;
        let worker = experiment.worker.0 as usize;
        let config = self.options.worker_configs.get(worker).cloned();
        self.options.worker_configs = config.into_iter().collect();
        let events = match Prepared::new(self)?.serve_if_worker()? {
            Err(prepared) => prepared.run_again(&stored, &experiment)?,
            Ok(resume_state) => {
                let mut events = Vec::new();
                resume_state.for_each_event(|event| events.push(event.clone()))?;
                events
            }
        };
        let now = StoredExperiment::in_events(&events, experiment.number);
        let lost = || RunError::GivenUp("the experiment has not begun".to_owned());
        Ok(Reproduction::new(experiment, now.ok_or_else(lost)?))
    }
}

impl Prepared {
    /// Runs an experiment again, and returns its events.
    fn run_again(
        self,
        stored: &StoredResearch,
        experiment: &StoredExperiment,
    ) -> Result<Vec<Event>, ResearchError> {
        self.lead_by(|prepared, active| prepared.run_in_passing_folder(stored, experiment, active))
    }

    /// Runs an experiment in a temporary folder, and returns its events.
    fn run_in_passing_folder(
        mut self,
        stored: &StoredResearch,
        experiment: &StoredExperiment,
        active: &ActiveRun,
    ) -> Result<(Vec<Event>, StorageBackend), ResearchError> {
        let launcher = worker::launcher(&self.research, &self.experiment)?;
        let mut options = self.research.options.clone();
        options.seed = stored.record().options.seed;
        self.research.rules = stored.record().rules;
        options.root_view = self.tasks(&options, Some(stored.record()))?.view;
        self.check_changes(stored.record(), &options)?;
        let io = |action| move |source| ResearchError::Io { action, source };
        let folder = tempfile::Builder::new().prefix("research-again-").tempdir();
        let folder = folder.map_err(io("make a folder to run it in"))?;
        let record = self.record(options.clone());
        let storage = LocalStorage::create(folder.path(), &record)?;
        let again = storage.folder().to_owned();
        let mark = storage.mark();
        let devices = DevicePlan::new(&options, &mut *self.research.probe)?;
        let notes = worker::notes(&self.research, &launcher)?;
        let mut signals = self.listen_to_signals()?;
        let target = self.target(notes.as_ref(), true);
        let task = TaskExperiment {
            number: experiment.number,
            attempt: 1,
            failures: 0,
            branch: 0,
            record: Arc::new(experiment.record.clone()),
        };
        let job = Job {
            experiment: self.experiment,
            options,
            source: Box::new(One(Some(task))),
            devices,
            probe: self.research.probe,
            updater: None,
            storage: Box::new(storage),
            subscribers: self.research.subscribers,
            target,
            control: active.control(),
            launcher,
            recorded_source: record.source.as_ref().map(ToString::to_string),
            warnings: Vec::new(),
            mark,
        };
        let report = lead(job, signals.as_mut())?;
        if report.outcome != Outcome::Complete {
            return Err(RunError::Interrupted.into());
        }
        let mut all = Vec::new();
        for events in StoredResearch::load(&again)?.events()? {
            all.extend(events?);
        }
        // A worker of a later run may need the content of the temporary folder.
        let (mut memory, kept) = MemoryStorage::new();
        memory.append(&all)?;
        Ok((all, StorageBackend::Memory(kept)))
    }
}

/// Returns the branch that the experiment had in its task.
fn branch_of(
    stored: &StoredResearch,
    experiment: &StoredExperiment,
    branches: u32,
) -> Result<usize, ResearchError> {
    let mut begin = 0;
    for events in stored.events()? {
        for event in events? {
            match event {
                Event::DomainUpdated { update, .. }
                    if update.updates == experiment.record.updates =>
                {
                    begin = update.generated;
                }
                _ => {}
            }
        }
    }
    let place = experiment.record.place.saturating_sub(begin);
    Ok(usize::try_from(place % u64::from(branches.max(1))).unwrap_or(0))
}

/// The experiment to run.
struct One(Option<TaskExperiment>);

impl TaskSource for One {
    fn next_task(&mut self) -> Result<Option<Vec<TaskExperiment>>, SourceError> {
        Ok(self.0.take().map(|one| vec![one]))
    }

    fn remaining(&self) -> Option<u64> {
        Some(u64::from(self.0.is_some()))
    }

    fn progress(&self) -> SourceProgress {
        SourceProgress {
            generated: u64::from(self.0.is_none()),
            updates: 0,
            updated_at: 0,
        }
    }

    /// Unused, because a reproduction has no updater.
    fn update(&mut self, new: &NewDomain) -> Result<UpdateRecord, SourceError> {
        Ok(UpdateRecord {
            domain: new.domain.to_string(),
            n_configs: new.n_configs,
            n_reps: 1,
            repeat_each: None,
            generated: 1,
            remaining: None,
            updates: 1,
        })
    }
}

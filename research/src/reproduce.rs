//! Running one experiment of a stored research again, to see whether it does the same.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use research_core::{Event, Outcome, Storage, UpdateRecord};
use research_domain::Value;
use research_exec::devices::DevicePlan;
use research_exec::{
    Job, NewDomain, RunError, SourceError, SourceProgress, TaskExperiment, TaskSource, lead,
};
use research_storage::{LocalStorage, MemoryStorage, StoredResearch};

use crate::active::ActiveRun;
use crate::builder::{Place, Research};
use crate::earlier;
use crate::error::ResearchError;
use crate::experiment::StoredExperiment;
use crate::finished::Kept;
use crate::run::Prepared;
use crate::worker;

/// What running an experiment again has shown.
#[derive(Clone, Debug)]
pub struct Reproduction {
    /// The experiment as it is stored.
    pub stored: StoredExperiment,
    /// As it was now.
    pub now: StoredExperiment,
    /// How many values were compared.
    pub compared: usize,
    /// Where they differ, by variable and iteration.
    pub differences: Vec<Difference>,
}

/// A value that is not the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The variable.
    pub variable: String,
    /// The iteration.
    pub iteration: u64,
    /// What is stored, if anything is.
    pub stored: Option<Value>,
    /// What was saved now, if anything was.
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

    /// Whether all values, and how it ended, are the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differences.is_empty() && self.stored.status == self.now.status
    }
}

/// Whether values are the same, to the last bit; what is no number is the same as itself.
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
    /// Runs one experiment of this research, which was run before, once more: with the same config
    /// and the same seed, by itself whatever branches it had beside it (where branches have configs of
    /// their own, as the one that it was; where workers have, as the one that ran it). Nothing that is stored is
    /// touched. The id may be as much of its beginning as no other has.
    ///
    /// # Errors
    /// As [`resume`](Self::resume); there is no such experiment.
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
    /// Runs an experiment again, and gives what happened.
    fn run_again(
        self,
        stored: &StoredResearch,
        experiment: &StoredExperiment,
    ) -> Result<Vec<Event>, ResearchError> {
        self.lead_by(|prepared, active| prepared.run_in_passing_folder(stored, experiment, active))
    }

    /// Runs an experiment in a folder that goes away, and gives what happened.
    fn run_in_passing_folder(
        mut self,
        stored: &StoredResearch,
        experiment: &StoredExperiment,
        active: &ActiveRun,
    ) -> Result<(Vec<Event>, Kept), ResearchError> {
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
        let notes = earlier::write_down().map_err(io("note earlier runs"))?;
        let signals = self.listen_to_signals()?;
        let target = self.target(notes.as_ref(), true);
        let task = TaskExperiment {
            number: experiment.number,
            attempt: 1,
            failures: 0,
            branch: 0,
            record: Arc::new(experiment.record.clone()),
        };
        let report = lead(Job {
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
            signals,
            warnings: Vec::new(),
            mark,
        })?;
        if report.outcome != Outcome::Complete {
            return Err(RunError::Interrupted.into());
        }
        let mut all = Vec::new();
        for events in StoredResearch::load(&again)?.events()? {
            all.extend(events?);
        }
        // The folder goes away; a worker of a later run may need what was in it.
        let (mut memory, kept) = MemoryStorage::new();
        memory.append(&all)?;
        Ok((all, Kept::Memory(kept)))
    }
}

/// Which branch of its task an experiment was, as tasks are taken from its domain.
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

/// The one experiment that is run.
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

    /// Nobody asks for it: there is no updater.
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

//! The source of the experiments of a domain and of the domains that replace it.

mod grouping;
mod survey;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use research_core::domain::{
    Configs, Domain, ExperimentId, IdPrefixes, IdRegistry, Item, Items, Iteration,
};
use research_core::events::UpdateRecord;
use research_core::{ExperimentNumber, ExperimentRecord};

pub use grouping::Grouping;
pub use survey::ResumePlan;

use super::{NewDomain, SourceError, SourceProgress, TaskExperiment, TaskSource};

/// The progress of a resumed research.
#[derive(Clone, Debug, Default)]
pub struct ResumeState {
    /// The known experiments, by id.
    pub experiments: HashMap<ExperimentId, KnownExperiment>,
    /// The first number that was not used yet.
    pub next_number: u64,
    /// The updates of the domain, in their order.
    pub updates: Vec<UpdateRecord>,
}

/// An experiment that was started in an earlier run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownExperiment {
    /// Its number in the log.
    pub number: ExperimentNumber,
    /// Its index in the domain at that time.
    pub place: u64,
    /// The number of attempts.
    pub attempts: u32,
    /// The number of failed attempts; the others were interrupted or given up.
    pub failures: u32,
    /// Whether it does not run again.
    pub is_done: bool,
}

/// The experiments of a domain in order, without those that are already done.
///
/// Ids are assigned in the order of the domain. A resumed run iterates over all experiments that
/// earlier runs have taken, with the updates of the domain at the same positions, and so computes
/// the same ids.
pub struct DomainSource {
    items: Items,
    /// The next item, fetched ahead so that the end of the domain is known as soon as it is
    /// reached.
    next: Result<Option<Item>, SourceError>,
    /// Unfinished experiments that already have an id, because the source had to pass them.
    ready: VecDeque<PendingExperiment>,
    prefixes: Option<IdPrefixes>,
    registry: IdRegistry,
    /// The iteration of the first domain.
    iteration: Iteration,
    done: ResumeState,
    /// The number of done experiments that the source has not passed yet.
    done_ahead: u64,
    /// The number of experiments in the current domain, if it is known, and the index of its first
    /// one in `begin`.
    size: Option<u64>,
    begin: u64,
    /// The index of the next experiment without an id.
    place: u64,
    progress: SourceProgress,
    moved: Vec<(ExperimentNumber, u64)>,
    /// The largest number of experiments in a task.
    branches: u64,
    /// Whether the branch of an experiment does not depend on the rest of its task.
    keeps_branches: bool,
    grouping: Grouping,
    /// The number of experiments to search ahead for those of one task.
    look_ahead: usize,
    /// Experiments that the search has passed, for later tasks, each with its group.
    waiting: VecDeque<(u64, PendingExperiment)>,
}

/// An unfinished experiment.
struct PendingExperiment {
    record: ExperimentRecord,
    known: Option<KnownExperiment>,
    seat: TaskSlot,
}

/// The slot of an experiment in an undisturbed run: the number of updates before it, and the number
/// of experiments before it in its domain.
#[derive(Clone, Copy)]
struct TaskSlot {
    updates: u64,
    passed: u64,
}

impl DomainSource {
    /// Creates the source of these configs, for a research with this seed, and applies the updates
    /// of earlier runs.
    ///
    /// # Errors
    /// The number of configs does not fit in 128 bits, or the recorded domain of an update is
    /// invalid.
    pub fn new(
        configs: &Configs,
        domain: &Domain,
        id_prefix_digits: Option<u8>,
        seed: u64,
        done: ResumeState,
    ) -> Result<Self, SourceError> {
        let prefixes = id_prefix_digits.map(|digits| {
            let mut prefixes = IdPrefixes::new(digits);
            prefixes.add_parameters(domain);
            prefixes
        });
        let known = done.experiments.values();
        let done_ahead = known.clone().filter(|known| known.is_done).count();
        let generated = known.map(|known| known.place + 1).max().unwrap_or(0);
        let mut source = Self {
            items: configs.iter(),
            next: Ok(None),
            ready: VecDeque::new(),
            prefixes,
            registry: IdRegistry::with_rules(configs.iteration().rules),
            iteration: configs.iteration().clone().seed(seed),
            done,
            done_ahead: u64::try_from(done_ahead).unwrap_or(u64::MAX),
            size: size(configs)?,
            begin: 0,
            place: 0,
            progress: SourceProgress {
                generated,
                ..SourceProgress::default()
            },
            moved: Vec::new(),
            branches: 1,
            keeps_branches: false,
            grouping: Grouping::Any,
            look_ahead: 0,
            waiting: VecDeque::new(),
        };
        source.next = source.next_item();
        for update in std::mem::take(&mut source.done.updates) {
            source.replay(&update)?;
        }
        source.look();
        Ok(source)
    }

    /// Sets the number of experiments in a task; the last task may have fewer.
    #[must_use]
    pub fn branches(mut self, branches: u32) -> Self {
        self.branches = branches.max(1).into();
        self
    }

    /// Sets whether each experiment keeps the branch that it has in an undisturbed run, for
    /// branches with different configs. A task of a resumed run then has only the unfinished
    /// experiments of the original task.
    #[must_use]
    pub fn keep_branches(mut self, keep: bool) -> Self {
        self.keeps_branches = keep;
        self
    }

    /// Returns the slot of the next experiment of the current domain.
    fn next_seat(&self) -> TaskSlot {
        TaskSlot {
            updates: self.progress.updates,
            passed: self.place - self.begin,
        }
    }

    /// Whether the next experiment is in the same task as `first` in an undisturbed run.
    fn goes_with(&self, first: TaskSlot) -> bool {
        let next = match self.ready.front() {
            Some(found) => found.seat,
            None => self.next_seat(),
        };
        let task = |seat: TaskSlot| (seat.updates, seat.passed / self.branches);
        task(next) == task(first)
    }

    /// Applies an update of an earlier run.
    fn replay(&mut self, update: &UpdateRecord) -> Result<(), SourceError> {
        let domain = update.domain.parse::<Domain>();
        let domain = domain.map_err(|source| SourceError::Recorded {
            number: update.updates,
            source: Box::new(source),
        })?;
        let new = NewDomain {
            domain,
            n_configs: update.n_configs,
            n_reps: Some(update.n_reps),
            repeat_each: update.repeat_each,
        };
        let configs = self.configs(&new)?;
        self.pass_until(update.generated)?;
        self.replace(&configs)
    }

    /// Returns the configs of a domain that replaces this one.
    fn configs(&self, new: &NewDomain) -> Result<Configs, SourceError> {
        let repeat_each = new.repeat_each.map(u128::from);
        let iteration = Iteration::default()
            .n_items(new.n_configs.map(u128::from))
            .n_reps(new.n_reps.unwrap_or(self.iteration.n_reps))
            .repeat_each(repeat_each.or(self.iteration.repeat_each))
            .seed(self.iteration.seed)
            .rules(self.iteration.rules)
            .updates(self.progress.updates + 1);
        Ok(new.domain.configs(&iteration)?)
    }

    /// Advances to `place`, the first index that no earlier run has reached. Unfinished experiments
    /// before it still run.
    fn pass_until(&mut self, place: u64) -> Result<(), SourceError> {
        while self.place < place
            && let Some(item) = self.take_item()?
        {
            let found = self.pass(item)?;
            self.ready.extend(found);
        }
        self.place = self.place.max(place);
        Ok(())
    }

    fn replace(&mut self, configs: &Configs) -> Result<(), SourceError> {
        self.size = size(configs)?;
        if let Some(prefixes) = &mut self.prefixes {
            prefixes.add_parameters(configs.domain());
        }
        self.items = configs.iter();
        self.begin = self.place;
        let updates = self.progress.updates + 1;
        self.progress = SourceProgress {
            generated: self.progress.generated.max(self.place),
            updates,
            updated_at: self.place,
        };
        self.next = self.next_item();
        Ok(())
    }

    fn next_item(&mut self) -> Result<Option<Item>, SourceError> {
        Ok(self.items.next().transpose()?)
    }

    fn take_item(&mut self) -> Result<Option<Item>, SourceError> {
        let item = std::mem::replace(&mut self.next, Ok(None))?;
        if item.is_some() {
            self.next = self.next_item();
        }
        Ok(item)
    }

    /// Advances until an unfinished experiment is found, or the domain ends. Stops when no done
    /// experiments lie ahead: the next item is then unfinished. It gets no id before it is taken,
    /// because an update may replace it.
    fn look(&mut self) {
        while self.ready.is_empty() && self.done_ahead > 0 {
            let found = match self.take_item() {
                Ok(None) => return,
                Ok(Some(item)) => self.pass(item),
                Err(error) => Err(error),
            };
            match found {
                Ok(found) => self.ready.extend(found),
                Err(error) => {
                    self.next = Err(error);
                    return;
                }
            }
        }
    }

    /// Assigns an id to an item, and returns its experiment if it is not done.
    fn pass(&mut self, item: Item) -> Result<Option<PendingExperiment>, SourceError> {
        let prefixes = self.prefixes.as_mut();
        let prefix = prefixes.map(|prefixes| prefixes.prefix(&item));
        let identity = item.identity(self.iteration.seed);
        let prefix = prefix.as_deref().unwrap_or("");
        let assigned = self.registry.assign(identity, prefix)?;
        let (place, seat) = (self.place, self.next_seat());
        self.place += 1;
        let known = self.done.experiments.get(&assigned.id).copied();
        if let Some(known) = known.filter(|known| known.is_done) {
            if known.place != place {
                self.moved.push((known.number, place));
            }
            self.done_ahead = self.done_ahead.saturating_sub(1);
            return Ok(None);
        }
        let record = ExperimentRecord {
            id: assigned.id,
            place,
            config: item.config,
            repetition: item.repetition,
            updates: item.updates,
            seed: assigned.seed,
        };
        Ok(Some(PendingExperiment {
            record,
            known,
            seat,
        }))
    }

    /// Returns the next unfinished experiment; `None` at the end, or if it is not in the task of
    /// `first`.
    fn next_found(
        &mut self,
        first: Option<TaskSlot>,
    ) -> Result<Option<PendingExperiment>, SourceError> {
        let mut found = None;
        while found.is_none() && first.is_none_or(|first| self.goes_with(first)) {
            found = match (self.ready.pop_front(), &self.next) {
                (Some(found), _) => Some(found),
                (None, Ok(None)) => break,
                (None, _) => match self.take_item()? {
                    Some(item) => self.pass(item)?,
                    None => break,
                },
            };
        }
        if found.is_some() {
            self.look();
        }
        Ok(found)
    }

    /// Converts a pending experiment to the one at `position` in its task. Its number is that of
    /// earlier attempts, or a new one.
    fn numbered(&mut self, found: PendingExperiment, position: u64) -> TaskExperiment {
        let branch = match self.keeps_branches {
            true => found.seat.passed % self.branches,
            false => position,
        };
        let branch = u32::try_from(branch).unwrap_or(u32::MAX);
        let PendingExperiment { record, known, .. } = found;
        self.progress.generated = self.progress.generated.max(record.place + 1);
        let (number, attempt, failures) = match known {
            Some(known) => (known.number, known.attempts + 1, known.failures),
            None => {
                let number = ExperimentNumber(self.done.next_number);
                self.done.next_number += 1;
                (number, 1, 0)
            }
        };
        TaskExperiment {
            number,
            attempt,
            failures,
            branch,
            record: Arc::new(record),
        }
    }
}

/// Returns the number of experiments if it is known, limited to 64 bits.
fn size(configs: &Configs) -> Result<Option<u64>, SourceError> {
    let size = configs.size()?.finite();
    Ok(size.map(|size| u64::try_from(size).unwrap_or(u64::MAX)))
}

impl TaskSource for DomainSource {
    fn next_task(&mut self) -> Result<Option<Vec<TaskExperiment>>, SourceError> {
        let first = match self.waiting.pop_front() {
            Some((_, found)) => Some(found),
            None => self.next_found(None)?,
        };
        let Some(first) = first else {
            return Ok(None);
        };
        let group = self.group_of_found(&first);
        let seat = self.keeps_branches.then_some(first.seat);
        let mut task = vec![self.numbered(first, 0)];
        while (task.len() as u64) < self.task_size() {
            match self.next_of_group(group, seat) {
                Ok(None) => break,
                Ok(Some(found)) => task.push(self.numbered(found, task.len() as u64)),
                // Return the error with the next task, so that the experiments before it still run.
                Err(error) => {
                    self.next = Err(error);
                    break;
                }
            }
        }
        Ok(Some(task))
    }

    fn take_moved(&mut self) -> Vec<(ExperimentNumber, u64)> {
        std::mem::take(&mut self.moved)
    }

    fn remaining(&self) -> Option<u64> {
        let ready = (self.ready.len() + self.waiting.len()) as u64;
        if matches!(self.next, Ok(None)) {
            return Some(ready);
        }
        let passed = self.place - self.begin;
        let left = self.size?.saturating_sub(passed);
        // Some done experiments may no longer be in the domain, but at least the next item is
        // unfinished.
        Some((left.saturating_sub(self.done_ahead) + ready).max(1))
    }

    fn progress(&self) -> SourceProgress {
        self.progress
    }

    fn update(&mut self, new: &NewDomain) -> Result<UpdateRecord, SourceError> {
        let configs = self.configs(new)?;
        self.pass_until(self.progress.generated)?;
        self.replace(&configs)?;
        self.look();
        let iteration = configs.iteration();
        Ok(UpdateRecord {
            domain: new.domain.to_string(),
            n_configs: new.n_configs,
            n_reps: iteration.n_reps,
            repeat_each: new.repeat_each.or(iteration
                .repeat_each
                .and_then(|every| every.try_into().ok())),
            generated: self.begin,
            updates: self.progress.updates,
            remaining: self.remaining(),
        })
    }
}

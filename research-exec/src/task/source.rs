//! The experiments of a domain, and of those that replace it.

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
    /// What is known of each experiment, by its id.
    pub experiments: HashMap<ExperimentId, KnownExperiment>,
    /// The first number that was not used yet.
    pub next_number: u64,
    /// The updates of the domain, in their order.
    pub updates: Vec<UpdateRecord>,
}

/// What is known of an experiment that was started in an earlier run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownExperiment {
    /// Its number in the log.
    pub number: ExperimentNumber,
    /// Its place in the domain then.
    pub place: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// How many of these attempts failed; the others were interrupted, or given up.
    pub failures: u32,
    /// Whether nothing is left to do for it.
    pub is_done: bool,
}

/// The experiments of a domain, in its order, without those that are done already.
///
/// Ids are given in the order of the domain, so a resumed run walks through all that earlier runs
/// have taken, with the updates of the domain where they were: it comes to the same ids.
pub struct DomainSource {
    items: Items,
    /// Looked at ahead of time, so that the end is known when it is there.
    next: Result<Option<Item>, SourceError>,
    /// PendingExperiment while looking for one that is left: they have ids already.
    ready: VecDeque<PendingExperiment>,
    prefixes: Option<IdPrefixes>,
    registry: IdRegistry,
    /// How the first domain is iterated.
    iteration: Iteration,
    done: ResumeState,
    /// How many of the done experiments have not been passed yet.
    done_ahead: u64,
    /// How many experiments the current domain has, if that is known, and the place of its first.
    size: Option<u64>,
    begin: u64,
    /// The place of the next one that has no id yet.
    place: u64,
    progress: SourceProgress,
    moved: Vec<(ExperimentNumber, u64)>,
    /// How many experiments a task has at most.
    branches: u64,
    /// Whether an experiment is always the same branch, whatever else is left of its task.
    keeps_branches: bool,
    grouping: Grouping,
    /// How many experiments are looked at for those of one task.
    look_ahead: usize,
    /// Experiments that were looked at, and are of later tasks, each with its group.
    waiting: VecDeque<(u64, PendingExperiment)>,
}

/// An experiment that is left.
struct PendingExperiment {
    record: ExperimentRecord,
    known: Option<KnownExperiment>,
    seat: TaskSlot,
}

/// Where an experiment is in a run that nothing disturbs: after how many others of which domain.
#[derive(Clone, Copy)]
struct TaskSlot {
    updates: u64,
    passed: u64,
}

impl DomainSource {
    /// The experiments of these configs, for a research with this seed, and of the domains that
    /// have replaced them in earlier runs.
    ///
    /// # Errors
    /// The number of configs cannot be known: it is beyond 128 bits. An update was recorded whose
    /// domain cannot be.
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

    /// Sets how many experiments a task has; the last task may have fewer.
    #[must_use]
    pub fn branches(mut self, branches: u32) -> Self {
        self.branches = branches.max(1).into();
        self
    }

    /// Lets each experiment be the branch that it is in a run that nothing disturbs, for branches
    /// that are not alike. Tasks of a resumed run have no more experiments than are left of those.
    #[must_use]
    pub fn keep_branches(mut self, keep: bool) -> Self {
        self.keeps_branches = keep;
        self
    }

    /// Where the next experiment of the current domain is.
    fn next_seat(&self) -> TaskSlot {
        TaskSlot {
            updates: self.progress.updates,
            passed: self.place - self.begin,
        }
    }

    /// Whether the next experiment may be of the same task as another one.
    fn goes_with(&self, first: TaskSlot) -> bool {
        let next = match self.ready.front() {
            Some(found) => found.seat,
            None => self.next_seat(),
        };
        let task = |seat: TaskSlot| (seat.updates, seat.passed / self.branches);
        task(next) == task(first)
    }

    /// Does again what an update of an earlier run did.
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

    /// The configs of a domain that replaces this one.
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

    /// Advances to the first index that no earlier run has reached. What is left of that before it
    /// is still run.
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

    /// Sees to it that one that is left is in sight, unless there is none. As long as none is
    /// done that is still to come, the next one is left; it gets no id before it is taken, because
    /// an update may come before that.
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

    /// Gives an item its id; the experiment, if it is not done.
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

    /// The next one that is left; of the same task as another one, if there is one.
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

    /// An experiment of a task that has so many already. Numbers are those of earlier attempts, or
    /// new ones.
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

/// How many experiments there are, if that is known; more than can be run are as good as that.
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
                // What came before it still runs.
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
        // Some that are done may be of the domain no more; the one in sight is left all the same.
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

//! The distributor under simulation: workers that crash, messages that come late or from the
//! past, stops; invariants are checked at every step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use research_core::domain::{Config, ExperimentId};
use research_core::{
    Event, ExperimentNumber, ExperimentRecord, Outcome, Status, Timestamp, WorkerNumber,
};

use super::{Action, Distributor, Input, Settings};
use crate::executor::Ending;
use crate::link::message::{Task, TaskNumber};
use crate::task::{SourceError, TaskExperiment, TaskSource};

/// Experiments without a domain: the distributor looks at numbers alone.
struct Numbers {
    next: u64,
    count: u64,
    /// Whether the source says how many there are.
    counted: bool,
}

impl TaskSource for Numbers {
    fn next_task(&mut self) -> Result<Option<Vec<TaskExperiment>>, SourceError> {
        if self.next == self.count {
            return Ok(None);
        }
        let place = self.next;
        self.next += 1;
        let record = ExperimentRecord {
            id: ExperimentId::parse(&format!("{place:08x}")).expect("hex digits are a name"),
            place,
            config: Config::new(),
            repetition: 0,
            updates: 0,
            seed: 0,
        };
        let number = ExperimentNumber(place);
        Ok(Some(vec![TaskExperiment {
            number,
            attempt: 1,
            record: Arc::new(record),
        }]))
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

/// What the simulated world holds.
struct World {
    random: ChaCha8Rng,
    count: u64,
    distributor: Distributor,
    settings: Settings,
    now: u64,
    starting: BTreeSet<WorkerNumber>,
    idle: BTreeSet<WorkerNumber>,
    running: BTreeMap<WorkerNumber, (TaskNumber, Task)>,
    quitting: BTreeSet<WorkerNumber>,
    /// Tasks that were given up, which may still be heard of.
    stale: Vec<(WorkerNumber, TaskNumber, Task)>,
    /// Attempts that were begun and ended, and final statuses, by experiment.
    began: BTreeMap<u64, u32>,
    ended: BTreeMap<u64, Vec<(u32, Status)>>,
    outcome: Option<Outcome>,
    gave_up: bool,
    stopped: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let settings = Settings {
            workers: 1 + random.next_u32() % 8,
            retries: random.next_u32() % 3,
            shared_process: random.next_u32().is_multiple_of(2),
        };
        let source = Numbers {
            next: 0,
            count: u64::from(random.next_u32() % 60),
            counted: random.next_u32().is_multiple_of(2),
        };
        Self {
            random,
            count: source.count,
            distributor: Distributor::new(settings.clone(), Box::new(source)),
            settings,
            now: 0,
            starting: BTreeSet::new(),
            idle: BTreeSet::new(),
            running: BTreeMap::new(),
            quitting: BTreeSet::new(),
            stale: Vec::new(),
            began: BTreeMap::new(),
            ended: BTreeMap::new(),
            outcome: None,
            gave_up: false,
            stopped: false,
        }
    }

    fn chance(&mut self, one_in: u32) -> bool {
        self.random.next_u32().is_multiple_of(one_in)
    }

    fn pick<T: Copy>(&mut self, from: Vec<T>) -> Option<T> {
        let length = u32::try_from(from.len())
            .ok()
            .filter(|length| *length > 0)?;
        from.get(usize::try_from(self.random.next_u32() % length).ok()?)
            .copied()
    }

    fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            assert!(
                self.outcome.is_none(),
                "nothing happens after the end: {action:?}"
            );
            match action {
                Action::Start(worker) => {
                    assert!(!self.lives(worker), "{worker} is started twice");
                    self.starting.insert(worker);
                }
                Action::Send(worker, number, task) => self.sent(worker, number, task),
                Action::Quit(worker) => {
                    assert!(self.idle.remove(&worker), "{worker} is not idle");
                    self.quitting.insert(worker);
                }
                Action::Kill(worker) => {
                    assert!(self.lives(worker), "{worker} is killed, and does not live");
                    self.starting.remove(&worker);
                    self.idle.remove(&worker);
                    if let Some((number, task)) = self.running.remove(&worker) {
                        self.stale.push((worker, number, task));
                    }
                    self.quitting.insert(worker);
                }
                Action::Append(events) => events.iter().for_each(|event| self.appended(event)),
                Action::GiveUp(_) => self.gave_up = true,
                Action::Done(outcome) => {
                    let alive = [&self.starting, &self.idle, &self.quitting];
                    assert!(
                        alive.iter().all(|set| set.is_empty()),
                        "workers outlive the run"
                    );
                    assert!(self.running.is_empty(), "tasks outlive the run");
                    self.outcome = Some(outcome);
                }
            }
        }
    }

    fn lives(&self, worker: WorkerNumber) -> bool {
        self.starting.contains(&worker)
            || self.idle.contains(&worker)
            || self.running.contains_key(&worker)
            || self.quitting.contains(&worker)
    }

    fn sent(&mut self, worker: WorkerNumber, number: TaskNumber, task: Task) {
        assert!(!self.stopped, "nothing new is begun after a stop");
        assert!(
            self.idle.remove(&worker),
            "{worker} gets a task and is not idle"
        );
        for experiment in &task {
            let twice = self
                .running
                .values()
                .any(|(_, other)| other.iter().any(|one| one.number == experiment.number));
            assert!(
                !twice,
                "experiment {} runs twice at once",
                experiment.number
            );
        }
        self.running.insert(worker, (number, task));
    }

    fn appended(&mut self, event: &Event) {
        match event {
            Event::ExperimentStarted {
                experiment,
                attempt,
                ..
            } => {
                let before = self.began.insert(experiment.0, *attempt);
                assert!(before.unwrap_or(0) < *attempt, "attempts go up");
            }
            Event::ExperimentEnded {
                experiment,
                attempt,
                status,
                ..
            } => {
                assert_eq!(
                    self.began.get(&experiment.0),
                    Some(attempt),
                    "an end has a start"
                );
                let ends = self.ended.entry(experiment.0).or_default();
                assert!(
                    ends.iter().all(|(other, _)| other != attempt),
                    "an attempt ends once"
                );
                assert!(
                    ends.iter().all(|(_, other)| !other.is_success()),
                    "success is final"
                );
                ends.push((*attempt, *status));
            }
            _ => {}
        }
    }

    /// Something happens.
    fn step(&mut self) {
        self.now += 1;
        let mut actions = Vec::new();
        if let Some(input) = self.next_input() {
            self.distributor
                .handle(Timestamp(self.now), input, &mut actions);
        }
        self.perform(actions);
    }

    fn next_input(&mut self) -> Option<Input> {
        if self.chance(400) {
            self.stopped = true;
            return Some(if self.chance(2) {
                Input::Stop
            } else {
                Input::Kill
            });
        }
        if self.chance(10)
            && let Some((worker, task, experiments)) = self.stale.pop()
        {
            // What a worker that is gone had sent comes late.
            return Some(self.ended_input(worker, task, &experiments));
        }
        if let Some(worker) = self.pick(self.quitting.iter().copied().collect())
            && self.chance(2)
        {
            self.quitting.remove(&worker);
            return Some(Input::WorkerLost {
                worker,
                reason: "it was told to go".into(),
            });
        }
        if let Some(worker) = self.pick(self.starting.iter().copied().collect())
            && self.chance(2)
        {
            self.starting.remove(&worker);
            if self.chance(15) {
                return Some(Input::WorkerLost {
                    worker,
                    reason: "it did not start".into(),
                });
            }
            self.idle.insert(worker);
            return Some(Input::WorkerUp { worker, pid: 1 });
        }
        let worker = self.pick(self.running.keys().copied().collect())?;
        let (task, experiments) = self.running.remove(&worker)?;
        if self.chance(12) {
            self.stale.push((worker, task, experiments));
            return Some(Input::WorkerLost {
                worker,
                reason: "it crashed".into(),
            });
        }
        self.idle.insert(worker);
        Some(self.ended_input(worker, task, &experiments))
    }

    fn ended_input(&mut self, worker: WorkerNumber, task: TaskNumber, experiments: &Task) -> Input {
        let mut events = Vec::new();
        let mut endings = Vec::new();
        for experiment in experiments {
            let status = if self.chance(5) {
                Status::Failed
            } else {
                Status::Finished
            };
            let (number, attempt) = (experiment.number, experiment.attempt);
            events.push(Event::ExperimentEnded {
                at: Timestamp(self.now),
                experiment: number,
                attempt,
                status,
                reason: None,
                iterations: 1,
            });
            endings.push(Ending {
                number,
                status,
                reason: None,
                iterations: 1,
            });
        }
        Input::Ended {
            worker,
            task,
            events,
            endings,
        }
    }

    /// What must be true at the end.
    fn judge(&self) {
        if self.outcome == Some(Outcome::Complete) {
            let ended = u64::try_from(self.ended.len());
            assert_eq!(ended, Ok(self.count), "every experiment has an end");
            assert_eq!(self.distributor.counts().total(), self.count);
        }
        assert_eq!(self.gave_up, self.outcome == Some(Outcome::Aborted));
        for (experiment, ends) in &self.ended {
            let (last, status) = ends[ends.len() - 1];
            let is_complete = self.outcome == Some(Outcome::Complete);
            if is_complete {
                assert_eq!(
                    self.began.get(experiment),
                    Some(&last),
                    "the last attempt has ended"
                );
            }
            if is_complete && status == Status::Failed && !self.settings.shared_process {
                assert!(last > self.settings.retries, "a failure is tried again");
            }
        }
    }
}

fn simulate(seed: u64) {
    let mut world = World::new(seed);
    let mut actions = Vec::new();
    world.distributor.start(Timestamp(0), &mut actions);
    world.perform(actions);
    for _ in 0..20_000 {
        if world.outcome.is_some() {
            break;
        }
        world.step();
    }
    assert!(world.outcome.is_some(), "the run ends");
    world.judge();
}

#[test]
fn every_run_ends_and_every_experiment_ends_once() {
    for seed in 0..3000 {
        let result = std::panic::catch_unwind(|| simulate(seed));
        assert!(
            result.is_ok(),
            "seed {seed} fails: replay it with simulate({seed})"
        );
    }
}

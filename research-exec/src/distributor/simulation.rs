//! The distributor under simulation: workers that crash, messages that come late or from the
//! past, stops; invariants are checked at every step.

mod numbers;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use research_core::{Event, Outcome, Status, Timestamp, WorkerNumber};

use super::{Action, Distributor, Input, Settings};
use crate::executor::Ending;
use crate::link::message::{Task, TaskNumber};
use numbers::Numbers;

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
    /// When an experiment may be tried again.
    not_before: BTreeMap<u64, u64>,
    /// Workers that can run nothing more.
    worn_out: BTreeSet<WorkerNumber>,
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
            retry_delay: Duration::from_micros(u64::from(random.next_u32() % 100)),
            double_retry_delay: random.next_u32().is_multiple_of(2),
            max_failures: random
                .next_u32()
                .is_multiple_of(4)
                .then(|| u64::from(random.next_u32() % 10)),
            shared_process: random.next_u32().is_multiple_of(2),
        };
        let source = Numbers {
            next: 0,
            count: u64::from(random.next_u32() % 60),
            branches: 1 + random.next_u32() % 3,
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
            not_before: BTreeMap::new(),
            worn_out: BTreeSet::new(),
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
                    self.worn_out.remove(&worker);
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
        assert!(
            !self.worn_out.contains(&worker),
            "{worker} can run nothing more"
        );
        for experiment in &task {
            let not_before = self.not_before.get(&experiment.number.0);
            assert!(
                not_before.is_none_or(|moment| *moment <= self.now),
                "experiment {} is tried again too early",
                experiment.number
            );
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
                let failures = ends.len();
                self.delay(experiment.0, *status, failures);
            }
            _ => {}
        }
    }

    fn delay(&mut self, experiment: u64, status: Status, failures: usize) {
        let Settings {
            retry_delay,
            double_retry_delay,
            ..
        } = self.settings;
        let factor = match failures {
            _ if status.is_success() => 0,
            2.. if double_retry_delay => 1 << (failures - 1),
            _ => 1,
        };
        let delay = u64::try_from(retry_delay.as_micros()).unwrap_or(u64::MAX) * factor;
        self.not_before.insert(experiment, self.now + delay);
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
            return Some(self.ended_input(worker, task, &experiments, false));
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
        let Some(worker) = self.pick(self.running.keys().copied().collect()) else {
            // Nothing happens until time has passed.
            let deadline = self.distributor.next_deadline()?;
            self.now = self.now.max(deadline.0);
            return Some(Input::Tick);
        };
        let (task, experiments) = self.running.remove(&worker)?;
        if self.chance(12) {
            self.stale.push((worker, task, experiments));
            return Some(Input::WorkerLost {
                worker,
                reason: "it crashed".into(),
            });
        }
        self.idle.insert(worker);
        let worn_out = self.chance(20);
        if worn_out {
            self.worn_out.insert(worker);
        }
        Some(self.ended_input(worker, task, &experiments, worn_out))
    }

    fn ended_input(
        &mut self,
        worker: WorkerNumber,
        task: TaskNumber,
        experiments: &Task,
        worn_out: bool,
    ) -> Input {
        let mut events = Vec::new();
        let mut endings = Vec::new();
        for experiment in experiments {
            if worn_out && self.chance(2) {
                // It was cut off by the end of another.
                continue;
            }
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
            worn_out,
        }
    }

    /// How many experiments have failed for good.
    fn failed(&self) -> usize {
        let tries = self.settings.retries as usize + 1;
        let is_failed = |ends: &&Vec<(u32, Status)>| {
            ends.len() >= tries && ends.iter().all(|(_, status)| !status.is_success())
        };
        self.ended.values().filter(is_failed).count()
    }

    /// What must be true at the end.
    fn judge(&self) {
        if self.outcome == Some(Outcome::Complete) {
            let ended = u64::try_from(self.ended.len());
            assert_eq!(ended, Ok(self.count), "every experiment has an end");
            assert_eq!(self.distributor.counts().total(), self.count);
        }
        let failed = u64::try_from(self.failed()).unwrap_or(u64::MAX);
        let hopeless = self
            .settings
            .max_failures
            .is_some_and(|most| failed >= most);
        assert!(!self.gave_up || self.outcome == Some(Outcome::Aborted));
        assert!(self.outcome != Some(Outcome::Aborted) || self.gave_up || hopeless);
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
            let failures = ends.iter().filter(|(_, status)| !status.is_success());
            let most = self.settings.retries as usize + 1;
            assert!(failures.count() <= most, "it is tried no more than that");
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

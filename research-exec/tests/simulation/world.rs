//! The simulated world around the scheduler.

mod faults;
mod size;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use research_core::{ExperimentNumber, Outcome, RunOptions, Timestamp, When, WorkerNumber};

use super::devices::Devices;
use super::ledger::Ledger;
use super::source::{Numbers, Shared};
use crate::clock::{Moment, Now};
use crate::scheduler::{Action, Input, Scheduler, Settings};
use crate::transport::messages::{Task, TaskNumber};

pub(super) use size::Size;

/// The probabilities of faults: each field is the `n` of "one in `n`".
struct Chances {
    crash: u32,
    termination: u32,
    failure: u32,
    late: u32,
    twice: u32,
    refusal: u32,
    retiring: u32,
    cancel: u32,
}

/// A message of a worker about its task.
#[derive(Clone)]
struct Message {
    worker: WorkerNumber,
    number: TaskNumber,
    task: Task,
}

/// A simulated worker.
#[derive(Default)]
struct Worker {
    state: State,
    /// Its index in the list of workers in its state.
    place: usize,
    task: Option<(TaskNumber, Task)>,
    /// The experiments of its task whose ends it has reported while others continue.
    told: Vec<ExperimentNumber>,
    /// Whether it has reported that it can run no more tasks.
    retiring: bool,
    /// Whether it never ends its task by itself.
    hangs: bool,
    /// The moment at which the timeout of its task expires.
    limit: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Gone,
    Starting,
    Idle,
    Running,
    Quitting,
}

pub(super) struct World {
    random: ChaCha8Rng,
    size: Size,
    chances: Chances,
    shared: Arc<Shared>,
    scheduler: Scheduler,
    settings: Settings,
    inputs: u64,
    now: u64,
    workers: Vec<Worker>,
    /// The workers in each state.
    lists: [Vec<WorkerNumber>; 5],
    /// Messages about ended tasks that may still arrive.
    stale: Vec<Message>,
    ledger: Ledger,
    devices: Option<Devices>,
    /// The running experiment that a user has just cancelled, and its worker.
    cancelling: Option<(WorkerNumber, ExperimentNumber)>,
    /// The number of updates that may still follow.
    updates_left: u32,
    stop_at: Option<u64>,
    stopped: bool,
    gave_up: bool,
    outcome: Option<Outcome>,
    history: DefaultHasher,
}

impl World {
    pub(super) fn new(seed: u64, largest: Size) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let size = Size::draw(seed, largest, &mut random);
        let rules = match random.next_u32() % 4 {
            0 => vec![When::every(1 + u64::from(random.next_u32() % 40))],
            1 => vec![When::last(), When::at(u64::from(random.next_u32() % 50))],
            _ => Vec::new(),
        };
        let settings = Settings {
            workers: size.workers,
            retries: random.next_u32() % 3,
            retry_delay: Duration::from_micros([0, 0, 30][random.next_u32() as usize % 3]),
            double_retry_delay: random.next_u32().is_multiple_of(2),
            timeout: [None, Some(Duration::from_micros(50))][random.next_u32() as usize % 2],
            max_failures: random
                .next_u32()
                .is_multiple_of(4)
                .then(|| 1 + random.next_u64() % (size.configs + 1)),
            shared_process: random.next_u32().is_multiple_of(2),
            updates: rules,
            added: None,
        };
        let shared = Arc::new(Shared::default());
        let source = Numbers {
            shared: Arc::clone(&shared),
            left: size.configs,
            is_counted: random.next_u32().is_multiple_of(2),
            branches: 1 + u64::from(random.next_u32() % 3),
            updates: 0,
            updated_at: 0,
        };
        let stop_at = (random.next_u32().is_multiple_of(3))
            .then(|| random.next_u64() % (4 * size.configs + 4));
        let devices = devices(&size, &source, &mut random);
        let admission = devices.as_ref().map(Devices::admission);
        Self {
            chances: Chances {
                crash: [12, 50, 1000][random.next_u32() as usize % 3],
                termination: 30,
                failure: 5,
                late: 10,
                twice: 20,
                refusal: 30,
                retiring: 20,
                cancel: 60,
            },
            size,
            shared,
            scheduler: Scheduler::new(settings.clone(), Box::new(source)).with_admission(admission),
            devices,
            ledger: Ledger::new(settings.clone()),
            settings,
            inputs: 0,
            now: 0,
            workers: Vec::new(),
            lists: Default::default(),
            stale: Vec::new(),
            cancelling: None,
            updates_left: random.next_u32() % 10,
            random,
            stop_at,
            stopped: false,
            gave_up: false,
            outcome: None,
            history: DefaultHasher::new(),
        }
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// Returns the number of experiments taken from the domains, and the outcome of the run.
    pub(super) fn end(&self) -> (u64, Outcome) {
        let generated = self.shared.generated.load(Ordering::Relaxed);
        (generated, self.outcome.expect("it has ended"))
    }

    /// Returns the number of inputs that the scheduler has received.
    pub(super) fn inputs(&self) -> u64 {
        self.inputs
    }

    /// Returns a hash of all actions of the scheduler.
    pub(super) fn history(&self) -> u64 {
        self.history.finish()
    }

    /// Runs the simulation, and asserts that the run ends.
    pub(super) fn run(&mut self) {
        let mut actions = Vec::new();
        self.scheduler.start(self.clock(), &mut actions);
        self.perform(&mut actions);
        // The limit of steps: a worker starts and ends, a task is tried a few times, and an update
        // brings no more configs than the run began with.
        let most = 100 * (11 * self.size.configs + u64::from(self.size.workers)) + 1000;
        // Samples of devices take more steps.
        let steps = if self.devices.is_some() {
            100 * most
        } else {
            most
        };
        for _ in 0..steps {
            if self.outcome.is_some() {
                break;
            }
            if let Some(input) = self.next_input() {
                self.tell(input, &mut actions);
            }
        }
        assert!(self.outcome.is_some(), "the run ends");
        self.judge();
    }

    /// Returns the time. The wall clock runs backwards, so a use of it in place of the monotonic
    /// clock is detected.
    fn clock(&self) -> Now {
        Now {
            at: Timestamp(u64::MAX - self.now),
            moment: Moment(self.now),
        }
    }

    fn tell(&mut self, input: Input, actions: &mut Vec<Action>) {
        self.inputs += 1;
        self.now += 1;
        self.scheduler.handle(self.clock(), input, actions);
        self.perform(actions);
        if let Some((_, experiment)) = self.cancelling.take() {
            assert!(self.ledger.is_cancelled(experiment), "it is cancelled");
        }
        let most = self.settings.workers as usize;
        let alive = self.workers.len() - self.list(State::Gone).len();
        assert!(alive <= most, "{alive} workers exceed the limit of {most}");
        let held = self.scheduler.workers.busy() + self.scheduler.queue.len();
        // With retries, tasks that wait for one and then return come on top.
        assert!(
            held <= most || self.settings.retries > 0,
            "{held} tasks are taken ahead of {most} workers"
        );
    }

    fn perform(&mut self, actions: &mut Vec<Action>) {
        for action in actions.drain(..) {
            assert!(
                self.outcome.is_none(),
                "an action after the end: {action:?}"
            );
            self.note(&action);
            match action {
                Action::Start(worker) => {
                    let place = worker.0 as usize;
                    if place == self.workers.len() {
                        self.workers.push(Worker::default());
                        self.enter(worker, State::Gone);
                    }
                    self.change(worker, State::Gone, State::Starting);
                    self.workers[place].retiring = false;
                }
                Action::Send(worker, number, task) => {
                    assert!(!self.stopped, "a task is sent after a stop");
                    let now = self.now;
                    task.iter()
                        .for_each(|one| self.ledger.runs(one.number, now));
                    self.change(worker, State::Idle, State::Running);
                    if let Some(devices) = &mut self.devices {
                        devices.begin(worker, task.len());
                    }
                    let hangs = self.settings.timeout.is_some() && self.chance(20);
                    let limit = self
                        .settings
                        .timeout
                        .map(|time| now + time.as_micros() as u64);
                    let worker = &mut self.workers[worker.0 as usize];
                    assert!(!worker.retiring, "it can run nothing more");
                    (worker.hangs, worker.limit) = (hangs, limit);
                    worker.told.clear();
                    worker.task = Some((number, task));
                }
                Action::Quit(worker) => self.change(worker, State::Idle, State::Quitting),
                Action::Kill(worker) => {
                    let state = self.workers[worker.0 as usize].state;
                    assert_ne!(state, State::Gone, "{worker} is killed after its end");
                    let is_cancelled = self.cancelling.is_some_and(|(one, _)| one == worker);
                    if state == State::Running && !self.stopped && !is_cancelled {
                        let limit = self.workers[worker.0 as usize].limit;
                        assert!(
                            limit.is_some_and(|limit| limit <= self.now),
                            "its timeout has not expired"
                        );
                    }
                    self.drop_task(worker);
                    self.change(worker, state, State::Quitting);
                }
                Action::Update(request) => {
                    assert!(!request.rules.is_empty(), "an update rule is asked");
                    let was_asked = self.shared.is_asked.swap(true, Ordering::Relaxed);
                    assert!(!was_asked, "one request at a time");
                }
                Action::Append(events) => {
                    let now = self.now;
                    events.iter().for_each(|one| self.ledger.appended(one, now));
                }
                Action::Sample(round) => {
                    let devices = self
                        .devices
                        .as_mut()
                        .expect("samples are requested only with devices");
                    devices.ask(round);
                }
                Action::GiveUp(reason) => {
                    if reason.starts_with("no worker can begin") {
                        let busy = [State::Running, State::Starting];
                        assert!(busy.iter().all(|state| self.list(*state).is_empty()));
                        self.devices
                            .as_ref()
                            .expect("only devices block workers")
                            .given_up();
                    }
                    self.gave_up = true;
                }
                Action::Done(outcome) => {
                    let gone = self.list(State::Gone).len();
                    assert_eq!(gone, self.workers.len(), "workers outlive the run");
                    self.outcome = Some(outcome);
                }
            }
        }
    }

    fn note(&mut self, action: &Action) {
        match action {
            Action::Start(worker) | Action::Quit(worker) | Action::Kill(worker) => {
                worker.hash(&mut self.history);
            }
            Action::Send(worker, number, task) => {
                (worker, number.0, task.len()).hash(&mut self.history);
            }
            Action::Append(events) => events.len().hash(&mut self.history),
            Action::Sample(round) => round.hash(&mut self.history),
            Action::Update(request) => request.generated.hash(&mut self.history),
            Action::GiveUp(_) | Action::Done(_) => self.inputs.hash(&mut self.history),
        }
    }

    /// Checks the invariants at the end of the run.
    fn judge(&self) {
        match self.outcome {
            Some(Outcome::Aborted) => {
                let failures = self.scheduler.counts().unsuccessful();
                let is_hopeless = self
                    .settings
                    .max_failures
                    .is_some_and(|most| failures >= most);
                assert!(self.gave_up || is_hopeless, "there is a reason");
            }
            Some(Outcome::Interrupted) => {
                assert!(self.stopped, "a stop was requested");
                let generated = self.shared.generated.load(Ordering::Relaxed);
                let is_all_done = self.scheduler.counts().total() == generated
                    && self.scheduler.remaining() == Some(0)
                    && self.settings.updates.is_empty();
                assert!(!is_all_done, "something is left to resume");
            }
            _ => assert!(!self.gave_up, "a run that gave up is aborted"),
        }
        if self.outcome == Some(Outcome::Complete) {
            let generated = self.shared.generated.load(Ordering::Relaxed);
            self.ledger.is_complete(generated);
            assert_eq!(self.scheduler.counts().total(), generated);
            assert_eq!(self.scheduler.remaining(), Some(0));
        }
    }

    fn chance(&mut self, one_in: u32) -> bool {
        self.random.next_u32().is_multiple_of(one_in)
    }

    fn pick(&mut self, state: State) -> Option<WorkerNumber> {
        let count = self.list(state).len() as u64;
        let place = self.random.next_u64().checked_rem(count)?;
        self.list(state).get(place as usize).copied()
    }

    fn pick_stale(&mut self) -> Option<Message> {
        let count = self.stale.len() as u64;
        let place = self.random.next_u64().checked_rem(count)?;
        Some(self.stale.swap_remove(place as usize))
    }

    fn list(&self, state: State) -> &Vec<WorkerNumber> {
        &self.lists[state as usize]
    }

    fn change(&mut self, worker: WorkerNumber, from: State, to: State) {
        let Worker { state, place, .. } = self.workers[worker.0 as usize];
        assert_eq!(state, from, "the state of worker {worker}");
        let list = &mut self.lists[state as usize];
        list.swap_remove(place);
        if let Some(moved) = list.get(place) {
            self.workers[moved.0 as usize].place = place;
        }
        self.enter(worker, to);
    }

    fn enter(&mut self, worker: WorkerNumber, state: State) {
        let list = &mut self.lists[state as usize];
        list.push(worker);
        let place = list.len() - 1;
        let worker = &mut self.workers[worker.0 as usize];
        (worker.state, worker.place) = (state, place);
    }
}

fn devices(size: &Size, source: &Numbers, random: &mut ChaCha8Rng) -> Option<Devices> {
    if !size.has_devices {
        return None;
    }
    let mut options = RunOptions::default();
    options.workers = size.workers;
    options.branches = source.branches.try_into().ok()?;
    Devices::draw(random, &options)
}

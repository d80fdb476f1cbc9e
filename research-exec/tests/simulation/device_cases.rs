//! Single cases of workers that wait for the memory of their devices.

use std::sync::Arc;
use std::time::Duration;

use research_core::domain::Value;
use research_core::{Event, MemorySize, Outcome, RunOptions, Status, Timestamp, WorkerNumber};

use super::source::Numbers;
use crate::clock::{Moment, Now};
use crate::devices::{DevicePlan, DeviceSample, MemoryAdmission, MemoryRules, ScriptedProbe};
use crate::scheduler::{Action, Input, Scheduler, Settings};
use crate::task::Ending;
use crate::transport::messages::{Task, TaskNumber};

const GIB: u64 = 1 << 30;
const SECOND: u64 = 1_000_000;

/// A run on devices of 24 GiB.
struct History {
    scheduler: Scheduler,
    now: u64,
    /// The requested samples that were not reported yet.
    round: Option<u64>,
    running: Vec<(WorkerNumber, TaskNumber, Task)>,
    started: Vec<WorkerNumber>,
    waits: Vec<(u32, Option<String>)>,
    given_up: Option<String>,
    outcome: Option<Outcome>,
}

fn options(workers: u32, devices: impl Into<Value>) -> RunOptions {
    let mut options = RunOptions::default();
    options.workers = workers;
    options.devices = devices.into();
    options
}

impl History {
    fn begin(count: u64, options: RunOptions) -> Self {
        Self::begin_on(count, options, false)
    }

    /// Begins a run. `keeps_memory` is whether workers keep the memory that their tasks allocated.
    fn begin_on(count: u64, options: RunOptions, keeps_memory: bool) -> Self {
        let mut probe = ScriptedProbe::new(["GPU"; 3], 24 * GIB);
        let plan = DevicePlan::new(&options, &mut probe).expect("the devices are there");
        let rules = MemoryRules::of(&options, keeps_memory).expect("memory is checked");
        let settings = Settings {
            workers: options.workers,
            retries: 0,
            retry_delay: Duration::ZERO,
            double_retry_delay: false,
            timeout: None,
            max_failures: None,
            shared_process: false,
            updates: Vec::new(),
            added: None,
        };
        let source = Numbers {
            shared: Arc::default(),
            left: count,
            is_counted: true,
            branches: options.branches.into(),
            updates: 0,
            updated_at: 0,
        };
        let admission = MemoryAdmission::new(rules, plan);
        let mut history = Self {
            scheduler: Scheduler::new(settings, Box::new(source)).with_admission(Some(admission)),
            now: SECOND,
            round: None,
            running: Vec::new(),
            started: Vec::new(),
            waits: Vec::new(),
            given_up: None,
            outcome: None,
        };
        let mut actions = Vec::new();
        let now = history.clock();
        history.scheduler.start(now, &mut actions);
        history.perform(actions);
        history
    }

    fn clock(&self) -> Now {
        Now {
            at: Timestamp(self.now),
            moment: Moment(self.now),
        }
    }

    fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Start(worker) => self.started.push(worker),
                Action::Send(worker, number, task) => self.running.push((worker, number, task)),
                Action::Sample(round) => self.round = Some(round),
                Action::GiveUp(reason) => self.given_up = Some(reason),
                Action::Done(outcome) => self.outcome = Some(outcome),
                Action::Append(events) => {
                    for event in events {
                        if let Event::WorkerWaits { worker, reason, .. } = event {
                            self.waits.push((worker.0, reason));
                        }
                    }
                }
                Action::Update(_) | Action::Quit(_) | Action::Kill(_) => {}
            }
        }
    }

    fn handle(&mut self, input: Input) {
        let mut actions = Vec::new();
        self.scheduler.handle(self.clock(), input, &mut actions);
        self.perform(actions);
    }

    /// Connects all started workers.
    fn come_up(&mut self) {
        for worker in std::mem::take(&mut self.started) {
            self.handle(Input::WorkerUp {
                worker,
                pid: 1,
                host: None,
            });
        }
    }

    /// Reports this many free GiB on each device, and connects the workers that are started then.
    fn tell_free(&mut self, free: &[u64]) {
        let unused: Vec<(u64, u64)> = free.iter().map(|free| (*free, 0)).collect();
        self.tell_free_and_ours(&unused);
    }

    /// Does the same, and reports the GiB that processes of this run use.
    fn tell_free_and_ours(&mut self, devices: &[(u64, u64)]) {
        let sample = |(free, ours): &(u64, u64)| DeviceSample {
            total: 24 * GIB,
            free: free * GIB,
            ours: ours * GIB,
        };
        let round = self.round.take().expect("samples were requested");
        let samples = Ok(devices.iter().map(sample).collect());
        self.handle(Input::Sampled { round, samples });
        self.come_up();
    }

    /// Advances to the next deadline; returns the seconds until then.
    fn wait(&mut self) -> f64 {
        let next = self.scheduler.next_deadline().expect("a worker waits");
        let waited = next.0.saturating_sub(self.now);
        self.now = self.now.max(next.0);
        self.handle(Input::Tick);
        waited as f64 / SECOND as f64
    }

    /// Ends the oldest running task.
    fn end_first(&mut self) {
        let (worker, task, experiments) = self.running.remove(0);
        let ending = |number| Ending {
            number,
            status: Status::Finished,
            reason: None,
            iterations: 1,
        };
        let endings = experiments.iter().map(|one| ending(one.number)).collect();
        self.handle(Input::Ended {
            worker,
            task,
            events: Vec::new(),
            endings,
            retiring: false,
        });
    }

    fn workers(&self) -> Vec<u32> {
        self.running.iter().map(|(worker, ..)| worker.0).collect()
    }
}

fn ratio(mut options: RunOptions, ratio: f64) -> RunOptions {
    options.memory_ratio = Some(ratio);
    options
}

fn declared(mut options: RunOptions, gib: u64) -> RunOptions {
    options.device_memory = Some(MemorySize(gib * GIB));
    options
}

/// With a single task, a second worker is started when the first one cannot begin the task.
#[test]
fn a_task_goes_to_a_worker_whose_device_is_free() {
    let mut run = History::begin(1, ratio(options(2, [0, 1]), 0.5));
    run.come_up();
    run.tell_free(&[2, 20]);
    assert!(run.workers().is_empty());
    run.tell_free(&[2, 20]);
    assert_eq!(run.workers(), [1]);
    let reason = "GPU 0 has 8% of its memory free, and `memory_ratio` asks for 50%";
    // The first worker stops waiting, because no task is left.
    assert_eq!(run.waits, [(0, Some(reason.to_owned())), (0, None)]);
    run.end_first();
    assert_eq!(run.given_up, None);
}

#[test]
fn what_is_too_little_is_not_said_to_be_enough() {
    let mut run = History::begin(1, ratio(options(1, [0]), 0.88));
    run.come_up();
    run.tell_free(&[21]);
    let reason = "GPU 0 has 87% of its memory free, and `memory_ratio` asks for 88%";
    assert_eq!(run.waits, [(0, Some(reason.to_owned()))]);
}

/// The workers share device 0, on which worker 1 keeps memory. Worker 1 cannot begin another task
/// for lack of memory on device 1.
#[test]
fn what_an_idle_process_keeps_is_not_given_away() {
    let devices = Value::List(vec![Value::from(vec![0]), Value::from(vec![0, 1])]);
    for (keeps_memory, expected) in [(true, vec![]), (false, vec![0])] {
        let options = declared(options(2, devices.clone()), 14);
        let mut run = History::begin_on(9, options, keeps_memory);
        run.come_up();
        run.tell_free(&[24, 24]);
        assert_eq!(run.workers(), [1]);
        run.end_first();
        let kept = if keeps_memory { 14 } else { 0 };
        run.tell_free_and_ours(&[(24 - kept, kept), (0, 5)]);
        assert_eq!(run.workers(), expected);
    }
}

#[test]
fn a_process_does_not_wait_for_what_it_keeps_itself() {
    let mut run = History::begin_on(2, ratio(options(1, [0]), 0.9), true);
    run.come_up();
    run.tell_free(&[24]);
    run.end_first();
    run.tell_free_and_ours(&[(4, 20)]);
    assert_eq!(run.running.len(), 1, "{:?}", run.waits);
}

#[test]
fn the_run_is_given_up_when_all_workers_have_failed_all_their_checks() {
    let mut run = History::begin(9, ratio(options(2, [0, 1]), 0.5));
    run.come_up();
    run.tell_free(&[2, 3]);
    for _ in 0..2 {
        assert_eq!(run.given_up, None);
        assert!((run.wait() - 5.0).abs() < 1e-9);
        run.tell_free(&[2, 3]);
    }
    let reason = run.given_up.expect("three checks have failed");
    assert_eq!(
        reason,
        "no worker can begin an experiment, in 3 checks 5 s apart while none was running \
         (worker 0: GPU 0 has 8% of its memory free, and `memory_ratio` asks for 50%; \
         worker 1: GPU 1 has 12% of its memory free, and `memory_ratio` asks for 50%); \
         resume when there is more memory, or increase `n_gpu_checks` or `gpu_check_delay`"
    );
}

/// Checks that fail while an experiment of the run is running are not counted.
#[test]
fn what_runs_may_be_the_cause() {
    let mut run = History::begin(3, ratio(options(2, 0), 0.5));
    run.come_up();
    run.tell_free(&[24]);
    assert_eq!(run.workers().len(), 2);
    run.end_first();
    run.tell_free(&[1]);
    // A task that has ended may free its memory with a delay, so the first checks follow quickly.
    let soon: Vec<f64> = (0..4)
        .map(|_| {
            let waited = run.wait();
            run.tell_free(&[1]);
            waited
        })
        .collect();
    assert_eq!(soon, [0.05, 0.1, 0.2, 0.4]);
    for _ in 0..20 {
        run.wait();
        run.tell_free(&[1]);
    }
    assert_eq!(run.given_up, None);
    run.end_first();
    // From now on no experiment is running. The quick checks still do not count; later ones do.
    for _ in 0..5 {
        run.tell_free(&[1]);
        run.wait();
    }
    assert_eq!(run.given_up, None);
    run.tell_free(&[1]);
    run.wait();
    run.tell_free(&[1]);
    run.wait();
    assert_eq!(run.given_up, None);
    run.tell_free(&[1]);
    assert!(run.given_up.is_some());
}

#[test]
fn several_share_a_device_by_what_they_declare() {
    let mut run = History::begin(9, declared(options(5, 0), 6));
    run.come_up();
    // Other processes use 3 of 24 GiB.
    run.tell_free(&[21]);
    assert_eq!(run.workers().len(), 3);
    let reason = "GPU 0 has 3 GiB free of the 6 GiB that an experiment declares".to_owned();
    assert!(
        run.waits
            .iter()
            .any(|(_, told)| told.as_ref() == Some(&reason)),
        "{:?}",
        run.waits
    );
    run.wait();
    // Memory that is known to be used by this run is not subtracted in addition to the declared.
    let samples = |free, ours| {
        let (total, free, ours) = (24 * GIB, free * GIB, ours * GIB);
        Ok(vec![DeviceSample { total, free, ours }])
    };
    let round = run.round.take().expect("a check is due");
    run.handle(Input::Sampled {
        round,
        samples: samples(9, 15),
    });
    assert_eq!(run.workers().len(), 4);
    // An experiment that uses more than it declares keeps others from starting.
    run.end_first();
    let round = run.round.take().expect("something has ended");
    run.handle(Input::Sampled {
        round,
        samples: samples(5, 19),
    });
    assert_eq!(run.workers().len(), 3);
}

#[test]
fn a_task_of_branches_needs_what_all_of_them_declare() {
    let mut options = options(2, 0);
    options.branches = 3;
    let mut run = History::begin(7, declared(options, 4));
    run.come_up();
    run.tell_free(&[23]);
    assert_eq!(run.workers().len(), 1);
    let reason = "GPU 0 has 11 GiB free of the 12 GiB that a task of 3 experiments declares";
    assert_eq!(run.waits, [(0, Some(reason.to_owned()))]);
}

#[test]
fn a_driver_that_tells_nothing_is_waited_for_and_then_given_up() {
    let mut run = History::begin(2, ratio(options(1, 0), 0.5));
    run.come_up();
    let failed = |run: &mut History| {
        let round = run.round.take().expect("a check is due");
        let samples = Err("it is tired".to_owned());
        run.handle(Input::Sampled { round, samples });
    };
    failed(&mut run);
    let reason = "the memory of its devices is not known: it is tired".to_owned();
    assert_eq!(run.waits, [(0, Some(reason))]);
    run.wait();
    // The driver hangs.
    let late = run.round.expect("a check is due");
    assert!((run.wait() - 30.0).abs() < 1e-9);
    run.wait();
    // A late answer is not taken for the answer to a later request.
    let samples = Ok(vec![DeviceSample {
        total: 1,
        free: 1,
        ours: 0,
    }]);
    run.handle(Input::Sampled {
        round: late,
        samples,
    });
    assert!(run.workers().is_empty());
    run.tell_free(&[24]);
    assert_eq!(run.workers(), [0]);
}

//! Decides from samples whether devices have enough free memory for tasks. It has no clock and
//! makes no queries.

use std::collections::BTreeMap;
use std::time::Duration;

use research_core::{MemorySize, RunOptions, WorkerNumber};

use super::plan::DevicePlan;
use crate::clock::Moment;
use crate::transport::messages::TaskNumber;

/// The shortest time between two checks.
const SHORTEST_DELAY: Duration = Duration::from_millis(10);
/// The number of quick checks after the end of a task: its memory is free only a moment later.
const SETTLING: u32 = 5;
/// The delay before the first of these checks; it doubles with each further one.
const SETTLING_DELAY: Duration = Duration::from_millis(50);
/// The timeout of a query to the driver.
const PATIENCE: Duration = Duration::from_secs(30);

/// The memory of a device at a moment, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeviceSample {
    pub(crate) total: u64,
    pub(crate) free: u64,
    /// The memory that processes of this run use, as far as it is known.
    pub(crate) ours: u64,
}

/// Samples of all devices of the plan, in its order, or the reason that there are none.
pub(crate) type Samples = Result<Vec<DeviceSample>, String>;

/// The memory that must be free before a task begins.
#[derive(Clone, Debug)]
pub(crate) struct MemoryRules {
    /// The required free share of each device of the worker.
    pub(crate) ratio: Option<f64>,
    /// The memory in bytes that each experiment declares to use of each of its devices.
    pub(crate) declared: Option<u64>,
    /// The number of consecutive checks that may fail.
    pub(crate) checks: u32,
    /// The delay between two checks.
    pub(crate) delay: Duration,
    /// Whether the process of a worker keeps the memory of its tasks for the next one.
    pub(crate) keeps_memory: bool,
}

impl MemoryRules {
    /// Returns the rules of a run; `None` if it has none.
    pub(crate) fn of(options: &RunOptions, keeps_memory: bool) -> Option<Self> {
        let is_asked = options.memory_ratio.is_some() || options.device_memory.is_some();
        is_asked.then(|| Self {
            ratio: options.memory_ratio,
            declared: options.device_memory.map(|memory| memory.0),
            checks: options.n_gpu_checks,
            delay: options.gpu_check_delay,
            keeps_memory,
        })
    }
}

/// Admits workers to tasks when their devices have enough free memory.
///
/// Checks are made in rounds: the scheduler requests samples, and when they arrive, it checks every
/// worker that is due. A worker that fails the check waits for its next one, which comes after the
/// delay, or when a task of this run ends.
pub(crate) struct MemoryAdmission {
    rules: MemoryRules,
    plan: DevicePlan,
    /// The memory that running tasks have declared, by worker: indexes of devices, and bytes.
    running: BTreeMap<WorkerNumber, (TaskNumber, Vec<(usize, u64)>)>,
    /// The memory that the processes of workers may keep after their tasks: for each device the
    /// most that one of the tasks has declared.
    kept: BTreeMap<WorkerNumber, Vec<(usize, u64)>>,
    waits: BTreeMap<WorkerNumber, Wait>,
    /// The last reported reason of each waiting worker.
    told: BTreeMap<WorkerNumber, String>,
    /// The samples of this round, during the round.
    samples: Option<Samples>,
    /// Whether a worker needs samples for its check.
    wanted: bool,
    /// The moment at which samples were requested, until they arrive.
    asked: Option<Moment>,
    round: u64,
    /// Whether a task has ended since the samples were requested: they may or may not include its
    /// memory.
    stale: bool,
    settling: u32,
}

/// A worker whose devices did not have enough free memory.
#[derive(Debug)]
struct Wait {
    until: Moment,
    /// The number of consecutive checks that failed while no task of the run was running.
    failures: u32,
    reason: String,
}

impl MemoryAdmission {
    pub(crate) fn new(rules: MemoryRules, plan: DevicePlan) -> Self {
        Self {
            rules,
            plan,
            running: BTreeMap::new(),
            kept: BTreeMap::new(),
            waits: BTreeMap::new(),
            told: BTreeMap::new(),
            samples: None,
            wanted: false,
            asked: None,
            round: 0,
            stale: false,
            settling: 0,
        }
    }

    /// Removes tasks that no longer run, and workers that no longer wait.
    pub(crate) fn look_around(
        &mut self,
        now: Moment,
        runs: impl Fn(WorkerNumber, TaskNumber) -> bool,
        is_idle: impl Fn(WorkerNumber) -> bool,
    ) {
        let before = self.running.len();
        self.running
            .retain(|worker, (task, _)| runs(*worker, *task));
        let running = &self.running;
        self.kept
            .retain(|worker, _| running.contains_key(worker) || is_idle(*worker));
        self.waits.retain(|worker, _| is_idle(*worker));
        // A lost worker needs no further report.
        self.told.retain(|worker, _| is_idle(*worker));
        if self.running.len() < before {
            self.stale = self.asked.is_some();
            self.settling = SETTLING;
            self.waits.values_mut().for_each(|wait| wait.until = now);
        }
        if self.asked.is_some_and(|asked| asked.after(PATIENCE) <= now) {
            self.asked = None;
            self.samples = Some(Err("the driver does not answer".to_owned()));
        }
    }

    /// Takes the samples of a round.
    pub(crate) fn take_samples(&mut self, round: u64, samples: Samples) {
        if self.asked.is_some() && self.round == round {
            self.asked = None;
            if !self.stale {
                self.samples = Some(samples);
            }
        }
    }

    /// Whether a worker can begin a task of `experiments` experiments now. `is_busy` says whether a
    /// task of the run is running.
    pub(crate) fn admits(
        &mut self,
        now: Moment,
        worker: WorkerNumber,
        experiments: usize,
        is_busy: bool,
    ) -> bool {
        let takes = self.takes(worker, experiments);
        if takes.is_empty() {
            return true;
        }
        if self.waits.get(&worker).is_some_and(|wait| wait.until > now) {
            return false;
        }
        let reason = match &self.samples {
            None => {
                self.wanted = true;
                return false;
            }
            Some(Err(reason)) => Some(format!("the memory of its devices is not known: {reason}")),
            Some(Ok(samples)) => takes
                .iter()
                .find_map(|take| self.too_little(samples, worker, *take, experiments)),
        };
        match reason {
            None => true,
            Some(reason) => {
                self.refuse(now, worker, reason, is_busy);
                false
            }
        }
    }

    /// Returns the devices of a worker, each with the number of experiments of a task that use it.
    fn takes(&self, worker: WorkerNumber, experiments: usize) -> Vec<(usize, u64)> {
        let mut takes: Vec<(usize, u64)> = Vec::new();
        for (branch, places) in self.plan.branches(worker).iter().enumerate() {
            for place in places {
                let more = u64::from(branch < experiments);
                match takes.iter_mut().find(|(other, _)| other == place) {
                    Some((_, uses)) => *uses += more,
                    None => takes.push((*place, more)),
                }
            }
        }
        takes
    }

    /// Returns the reason that a device has too little memory for a task, if it has.
    fn too_little(
        &self,
        samples: &[DeviceSample],
        worker: WorkerNumber,
        (place, uses): (usize, u64),
        experiments: usize,
    ) -> Option<String> {
        let label = self.plan.label(place);
        let Some(sample) = samples.get(place) else {
            return Some(format!("the memory of {label} is unknown"));
        };
        if let Some(ratio) = self.rules.ratio {
            let free = self.free(sample, worker, place);
            let share = free as f64 / sample.total.max(1) as f64;
            if share < ratio {
                // Round down, so that the message never shows the required share.
                let (share, asked) = ((100.0 * share).floor(), 100.0 * ratio);
                return Some(format!(
                    "{label} has {share:.0}% of its memory free, and `memory_ratio` asks for \
                     {asked:.0}%"
                ));
            }
        }
        let need = self.rules.declared?.saturating_mul(uses);
        let free = self.undeclared(sample, worker, place);
        if free >= need {
            return None;
        }
        let (free, need) = (MemorySize(free), MemorySize(need));
        let whose = match experiments {
            1 => "an experiment declares".to_owned(),
            _ => format!("a task of {experiments} experiments declares"),
        };
        Some(format!(
            "{label} has {free} free of the {need} that {whose}"
        ))
    }

    /// Returns the free memory for a worker. Includes the memory that its own process keeps, if no
    /// other worker keeps memory of this device.
    fn free(&self, sample: &DeviceSample, worker: WorkerNumber, place: usize) -> u64 {
        if self.kept.contains_key(&worker) && self.kept_by_others(worker, place).next().is_none() {
            sample.free.saturating_add(sample.ours).min(sample.total)
        } else {
            sample.free
        }
    }

    /// Returns the memory that other programs do not use, and that running tasks, or the processes
    /// of other workers that keep memory, have not declared.
    fn undeclared(&self, sample: &DeviceSample, worker: WorkerNumber, place: usize) -> u64 {
        let used = sample.total.saturating_sub(sample.free);
        let others = used.saturating_sub(sample.ours);
        let ours = if self.rules.keeps_memory {
            self.kept_by_others(worker, place).sum()
        } else {
            let declared = self.running.values().flat_map(|(_, declared)| declared);
            let declared = declared.filter(|(other, _)| *other == place);
            // Experiments may use more than they have declared.
            declared
                .map(|(_, bytes)| bytes)
                .sum::<u64>()
                .max(sample.ours)
        };
        sample.total.saturating_sub(others).saturating_sub(ours)
    }

    /// Returns the memory of a device that the processes of other workers may keep.
    fn kept_by_others(&self, worker: WorkerNumber, place: usize) -> impl Iterator<Item = u64> {
        let others = self.kept.iter().filter(move |(other, _)| **other != worker);
        let places = others.flat_map(|(_, kept)| kept);
        let places = places.filter(move |(other, _)| *other == place);
        places.map(|(_, bytes)| *bytes)
    }

    fn refuse(&mut self, now: Moment, worker: WorkerNumber, reason: String, is_busy: bool) {
        let mut delay = self.rules.delay.max(SHORTEST_DELAY);
        if self.settling > 0 {
            delay = delay.min(SETTLING_DELAY * (1 << (SETTLING - self.settling)));
        }
        let failures = match self.waits.get(&worker) {
            _ if is_busy => 0,
            Some(wait) => wait.failures,
            None => 0,
        };
        let counts = !is_busy && self.settling == 0;
        let wait = Wait {
            until: now.after(delay),
            failures: failures + u32::from(counts),
            reason,
        };
        self.waits.insert(worker, wait);
    }

    /// Records that a worker begins a task.
    pub(crate) fn begin(&mut self, worker: WorkerNumber, task: TaskNumber, experiments: usize) {
        let declared = self.rules.declared.unwrap_or(0);
        let takes = self.takes(worker, experiments).into_iter();
        let takes: Vec<_> = takes
            .map(|(place, uses)| (place, declared * uses))
            .collect();
        if self.rules.keeps_memory {
            self.keep(worker, &takes);
        }
        if !takes.is_empty() {
            self.running.insert(worker, (task, takes));
        }
        self.waits.remove(&worker);
        self.told.remove(&worker);
        self.waits.values_mut().for_each(|wait| wait.failures = 0);
    }

    /// Records that the process of a worker keeps the most memory that one of its tasks has
    /// declared.
    fn keep(&mut self, worker: WorkerNumber, takes: &[(usize, u64)]) {
        let kept = self.kept.entry(worker).or_default();
        for (place, bytes) in takes {
            match kept.iter_mut().find(|(other, _)| other == place) {
                Some((_, most)) => *most = (*most).max(*bytes),
                None => kept.push((*place, *bytes)),
            }
        }
    }

    /// Ends a round. Returns the number of the next one, for which samples must be requested, if
    /// one begins now. If no task is waiting, no worker waits for memory.
    pub(crate) fn end_round(&mut self, now: Moment, is_work_left: bool) -> Option<u64> {
        if self.samples.take().is_some() {
            self.settling = self.settling.saturating_sub(1);
        }
        let wanted = std::mem::take(&mut self.wanted);
        if !is_work_left {
            self.waits.clear();
            return None;
        }
        if !wanted || self.asked.is_some() {
            return None;
        }
        self.asked = Some(now);
        self.stale = false;
        self.round += 1;
        Some(self.round)
    }

    /// Takes the changes since the last call: workers that wait for a new reason, and workers that
    /// no longer wait.
    pub(crate) fn take_changes(&mut self) -> Vec<(WorkerNumber, Option<String>)> {
        let mut changes = Vec::new();
        for (worker, wait) in &self.waits {
            if self.told.get(worker) != Some(&wait.reason) {
                self.told.insert(*worker, wait.reason.clone());
                changes.push((*worker, Some(wait.reason.clone())));
            }
        }
        let waits = &self.waits;
        self.told.retain(|worker, _| {
            let waits = waits.contains_key(worker);
            if !waits {
                changes.push((*worker, None));
            }
            waits
        });
        changes
    }

    /// Returns the moment of the next check of a waiting worker, or of the timeout of the driver.
    pub(crate) fn next_check(&self) -> Option<Moment> {
        match self.asked {
            Some(asked) => Some(asked.after(PATIENCE)),
            None => self.waits.values().map(|wait| wait.until).min(),
        }
    }

    /// Returns the number of waiting workers.
    pub(crate) fn waiting(&self) -> usize {
        self.waits.len()
    }

    /// Returns the reason to give up, if no worker can ever begin a task: all of them have failed
    /// all their checks in a row, while no task of the run was running.
    pub(crate) fn hopeless(&self, workers: u32) -> Option<String> {
        let checks = self.rules.checks.max(1);
        let failed = self.waits.values().filter(|wait| wait.failures >= checks);
        if failed.count() < workers.max(1) as usize {
            return None;
        }
        let mut reasons: Vec<String> = Vec::new();
        for (worker, wait) in &self.waits {
            if !reasons.iter().any(|reason| reason.ends_with(&wait.reason)) {
                reasons.push(format!("worker {worker}: {}", wait.reason));
            }
        }
        let delay = self.rules.delay.as_secs_f64();
        Some(format!(
            "no worker can begin an experiment, in {checks} checks {delay} s apart while none was \
             running ({}); \
             resume when there is more memory, or increase `n_gpu_checks` or `gpu_check_delay`",
            reasons.join("; ")
        ))
    }
}

//! Whether devices have memory for what is to run: decisions from samples, without a clock and
//! without queries.

use std::collections::BTreeMap;
use std::time::Duration;

use research_core::{MemorySize, RunOptions, WorkerNumber};

use super::plan::DevicePlan;
use crate::clock::Moment;
use crate::transport::messages::TaskNumber;

/// The shortest time between two checks.
const SHORTEST_DELAY: Duration = Duration::from_millis(10);
/// What an experiment had is free a moment after its end: so often it is looked at soon after that.
const SETTLING: u32 = 5;
/// The first of these looks comes after this time, each further one after twice as long.
const SETTLING_DELAY: Duration = Duration::from_millis(50);
/// A driver that has not answered for so long does not answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The memory of a device at a moment, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeviceSample {
    pub(crate) total: u64,
    pub(crate) free: u64,
    /// How much of it processes of this run use, as far as that is known.
    pub(crate) ours: u64,
}

/// Samples of all devices of the plan, in its order, or why there are none.
pub(crate) type Samples = Result<Vec<DeviceSample>, String>;

/// What must be free before a task is begun.
#[derive(Clone, Debug)]
pub(crate) struct MemoryRules {
    /// The free share of each device of the worker.
    pub(crate) ratio: Option<f64>,
    /// What each experiment declares to take of each of its devices, in bytes.
    pub(crate) declared: Option<u64>,
    /// So many checks in a row may fail.
    pub(crate) checks: u32,
    /// The time between two of them.
    pub(crate) delay: Duration,
    /// Whether a worker's process keeps what its tasks have taken, for the next one to use.
    pub(crate) keeps_memory: bool,
}

impl MemoryRules {
    /// The rules of a run; `None` if it has none.
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

/// Lets workers begin tasks when their devices have memory for them.
///
/// Checks go in rounds: samples are asked for, and as soon as they are there, every worker that is
/// due is checked. One that fails waits for its next check, which comes after the delay, or when
/// something of this run has ended.
pub(crate) struct MemoryAdmission {
    rules: MemoryRules,
    plan: DevicePlan,
    /// What running tasks have declared, by worker: places of devices, and bytes.
    running: BTreeMap<WorkerNumber, (TaskNumber, Vec<(usize, u64)>)>,
    /// What the processes of workers may keep, where they keep what their tasks have taken: the
    /// most that one of these has declared, for each of its devices.
    kept: BTreeMap<WorkerNumber, Vec<(usize, u64)>>,
    waits: BTreeMap<WorkerNumber, Wait>,
    /// What was last reported about the workers that wait.
    told: BTreeMap<WorkerNumber, String>,
    /// Those of this round, while it lasts.
    samples: Option<Samples>,
    /// Whether a worker could be checked if there were samples.
    wanted: bool,
    /// When those of this round were asked for.
    asked: Option<Moment>,
    round: u64,
    /// Something has ended since they were requested: they may include it twice, or not at all.
    stale: bool,
    settling: u32,
}

/// A worker whose devices had not enough memory.
#[derive(Debug)]
struct Wait {
    until: Moment,
    /// How many checks have failed in a row while nothing of the run was running.
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

    /// Forgets tasks that no longer run, and workers that no longer wait.
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
        // One that was lost has nothing to say any more.
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

    /// Whether a worker can begin a task of so many experiments now. `is_busy` says whether
    /// anything of the run is running.
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

    /// The devices of a worker, and how many of the experiments of a task use each.
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

    /// Why a device has too little memory for a task, if it has.
    fn too_little(
        &self,
        samples: &[DeviceSample],
        worker: WorkerNumber,
        (place, uses): (usize, u64),
        experiments: usize,
    ) -> Option<String> {
        let label = self.plan.label(place);
        let Some(sample) = samples.get(place) else {
            return Some(format!("nothing is known of {label}"));
        };
        if let Some(ratio) = self.rules.ratio {
            let free = self.free(sample, worker, place);
            let share = free as f64 / sample.total.max(1) as f64;
            if share < ratio {
                // Rounded down, so that it is never said to be what is asked for.
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

    /// What is free for a worker: also what its own process keeps, where that alone is ours.
    fn free(&self, sample: &DeviceSample, worker: WorkerNumber, place: usize) -> u64 {
        if self.kept.contains_key(&worker) && self.kept_by_others(worker, place).next().is_none() {
            sample.free.saturating_add(sample.ours).min(sample.total)
        } else {
            sample.free
        }
    }

    /// What neither others use nor experiments of this run have declared that run or whose memory
    /// is kept, by other processes than that of the worker.
    fn undeclared(&self, sample: &DeviceSample, worker: WorkerNumber, place: usize) -> u64 {
        let used = sample.total.saturating_sub(sample.free);
        let others = used.saturating_sub(sample.ours);
        let ours = if self.rules.keeps_memory {
            self.kept_by_others(worker, place).sum()
        } else {
            let declared = self.running.values().flat_map(|(_, declared)| declared);
            let declared = declared.filter(|(other, _)| *other == place);
            // Some take more than they have declared.
            declared
                .map(|(_, bytes)| bytes)
                .sum::<u64>()
                .max(sample.ours)
        };
        sample.total.saturating_sub(others).saturating_sub(ours)
    }

    /// What the processes of other workers may keep of a device.
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

    /// A worker begins a task.
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

    /// The process of a worker keeps the most that one of its tasks has declared.
    fn keep(&mut self, worker: WorkerNumber, takes: &[(usize, u64)]) {
        let kept = self.kept.entry(worker).or_default();
        for (place, bytes) in takes {
            match kept.iter_mut().find(|(other, _)| other == place) {
                Some((_, most)) => *most = (*most).max(*bytes),
                None => kept.push((*place, *bytes)),
            }
        }
    }

    /// Ends a round. Gives the number of the next one, for which samples are needed, if one begins
    /// now. Where no task waits, no worker waits for memory.
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

    /// The workers that wait for another reason than was told last, or that no longer do.
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

    /// When a worker is to be checked next, or the driver is given up, if a worker waits for that.
    pub(crate) fn next_check(&self) -> Option<Moment> {
        match self.asked {
            Some(asked) => Some(asked.after(PATIENCE)),
            None => self.waits.values().map(|wait| wait.until).min(),
        }
    }

    /// How many workers wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waits.len()
    }

    /// Why no worker will ever begin a task, if that is so: all of them have failed all their
    /// checks in a row, while nothing was running that could have been the cause.
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

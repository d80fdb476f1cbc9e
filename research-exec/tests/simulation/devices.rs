//! Simulated devices, whose memory other processes and the tasks of the run use at random.

use std::collections::BTreeMap;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use research_core::domain::Value;
use research_core::{MemorySize, RunOptions, WorkerNumber};

use crate::devices::{
    DevicePlan, DeviceSample, MemoryAdmission, MemoryRules, Samples, ScriptedProbe,
};
use crate::scheduler::Input;

const TOTAL: u64 = 24;

pub(super) struct Devices {
    plan: DevicePlan,
    rules: MemoryRules,
    /// The memory of each device that other processes use.
    others: Vec<u64>,
    /// The running tasks: each device of each experiment, with the memory used on it.
    running: BTreeMap<WorkerNumber, Vec<(usize, u64)>>,
    /// The number of experiments on each device, and the memory that they use.
    sums: Vec<(u64, u64)>,
    /// Whether the driver reports the memory of each process.
    tells_processes: bool,
    look: Option<Look>,
    /// The number of samples requested since a task began or ended.
    asked: u32,
    /// The memory of others and the free memory in the last reported samples.
    told: Vec<(u64, u64)>,
}

/// The progress of a sample of all devices.
struct Look {
    round: u64,
    /// The sampled memory of this run.
    ours: Option<Vec<u64>>,
    /// The sampled memory of others, and the free memory.
    free: Option<Vec<(u64, u64)>>,
}

impl Devices {
    /// Returns random devices for these workers; `None` if their memory is not checked.
    pub(super) fn draw(random: &mut ChaCha8Rng, options: &RunOptions) -> Option<Self> {
        let mut one_in = |n: u32| random.next_u32().is_multiple_of(n);
        let declares = !one_in(4);
        let asks = !declares || one_in(3);
        let tells_processes = one_in(2);
        let has_none = one_in(5);
        let is_patient = !one_in(4);
        let count = 1 + random.next_u32() % (options.workers / 3).max(4);
        let mut devices: Vec<Value> = (0..count).map(Value::from).collect();
        if has_none && options.workers == count {
            // A worker without a device never waits.
            devices[0] = Value::Null;
        }
        let mut options = options.clone();
        options.devices = Value::List(devices);
        options.device_memory = declares.then(|| MemorySize(1 + u64::from(random.next_u32() % 12)));
        options.memory_ratio = asks.then(|| f64::from(random.next_u32() % 100) / 100.0);
        options.n_gpu_checks = if is_patient {
            100
        } else {
            1 + random.next_u32() % 4
        };
        options.gpu_check_delay = Duration::from_millis(u64::from(random.next_u32() % 100));
        let count = count as usize;
        let mut probe = ScriptedProbe::new(std::iter::repeat_n("GPU", count), TOTAL);
        Some(Self {
            plan: DevicePlan::new(&options, &mut probe).ok()?,
            rules: MemoryRules::of(&options, false)?,
            others: vec![0; count],
            running: BTreeMap::new(),
            sums: vec![(0, 0); count],
            tells_processes,
            look: None,
            asked: 0,
            told: Vec::new(),
        })
    }

    pub(super) fn admission(&self) -> MemoryAdmission {
        MemoryAdmission::new(self.rules.clone(), self.plan.clone())
    }

    /// Returns the memory of a device that running experiments declare, and that they use.
    fn declared_and_used(&self, device: usize) -> (u64, u64) {
        let (experiments, used) = self.sums[device];
        (experiments * self.rules.declared.unwrap_or(0), used)
    }

    /// Frees the memory of a worker's task.
    fn forget(&mut self, worker: WorkerNumber) {
        for (place, used) in self.running.remove(&worker).unwrap_or_default() {
            self.sums[place].0 -= 1;
            self.sums[place].1 -= used;
        }
    }

    fn free(&self, device: usize) -> u64 {
        let (_, used) = self.declared_and_used(device);
        TOTAL.saturating_sub(used + self.others[device])
    }

    /// Other processes and tasks allocate and free memory.
    pub(super) fn pass_time(&mut self, random: &mut ChaCha8Rng) {
        let device = random.next_u32() as usize % self.others.len();
        let (_, used) = self.declared_and_used(device);
        let most = TOTAL - used.min(TOTAL);
        self.others[device] = match random.next_u32() % 3 {
            0 => u64::from(random.next_u32()) % (most + 1),
            1 => 0,
            _ => self.others[device],
        };
        let chosen = random.next_u32() as usize % self.running.len().max(1);
        let Some(worker) = self.running.keys().nth(chosen).copied() else {
            return;
        };
        if random.next_u32().is_multiple_of(20) {
            // The process has ended, which is not reported yet.
            self.forget(worker);
            return;
        }
        let uses = self.running.get(&worker).and_then(|all| all.first());
        let Some(room) = uses.map(|(place, _)| self.free(*place)) else {
            return;
        };
        let declared = self.rules.declared.unwrap_or(TOTAL);
        if let Some((place, used)) = self
            .running
            .get_mut(&worker)
            .and_then(|all| all.first_mut())
        {
            let now = declared.min(*used + room);
            self.sums[*place].1 += now - *used;
            *used = now;
        }
    }

    /// A worker begins a task. Asserts that its devices had the memory for that.
    pub(super) fn begin(&mut self, worker: WorkerNumber, experiments: usize) {
        let branches = self.plan.branches(worker);
        let takes: Vec<usize> = branches
            .iter()
            .take(experiments)
            .flatten()
            .copied()
            .collect();
        let task: Vec<_> = takes.iter().map(|place| (*place, 0)).collect();
        task.iter().for_each(|(place, _)| self.sums[*place].0 += 1);
        self.running.insert(worker, task);
        self.asked = 0;
        for place in branches.iter().flatten() {
            let (others, free) = self.told[*place];
            // A device may be overcommitted because other processes have filled it since, but this
            // task must not add to that.
            if self.rules.declared.is_some() && takes.contains(place) {
                let (declared, _) = self.declared_and_used(*place);
                assert!(
                    declared + others <= TOTAL,
                    "device {place} is overcommitted"
                );
            }
            if let Some(ratio) = self.rules.ratio {
                assert!(
                    free as f64 >= ratio * TOTAL as f64,
                    "device {place} was not free"
                );
            }
        }
    }

    pub(super) fn end(&mut self, worker: WorkerNumber) {
        self.forget(worker);
        self.asked = 0;
    }

    /// The scheduler gives up the run because of devices. Asserts that it has checked often enough.
    pub(super) fn given_up(&self) {
        assert!(self.asked >= self.rules.checks, "not all checks were made");
    }

    pub(super) fn ask(&mut self, round: u64) {
        self.asked += 1;
        self.look = Some(Look {
            round,
            ours: None,
            free: None,
        });
    }

    pub(super) fn is_looking(&self) -> bool {
        self.look.is_some()
    }

    /// Makes the next step of a sample: first the memory of the run, then the free memory, then the
    /// report. Memory may change between these steps.
    pub(super) fn look(&mut self) -> Option<Input> {
        let devices = 0..self.others.len();
        let mut look = self.look.take()?;
        if look.ours.is_none() {
            let ours = |device| match self.tells_processes {
                true => self.declared_and_used(device).1,
                false => 0,
            };
            look.ours = Some(devices.map(ours).collect());
        } else if look.free.is_none() {
            let free = |device| (self.others[device], self.free(device));
            look.free = Some(devices.map(free).collect());
        } else {
            let (ours, free) = (look.ours.unwrap_or_default(), look.free.unwrap_or_default());
            let sample = |((_, free), ours): (&(u64, u64), &u64)| DeviceSample {
                total: TOTAL,
                free: *free,
                ours: *ours,
            };
            // The indices in the plan are those of the devices here.
            let planned = self.plan.ids().count();
            let samples: Samples = Ok(free.iter().zip(&ours).take(planned).map(sample).collect());
            self.told = free;
            return Some(Input::Sampled {
                round: look.round,
                samples,
            });
        }
        self.look = Some(look);
        None
    }

    /// The driver hangs, or reports an error.
    pub(super) fn fail(&mut self, hangs: bool) -> Option<Input> {
        let round = self.look.take()?.round;
        let samples = Err("it is tired".to_owned());
        (!hangs).then_some(Input::Sampled { round, samples })
    }
}

//! Samples the memory of devices in a thread of its own, because a driver may be slow or hang.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, Sender, bounded};
use research_process::descends_from_run;

use crate::devices::{DeviceMemory, DeviceProbe, DeviceSample, ProbeError, Samples};
use crate::scheduler::Input;

/// A running memory monitor. Its thread ends when this handle is dropped or the inbox is closed.
pub(super) struct MemoryMonitor {
    rounds: Sender<u64>,
    /// The queue of requests, from which `ask` removes one that the thread has not begun.
    asked: Receiver<u64>,
}

/// The sampled devices, and the probe that samples them.
pub(super) struct MonitoredMemory {
    pub(super) probe: Box<dyn DeviceProbe>,
    /// The ids that the driver gives to the devices.
    pub(super) devices: Vec<String>,
    /// Whether experiments run in this process.
    pub(super) in_process: bool,
    /// The mark of the run.
    pub(super) mark: String,
}

impl MemoryMonitor {
    pub(super) fn start(sampled: MonitoredMemory, inputs: Sender<Input>) -> io::Result<Self> {
        let (rounds, asked) = bounded(1);
        let next = asked.clone();
        std::thread::Builder::new()
            .name("devices".to_owned())
            .spawn(move || sampled.answer(&next, &inputs))?;
        Ok(Self { rounds, asked })
    }

    /// Requests the samples of a round. The scheduler detects a missing answer.
    pub(super) fn ask(&self, round: u64) {
        // While the driver hangs, the scheduler only waits for the last round.
        let _ = self.asked.try_recv();
        let _ = self.rounds.try_send(round);
    }
}

impl MonitoredMemory {
    fn answer(mut self, asked: &Receiver<u64>, inputs: &Sender<Input>) {
        while let Ok(round) = asked.recv() {
            let samples = catch_unwind(AssertUnwindSafe(|| self.samples()));
            let samples =
                samples.unwrap_or_else(|_| Err("the device driver has panicked".to_owned()));
            if inputs.send(Input::Sampled { round, samples }).is_err() {
                return;
            }
        }
    }

    fn samples(&mut self) -> Samples {
        let mut samples = Vec::with_capacity(self.devices.len());
        for device in &self.devices {
            let memory = self.probe.memory(device);
            let memory = memory.map_err(|error: ProbeError| error.to_string())?;
            samples.push(self.sample(&memory));
        }
        Ok(samples)
    }

    fn sample(&self, memory: &DeviceMemory) -> DeviceSample {
        let is_ours = |pid| {
            self.in_process && pid == std::process::id() || descends_from_run(pid, &self.mark)
        };
        let ours = memory.processes.iter().filter(|one| is_ours(one.pid));
        DeviceSample {
            total: memory.total,
            free: memory.free,
            ours: ours.filter_map(|process| process.memory).sum(),
        }
    }
}

#[cfg(test)]
#[path = "../../tests/unit/memory_monitor.rs"]
mod tests;

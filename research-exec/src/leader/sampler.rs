//! Looks at the memory of devices, in a thread of its own: a driver may take its time, or hang.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::devices::{DeviceMemory, DeviceProbe, DeviceSample, ProbeError, Samples};
use crate::distributor::Input;
use crate::orphans::is_marked;

/// A running sampler. Its thread ends when it has nobody to answer any more.
pub(super) struct Sampler {
    rounds: Sender<u64>,
}

/// Whose memory is looked at, and who looks.
pub(super) struct Sampled {
    pub(super) probe: Box<dyn DeviceProbe>,
    /// The devices, as the driver knows them.
    pub(super) devices: Vec<String>,
    /// Whether experiments run in this process.
    pub(super) in_process: bool,
}

impl Sampler {
    pub(super) fn start(sampled: Sampled, letters: Sender<Input>) -> io::Result<Self> {
        let (rounds, asked) = bounded(1);
        std::thread::Builder::new()
            .name("devices".to_owned())
            .spawn(move || sampled.answer(&asked, &letters))?;
        Ok(Self { rounds })
    }

    /// Asks for the samples of a round.
    pub(super) fn ask(&self, round: u64) {
        // One that has not answered yet hangs; that it does not answer is noticed by who asks.
        let _ = self.rounds.try_send(round);
    }
}

impl Sampled {
    fn answer(mut self, asked: &Receiver<u64>, letters: &Sender<Input>) {
        while let Ok(round) = asked.recv() {
            let samples = catch_unwind(AssertUnwindSafe(|| self.samples()));
            let samples =
                samples.unwrap_or_else(|_| Err("who tells of it has panicked".to_owned()));
            if letters.send(Input::Sampled { round, samples }).is_err() {
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
        let is_ours = |pid| self.in_process && pid == std::process::id() || is_marked(pid);
        let ours = memory.processes.iter().filter(|one| is_ours(one.pid));
        DeviceSample {
            total: memory.total,
            free: memory.free,
            ours: ours.filter_map(|process| process.memory).sum(),
        }
    }
}

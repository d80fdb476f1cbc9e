//! Looks at the memory of devices, in a thread of its own: a driver may take its time, or hang.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, Sender, bounded};
use research_process::descends_from_run;

use crate::devices::{DeviceMemory, DeviceProbe, DeviceSample, ProbeError, Samples};
use crate::distributor::Input;

/// A running sampler. Its thread ends when it has nobody to answer any more.
pub(super) struct Sampler {
    rounds: Sender<u64>,
    /// What was asked for and not begun with.
    asked: Receiver<u64>,
}

/// Whose memory is looked at, and who looks.
pub(super) struct Sampled {
    pub(super) probe: Box<dyn DeviceProbe>,
    /// The devices, as the driver knows them.
    pub(super) devices: Vec<String>,
    /// Whether experiments run in this process.
    pub(super) in_process: bool,
    /// The mark of the run.
    pub(super) mark: String,
}

impl Sampler {
    pub(super) fn start(sampled: Sampled, letters: Sender<Input>) -> io::Result<Self> {
        let (rounds, asked) = bounded(1);
        let next = asked.clone();
        std::thread::Builder::new()
            .name("devices".to_owned())
            .spawn(move || sampled.answer(&next, &letters))?;
        Ok(Self { rounds, asked })
    }

    /// Asks for the samples of a round. That it does not answer is noticed by who asks.
    pub(super) fn ask(&self, round: u64) {
        // While it hangs, only the last round is still waited for.
        let _ = self.asked.try_recv();
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
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::devices::DeviceInfo;

    /// A driver that does not answer before it is told to.
    struct Hanging {
        was_asked: Sender<()>,
        may_answer: Receiver<()>,
    }

    impl DeviceProbe for Hanging {
        fn driver(&mut self) -> Result<String, ProbeError> {
            Ok("1.0".to_owned())
        }

        fn devices(&mut self) -> Result<Vec<DeviceInfo>, ProbeError> {
            Ok(Vec::new())
        }

        fn memory(&mut self, _: &str) -> Result<DeviceMemory, ProbeError> {
            self.was_asked.send(()).unwrap();
            self.may_answer.recv().unwrap();
            Ok(DeviceMemory {
                total: 1,
                free: 1,
                processes: Vec::new(),
            })
        }
    }

    #[test]
    fn a_driver_that_has_hung_answers_the_round_that_is_waited_for() {
        let patience = Duration::from_secs(60);
        let (was_asked, looks) = bounded(1);
        let (answers, may_answer) = bounded(1);
        let (letters, inbox) = bounded(9);
        let sampled = Sampled {
            probe: Box::new(Hanging {
                was_asked,
                may_answer,
            }),
            devices: vec!["GPU-0".to_owned()],
            in_process: false,
            mark: "1-1".to_owned(),
        };
        let sampler = Sampler::start(sampled, letters).unwrap();
        sampler.ask(1);
        looks.recv_timeout(patience).unwrap();
        sampler.ask(2);
        sampler.ask(3);
        for expected in [1, 3] {
            answers.send(()).unwrap();
            match inbox.recv_timeout(patience) {
                Ok(Input::Sampled { round, samples }) => {
                    assert_eq!((round, samples.is_ok()), (expected, true));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

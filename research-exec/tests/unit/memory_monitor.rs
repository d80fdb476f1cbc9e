//! The thread that samples the memory of devices.

use std::time::Duration;

use super::*;
use crate::devices::DeviceInfo;

/// A driver that answers only when the test allows it.
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
    let (inputs, inbox) = bounded(9);
    let sampled = MonitoredMemory {
        probe: Box::new(Hanging {
            was_asked,
            may_answer,
        }),
        devices: vec!["GPU-0".to_owned()],
        in_process: false,
        mark: "1-1".to_owned(),
    };
    let memory_monitor = MemoryMonitor::start(sampled, inputs).unwrap();
    memory_monitor.ask(1);
    looks.recv_timeout(patience).unwrap();
    memory_monitor.ask(2);
    memory_monitor.ask(3);
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

//! A simulated driver for tests.

use std::sync::{Arc, Mutex, PoisonError};

use super::probe::{DeviceInfo, DeviceMemory, DeviceProbe, DeviceProcess, ProbeError};

/// A probe that reports what a test sets, for machines without devices. Clones share their state,
/// so a test can change the free memory of a device during a run.
///
/// ```
/// use research_exec::devices::{DeviceProbe, ScriptedProbe};
///
/// let probe = ScriptedProbe::new(["Big GPU", "Small GPU"], 8 << 30);
/// probe.set_free(1, 2 << 30);
///
/// let mut driver = probe.clone();
/// let devices = driver.devices()?;
/// assert_eq!(devices[1].name, "Small GPU");
/// assert_eq!(driver.memory(&devices[1].uuid)?.free, 2 << 30);
/// # Ok::<(), research_exec::devices::ProbeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ScriptedProbe(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    devices: Vec<(DeviceInfo, DeviceMemory)>,
    error: Option<ProbeError>,
    /// The number of queries for the memory of a device.
    asked: u64,
}

impl ScriptedProbe {
    /// Creates devices with these names, each with `memory` bytes, all of them free.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>, memory: u64) -> Self {
        let device = |(index, name): (u32, N)| {
            let info = DeviceInfo {
                index,
                name: name.into(),
                uuid: format!("GPU-{index:08x}"),
            };
            let memory = DeviceMemory {
                total: memory,
                free: memory,
                processes: Vec::new(),
            };
            (info, memory)
        };
        Self(Arc::new(Mutex::new(Script {
            devices: (0..).zip(names).map(device).collect(),
            ..Script::default()
        })))
    }

    /// Creates a probe that reports that there is no driver.
    #[must_use]
    pub fn without_driver() -> Self {
        let probe = Self::default();
        probe.fail(Some(ProbeError::NoDriver {
            reason: "this is a test".to_owned(),
        }));
        probe
    }

    /// Sets the error of all later queries; with `None` they succeed.
    pub fn fail(&self, error: Option<ProbeError>) {
        self.script(|script| script.error = error);
    }

    /// Sets the free memory of a device, in bytes.
    pub fn set_free(&self, index: usize, free: u64) {
        self.script(|script| script.devices[index].1.free = free);
    }

    /// Sets the processes that use a device.
    pub fn set_processes(&self, index: usize, processes: Vec<DeviceProcess>) {
        self.script(|script| script.devices[index].1.processes = processes);
    }

    /// Returns the number of queries for the memory of a device.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.script(|script| script.asked)
    }

    fn script<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer<T>(
        &self,
        answer: impl FnOnce(&mut Script) -> Result<T, ProbeError>,
    ) -> Result<T, ProbeError> {
        self.script(|script| match script.error.clone() {
            Some(error) => Err(error),
            None => answer(script),
        })
    }
}

impl DeviceProbe for ScriptedProbe {
    fn driver(&mut self) -> Result<String, ProbeError> {
        self.answer(|_| Ok("1.0".to_owned()))
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, ProbeError> {
        self.answer(|script| {
            Ok(script
                .devices
                .iter()
                .map(|(info, _)| info.clone())
                .collect())
        })
    }

    fn memory(&mut self, uuid: &str) -> Result<DeviceMemory, ProbeError> {
        self.answer(|script| {
            script.asked += 1;
            let device = script.devices.iter().find(|(info, _)| info.uuid == uuid);
            let memory = device.map(|(_, memory)| memory.clone());
            memory.ok_or_else(|| ProbeError::Failed {
                what: "this device",
                reason: format!("there is no {uuid}"),
            })
        })
    }
}

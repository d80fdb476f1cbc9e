//! A stand-in for the driver.

use std::sync::{Arc, Mutex, PoisonError};

use super::probe::{DeviceInfo, DeviceMemory, DeviceProbe, DeviceProcess, ProbeError};

/// A probe that tells what it was told, for tests where there are no devices. Its clones share
/// what they tell, so that a device can fill and empty while a run looks at it.
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
    /// How often it was asked for the memory of a device.
    asked: u64,
}

impl ScriptedProbe {
    /// Devices with these names, each with so much memory, all of it free.
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

    /// One that knows of no driver.
    #[must_use]
    pub fn without_driver() -> Self {
        let probe = Self::default();
        probe.fail(Some(ProbeError::NoDriver {
            reason: "this is a test".to_owned(),
        }));
        probe
    }

    /// Lets everything that is asked from now on fail, or not.
    pub fn fail(&self, error: Option<ProbeError>) {
        self.script(|script| script.error = error);
    }

    /// Sets how much of a device's memory is free, in bytes.
    pub fn set_free(&self, index: usize, free: u64) {
        self.script(|script| script.devices[index].1.free = free);
    }

    /// Sets who uses a device.
    pub fn set_processes(&self, index: usize, processes: Vec<DeviceProcess>) {
        self.script(|script| script.devices[index].1.processes = processes);
    }

    /// How often it was asked for the memory of a device.
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
                what: "of this device",
                reason: format!("there is no {uuid}"),
            })
        })
    }
}

//! The devices of a run, and those of each worker.

use std::sync::Arc;

use research_core::domain::Value;
use research_core::{MemorySize, RunOptions, WorkerNumber};
use serde::{Deserialize, Serialize};

use super::get_devices;
use super::probe::{DeviceInfo, DeviceProbe, ProbeError};

/// The requested devices of a run are invalid.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DevicesError {
    /// A value is not a device.
    #[error("`devices`: {found} is not a device: give numbers, names or UUIDs")]
    NoDevice {
        /// The value.
        found: String,
    },
    /// A nested list does not have one entry for each worker.
    #[error(
        "`devices` has {entries} entries, and `workers` is {workers}: a list of lists has one for \
         each worker"
    )]
    Workers {
        /// The number of entries.
        entries: usize,
        /// The number of workers.
        workers: usize,
    },
    /// The nested list of a worker does not have one entry for each branch.
    #[error(
        "`devices` has {entries} entries for the {branches} branches of worker {worker}: a \
         worker's list of lists has one for each branch"
    )]
    Branches {
        /// The worker, from 0.
        worker: usize,
        /// The number of entries.
        entries: usize,
        /// The number of branches.
        branches: usize,
    },
    /// The machine does not have this device.
    #[error("unknown device `{name}`: {known}")]
    Unknown {
        /// The requested name.
        name: String,
        /// A description of the available devices.
        known: String,
    },
    /// Several devices have this name.
    #[error("`{name}` can be any of the devices {indexes}: give its index or its UUID")]
    Ambiguous {
        /// The requested name.
        name: String,
        /// The indexes of the devices with this name.
        indexes: String,
    },
    /// One experiment would have the same device twice.
    #[error("`devices` gives {device} twice to the same branch (worker {worker}, branch {branch})")]
    Twice {
        /// The device.
        device: String,
        /// The worker, from 0.
        worker: usize,
        /// The branch, from 0.
        branch: usize,
    },
    /// The memory of devices must be checked, but no driver reports it.
    #[error(
        "`memory_ratio` and `device_memory` need a driver that reports the memory of devices: {0}"
    )]
    Unchecked(#[source] ProbeError),
    /// A device has less memory than the experiments of a task declare.
    #[error(
        "{device} has {total} in all, and worker {worker} needs {needed} of it: each of its \
         experiments there declares {declared}"
    )]
    TooSmall {
        /// The device.
        device: String,
        /// The worker, from 0.
        worker: usize,
        /// The total memory of the device.
        total: MemorySize,
        /// The memory that a task of the worker needs.
        needed: MemorySize,
        /// The memory that one experiment declares.
        declared: MemorySize,
    },
    /// The driver cannot report devices.
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

/// A device of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedDevice {
    /// Its name in messages: `GPU 0`.
    pub(crate) label: String,
    /// Its name in a process that sees all devices: its index, if that is known.
    pub(crate) name: String,
    /// Its id in `CUDA_VISIBLE_DEVICES`: its UUID, or the given name if no driver reports the UUID.
    pub(crate) id: String,
}

/// The devices of a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorkerDevices {
    /// The value of `CUDA_VISIBLE_DEVICES` for the worker and the processes that it starts; `None`
    /// if they see the same devices as this process, by their own names.
    pub(crate) visible: Option<Arc<str>>,
    /// The devices of each branch, by their index among the visible devices.
    pub(crate) branches: Vec<Vec<String>>,
}

impl WorkerDevices {
    /// Returns the value of the auxiliary key `device` of a branch: a name, a list of names, or
    /// nothing.
    pub(crate) fn device(&self, branch: usize) -> Value {
        match self.branches.get(branch).map(Vec::as_slice) {
            None | Some([]) => Value::Null,
            Some([one]) => Value::from(one.as_str()),
            Some(several) => several
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .into(),
        }
    }
}

/// The environment variable that limits the devices that a process sees.
pub(crate) const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";
/// The environment variable and its value with which CUDA numbers devices in the order of the
/// driver.
pub(crate) const ORDER: (&str, &str) = ("CUDA_DEVICE_ORDER", "PCI_BUS_ID");

/// Returns the environment variables with which processes see only these devices.
pub(crate) fn variables(
    devices: &WorkerDevices,
) -> impl Iterator<Item = (&'static str, String)> + use<> {
    let visible = devices.visible.as_ref();
    visible
        .map(|visible| {
            [
                (VISIBLE, visible.to_string()),
                (ORDER.0, ORDER.1.to_owned()),
            ]
        })
        .into_iter()
        .flatten()
}

/// The devices of a run, and their assignment to workers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DevicePlan {
    devices: Vec<PlannedDevice>,
    /// `[worker][branch]`: indexes in the list of devices. Empty for a run without devices.
    workers: Vec<Vec<Vec<usize>>>,
}

impl DevicePlan {
    /// Assigns the devices of a run to its workers and their branches, as [`get_devices`] does.
    /// Looks up the names among the devices that the driver reports; without a driver, uses them
    /// unchanged.
    ///
    /// # Errors
    /// The requested devices are invalid, or a name matches no device or several devices.
    pub fn new(options: &RunOptions, probe: &mut dyn DeviceProbe) -> Result<Self, DevicesError> {
        let names = get_devices(&options.devices, options.workers, options.branches)?;
        if names.iter().flatten().all(Vec::is_empty) {
            return Ok(Self::default());
        }
        let known = match probe.devices() {
            Ok(known) => Some(known),
            Err(ProbeError::NoDriver { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let mut plan = Self::default();
        for (worker, names) in names.iter().enumerate() {
            let mut branches = Vec::new();
            for (branch, names) in names.iter().enumerate() {
                let mut places = Vec::new();
                for name in names {
                    let place = plan.place_of(look_up(name, known.as_deref())?);
                    if places.contains(&place) {
                        return Err(DevicesError::Twice {
                            device: plan.devices[place].label.clone(),
                            worker,
                            branch,
                        });
                    }
                    places.push(place);
                }
                branches.push(places);
            }
            plan.workers.push(branches);
        }
        plan.check_memory(options, probe)?;
        Ok(plan)
    }

    /// Checks, if the options require it, that the driver reports the memory of the devices, and
    /// that it can ever suffice.
    fn check_memory(
        &self,
        options: &RunOptions,
        probe: &mut dyn DeviceProbe,
    ) -> Result<(), DevicesError> {
        if options.memory_ratio.is_none() && options.device_memory.is_none() {
            return Ok(());
        }
        for (place, device) in self.devices.iter().enumerate() {
            let memory = probe.memory(&device.id).map_err(DevicesError::Unchecked)?;
            let Some(declared) = options.device_memory else {
                continue;
            };
            for (worker, branches) in self.workers.iter().enumerate() {
                let uses = branches.iter().flatten().filter(|other| **other == place);
                let uses = u64::try_from(uses.count()).unwrap_or(u64::MAX);
                let needed = declared.0.saturating_mul(uses);
                if needed > memory.total {
                    return Err(DevicesError::TooSmall {
                        device: device.label.clone(),
                        worker,
                        total: MemorySize(memory.total),
                        needed: MemorySize(needed),
                        declared,
                    });
                }
            }
        }
        Ok(())
    }

    /// Whether no worker has a device.
    pub(crate) fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    fn place_of(&mut self, device: PlannedDevice) -> usize {
        let place = self.devices.iter().position(|other| other.id == device.id);
        place.unwrap_or_else(|| {
            self.devices.push(device);
            self.devices.len() - 1
        })
    }

    /// Returns the devices of a worker; `None` in a run without devices. In other runs, a worker
    /// without devices sees none.
    pub(crate) fn of_worker(&self, worker: WorkerNumber) -> Option<WorkerDevices> {
        let branches = self.workers.get(worker.0 as usize)?;
        let mut seen: Vec<usize> = Vec::new();
        for place in branches.iter().flatten() {
            if !seen.contains(place) {
                seen.push(*place);
            }
        }
        let number = |place: &usize| seen.iter().position(|other| other == place);
        let numbers = |places: &Vec<usize>| {
            let numbers = places.iter().filter_map(number);
            numbers.map(|number| number.to_string()).collect()
        };
        let ids: Vec<&str> = seen.iter().map(|p| self.devices[*p].id.as_str()).collect();
        Some(WorkerDevices {
            visible: Some(ids.join(",").into()),
            branches: branches.iter().map(numbers).collect(),
        })
    }

    /// Returns the indexes of the devices of each branch of a worker.
    pub(crate) fn branches(&self, worker: WorkerNumber) -> &[Vec<usize>] {
        self.workers
            .get(worker.0 as usize)
            .map_or(&[], Vec::as_slice)
    }

    /// Returns the name of a device in messages.
    pub(crate) fn label(&self, place: usize) -> &str {
        self.devices
            .get(place)
            .map_or("a device", |device| &device.label)
    }

    /// Returns the ids of the devices for the driver, in the order of their indexes.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.devices.iter().map(|device| device.id.as_str())
    }

    /// Returns the devices of a worker whose process sees all devices, which keep their names; see
    /// [`of_worker`](Self::of_worker).
    pub(crate) fn of_process(&self, worker: WorkerNumber) -> Option<WorkerDevices> {
        let branches = self.workers.get(worker.0 as usize)?;
        let name = |place: &usize| self.devices[*place].name.clone();
        Some(WorkerDevices {
            visible: None,
            branches: branches
                .iter()
                .map(|b| b.iter().map(name).collect())
                .collect(),
        })
    }
}

/// Returns the device with a name: an index, a UUID or its beginning, or the name of a product.
fn look_up(name: &str, known: Option<&[DeviceInfo]>) -> Result<PlannedDevice, DevicesError> {
    let index = ["cuda:", "gpu:", ""]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix)?.parse::<u32>().ok());
    let Some(known) = known else {
        return Ok(PlannedDevice {
            label: index.map_or_else(|| name.to_owned(), |index| format!("GPU {index}")),
            name: index.map_or_else(|| name.to_owned(), |index| index.to_string()),
            id: index.map_or_else(|| name.to_owned(), |index| index.to_string()),
        });
    };
    if name.starts_with("MIG-") {
        // The driver lists only whole devices, but accepts these ids.
        return Ok(PlannedDevice {
            label: name.to_owned(),
            name: name.to_owned(),
            id: name.to_owned(),
        });
    }
    let is_meant = |device: &&DeviceInfo| match index {
        Some(index) => device.index == index,
        None => {
            device.name.eq_ignore_ascii_case(name)
                || name.len() > "GPU-".len() && device.uuid.starts_with(name)
        }
    };
    let found: Vec<&DeviceInfo> = known.iter().filter(is_meant).collect();
    match found.as_slice() {
        [] => Err(DevicesError::Unknown {
            name: name.to_owned(),
            known: in_words(known),
        }),
        [device] => Ok(PlannedDevice {
            label: format!("GPU {}", device.index),
            name: device.index.to_string(),
            id: device.uuid.clone(),
        }),
        several => {
            let indexes: Vec<String> = several.iter().map(|one| one.index.to_string()).collect();
            Err(DevicesError::Ambiguous {
                name: name.to_owned(),
                indexes: indexes.join(", "),
            })
        }
    }
}

fn in_words(known: &[DeviceInfo]) -> String {
    if known.is_empty() {
        return "the driver reports none".to_owned();
    }
    let each = known
        .iter()
        .map(|device| format!("{} ({})", device.index, device.name));
    format!("available: {}", each.collect::<Vec<_>>().join(", "))
}

//! The devices of a run: which there are, and which each worker has.

use std::sync::Arc;

use research_core::domain::Value;
use research_core::{MemorySize, RunOptions, WorkerNumber};
use serde::{Deserialize, Serialize};

use super::get_devices;
use super::probe::{DeviceInfo, DeviceProbe, ProbeError};

/// The devices of a run cannot be what was asked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DevicesError {
    /// Something stands where a device should.
    #[error("`devices`: {found} is not a device: give numbers, names or UUIDs")]
    NoDevice {
        /// What stands there.
        found: String,
    },
    /// A nested list has not an entry for each worker.
    #[error(
        "`devices` has {entries} entries, and `workers` is {workers}: a list of lists has one for \
         each worker"
    )]
    Workers {
        /// How many entries there are.
        entries: usize,
        /// How many workers.
        workers: usize,
    },
    /// A worker's nested list has not an entry for each branch.
    #[error(
        "`devices` has {entries} entries for the {branches} branches of worker {worker}: a \
         worker's list of lists has one for each branch"
    )]
    Branches {
        /// The worker, from 0.
        worker: usize,
        /// How many entries there are.
        entries: usize,
        /// How many branches.
        branches: usize,
    },
    /// There is no such device.
    #[error("unknown device `{name}`: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Which there are, in words.
        known: String,
    },
    /// Several devices are called so.
    #[error("`{name}` can be any of the devices {indexes}: give its index or its UUID")]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The indexes of those that are called so.
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
    /// The memory of devices is to be checked, and no driver reports it.
    #[error(
        "`memory_ratio` and `device_memory` need a driver that reports the memory of devices: {0}"
    )]
    Unchecked(#[source] ProbeError),
    /// A device has less memory in all than is declared.
    #[error(
        "{device} has {total} in all, and worker {worker} needs {needed} of it: each of its \
         experiments there declares {declared}"
    )]
    TooSmall {
        /// The device.
        device: String,
        /// The worker, from 0.
        worker: usize,
        /// What the device has.
        total: MemorySize,
        /// What a task of the worker needs.
        needed: MemorySize,
        /// What one experiment declares.
        declared: MemorySize,
    },
    /// Nothing can be known of devices, and something must be.
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

/// A device of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedDevice {
    /// Its name in messages: `GPU 0`.
    pub(crate) label: String,
    /// What a process that sees all devices knows it by: its index, if that is known.
    pub(crate) name: String,
    /// What stands for it in `CUDA_VISIBLE_DEVICES`: its UUID, or where no driver tells it, the
    /// name that was given.
    pub(crate) id: String,
}

/// The devices of a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorkerDevices {
    /// What the worker and all that it starts see, for `CUDA_VISIBLE_DEVICES`; `None` where they
    /// see what everybody does, and devices have their own names.
    pub(crate) visible: Option<Arc<str>>,
    /// The devices of each branch, as they are numbered among those that are seen.
    pub(crate) branches: Vec<Vec<String>>,
}

impl WorkerDevices {
    /// The auxiliary key `device` of a branch: a name, a list of names, or nothing.
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

/// What a process's environment says of the devices that it sees.
pub(crate) const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";
/// In which order devices are numbered where they have no UUIDs: that of the driver.
pub(crate) const ORDER: (&str, &str) = ("CUDA_DEVICE_ORDER", "PCI_BUS_ID");

/// The environment variables by which processes see just these devices.
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

/// Which devices a run has, and which of them each worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DevicePlan {
    devices: Vec<PlannedDevice>,
    /// `[worker][branch]`: places in the list of devices. Empty for a run without devices.
    workers: Vec<Vec<Vec<usize>>>,
}

impl DevicePlan {
    /// Gives the devices that a run has, as [`get_devices`] has them, to its workers and their
    /// branches. The names are looked up among the devices that the driver reports; without a
    /// driver they are taken as they are.
    ///
    /// # Errors
    /// What was asked for cannot be, or has names that no device or several devices have.
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

    /// Whether the memory of the devices can be checked, and can be enough, where that is asked
    /// for.
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

    /// What a worker is given; `None` in a run without devices. A worker without any sees none.
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

    /// The devices of each branch of a worker, by their places.
    pub(crate) fn branches(&self, worker: WorkerNumber) -> &[Vec<usize>] {
        self.workers
            .get(worker.0 as usize)
            .map_or(&[], Vec::as_slice)
    }

    /// The name of a device in messages.
    pub(crate) fn label(&self, place: usize) -> &str {
        self.devices
            .get(place)
            .map_or("a device", |device| &device.label)
    }

    /// What the driver knows the devices by, in the order of their places.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.devices.iter().map(|device| device.id.as_str())
    }

    /// As [`of_worker`](Self::of_worker), for a worker whose process sees all devices: they keep
    /// their names.
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

/// The device that a name means: an index, a UUID or its beginning, or the name of a product.
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
        // The driver lists whole devices only, and takes these for what they are.
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

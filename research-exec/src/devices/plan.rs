//! The devices of a run: which there are, and which each worker has.

use research_core::domain::Value;

use super::get_devices;
use super::probe::{DeviceInfo, DeviceProbe, ProbeError};

/// The devices of a run cannot be what was asked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DevicesError {
    /// Something stands where a device should.
    #[error("`devices`: {found} is no device: give numbers, names or UUIDs")]
    NoDevice {
        /// What stands there.
        found: String,
    },
    /// A nested list has not an entry for each worker.
    #[error(
        "`devices` has {entries} entries for {workers} workers: a list of lists has one for each worker"
    )]
    Workers {
        /// How many entries there are.
        entries: usize,
        /// How many workers.
        workers: usize,
    },
    /// A worker's nested list has not an entry for each branch.
    #[error(
        "`devices` has {entries} entries for the {branches} branches of worker {worker}: a worker's list of lists has one for each branch"
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
    #[error("there is no device `{name}`: {known}")]
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
    /// Nothing can be known of devices, and something must be.
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

/// A device of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedDevice {
    /// How people are told of it: `GPU 0`.
    pub(crate) label: String,
    /// What stands for it in `CUDA_VISIBLE_DEVICES`: its UUID, or where no driver tells it, the
    /// name that was given.
    pub(crate) id: String,
}

/// Which devices a run has, and which of them each worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DevicePlan {
    devices: Vec<PlannedDevice>,
    /// `[worker][branch]`: places in the list of devices. Empty for a run without devices.
    workers: Vec<Vec<Vec<usize>>>,
}

impl DevicePlan {
    /// Gives devices, as [`get_devices`] has them, to workers and branches. The names are looked up
    /// among the devices that the driver tells of; without a driver they are taken as they are.
    ///
    /// # Errors
    /// What was asked for cannot be, or has names that no device or several devices have.
    pub fn new(
        devices: &Value,
        workers: u32,
        branches: u32,
        probe: &mut dyn DeviceProbe,
    ) -> Result<Self, DevicesError> {
        let names = get_devices(devices, workers, branches)?;
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
        Ok(plan)
    }

    fn place_of(&mut self, device: PlannedDevice) -> usize {
        let place = self.devices.iter().position(|other| other.id == device.id);
        place.unwrap_or_else(|| {
            self.devices.push(device);
            self.devices.len() - 1
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
            id: index.map_or_else(|| name.to_owned(), |index| index.to_string()),
        });
    };
    if name.starts_with("MIG-") {
        // The driver lists whole devices only, and takes these for what they are.
        return Ok(PlannedDevice {
            label: name.to_owned(),
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
        return "the driver tells of none".to_owned();
    }
    let each = known
        .iter()
        .map(|device| format!("{} ({})", device.index, device.name));
    format!("there are {}", each.collect::<Vec<_>>().join(", "))
}

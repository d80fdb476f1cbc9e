//! Devices: their assignment to workers, facts about them, and the check that they have enough free
//! memory for the next task.

mod admission;
mod assignment;
mod nvml;
mod plan;
mod probe;
mod scripted;

pub(crate) use admission::{DeviceSample, MemoryAdmission, MemoryRules, Samples};
pub use assignment::get_devices;
pub use nvml::NvmlProbe;
pub use plan::{DevicePlan, DevicesError};
pub(crate) use plan::{ORDER, VISIBLE, WorkerDevices, variables};
pub use probe::{DeviceInfo, DeviceMemory, DeviceProbe, DeviceProcess, ProbeError};
pub use scripted::ScriptedProbe;

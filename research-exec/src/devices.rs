//! Devices: who is given which, what they are, and whether they have memory for what is to run.

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

//! Devices: who is given which, what they are, and whether they have memory for what is to run.

mod gate;
mod nvml;
mod plan;
mod probe;
mod scripted;
mod spread;

pub(crate) use gate::{DeviceSample, MemoryGate, MemoryRules, Samples};
pub use nvml::NvmlProbe;
pub use plan::{DevicePlan, DevicesError};
pub(crate) use plan::{ORDER, VISIBLE, WorkerDevices, variables};
pub use probe::{DeviceInfo, DeviceMemory, DeviceProbe, DeviceProcess, ProbeError};
pub use scripted::ScriptedProbe;
pub use spread::get_devices;

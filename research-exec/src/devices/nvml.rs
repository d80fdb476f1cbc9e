//! Reads devices from the management library of the NVIDIA driver.

use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};

use super::probe::{DeviceInfo, DeviceMemory, DeviceProbe, DeviceProcess, ProbeError};

/// The file name of the library as the driver installs it. The name without the number exists only
/// on machines with development packages.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// Reads devices from the NVIDIA driver, through its management library, which is loaded at the
/// first call.
///
/// ```
/// use research_exec::devices::{DeviceProbe, NvmlProbe, ProbeError};
///
/// match NvmlProbe::new().devices() {
///     Ok(devices) => devices.iter().for_each(|it| println!("{}: {}", it.index, it.name)),
///     Err(ProbeError::NoDriver { .. }) => println!("no NVIDIA driver here"),
///     Err(error) => eprintln!("{error}"),
/// }
/// ```
#[derive(Debug, Default)]
pub struct NvmlProbe {
    library: Option<Nvml>,
}

impl NvmlProbe {
    /// Creates a probe that has not loaded the library yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn library(&mut self) -> Result<&Nvml, ProbeError> {
        if self.library.is_none() {
            let loaded = Nvml::builder().lib_path(LIBRARY.as_ref()).init();
            let loaded = loaded.or_else(|first| Nvml::init().map_err(|_| first));
            self.library = Some(loaded.map_err(not_there)?);
        }
        self.library.as_ref().ok_or(ProbeError::NoDriver {
            reason: LIBRARY.to_owned(),
        })
    }
}

fn not_there(error: NvmlError) -> ProbeError {
    match error {
        NvmlError::LibloadingError(_)
        | NvmlError::DriverNotLoaded
        | NvmlError::LibraryNotFound
        | NvmlError::FailedToLoadSymbol(_) => ProbeError::NoDriver {
            reason: match error {
                NvmlError::DriverNotLoaded => "it is installed, but not loaded".into(),
                _ => format!("there is no {LIBRARY}"),
            },
        },
        error => failed("its devices")(error),
    }
}

fn failed(what: &'static str) -> impl Fn(NvmlError) -> ProbeError {
    move |error| ProbeError::Failed {
        what,
        reason: error.to_string(),
    }
}

impl DeviceProbe for NvmlProbe {
    fn driver(&mut self) -> Result<String, ProbeError> {
        let version = self.library()?.sys_driver_version();
        version.map_err(failed("its version"))
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, ProbeError> {
        let failed = failed("its devices");
        let library = self.library()?;
        let count = library.device_count().map_err(&failed)?;
        let mut devices = Vec::new();
        for index in 0..count {
            let device = match library.device_by_index(index) {
                Ok(device) => device,
                // The count includes devices that this user may not use.
                Err(NvmlError::NoPermission) => continue,
                Err(error) => return Err(failed(error)),
            };
            devices.push(DeviceInfo {
                index,
                name: device.name().map_err(&failed)?,
                uuid: device.uuid().map_err(&failed)?,
            });
        }
        Ok(devices)
    }

    fn memory(&mut self, uuid: &str) -> Result<DeviceMemory, ProbeError> {
        let device = self.library()?.device_by_uuid(uuid);
        let device = device.map_err(failed("a device that it has reported before"))?;
        // Read the processes first: memory that they allocate after that counts as used by others,
        // so no memory is assigned twice.
        let processes = processes(&device);
        let memory = device.memory_info().map_err(|error| match error {
            NvmlError::FailedToLoadSymbol(_) => ProbeError::TooOld {
                function: "nvmlDeviceGetMemoryInfo_v2",
            },
            error => failed("the free memory of a device")(error),
        })?;
        Ok(DeviceMemory {
            total: memory.total,
            free: memory.free,
            processes,
        })
    }
}

/// Returns the processes that use a device. Empty if the driver cannot list them; all memory in use
/// then counts as used by others.
fn processes(device: &Device<'_>) -> Vec<DeviceProcess> {
    let compute = device.running_compute_processes().unwrap_or_default();
    let graphics = device.running_graphics_processes().unwrap_or_default();
    let mut processes: Vec<DeviceProcess> = Vec::new();
    for process in compute.into_iter().chain(graphics) {
        // A process that uses compute and graphics is reported twice, each time with all of its
        // memory.
        if processes.iter().all(|other| other.pid != process.pid) {
            processes.push(DeviceProcess {
                pid: process.pid,
                memory: match process.used_gpu_memory {
                    UsedGpuMemory::Used(bytes) => Some(bytes),
                    UsedGpuMemory::Unavailable => None,
                },
            });
        }
    }
    processes
}

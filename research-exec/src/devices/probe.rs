//! The interface to the driver of devices.

/// Reports the devices of the machine and the use of their memory. [`NvmlProbe`](super::NvmlProbe)
/// reads them from the NVIDIA driver; tests use [`ScriptedProbe`](super::ScriptedProbe).
pub trait DeviceProbe: Send {
    /// Returns the version of the driver.
    ///
    /// # Errors
    /// There is no driver, or it does not answer.
    fn driver(&mut self) -> Result<String, ProbeError>;

    /// Returns the devices, in the order of their indexes.
    ///
    /// # Errors
    /// There is no driver, or it does not answer.
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, ProbeError>;

    /// Returns the current memory of the device with this UUID.
    ///
    /// # Errors
    /// There is no driver, no such device, or the driver cannot report its memory.
    fn memory(&mut self, uuid: &str) -> Result<DeviceMemory, ProbeError>;
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its index in the order of PCI buses, from 0.
    pub index: u32,
    /// The name of the product.
    pub name: String,
    /// Its unique id, such as `GPU-2d4f…`.
    pub uuid: String,
}

/// The use of the memory of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceMemory {
    /// The total memory in bytes.
    pub total: u64,
    /// The unused memory in bytes.
    pub free: u64,
    /// The processes that use it, as far as the driver reports them.
    pub processes: Vec<DeviceProcess>,
}

/// A process that uses a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceProcess {
    /// Its pid, as the driver reports it.
    pub pid: u32,
    /// The memory of the device that it uses, in bytes, if the driver reports it.
    pub memory: Option<u64>,
}

/// The driver cannot report devices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// There is no driver.
    #[error("no NVIDIA driver was found ({reason})")]
    NoDriver {
        /// The reason, with the name of the library.
        reason: String,
    },
    /// The driver cannot report the free memory.
    #[error(
        "the NVIDIA driver is too old to report free memory (it has no {function}); \
         update it, or do not request memory checks"
    )]
    TooOld {
        /// The missing function.
        function: &'static str,
    },
    /// The driver does not answer.
    #[error("the NVIDIA driver does not report {what}: {reason}")]
    Failed {
        /// The subject of the query.
        what: &'static str,
        /// The error of the driver.
        reason: String,
    },
}

//! What is known of devices, and who tells it.

/// Tells which devices there are, and how their memory is used. [`NvmlProbe`](super::NvmlProbe)
/// asks the NVIDIA driver; another one may stand in for it, in tests for instance.
pub trait DeviceProbe: Send {
    /// The driver's version.
    ///
    /// # Errors
    /// There is no driver, or it does not answer.
    fn driver(&mut self) -> Result<String, ProbeError>;

    /// The devices, in the order of their indexes.
    ///
    /// # Errors
    /// There is no driver, or it does not answer.
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, ProbeError>;

    /// The memory of the device with this UUID as it is now.
    ///
    /// # Errors
    /// There is no driver, no such device, or the driver cannot tell.
    fn memory(&mut self, uuid: &str) -> Result<DeviceMemory, ProbeError>;
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its place in the order of PCI buses, from 0.
    pub index: u32,
    /// The name of the product.
    pub name: String,
    /// What it is known by for certain, such as `GPU-2d4f…`.
    pub uuid: String,
}

/// How the memory of a device is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceMemory {
    /// All that it has, in bytes.
    pub total: u64,
    /// The unused memory in bytes.
    pub free: u64,
    /// Who uses it, as far as the driver tells.
    pub processes: Vec<DeviceProcess>,
}

/// A process that uses a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceProcess {
    /// Its number, as the driver sees it.
    pub pid: u32,
    /// What it uses of the device's memory, in bytes, if the driver tells.
    pub memory: Option<u64>,
}

/// Nothing can be known of devices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// There is no driver.
    #[error("no NVIDIA driver was found ({reason})")]
    NoDriver {
        /// What was looked for.
        reason: String,
    },
    /// The driver cannot tell how much memory is free.
    #[error(
        "the NVIDIA driver is too old to tell how much memory is free (it has no {function}); \
         update it, or do not ask for memory checks"
    )]
    TooOld {
        /// The function that it lacks.
        function: &'static str,
    },
    /// The driver does not answer.
    #[error("the NVIDIA driver does not tell {what}: {reason}")]
    Failed {
        /// What was asked.
        what: &'static str,
        /// What it said.
        reason: String,
    },
}

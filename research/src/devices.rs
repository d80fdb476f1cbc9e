//! The devices of a research.

use std::time::Duration;

use research_core::MemorySize;
use research_domain::Value;
use research_exec::devices::{DeviceProbe, DevicesError, get_devices};

use crate::builder::Research;

/// Methods for devices.
impl Research {
    /// Sets the devices of experiments: a number, a name or a UUID, which all share; a list of
    /// these, assigned to the workers and their branches; or a list with an entry for each worker,
    /// of which at least one is a list or null. See [`get_devices`].
    ///
    /// A worker and its descendants see only its devices, through `CUDA_VISIBLE_DEVICES`, and
    /// number them from 0. The auxiliary key `device` of a config names the devices of the
    /// experiment: a string, a list of strings if there are several, or null. With
    /// [`Isolation::None`](crate::Isolation::None) the environment of this process does not change,
    /// and devices keep their numbers.
    ///
    /// ```
    /// use research::Research;
    ///
    /// let research = Research::new("study").workers(2).devices([0, 1, 2, 3]);
    /// assert_eq!(research.get_devices()?, [[["0", "1"]], [["2", "3"]]]);
    /// # Ok::<(), research::exec::devices::DevicesError>(())
    /// ```
    #[must_use]
    pub fn devices(mut self, devices: impl Into<Value>) -> Self {
        self.options.devices = devices.into();
        self
    }

    /// Returns the devices of each branch of each worker, by the given names; see [`get_devices`].
    ///
    /// # Errors
    /// A value is not a device, or the number of entries of a list does not match the workers or
    /// branches.
    pub fn get_devices(&self) -> Result<Vec<Vec<Vec<String>>>, DevicesError> {
        let options = &self.options;
        get_devices(&options.devices, options.workers, options.branches)
    }

    /// Sets the fraction of memory, from 0 to 1, that must be free on each device of a worker
    /// before a task starts. Default: not checked.
    #[must_use]
    pub fn memory_ratio(mut self, ratio: f64) -> Self {
        self.options.memory_ratio = Some(ratio);
        self
    }

    /// Declares the memory that an experiment needs on each of its devices. It starts when this
    /// much is free, after subtracting what running experiments of this run declared, so that
    /// several can share a device.
    ///
    /// ```
    /// use research::Research;
    ///
    /// let research = Research::new("study").workers(4).devices(0).device_memory("6GiB".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn device_memory(mut self, memory: MemorySize) -> Self {
        self.options.device_memory = Some(memory);
        self
    }

    /// Sets the number of consecutive failed memory checks, while nothing of this run uses the
    /// devices, after which a worker counts as unable to run. Default: 3.
    #[must_use]
    pub fn n_gpu_checks(mut self, checks: u32) -> Self {
        self.options.n_gpu_checks = checks;
        self
    }

    /// Sets the interval of memory checks. Default: 5 seconds.
    #[must_use]
    pub fn gpu_check_delay(mut self, delay: Duration) -> Self {
        self.options.gpu_check_delay = delay;
        self
    }

    /// Sets the source of information about devices. Default: the NVIDIA driver. Tests use a
    /// [`ScriptedProbe`](research_exec::devices::ScriptedProbe).
    #[must_use]
    pub fn device_probe(mut self, probe: impl DeviceProbe + 'static) -> Self {
        self.probe = Box::new(probe);
        self
    }
}

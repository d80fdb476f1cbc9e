//! Devices of a research.

use std::time::Duration;

use research_core::MemorySize;
use research_domain::Value;
use research_exec::devices::{DeviceProbe, DevicesError, get_devices};

use crate::builder::Research;

/// Devices.
impl Research {
    /// Sets which devices experiments are given: a number, a name or a UUID, which all share; a
    /// list of these, spread over the workers and their branches; or a list with an entry for each
    /// worker, of which one is a list or nothing. See [`get_devices`].
    ///
    /// A worker and all that it starts see just its devices, in `CUDA_VISIBLE_DEVICES`; there they
    /// are numbered from 0, and the auxiliary key `device` of an experiment's config names those
    /// that it has: a text, a list of texts if there are several, or nothing. With
    /// [`Isolation::None`](crate::Isolation::None) this process sees what it has always seen, and
    /// devices keep their numbers.
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

    /// The devices of each branch of each worker, by the names that were given; see
    /// [`get_devices`].
    ///
    /// # Errors
    /// Something that is no device, and lists that have not as many entries as there are workers or
    /// branches.
    pub fn get_devices(&self) -> Result<Vec<Vec<Vec<String>>>, DevicesError> {
        let options = &self.options;
        get_devices(&options.devices, options.workers, options.branches)
    }

    /// Sets the share of the memory of each of a worker's devices that must be free before a task
    /// is begun, from 0 to 1; it is not looked at, if not set.
    #[must_use]
    pub fn memory_ratio(mut self, ratio: f64) -> Self {
        self.options.memory_ratio = Some(ratio);
        self
    }

    /// Declares the memory that an experiment takes of each of its devices. It is begun when so
    /// much is free, less what the running experiments of this run have declared: so several can
    /// share a device, and none finds it full.
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

    /// Sets how many checks of memory may fail in a row, while nothing of this run uses the
    /// devices, before a worker counts as unable to run anything; 3, if not set.
    #[must_use]
    pub fn n_gpu_checks(mut self, checks: u32) -> Self {
        self.options.n_gpu_checks = checks;
        self
    }

    /// Sets the time between two checks of memory; 5 seconds, if not set.
    #[must_use]
    pub fn gpu_check_delay(mut self, delay: Duration) -> Self {
        self.options.gpu_check_delay = delay;
        self
    }

    /// Sets who tells of devices; the NVIDIA driver, if not set. Tests give a
    /// [`ScriptedProbe`](research_exec::devices::ScriptedProbe).
    #[must_use]
    pub fn device_probe(mut self, probe: impl DeviceProbe + 'static) -> Self {
        self.probe = Box::new(probe);
        self
    }
}

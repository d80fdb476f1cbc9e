//! A research file written down again.

use research::core::{ExecutorTarget, Isolation, MemorySize, When};
use research::domain::Value;
use research::exec::program::{OutputSpec, Run};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use super::ResearchFile;
use super::unit::{Mode, Save, UnitFile};

/// The form of a research file, keys in the order in which people write them.
#[derive(serde::Serialize)]
struct FileForm<'f> {
    name: &'f str,
    workers: u32,
    branches: u32,
    executor_target: ExecutorTarget,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_iters: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_configs: Option<u64>,
    n_reps: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_each: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    finalize: bool,
    isolation: Isolation,
    debug: bool,
    retries: u32,
    retry_delay: f64,
    double_retry_delay: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_failures: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<f64>,
    #[serde(skip_serializing_if = "Value::is_null")]
    devices: &'f Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_memory: Option<MemorySize>,
    n_gpu_checks: u32,
    gpu_check_delay: f64,
    profile: u8,
    monitor_log: bool,
    domain: String,
    unit: Vec<UnitForm<'f>>,
}

#[derive(serde::Serialize)]
struct UnitForm<'f> {
    name: &'f str,
    run: &'f Run,
    shell: bool,
    mode: &'static str,
    output: &'f OutputSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    save_to: Option<SaveForm<'f>>,
    save_output_dict: bool,
    when: &'f When,
    root: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<f64>,
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum SaveForm<'f> {
    Name(&'f str),
    Parts(&'f [Option<String>]),
}

impl<'f> FileForm<'f> {
    fn of(file: &'f ResearchFile) -> Self {
        let options = &file.options;
        Self {
            name: &file.name,
            workers: options.workers,
            branches: options.branches,
            executor_target: options.executor_target,
            n_iters: options.n_iters,
            n_configs: options.n_configs,
            n_reps: options.n_reps,
            repeat_each: options.repeat_each,
            seed: file.seed,
            finalize: options.finalize,
            isolation: options.isolation,
            debug: options.debug,
            retries: options.retries,
            retry_delay: options.retry_delay.as_secs_f64(),
            double_retry_delay: options.double_retry_delay,
            max_failures: options.max_failures,
            timeout: options.timeout.map(|timeout| timeout.as_secs_f64()),
            devices: &options.devices,
            memory_ratio: options.memory_ratio,
            device_memory: options.device_memory,
            n_gpu_checks: options.n_gpu_checks,
            gpu_check_delay: options.gpu_check_delay.as_secs_f64(),
            profile: options.profile,
            monitor_log: options.monitor_log,
            domain: file.domain.to_string(),
            unit: file.units.iter().map(UnitForm::of).collect(),
        }
    }
}

impl<'f> UnitForm<'f> {
    fn of(unit: &'f UnitFile) -> Self {
        Self {
            name: &unit.name,
            run: &unit.program.run,
            shell: unit.program.shell,
            mode: match unit.mode {
                Mode::Callable => "callable",
                Mode::Generator => "generator",
            },
            output: &unit.program.output,
            save_to: match &unit.save {
                Save::To(name) => Some(SaveForm::Name(name)),
                Save::Parts(names) => Some(SaveForm::Parts(names)),
                Save::Nothing | Save::OutputDict => None,
            },
            save_output_dict: unit.save == Save::OutputDict,
            when: &unit.when,
            root: unit.root,
            timeout: unit.timeout.map(|timeout| timeout.as_secs_f64()),
        }
    }
}

impl Serialize for ResearchFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FileForm::of(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ResearchFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record = serde_json::Value::deserialize(deserializer)?;
        Self::from_record(&record).map_err(D::Error::custom)
    }
}

//! Serializes research files.

use research_core::{ExecutorTarget, FsyncPolicy, Isolation, LogLevel, MemorySize, When};
use research_domain::{Config, Value};
use research_exec::program::{OutputSpec, Run};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use super::ResearchFile;
use super::env;
use super::output::Save;
use super::unit::{Mode, UnitFile};
use super::update::UpdateFile;

/// The serialized form of a research file, with keys in the usual order.
#[derive(serde::Serialize)]
struct FileForm<'f> {
    name: &'f str,
    workers: ParallelismForm<'f>,
    branches: ParallelismForm<'f>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch_by: Option<&'f [String]>,
    executor_target: ExecutorTarget,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_iters: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_configs: Option<u64>,
    n_reps: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_each: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_id_prefix: Option<u8>,
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
    fsync: FsyncPolicy,
    loglevel: LogLevel,
    redirect_stdout: u8,
    redirect_stderr: u8,
    dump_results: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    env_meta: Vec<env::Form<'f>>,
    domain: String,
    unit: Vec<UnitForm<'f>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    update: Vec<UpdateForm<'f>>,
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum ParallelismForm<'f> {
    Number(u32),
    Configs(&'f [Config]),
}

impl<'f> ParallelismForm<'f> {
    fn of(number: u32, configs: &'f [Config]) -> Self {
        match configs {
            [] => Self::Number(number),
            configs => Self::Configs(configs),
        }
    }
}

#[derive(serde::Serialize)]
struct UpdateForm<'f> {
    when: &'f When,
    run: &'f Run,
    shell: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_configs: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_reps: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_each: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<f64>,
}

impl<'f> UpdateForm<'f> {
    fn of(update: &'f UpdateFile) -> Self {
        Self {
            when: &update.when,
            run: &update.run,
            shell: update.shell,
            n_configs: update.n_configs,
            n_reps: update.n_reps,
            repeat_each: update.repeat_each,
            timeout: update.timeout.map(|timeout| timeout.as_secs_f64()),
        }
    }
}

#[derive(serde::Serialize)]
pub(crate) struct UnitForm<'f> {
    pub(crate) name: &'f str,
    pub(crate) run: &'f Run,
    pub(crate) shell: bool,
    pub(crate) mode: Mode,
    pub(crate) output: &'f OutputSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) save_to: Option<SaveForm<'f>>,
    pub(crate) save_output_dict: bool,
    pub(crate) when: &'f When,
    pub(crate) root: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dump: Option<&'f When>,
}

#[derive(serde::Serialize)]
#[serde(untagged)]
pub(crate) enum SaveForm<'f> {
    Name(&'f str),
    Parts(&'f [Option<String>]),
}

impl<'f> FileForm<'f> {
    fn of(file: &'f ResearchFile) -> Self {
        let options = &file.options;
        Self {
            name: &file.name,
            workers: ParallelismForm::of(options.workers, &options.worker_configs),
            branches: ParallelismForm::of(options.branches, &options.branch_configs),
            branch_by: options.branch_by.as_deref(),
            executor_target: options.executor_target,
            n_iters: options.n_iters,
            n_configs: options.n_configs,
            n_reps: options.n_reps,
            repeat_each: options.repeat_each,
            create_id_prefix: options.create_id_prefix,
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
            fsync: options.fsync,
            loglevel: options.loglevel,
            redirect_stdout: options.redirect_stdout as u8,
            redirect_stderr: options.redirect_stderr as u8,
            dump_results: file.dump_results,
            env_meta: options.env_meta.iter().map(env::Form::of).collect(),
            domain: file.domain.to_string(),
            unit: file.units.iter().map(UnitForm::of).collect(),
            update: file.updates.iter().map(UpdateForm::of).collect(),
        }
    }
}

impl<'f> UnitForm<'f> {
    pub(crate) fn of(unit: &'f UnitFile) -> Self {
        Self {
            name: &unit.name,
            run: &unit.program.run,
            shell: unit.program.shell,
            mode: unit.mode,
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
            dump: unit.dump.as_ref(),
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

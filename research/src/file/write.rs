//! Serializes research files.

use std::collections::BTreeMap;

use research_core::When;
use research_exec::program::{OutputSpec, Run, Shell, Stdin};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use serde_json::to_value;

use super::ResearchFile;
use super::env;
use super::output::Save;
use super::unit::{Mode, UnitFile};
use super::update::UpdateFile;

/// The options that a research file lacks, or writes in another form.
const OTHER: [&str; 6] = [
    "worker_configs",
    "branch_configs",
    "root_view",
    "updates_see_all",
    "seed",
    "env_meta",
];

/// Returns the keys and values of a research file, with all defaults.
fn form(file: &ResearchFile) -> serde_json::Result<serde_json::Map<String, serde_json::Value>> {
    let options = &file.options;
    let mut form = serde_json::Map::new();
    form.insert("name".to_owned(), file.name.as_str().into());
    let written: serde_json::Map<_, _> = serde_json::from_value(to_value(options)?)?;
    let is_of_file = |key: &String, value: &serde_json::Value| {
        !OTHER.contains(&key.as_str()) && !value.is_null()
    };
    form.extend(
        written
            .into_iter()
            .filter(|(key, value)| is_of_file(key, value)),
    );
    let mut set = |key: &str, value| form.insert(key.to_owned(), value);
    if !options.worker_configs.is_empty() {
        set("workers", to_value(&options.worker_configs)?);
    }
    if !options.branch_configs.is_empty() {
        set("branches", to_value(&options.branch_configs)?);
    }
    set("redirect_stdout", (options.redirect_stdout as u8).into());
    set("redirect_stderr", (options.redirect_stderr as u8).into());
    if let Some(seed) = file.seed {
        set("seed", seed.into());
    }
    set("dump_results", file.dump_results.into());
    let env: Vec<_> = options.env_meta.iter().map(env::Form::of).collect();
    if !env.is_empty() {
        set("env_meta", to_value(&env)?);
    }
    set("domain", file.domain.to_string().into());
    let units: Vec<_> = file.units.iter().map(UnitForm::of).collect();
    set("unit", to_value(&units)?);
    let updates: Vec<_> = file.updates.iter().map(UpdateForm::of).collect();
    if !updates.is_empty() {
        set("update", to_value(&updates)?);
    }
    Ok(form)
}

#[derive(serde::Serialize)]
struct UpdateForm<'f> {
    when: &'f When,
    run: &'f Run,
    shell: Shell,
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
    pub(crate) shell: Shell,
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
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) env: &'f BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cwd: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stdin: Option<StdinForm<'f>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_limit: Option<u64>,
}

#[derive(serde::Serialize)]
#[serde(untagged)]
pub(crate) enum StdinForm<'f> {
    Text(&'f str),
    File { file: &'f str },
}

#[derive(serde::Serialize)]
#[serde(untagged)]
pub(crate) enum SaveForm<'f> {
    Name(&'f str),
    Parts(&'f [Option<String>]),
}

impl<'f> UnitForm<'f> {
    pub(crate) fn of(unit: &'f UnitFile) -> Self {
        let setting = &unit.program.setting;
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
            env: &setting.env,
            cwd: setting.cwd.as_deref(),
            stdin: setting.stdin.as_ref().map(|stdin| match stdin {
                Stdin::Text(text) => StdinForm::Text(text),
                Stdin::File(file) => StdinForm::File { file },
            }),
            memory_limit: setting.memory_limit,
        }
    }
}

impl Serialize for ResearchFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = form(self).map_err(serde::ser::Error::custom)?;
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ResearchFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record = serde_json::Value::deserialize(deserializer)?;
        Self::from_record(&record).map_err(D::Error::custom)
    }
}

//! Rows of experiments, and the columns that identify the experiment or config of a row.

use research_core::Status;
use research_core::events::ResourceUsage;

use crate::cell::Cell;
use crate::options::TableOptions;
use crate::results::{ExperimentResult, parameters};

/// The columns of the outcome of an experiment.
const OUTCOME: [&str; 6] = [
    "repetition",
    "status",
    "reason",
    "iterations",
    "seconds",
    "attempts",
];

#[derive(Clone, Debug)]
pub(crate) struct ExperimentRows<'a> {
    pub(crate) experiments: Vec<&'a ExperimentResult>,
    pub(crate) identity: Identity<'a>,
    /// Whether the table has the columns of [`OUTCOME`].
    pub(crate) outcome: bool,
}

impl<'a> ExperimentRows<'a> {
    pub(crate) fn columns(&self) -> Vec<String> {
        let outcome = OUTCOME.iter().chain(&USAGE).chain(&["updates"]);
        let outcome = outcome.chain(&ORIGIN).filter(|_| self.outcome);
        let identity = self.identity.columns().into_iter();
        identity
            .chain(outcome.map(|name| (*name).to_owned()))
            .collect()
    }

    pub(crate) fn for_each<E>(
        &self,
        see: &mut impl FnMut(&[Cell<'a>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut row = Vec::new();
        for experiment in &self.experiments {
            row.clear();
            self.identity.fill(experiment, &mut row);
            if self.outcome {
                row.extend(outcome(experiment));
                row.extend(usage(experiment));
                row.push(Cell::Count(experiment.record.updates));
                row.extend(origin(experiment));
            }
            see(&row)?;
        }
        Ok(())
    }
}

fn outcome(experiment: &ExperimentResult) -> [Cell<'_>; 6] {
    [
        Cell::Count(experiment.record.repetition),
        status(experiment),
        experiment
            .reason
            .as_deref()
            .map_or(Cell::Missing, Cell::from),
        Cell::Count(experiment.iterations),
        experiment.seconds().map_or(Cell::Missing, Cell::Float),
        Cell::Count(experiment.attempt.into()),
    ]
}

/// The columns of the resources that the current attempt used.
const USAGE: [&str; 3] = ["peak_memory", "cpu_seconds", "exit_code"];

fn usage<'a>(experiment: &ExperimentResult) -> [Cell<'a>; 3] {
    let ResourceUsage {
        peak_memory,
        cpu_seconds,
        exit_code,
    } = experiment.usage;
    [
        peak_memory.map_or(Cell::Missing, Cell::Count),
        cpu_seconds.map_or(Cell::Missing, Cell::Float),
        exit_code.map_or(Cell::Missing, |code| Cell::Int(code.into())),
    ]
}

/// The columns of the origin of the current attempt: the seed that its programs receive, its start
/// in seconds since 1970, its run and its host.
const ORIGIN: [&str; 4] = ["seed", "started", "run", "host"];

fn origin(experiment: &ExperimentResult) -> [Cell<'_>; 4] {
    [
        Cell::Count(experiment.record.short_seed().into()),
        Cell::Float(experiment.started_seconds()),
        experiment
            .run
            .map_or(Cell::Missing, |run| Cell::Count(run.into())),
        experiment.host.as_deref().map_or(Cell::Missing, Cell::from),
    ]
}

fn status(experiment: &ExperimentResult) -> Cell<'_> {
    let status = experiment.status.map(Status::as_str);
    status.map_or(Cell::Missing, Cell::from)
}

/// The columns that identify the experiment or config of a row: id, parameters, auxiliary keys.
#[derive(Clone, Debug)]
pub(crate) struct Identity<'a> {
    id: bool,
    concat_config: bool,
    use_alias: bool,
    /// Keys and their column names.
    parameters: Vec<(&'a str, &'a str)>,
    aux: bool,
    /// Whether the auxiliary keys include a column of devices.
    device: bool,
    /// Whether the table has the columns of [`ORIGIN`].
    origin: bool,
    /// Whether parameters that were added to configs are shown.
    added: bool,
    /// Whether the table has the columns of [`USAGE`].
    usage: bool,
    status: bool,
}

/// The status of an experiment that has not ended.
const RUNNING: &str = "running";

impl<'a> Identity<'a> {
    pub(crate) fn new(experiments: &[&'a ExperimentResult], options: &TableOptions) -> Self {
        let concat_config = options.include_config && options.concat_config;
        let has_parameters = options.include_config && !(concat_config && options.drop_columns);
        let mut parameters = if has_parameters {
            parameters(experiments, options.added)
        } else {
            Vec::new()
        };
        if !options.use_alias {
            for (key, heading) in &mut parameters {
                *heading = key;
            }
        }
        Self {
            id: true,
            concat_config,
            use_alias: options.use_alias,
            parameters,
            aux: options.aux,
            device: options.aux && experiments.iter().any(|one| one.device.is_some()),
            origin: options.origin,
            added: options.added,
            usage: options.usage,
            status: options.status || options.every_experiment,
        }
    }

    /// Returns the columns of a config: without id, and with auxiliary keys only on request.
    pub(crate) fn for_configs(
        experiments: &[&'a ExperimentResult],
        options: &TableOptions,
    ) -> Self {
        Self {
            id: false,
            origin: false,
            usage: false,
            status: false,
            ..Self::new(experiments, options)
        }
    }

    /// Creates the columns of ids and of parameters with known keys.
    pub(crate) fn with_parameters(keys: &'a [String]) -> Self {
        Self {
            id: true,
            concat_config: false,
            use_alias: false,
            parameters: keys.iter().map(|key| (&**key, &**key)).collect(),
            aux: false,
            device: false,
            origin: false,
            added: false,
            usage: false,
            status: false,
        }
    }

    /// Adds auxiliary keys and status.
    pub(crate) fn with_status(self, device: bool) -> Self {
        Self {
            aux: true,
            device,
            status: true,
            ..self
        }
    }

    /// Returns the keys of the parameters that have columns.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &'a str> {
        self.parameters.iter().map(|(key, _)| *key)
    }

    pub(crate) fn columns(&self) -> Vec<String> {
        let mut columns = Vec::new();
        columns.extend(self.id.then_some("id"));
        columns.extend(self.concat_config.then_some("config"));
        columns.extend(self.parameters.iter().map(|(_, heading)| *heading));
        if self.aux {
            columns.extend(["repetition", "updates"]);
        }
        columns.extend(self.device.then_some("device"));
        columns.extend(self.origin.then_some(ORIGIN).into_iter().flatten());
        columns.extend(self.usage.then_some(USAGE).into_iter().flatten());
        columns.extend(self.status.then_some("status"));
        columns.into_iter().map(str::to_owned).collect()
    }

    /// Appends the cells of an experiment.
    pub(crate) fn fill(&self, experiment: &'a ExperimentResult, row: &mut Vec<Cell<'a>>) {
        let record = &experiment.record;
        if self.id {
            row.push(Cell::from(record.id.as_str()));
        }
        if self.concat_config {
            let config = match self.added {
                true => record.config.merged(&experiment.added),
                false => record.config.clone(),
            };
            row.push(Cell::from(config.alias_string()));
        }
        for (key, _) in &self.parameters {
            let added = self.added.then(|| experiment.added.entry(key)).flatten();
            let entry = added.or_else(|| record.config.entry(key));
            row.push(match entry {
                None => Cell::Missing,
                Some(entry) => match entry.explicit_alias() {
                    Some(alias) if self.use_alias => Cell::from(alias),
                    _ => Cell::from(entry.value()),
                },
            });
        }
        if self.aux {
            row.push(Cell::Count(record.repetition));
            row.push(Cell::Count(record.updates));
        }
        if self.device {
            let device = experiment.device.as_deref();
            row.push(device.map_or(Cell::Missing, Cell::from));
        }
        if self.origin {
            row.extend(origin(experiment));
        }
        if self.usage {
            row.extend(usage(experiment));
        }
        if self.status {
            let status = experiment.status.map_or(RUNNING, Status::as_str);
            row.push(Cell::from(status));
        }
    }
}

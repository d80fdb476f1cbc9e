//! A standalone executor: it runs outside of any research, and keeps its results in memory.

use std::collections::BTreeMap;

use research_core::domain::{Config, Value};
use research_core::events::{Measure, SpanTime};
use research_core::{
    Event, ExceptionRecord, ExperimentNumber, ExperimentRecord, Status, Timestamp, WorkerNumber,
};

use super::{Executor, ExecutorError};
use crate::task::Ending;
use crate::task::standalone_task;

/// Iterations, each with a value.
pub type Series = Vec<(u64, Value)>;

/// The result of a standalone [`Executor`].
#[derive(Clone, Debug)]
pub struct Execution {
    branches: Vec<BranchExecution>,
}

/// The result of one branch.
#[derive(Clone, Debug)]
pub struct BranchExecution {
    /// Its id, config and seed.
    pub record: ExperimentRecord,
    /// The ending of the branch.
    pub ending: Ending,
    /// The saved values by name, each with its iteration.
    pub values: BTreeMap<String, Series>,
    /// The errors and panics of its units.
    pub exceptions: Vec<ExceptionRecord>,
    /// The profile of each call by unit, and of each iteration without a unit, if a
    /// [profile](Executor::profile) was requested.
    pub profile: BTreeMap<(Option<String>, Measure), Series>,
    /// The durations of the spans that units have opened, by unit, with a profile of level 2.
    pub spans: Vec<(String, SpanTime)>,
}

impl Execution {
    /// The branches, in the order of their configs.
    #[must_use]
    pub fn branches(&self) -> &[BranchExecution] {
        &self.branches
    }

    fn new(branches: Vec<(ExperimentRecord, Ending)>, events: Vec<Event>) -> Self {
        let mut branches: Vec<BranchExecution> = branches
            .into_iter()
            .map(|(record, ending)| BranchExecution {
                record,
                ending,
                values: BTreeMap::new(),
                exceptions: Vec::new(),
                profile: BTreeMap::new(),
                spans: Vec::new(),
            })
            .collect();
        for event in events {
            apply(&mut branches, event);
        }
        Self { branches }
    }
}

fn branch_of(
    branches: &mut [BranchExecution],
    number: ExperimentNumber,
) -> Option<&mut BranchExecution> {
    let mut branches = branches.iter_mut();
    branches.find(|branch| branch.ending.number == number)
}

fn apply(branches: &mut [BranchExecution], event: Event) {
    match event {
        Event::Values {
            experiment,
            variable,
            iterations,
            column,
        } => {
            if let Some(branch) = branch_of(branches, experiment) {
                let values = branch.values.entry(variable.to_string()).or_default();
                values.extend(iterations.iter().zip((0..).map_while(|i| column.get(i))));
            }
        }
        Event::Exception {
            experiment,
            exception,
            ..
        } => {
            if let Some(branch) = branch_of(branches, experiment) {
                branch.exceptions.push(*exception);
            }
        }
        Event::Profile {
            experiment,
            unit,
            measure,
            iterations,
            values,
        } => {
            if let Some(branch) = branch_of(branches, experiment) {
                let unit = unit.map(|unit| unit.to_string());
                let measured = branch.profile.entry((unit, measure)).or_default();
                measured.extend(iterations.iter().zip((0..).map_while(|i| values.get(i))));
            }
        }
        Event::Spans {
            experiment,
            unit,
            spans,
        } => {
            if let Some(branch) = branch_of(branches, experiment) {
                let spans = spans.into_iter().map(|span| (unit.to_string(), span));
                branch.spans.extend(spans);
            }
        }
        _ => {}
    }
}

/// Returns the first failure as an error.
fn raise(endings: &[Ending]) -> Result<(), ExecutorError> {
    let failed = endings
        .iter()
        .find(|ending| ending.status == Status::Failed);
    match failed.and_then(|ending| ending.reason.as_ref()) {
        Some(reason) => Err(ExecutorError::Raised(reason.clone())),
        None => Ok(()),
    }
}

impl BranchExecution {
    /// Returns the status with which the branch ended.
    #[must_use]
    pub fn status(&self) -> Status {
        self.ending.status
    }

    /// Returns the values saved under a name, in the order of the iterations.
    pub fn values_of(&self, name: &str) -> impl Iterator<Item = &Value> {
        let values = self.values.get(name).map_or([].as_slice(), Vec::as_slice);
        values.iter().map(|(_, value)| value)
    }
}

impl Executor {
    /// Sets the configs, one for each branch.
    #[must_use]
    pub fn configs(mut self, configs: impl IntoIterator<Item = Config>) -> Self {
        self.configs = configs.into_iter().collect();
        self
    }

    /// Sets the config that is added to the config of each branch, as in a research with a list of
    /// branches.
    #[must_use]
    pub fn branch_configs(mut self, configs: impl IntoIterator<Item = Config>) -> Self {
        self.branch_configs = configs.into_iter().collect();
        self
    }

    /// Sets the config that is added to the configs of all branches.
    #[must_use]
    pub fn executor_config(mut self, config: Config) -> Self {
        self.executor_config = config;
        self
    }

    /// Runs outside of any research, and returns the result. There is one branch for each config or
    /// branch config, or a single one without these. If several configs have the same key, the
    /// branch config takes precedence, then the executor config. Ids and seeds are those of a
    /// research with seed 0.
    ///
    /// ```
    /// use research_core::domain::{Config, Value};
    /// use research_core::{Experiment, ec};
    /// use research_exec::Executor;
    ///
    /// let experiment = Experiment::builder()
    ///     .callable("sum", |a: i64, b: i64, c: i64| a + b + c, (ec("a"), ec("b"), ec("c")))
    ///     .save_to("sum")
    ///     .build()?;
    /// let execution = Executor::new(experiment)
    ///     .configs([Config::from_pairs([("a", 1)]), Config::from_pairs([("a", 2)])])
    ///     .branch_configs([Config::from_pairs([("b", 10)]), Config::from_pairs([("b", 20)])])
    ///     .executor_config(Config::from_pairs([("c", 100)]))
    ///     .run()?;
    /// let sums = execution.branches().iter().flat_map(|branch| branch.values_of("sum"));
    /// assert_eq!(sums.collect::<Vec<_>>(), [&Value::from(111), &Value::from(122)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The numbers of configs and branch configs differ, or a config occurs too often to get an id.
    /// Failures of units are part of the result; with [`debug`](Self::debug) they are errors.
    pub fn run(&self) -> Result<Execution, ExecutorError> {
        let mut events = Vec::new();
        let task = standalone_task(self.merged_configs()?)?;
        let records: Vec<ExperimentRecord> = task.iter().map(|one| (*one.record).clone()).collect();
        for experiment in &task {
            let worker = WorkerNumber(0);
            events.push(experiment.started(
                Timestamp::now(),
                worker,
                std::process::id(),
                Config::new(),
            ));
        }
        let endings = self.run_task(task, &mut events)?;
        if self.debug {
            raise(&endings)?;
        }
        let branches = records.into_iter().zip(endings).collect();
        Ok(Execution::new(branches, events))
    }

    fn merged_configs(&self) -> Result<Vec<Config>, ExecutorError> {
        let (configs, branch_configs) = (self.configs.len(), self.branch_configs.len());
        if configs != branch_configs && configs.min(branch_configs) > 0 {
            return Err(ExecutorError::Lengths {
                configs,
                branch_configs,
            });
        }
        let empty = Config::new();
        let merged = (0..configs.max(branch_configs).max(1)).map(|index| {
            let own = self.configs.get(index).unwrap_or(&empty);
            let of_branch = self.branch_configs.get(index).unwrap_or(&empty);
            own.merged(&self.executor_config).merged(of_branch)
        });
        Ok(merged.collect())
    }
}

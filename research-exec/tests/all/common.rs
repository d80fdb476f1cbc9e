//! Runs of `lead` whose events are kept in memory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use research_core::domain::{Iteration, option};
use research_core::{
    Event, Experiment, ExperimentNumber, Isolation, RunOptions, Status, Storage, StorageError,
    Timestamp,
};
use research_exec::devices::NvmlProbe;
use research_exec::{
    Begun, DomainSource, Job, Launcher, Report, ResumeState, RunError, Target, WorkerBootstrap,
    lead, serve,
};

pub(crate) struct Run {
    experiment: Experiment,
    configs: i64,
    options: RunOptions,
    storage: Option<Box<dyn Storage>>,
}

#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) report: Report,
    pub(crate) events: Vec<Event>,
}

impl Run {
    pub(crate) fn new(experiment: Experiment, configs: i64) -> Self {
        Self {
            experiment,
            configs,
            options: RunOptions::default(),
            storage: None,
        }
    }

    /// Stores events there, so `lead` cannot return any.
    pub(crate) fn storage(mut self, storage: impl Storage + 'static) -> Self {
        self.storage = Some(Box::new(storage));
        self
    }

    pub(crate) fn workers(mut self, workers: u32) -> Self {
        self.options.workers = workers;
        self
    }

    pub(crate) fn isolation(mut self, isolation: Isolation) -> Self {
        self.options.isolation = isolation;
        self
    }

    pub(crate) fn options(mut self, options: RunOptions) -> Self {
        self.options = options;
        self
    }

    pub(crate) fn lead(self) -> Kept {
        self.try_lead().unwrap()
    }

    /// Leads the run. In a process that was started as a worker, serves the leader instead.
    pub(crate) fn try_lead(self) -> Result<Kept, RunError> {
        let isolation = self.options.isolation as u64;
        let target = Target {
            units: 0,
            name: "test".into(),
            fingerprint: isolation,
            earlier: 0,
            earlier_runs: None,
        };
        if let Some(bootstrap) = WorkerBootstrap::received() {
            if bootstrap.target == target {
                serve(bootstrap, |_| Ok(self.experiment)).unwrap();
                std::process::exit(0);
            }
            let report = Report {
                outcome: research_core::Outcome::Complete,
                counts: Default::default(),
            };
            return Ok(Kept {
                report,
                events: Vec::new(),
            });
        }
        let events = Arc::new(Mutex::new(Vec::new()));
        let keep = || Box::new(Keep(Arc::clone(&events))) as _;
        let domain = option("x", 0..self.configs);
        let configs = domain.configs(&Iteration::default()).unwrap();
        let source = DomainSource::new(&configs, &domain, None, 0, ResumeState::default())
            .unwrap()
            .branches(self.options.branches);
        // A test program has several threads, so its workers are executed.
        let launcher = match Launcher::begin(self.options.isolation, false).unwrap() {
            Begun::Leader(launcher) => launcher,
            Begun::Worker(worker) => worker.serve(self.experiment),
        };
        let job = Job {
            experiment: self.experiment,
            options: self.options,
            source: Box::new(source),
            devices: Default::default(),
            updater: None,
            probe: Box::new(NvmlProbe::new()),
            storage: self.storage.unwrap_or_else(keep),
            subscribers: Vec::new(),
            target,
            launcher,
            control: research_exec::RunControl::default(),
            recorded_source: None,
            warnings: Vec::new(),
            mark: research_process::new_mark(Timestamp::now().0),
        };
        let report = lead(job, None)?;
        let events = std::mem::take(&mut *events.lock().unwrap());
        Ok(Kept { report, events })
    }
}

impl Kept {
    pub(crate) fn values(&self, experiment: u64, name: &str) -> Vec<i64> {
        let mut values = Vec::new();
        for event in &self.events {
            if let Event::Values {
                experiment: number,
                variable,
                column,
                ..
            } = event
                && *number == ExperimentNumber(experiment)
                && &**variable == name
            {
                values.extend((0..column.len()).filter_map(|i| column.get(i)?.as_i64()));
            }
        }
        values
    }

    pub(crate) fn all_values(&self, name: &str) -> Vec<i64> {
        (0..1000)
            .flat_map(|experiment| self.values(experiment, name))
            .collect()
    }

    pub(crate) fn ending(&self, experiment: u64) -> (Status, Option<String>) {
        let endings: Vec<_> = self
            .events
            .iter()
            .filter_map(|event| match event {
                Event::ExperimentEnded {
                    experiment: number,
                    status,
                    reason,
                    ..
                } if number.0 == experiment => Some((*status, reason.clone())),
                _ => None,
            })
            .collect();
        assert_eq!(endings.len(), 1, "{endings:?}");
        endings.into_iter().next().unwrap()
    }
}

struct Keep(Arc<Mutex<Vec<Event>>>);

impl Storage for Keep {
    fn append(&mut self, events: &[Event]) -> Result<(), StorageError> {
        self.0.lock().unwrap().extend_from_slice(events);
        Ok(())
    }

    fn commit(&mut self, _: bool) -> Result<(), StorageError> {
        Ok(())
    }

    fn experiments_folder(&self) -> Option<&Path> {
        None
    }
}

/// Returns the path of a file that does not exist when the run begins; the same in all processes.
pub(crate) fn mark(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if WorkerBootstrap::received().is_none() {
        let _ = std::fs::remove_file(&path);
    }
    path
}

/// Creates the mark; returns false if it exists already.
pub(crate) fn make(mark: &Path) -> bool {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(mark)
        .is_ok()
}

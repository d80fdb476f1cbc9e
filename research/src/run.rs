//! Runs a research: as its leader, or as one of its workers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use research_core::{
    Experiment, ResearchRecord, RunClock, RunOptions, Timestamp, path_from_folder,
};
use research_domain::{Count, Iteration, Rules};
use research_exec::devices::{DevicePlan, DeviceProbe};
use research_exec::{DomainSource, DomainUpdater, Job, ResumeState, Signals, Target, lead};
use research_monitor::Progress;
use research_storage::{LogWatch, StoredResearch, check_env, check_name};

use crate::active::ActiveRun;
use crate::backend::RunStorage;
use crate::builder::{Place, Research};
use crate::changes;
use crate::check;
use crate::completed_run::{CompletedRun, StorageBackend};
use crate::control;
use crate::environment::Recording;
use crate::error::ResearchError;
use crate::identity::{fingerprint, fingerprint_of_units};
use crate::roots::{Tasks, root_view};
use crate::run_history;
use crate::subscribers::Subscribers;
use crate::update::{Rule, Updater};
use crate::view;
use crate::worker;
use crate::worker_arrivals::WorkerArrivals;

impl Research {
    /// Runs the research, and returns its results when the run has ended.
    ///
    /// Workers are forked from this process if it has one thread; otherwise the program is executed
    /// again for each of them (see the [documentation of the crate](crate)). In a process that was
    /// executed as a worker of this run, it serves the leader and does not return.
    ///
    /// # Errors
    /// It is called in a unit of another research, and its isolation is not `none`; the domain, the
    /// experiment or the options are invalid; a research of this name already exists; something
    /// cannot be stored; workers cannot be started or keep ending. A failed experiment is not an
    /// error: it has a status.
    pub fn run(self) -> Result<CompletedRun, ResearchError> {
        let prepared = Prepared::new(self)?;
        prepared
            .serve_if_worker()?
            .map_or_else(|prepared| prepared.lead(false), Ok)
    }

    /// Resumes an interrupted research of this name: runs the missing experiments. Experiments that
    /// ended keep their results; the others get the ids and seeds that they would have had. If the
    /// domain has changed, only new experiments run; changed units, iterations or seeds are refused
    /// (see
    /// [`allow_changes`](Self::allow_changes)).
    ///
    /// # Errors
    /// As [`run`](Self::run); or the research does not exist, or its seed or units differ.
    pub fn resume(self) -> Result<CompletedRun, ResearchError> {
        let prepared = Prepared::new(self)?;
        prepared
            .serve_if_worker()?
            .map_or_else(|prepared| prepared.lead(true), Ok)
    }
}

/// A research with a valid description.
pub(crate) struct Prepared {
    pub(crate) research: Settings,
    pub(crate) experiment: Experiment,
    pub(crate) target: Target,
}

/// The rest of the description, after the experiment was built.
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) domain: research_domain::Domain,
    pub(crate) options: RunOptions,
    /// The rules for draws and ids; a resumed research uses those of its record.
    pub(crate) rules: Rules,
    seed: Option<u64>,
    pub(crate) source: Option<serde_json::Value>,
    source_file: Option<PathBuf>,
    updates: Vec<Rule>,
    pub(crate) subscribers: Vec<Box<dyn research_core::Subscriber>>,
    bar: Progress,
    pub(crate) redo_failed: bool,
    allow_changes: bool,
    pub(crate) handle_signals: bool,
    pub(crate) probe: Box<dyn DeviceProbe>,
}

impl Prepared {
    pub(crate) fn new(research: Research) -> Result<Self, ResearchError> {
        if research.has_lost_units {
            return Err(ResearchError::Options(
                "`experiment` replaces the units that were added before it: call it first"
                    .to_owned(),
            ));
        }
        let Research {
            name,
            place,
            domain,
            experiment,
            options,
            seed,
            source,
            source_file,
            updates,
            ..
        } = research;
        check_name(&name)?;
        check::place(&options, &place)?;
        options.env_meta.iter().try_for_each(check_env)?;
        domain.validate()?;
        check::options(&options, &domain)?;
        let experiment = experiment.build()?;
        check::timeouts(&experiment, &options)?;
        let fingerprint = fingerprint(&name, &domain.to_string(), &experiment, &options, seed);
        let target = Target {
            name: name.clone(),
            fingerprint,
            units: fingerprint_of_units(&name, &experiment),
            earlier: run_history::count(fingerprint),
            earlier_runs: None,
        };
        let research = Settings {
            name,
            place,
            domain,
            options,
            rules: Rules::LATEST,
            seed,
            source,
            source_file,
            updates,
            subscribers: research.subscribers,
            bar: research.bar,
            redo_failed: research.redo_failed,
            allow_changes: research.allow_changes,
            handle_signals: research.handle_signals,
            probe: research.probe,
        };
        Ok(Self {
            research,
            experiment,
            target,
        })
    }

    fn lead(self, resume: bool) -> Result<CompletedRun, ResearchError> {
        self.lead_by(|prepared, active| {
            let finished = prepared.try_to_lead(resume, active)?;
            let kept = finished.kept.clone();
            Ok((finished, kept))
        })
    }

    fn try_to_lead(
        mut self,
        resume: bool,
        active: &ActiveRun,
    ) -> Result<CompletedRun, ResearchError> {
        research_process::survive_file_size_limit().map_err(|source| ResearchError::Io {
            action: "handle signals",
            source,
        })?;
        let launcher = worker::launcher(&self.research, &self.experiment)?;
        let mut stored = None;
        let mut done = ResumeState::default();
        let mut warnings = Vec::new();
        let mut options = self.research.options.clone();
        let tasks;
        if resume {
            let resumed = self.resumed(&mut options)?;
            stored = Some(resumed.stored);
            done = resumed.done;
            tasks = resumed.tasks;
            warnings = resumed.warnings;
        } else {
            options.seed = self.research.seed.unwrap_or_else(draw_seed);
            tasks = self.tasks(&options, None)?;
            options.root_view = tasks.view;
        }
        let configs = self
            .research
            .domain
            .configs(&iteration(&options, self.research.rules))?;
        let source = DomainSource::new(
            &configs,
            &self.research.domain,
            options.create_id_prefix,
            options.seed,
            done,
        )?
        .branches(options.branches)
        .keep_branches(!options.branch_configs.is_empty())
        .group(tasks.grouping, !self.research.updates.is_empty());
        let size = check::size(&configs)?;
        let may_end = size != Count::Infinite || !self.research.updates.is_empty();
        if size == Count::Finite(0) && !resume && self.research.updates.is_empty() {
            warnings.push("the domain has no configs, so there is nothing to run".to_owned());
        }
        let devices = DevicePlan::new(&options, &mut *self.research.probe)?;
        // The lock tells others of it.
        let _clock = RunClock::keep();
        // Before the folder or its lock is there, by which others see that there is a run to stop.
        let signals = self.listen_to_signals()?;
        // Listens until the tables are written: signals after the end of the run have no effect.
        let _until_tables_are_written = self.listen_to_signals()?;
        let RunStorage {
            storage,
            watch,
            kept,
            record,
            mark,
            warnings: of_earlier_runs,
        } = self.storage(stored.as_ref(), &options)?;
        active.set_kept(&kept);
        warnings.extend(of_earlier_runs);
        let updater = self.updater(&options, stored.as_ref(), &kept, &mark)?;
        let recording = {
            let folder = kept.folder().map(Path::to_owned);
            Recording::begin(&record.program, &options.env_meta, folder)
        };
        let notes = worker::notes(&self.research, &launcher)?;
        let target = self.target(notes.as_ref(), resume);
        let mut subscribers = Subscribers::of(self.research.subscribers);
        subscribers.add_bar(&self.research.name, self.research.bar);
        if options.monitor_log {
            subscribers.add_log(&kept)?;
        }
        if !may_end && !subscribers.shows_messages() {
            eprintln!(
                "research: the domain of `{}` is infinite, so the run ends only when it is stopped; \
                 set `n_configs` to limit it",
                self.research.name
            );
        }
        let workers = watch
            .as_ref()
            .map(|watch| WorkerArrivals::new(watch.place().clone(), active.control()));
        subscribers.add_arrivals(workers.as_ref());
        warnings.extend(subscribers.begin(&record, kept.folder(), stored.as_ref())?);
        let record = Arc::new(record);
        let experiment = view::in_leader(self.experiment, &record, &kept);
        // Before the first experiment starts, so that each can be cancelled.
        let requests = kept.folder();
        let requests = requests.and_then(|folder| control::listen(folder, active.control()));
        let report = lead(Job {
            experiment,
            options,
            source: Box::new(source),
            devices,
            updater,
            probe: self.research.probe,
            storage,
            subscribers: subscribers.subscribers,
            target,
            launcher,
            control: active.control(),
            recorded_source: record.source.as_ref().map(ToString::to_string),
            signals,
            warnings,
            mark,
        });
        drop(requests);
        let recorded = recording.finish();
        if let Some(workers) = workers {
            workers.explain(report.as_ref().err())?;
        }
        let report = report?;
        #[cfg(feature = "parquet")]
        let tables_failure = kept.write_tables();
        #[cfg(not(feature = "parquet"))]
        let tables_failure = None;
        // Nothing comes after this but the report: from here on the log is not watched.
        watch.map_or(Ok(()), LogWatch::finish)?;
        Ok(CompletedRun {
            record,
            kept,
            report: Some(report),
            recorded: Arc::new(recorded),
            tables_failure,
        })
    }

    /// Returns how tasks are formed, in a new or a resumed research.
    pub(crate) fn tasks(
        &self,
        options: &RunOptions,
        before: Option<&ResearchRecord>,
    ) -> Result<Tasks, ResearchError> {
        let Settings {
            domain, updates, ..
        } = &self.research;
        let view = root_view(&self.experiment, options, domain, !updates.is_empty());
        Ok(Tasks::new(view, options, before)?)
    }

    /// Starts to listen to signals, unless disabled.
    pub(crate) fn listen_to_signals(&self) -> Result<Option<Signals>, ResearchError> {
        let listening = self.research.handle_signals.then(Signals::listen);
        listening.transpose().map_err(|source| ResearchError::Io {
            action: "listen to signals",
            source,
        })
    }

    /// Returns the updater of the domain, with the results of earlier runs; `None` without updates.
    fn updater(
        &mut self,
        options: &RunOptions,
        stored: Option<&StoredResearch>,
        kept: &StorageBackend,
        mark: &str,
    ) -> Result<Option<Box<dyn DomainUpdater>>, ResearchError> {
        let rules = std::mem::take(&mut self.research.updates);
        if rules.is_empty() {
            return Ok(None);
        }
        let mut updater = Updater::new(rules, options.clone(), kept, mark);
        if let Some(stored) = stored {
            updater.see_earlier_runs(stored, self.research.redo_failed)?;
        }
        Ok(Some(Box::new(updater)))
    }

    pub(crate) fn record(&self, options: RunOptions) -> ResearchRecord {
        let directory = std::env::current_dir().unwrap_or_default();
        let directory_from_folder = match &self.research.place {
            Place::Folder(base) => {
                let base = base.canonicalize().or_else(|_| std::path::absolute(base));
                let folder = base.map(|base| base.join(&self.research.name)).ok();
                folder.and_then(|folder| path_from_folder(&folder, &directory))
            }
            Place::Memory => None,
        };
        ResearchRecord {
            format: ResearchRecord::FORMAT,
            name: self.research.name.clone(),
            created: Timestamp::now().0,
            program: concat!("research ", env!("CARGO_PKG_VERSION")).to_owned(),
            build: changes::build(),
            directory,
            directory_from_folder,
            domain: self.research.domain.to_string(),
            rules: self.research.rules,
            options,
            units: self.experiment.describe(),
            updates: self.research.updates.iter().map(Rule::describe).collect(),
            source: self.research.source.clone(),
            source_file: self.research.source_file.clone(),
        }
    }

    pub(crate) fn check_changes(
        &self,
        before: &ResearchRecord,
        options: &RunOptions,
    ) -> Result<(), ResearchError> {
        let Settings {
            seed,
            allow_changes,
            ..
        } = self.research;
        let now = self.record(options.clone());
        changes::check(before, &now, seed, allow_changes)
    }
}

pub(crate) fn iteration(options: &RunOptions, rules: Rules) -> Iteration {
    Iteration::default()
        .n_items(options.n_configs.map(u128::from))
        .n_reps(options.n_reps)
        .repeat_each(options.repeat_each.map(u128::from))
        .seed(options.seed)
        .rules(rules)
}

/// Draws a seed that users can type.
fn draw_seed() -> u64 {
    use std::hash::BuildHasher;
    std::hash::RandomState::new().hash_one(Timestamp::now().0) >> 33
}

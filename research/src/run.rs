//! Runs a research: as its leader, or as one of its workers.

use std::path::Path;
use std::sync::Arc;

use research_core::executor::RunClock;
use research_core::{RunOptions, Timestamp};
use research_domain::Count;
use research_exec::devices::DevicePlan;
use research_exec::{DomainSource, DomainUpdater, Job, Tally, lead};
use research_monitor::{Progress, write_warning};
use research_storage::{LockedResearch, LogWatch};

use crate::active::ActiveRun;
use crate::backend::RunStorage;
use crate::builder::Research;
use crate::check;
use crate::completed_run::CompletedRun;
use crate::control;
use crate::environment::Recording;
use crate::error::ResearchError;
use crate::place::StorageBackend;
use crate::prepared::{Prepared, iteration};
use crate::resume_state::ResumeFold;
use crate::subscribers::Subscribers;
use crate::update::Updater;
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
    /// experiment or the options are invalid; a research of this name already exists; storage
    /// fails; workers cannot be started or keep ending. A failed experiment is not an error: it has
    /// a status.
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

impl Research {
    /// Resumes the research of this name if it exists, and otherwise runs it: a program that is
    /// started again completes the research that it has begun.
    ///
    /// # Errors
    /// As for [`resume`](Self::resume) or [`run`](Self::run).
    pub fn run_or_resume(self) -> Result<CompletedRun, ResearchError> {
        let prepared = Prepared::new(self)?;
        prepared.serve_if_worker()?.map_or_else(
            |prepared| {
                let exists = prepared.exists();
                prepared.lead(exists)
            },
            Ok,
        )
    }
}

impl Prepared {
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
        let mut warnings = Vec::new();
        let mut options = self.research.options.clone();
        let tasks;
        if resume {
            let resumed = self.resumed(&mut options)?;
            stored = Some(resumed.stored);
            tasks = resumed.tasks;
            warnings = resumed.warnings;
        } else {
            options.seed = self.research.seed.unwrap_or_else(draw_seed);
            self.experiment.check_saved_names()?;
            tasks = self.tasks(&options, None)?;
            options.root_view = tasks.view;
        }
        let configs = self
            .research
            .domain
            .configs(&iteration(&options, self.research.rules))?;
        let size = check::size(&configs)?;
        let may_end = size != Count::Infinite || !self.research.updates.is_empty();
        if size == Count::Finite(0) && !resume && self.research.updates.is_empty() {
            warnings.push("the domain has no configs, so there is nothing to run".to_owned());
        }
        warnings.extend(check::replaced_parameter(&options, &self.research.domain));
        let devices = DevicePlan::new(&options, &mut *self.research.probe)?;
        // The clock must exist before the lock, which passes its epoch to other processes.
        let _clock = RunClock::keep();
        // Signals are handled before the folder and its lock exist, because other processes can
        // stop the run from then on. They are handled until the tables are written.
        let mut signals = self.listen_to_signals()?;
        let is_silent = matches!(self.research.bar, Progress::Hidden) && !self.research.quiet;
        let warns_of_failures = is_silent && self.research.subscribers.is_empty();
        if !may_end && is_silent {
            write_warning(
                &self.research.name,
                "the domain is infinite: the run continues until it is stopped; \
                 set `n_configs` to limit it",
            );
        }
        let mut subscribers = Subscribers::of(std::mem::take(&mut self.research.subscribers));
        subscribers.add_bar(&self.research.name, std::mem::take(&mut self.research.bar));
        let locked = stored.as_ref();
        let locked = locked.map(|stored| LockedResearch::take(stored.folder()));
        let mut locked = locked.transpose()?;
        if let (Some(stored), Some(locked)) = (&stored, &locked)
            && self.needs_check(locked.record(), &options)
        {
            // Before subscribers are called, so that a refused resume does not reach them.
            warnings.extend(self.checked_done(stored, &options)?.1);
        }
        let mut earlier = Earlier::new(&options);
        if let Some(locked) = &mut locked {
            let record = self.record_of_resumed(locked.record(), &options);
            if options.monitor_log {
                subscribers.add_log(Some(locked.folder()))?;
            }
            let mut history = subscribers.begin(&record, Some(locked.folder()));
            locked.replay(&mut [&mut earlier.done, &mut earlier.tally, &mut history])?;
            warnings.extend(history.problems);
        }
        let redo_failed = self.research.redo_failed;
        if redo_failed {
            earlier.tally.redo_failed();
        }
        let done = earlier.done.finish(redo_failed);
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
        let RunStorage {
            storage,
            watch,
            kept,
            record,
            mark,
            warnings: of_earlier_runs,
        } = self.storage(locked, &options)?;
        active.set_kept(&kept);
        warnings.extend(of_earlier_runs);
        let updater = self.updater(earlier.tally, &options, &kept, &mark);
        let recording = {
            let folder = kept.folder().map(Path::to_owned);
            Recording::begin(&record.program, &options.env_meta, folder)
        };
        let notes = worker::notes(&self.research, &launcher)?;
        let target = self.target(notes.as_ref(), resume);
        if !resume {
            if options.monitor_log {
                subscribers.add_log(kept.folder())?;
            }
            warnings.extend(subscribers.begin(&record, kept.folder()).problems);
        }
        let workers = watch
            .as_ref()
            .map(|watch| WorkerArrivals::new(watch.place().clone(), active.control()));
        subscribers.add_arrivals(workers.as_ref());
        let record = Arc::new(record);
        let experiment = view::in_leader(self.experiment, &record, &kept);
        // Requests are accepted before the first experiment starts, so that each can be cancelled.
        let requests = kept.folder();
        let requests = requests.and_then(|folder| control::listen(folder, active.control()));
        let job = Job {
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
            warnings,
            mark,
        };
        let report = lead(job, signals.as_mut());
        drop(requests);
        let recorded = recording.finish();
        if let Some(workers) = workers {
            workers.explain(report.as_ref().err())?;
        }
        let report = report?;
        watch.as_ref().map_or(Ok(()), LogWatch::check)?;
        #[cfg(feature = "parquet")]
        let tables_failure = kept.write_tables(self.research.on_large_tables);
        #[cfg(not(feature = "parquet"))]
        let tables_failure = None;
        // Only the report follows, so the log is not watched any longer.
        watch.map_or(Ok(()), LogWatch::finish)?;
        let all_failed =
            report.counts.total() > 0 && report.counts.unsuccessful() == report.counts.total();
        let finished = CompletedRun {
            record,
            kept,
            report: Some(report),
            recorded: Arc::new(recorded),
            tables_failure,
        };
        if all_failed
            && warns_of_failures
            && let Err(failure) = finished.require_success()
        {
            write_warning(&finished.record.name, &failure.to_string());
        }
        Ok(finished)
    }

    /// Returns the updater of the domain, with the results of earlier runs; `None` without updates.
    fn updater(
        &mut self,
        tally: Tally,
        options: &RunOptions,
        kept: &StorageBackend,
        mark: &str,
    ) -> Option<Box<dyn DomainUpdater>> {
        let rules = std::mem::take(&mut self.research.updates);
        if rules.is_empty() {
            return None;
        }
        let updater = Updater::new(rules, tally, options.clone(), kept, mark);
        Some(Box::new(updater))
    }
}

/// The folds of the log of earlier runs.
struct Earlier {
    done: ResumeFold,
    /// The statuses of experiments, for updates of the domain.
    tally: Tally,
}

impl Earlier {
    fn new(options: &RunOptions) -> Self {
        Self {
            done: ResumeFold::new(options.retries),
            tally: Tally::new(options.retries),
        }
    }
}

/// Draws a seed that users can type.
fn draw_seed() -> u64 {
    use std::hash::BuildHasher;
    std::hash::RandomState::new().hash_one(Timestamp::now().0) >> 33
}

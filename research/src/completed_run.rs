//! A completed run and its results.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use research_core::files::read_regular;
use research_core::{
    Event, EventLog, Fold, LargeValue, LogLevel, Outcome, OutputStream, ResearchRecord, Status,
};
use research_domain::{ExperimentId, Value};
use research_exec::{Report, RunError, Tally};
use research_results::{Format, LogResults, Results, TableOptions};
use research_storage::{Boundaries, LogEntries, LogEntry, LogEntryKind, StoredResearch};

use crate::environment::{EnvTexts, Recorded, read_env};
use crate::error::ResearchError;
use crate::place::StorageBackend;

/// A research that was run, or at least started, by this program or an earlier one. That it has
/// ended does not mean that its experiments have succeeded: see
/// [`require_success`](Self::require_success).
#[derive(Clone, Debug)]
#[must_use = "experiments may have failed: call `require_success`, or read the results"]
pub struct CompletedRun {
    pub(crate) record: Arc<ResearchRecord>,
    pub(crate) kept: StorageBackend,
    pub(crate) report: Option<Report>,
    /// The environment of the run, if this program ran it.
    pub(crate) recorded: Arc<Recorded>,
    /// The reason that the Parquet tables could not be written, if this program ran the research.
    pub(crate) tables_failure: Option<String>,
}

impl CompletedRun {
    /// Loads a research from its folder. No code of the research runs, and it may be running.
    ///
    /// ```no_run
    /// use research::CompletedRun;
    ///
    /// let run = CompletedRun::load("results/search")?;
    /// println!("{}\n{}", run.record().name, run.results().table()?);
    /// # Ok::<(), research::ResearchError>(())
    /// ```
    ///
    /// # Errors
    /// The folder is not a research, or it cannot be read.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, ResearchError> {
        let stored = StoredResearch::load(folder.as_ref())?;
        Ok(Self {
            record: Arc::new(stored.record().clone()),
            kept: StorageBackend::Folder(stored.folder().to_owned()),
            report: None,
            recorded: Arc::default(),
            tables_failure: None,
        })
    }

    /// Returns the record of the research: name, domain, options, units.
    #[must_use]
    pub fn record(&self) -> &ResearchRecord {
        &self.record
    }

    /// Returns how the run ended, if this program ran it.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// Returns `self`, unless experiments have failed or the run was interrupted.
    ///
    /// ```
    /// use research::{Research, ec, option};
    ///
    /// let error = Research::new("inverse")
    ///     .in_memory()
    ///     .domain(option("x", [0_i64, 2]))
    ///     .callable("inverse", |x: i64| 1_i64.checked_div(x).ok_or("division by 0"), (ec("x"),))
    ///     .run()?
    ///     .require_success()
    ///     .unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "1 of 2 experiments of `inverse` failed; the first one: unit `inverse` failed in \
    ///      iteration 0: division by 0"
    /// );
    /// # Ok::<(), research::ResearchError>(())
    /// ```
    ///
    /// # Errors
    /// An experiment has failed for good, in this run or an earlier one; the run was interrupted
    /// before its end; or the log cannot be read.
    pub fn require_success(&self) -> Result<&Self, ResearchError> {
        let mut tally = Tally::new(self.record.options.retries);
        let mut reasons = BTreeMap::new();
        self.for_each_event(|event| {
            tally.apply(event);
            if let Event::ExperimentEnded {
                experiment,
                status,
                reason,
                ..
            } = event
            {
                match status.is_failure() {
                    true => reasons.insert(*experiment, reason.clone()),
                    false => reasons.remove(experiment),
                };
            }
        })?;
        let (failed, ended) = (
            tally.counts().count(Status::is_failure),
            tally.counts().count(|_| true),
        );
        if failed > 0 {
            let reason = reasons.into_values().flatten().next();
            return Err(ResearchError::Failed {
                name: self.record.name.clone(),
                failed,
                ended,
                reason: reason.unwrap_or_else(|| "its reason is unknown".to_owned()),
            });
        }
        match &self.report {
            Some(report) if report.outcome != Outcome::Complete => {
                Err(RunError::Interrupted.into())
            }
            _ => Ok(self),
        }
    }

    /// Returns the research's folder, if it has one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.kept.folder()
    }

    /// Returns the results, which are read on demand.
    #[must_use]
    pub fn results(&self) -> StoredResults<'_> {
        StoredResults { research: self }
    }

    /// Calls `f` with the events of the log, in order, in batches.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn for_each_event(&self, mut see: impl FnMut(&Event)) -> Result<(), ResearchError> {
        let mut log = self.kept.log()?;
        while let Some(events) = log.next_batch()? {
            events.iter().for_each(&mut see);
        }
        Ok(())
    }
}

/// Logs, captured output, the recorded environment and files.
impl CompletedRun {
    /// Returns the messages and exceptions of the run, in order, or those of one experiment with
    /// its starts and ends.
    ///
    /// ```no_run
    /// for entry in research::CompletedRun::load("results/search")?.logs(None)? {
    ///     println!("{entry}");
    /// }
    /// # Ok::<(), research::ResearchError>(())
    /// ```
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn logs(&self, experiment: Option<&ExperimentId>) -> Result<Vec<LogEntry>, ResearchError> {
        let boundaries = experiment.map_or(Boundaries::None, |_| Boundaries::All);
        let mut log = LogEntries::new(LogLevel::Debug, boundaries);
        let mut entries = Vec::new();
        self.for_each_event(|event| {
            log.apply(event);
            entries.extend(log.take().filter(|entry| match experiment {
                Some(_) => entry.experiment.as_ref() == experiment,
                None => entry.kind == LogEntryKind::Message,
            }));
        })?;
        Ok(entries)
    }

    /// Returns the captured output of an experiment, if it was captured for each experiment.
    ///
    /// # Errors
    /// The output cannot be read.
    pub fn output(
        &self,
        experiment: &ExperimentId,
        stream: OutputStream,
    ) -> Result<String, ResearchError> {
        if let StorageBackend::Folder(folder) = &self.kept {
            let folder = folder.join("experiments").join(experiment.as_str());
            return match read_regular(&folder.join(stream.file_name())) {
                Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
                Err(source) => Err(ResearchError::Io {
                    action: "read what an experiment has printed",
                    source,
                }),
            };
        }
        let mut number = None;
        let mut printed = String::new();
        self.for_each_event(|event| match event {
            Event::ExperimentStarted {
                experiment: started,
                record,
                ..
            } if record.id == *experiment => number = Some(*started),
            Event::Output {
                experiment,
                stream: printed_on,
                text,
            } if Some(*experiment) == number && *printed_on == stream => printed.push_str(text),
            _ => {}
        })?;
        Ok(printed)
    }

    /// Returns the recorded environment: texts by the names of their files in the folder `env`.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn env(&self) -> Result<EnvTexts, ResearchError> {
        match &self.kept {
            StorageBackend::Folder(folder) => Ok(read_env(folder)?),
            StorageBackend::Memory(_) => Ok(self.recorded.texts.clone()),
        }
    }

    /// Returns the reason that the environment could not be recorded completely, if so. This does
    /// not end a run.
    #[must_use]
    pub fn env_failure(&self) -> Option<&str> {
        self.recorded.failure.as_deref()
    }

    /// Returns the reason that results.parquet and experiments.parquet are missing or outdated, if
    /// this program ran the research and could not write them. The results are still complete.
    #[must_use]
    pub fn tables_failure(&self) -> Option<&str> {
        self.tables_failure.as_deref()
    }

    /// Reads and verifies a large value from its file; see
    /// [`large_value`](research_results::ExperimentResult::large_value).
    ///
    /// # Errors
    /// The file is missing or damaged; the error names it.
    pub fn read_large(&self, value: &LargeValue) -> Result<Value, ResearchError> {
        match &self.kept {
            StorageBackend::Folder(folder) => Ok(value.read(folder)?),
            StorageBackend::Memory(_) => Err(ResearchError::InMemory {
                name: self.record.name.clone(),
            }),
        }
    }
}

/// The results of a research, read on demand.
#[derive(Clone, Copy, Debug)]
pub struct StoredResults<'a> {
    research: &'a CompletedRun,
}

impl StoredResults<'_> {
    /// Reads all results.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn load(&self) -> Result<Results, ResearchError> {
        let mut results = Results::new();
        self.research.for_each_event(|event| results.apply(event))?;
        Ok(results)
    }

    /// Reads the results that a table with these options shows.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn load_for(&self, options: &TableOptions) -> Result<Results, ResearchError> {
        let mut results = Results::for_table(options);
        self.research.for_each_event(|event| results.apply(event))?;
        Ok(results)
    }

    /// Reads the rows of all results as a type with a field for each column that is of interest;
    /// see [`Table::rows`](research_results::Table::rows).
    ///
    /// ```
    /// use research::{Research, ec, option};
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Row {
    ///     x: i64,
    ///     square: i64,
    /// }
    ///
    /// let research = Research::new("squares")
    ///     .in_memory()
    ///     .domain(option("x", [2_i64, 3]))
    ///     .callable("square", |x: i64| x * x, (ec("x"),))
    ///     .save_to("square")
    ///     .run()?;
    /// for row in research.results().rows::<Row>()? {
    ///     assert_eq!(row.square, row.x * row.x);
    /// }
    /// let results = research.results().load()?;
    /// for one in results.experiments() {
    ///     assert_eq!(one.series::<i64>("square")?, [one.value::<i64>("square")?]);
    /// }
    /// # Ok::<(), research::ResearchError>(())
    /// ```
    ///
    /// # Errors
    /// The log cannot be read, or a cell is of another type than its field, or missing.
    pub fn rows<T: serde::de::DeserializeOwned>(&self) -> Result<Vec<T>, ResearchError> {
        Ok(self.load()?.rows()?)
    }

    /// Returns a table as text: a row per experiment and iteration, a column per parameter and
    /// variable.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn table(&self) -> Result<String, ResearchError> {
        Ok(self.load()?.table()?)
    }

    /// Writes a table as text, CSV or JSON. [`Table::write_parquet`] writes Parquet; a run writes
    /// all results to `results.parquet` in the folder of the research at its end.
    ///
    /// ```
    /// use research::{Format, Research, TableOptions, ec, option};
    ///
    /// let research = Research::new("squares")
    ///     .in_memory()
    ///     .domain(option("x", [2_i64, 3]))
    ///     .callable("square", |x: i64| x * x, (ec("x"),))
    ///     .save_to("square")
    ///     .seed(1)
    ///     .run()?;
    /// let mut csv = Vec::new();
    /// let two = TableOptions::new().config("x", 2);
    /// research.results().write(&two, Format::Csv, &mut csv)?;
    /// assert!(csv.starts_with(b"id,x,iteration,square\n") && csv.ends_with(b",2,0,4\n"));
    /// # Ok::<(), research::ResearchError>(())
    /// ```
    ///
    /// [`Table::write_parquet`]: research_results::Table::write_parquet
    ///
    /// # Errors
    /// The log cannot be read, the options contradict each other, or the output cannot be written.
    pub fn write(
        &self,
        options: &TableOptions,
        format: Format,
        output: &mut dyn std::io::Write,
    ) -> Result<(), ResearchError> {
        let results = LogResults::new(self.research.kept.log()?)?;
        results.table(options)?.write(format, output)?;
        Ok(())
    }
}

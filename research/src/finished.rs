//! A research that was run: its results.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use research_core::{Event, LargeValue, OutputStream, ResearchRecord, read_regular};
use research_domain::{ExperimentId, Value};
use research_exec::Report;
use research_storage::{
    EnvTexts, Format, MemoryEvents, Results, StoredResearch, TableOptions, read_env,
};

use crate::environment::Recorded;
use crate::error::ResearchError;
use crate::log_entry::LogEntry;

/// A research that was run, or at least begun, in this program or an earlier one.
#[derive(Clone, Debug)]
pub struct Finished {
    pub(crate) record: Arc<ResearchRecord>,
    pub(crate) kept: Kept,
    pub(crate) report: Option<Report>,
    /// The environment of the run, if this program ran it.
    pub(crate) recorded: Arc<Recorded>,
    /// Why the Parquet tables could not be written, if this program ran it and they could not.
    pub(crate) tables_failure: Option<String>,
}

/// Where the events are.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Folder(PathBuf),
    Memory(MemoryEvents),
}

/// The size of a log from which writing the tables takes seconds, which a notice announces.
#[cfg(feature = "parquet")]
const LONG_LOG: u64 = 64 << 20;

impl Kept {
    /// The research's folder, if it has one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Memory(_) => None,
        }
    }
}

#[cfg(feature = "parquet")]
use research_storage::ReplaceTables;

#[cfg(feature = "parquet")]
impl Kept {
    /// Writes the Parquet tables beside the log, and returns an error message if that fails. The log
    /// is complete, so a full disk does not fail the run.
    pub(crate) fn write_tables(&self) -> Option<String> {
        let Self::Folder(folder) = self else {
            return None;
        };
        let log = std::fs::metadata(folder.join("events.log"));
        if log.is_ok_and(|log| log.len() >= LONG_LOG) {
            eprintln!(
                "research: the run has ended; writing results.parquet and experiments.parquet, which can be interrupted"
            );
        }
        let replace = ReplaceTables::UnlessFewerExperiments;
        let written = StoredResearch::load(folder).and_then(|stored| stored.write_parquet(replace));
        written.err().map(|error| error.to_string())
    }
}

impl Finished {
    /// Loads a research from its folder. Nobody's code is run, and it may be running meanwhile.
    ///
    /// # Errors
    /// There is no research in the folder, or it cannot be read.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, ResearchError> {
        let stored = StoredResearch::load(folder.as_ref())?;
        Ok(Self {
            record: Arc::new(stored.record().clone()),
            kept: Kept::Folder(stored.folder().to_owned()),
            report: None,
            recorded: Arc::default(),
            tables_failure: None,
        })
    }

    /// What the research is: name, domain, options, units.
    #[must_use]
    pub fn record(&self) -> &ResearchRecord {
        &self.record
    }

    /// How the run ended, if it was run by this program.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// The research's folder, if it has one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.kept.folder()
    }

    /// Its results; they are read when they are asked for.
    #[must_use]
    pub fn results(&self) -> StoredResults<'_> {
        StoredResults { research: self }
    }

    /// Calls a function with the events of the log, in order, in pieces.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn for_each_event(&self, mut see: impl FnMut(&Event)) -> Result<(), ResearchError> {
        match &self.kept {
            Kept::Memory(events) => events.events().iter().for_each(see),
            Kept::Folder(folder) => {
                for events in StoredResearch::load(folder)?.events()? {
                    events?.iter().for_each(&mut see);
                }
            }
        }
        Ok(())
    }
}

/// What is kept beside results, for those who ask.
impl Finished {
    /// The messages and exceptions of the run, in order; with `experiment`, of that one alone.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn logs(&self, experiment: Option<&ExperimentId>) -> Result<Vec<LogEntry>, ResearchError> {
        let mut ids = HashMap::new();
        let mut entries = Vec::new();
        self.for_each_event(|event| {
            let entry = LogEntry::of(event, &mut ids);
            entries.extend(entry.filter(|entry| {
                experiment.is_none_or(|wanted| entry.experiment.as_ref() == Some(wanted))
            }));
        })?;
        Ok(entries)
    }

    /// What an experiment has printed, where that was kept for each experiment; else nothing.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn output(
        &self,
        experiment: &ExperimentId,
        stream: OutputStream,
    ) -> Result<String, ResearchError> {
        if let Kept::Folder(folder) = &self.kept {
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

    /// What was recorded of the environment: texts by the names of their files in the folder
    /// `env`.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn env(&self) -> Result<EnvTexts, ResearchError> {
        match &self.kept {
            Kept::Folder(folder) => Ok(read_env(folder)?),
            Kept::Memory(_) => Ok(self.recorded.texts.clone()),
        }
    }

    /// Why the environment could not be recorded, or not all of them, if that is so. That is no
    /// reason to end a run.
    #[must_use]
    pub fn env_failure(&self) -> Option<&str> {
        self.recorded.failure.as_deref()
    }

    /// Returns why results.parquet and experiments.parquet are missing or outdated, if this program
    /// ran the research and could not write them. The results are complete all the same.
    #[must_use]
    pub fn tables_failure(&self) -> Option<&str> {
        self.tables_failure.as_deref()
    }

    /// Reads a large value from its file, and checks it; see
    /// [`large_value`](research_storage::ExperimentResult::large_value).
    ///
    /// # Errors
    /// Its file is missing or damaged: the error names it.
    pub fn read_large(&self, value: &LargeValue) -> Result<Value, ResearchError> {
        match &self.kept {
            Kept::Folder(folder) => Ok(value.read(folder)?),
            Kept::Memory(_) => Err(ResearchError::InMemory {
                name: self.record.name.clone(),
            }),
        }
    }
}

/// The results of a research, read from where they are kept.
#[derive(Clone, Copy, Debug)]
pub struct StoredResults<'a> {
    research: &'a Finished,
}

impl StoredResults<'_> {
    /// Reads them.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn load(&self) -> Result<Results, ResearchError> {
        let mut results = Results::new();
        self.research.for_each_event(|event| results.apply(event))?;
        Ok(results)
    }

    /// Reads of them what a table with these options shows.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn load_for(&self, options: &TableOptions) -> Result<Results, ResearchError> {
        let mut results = Results::for_table(options);
        self.research.for_each_event(|event| results.apply(event))?;
        Ok(results)
    }

    /// A table as text: a row per experiment and iteration, a column per parameter and variable.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn table(&self) -> Result<String, ResearchError> {
        Ok(self.load()?.table()?)
    }

    /// Writes a table as text, CSV or JSON. As Parquet, [`Table::write_parquet`] writes it; that of
    /// all results stands in the research's folder as `results.parquet` when a run has ended.
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
    /// [`Table::write_parquet`]: research_storage::Table::write_parquet
    ///
    /// # Errors
    /// The log cannot be read, the options contradict each other, or the output takes no more.
    pub fn write(
        &self,
        options: &TableOptions,
        format: Format,
        output: &mut dyn std::io::Write,
    ) -> Result<(), ResearchError> {
        let results = self.load_for(options)?;
        results
            .to_table(options)?
            .write(format, output)
            .map_err(|source| ResearchError::Io {
                action: "write the table",
                source,
            })
    }
}

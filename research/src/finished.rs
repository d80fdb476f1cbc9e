//! A research that was run: its results.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use research_core::{Event, ResearchRecord};
use research_exec::Report;
use research_storage::{Format, MemoryEvents, Results, StoredResearch, TableOptions};

use crate::error::ResearchError;

/// A research that was run, or at least begun, in this program or an earlier one.
#[derive(Clone, Debug)]
pub struct Finished {
    pub(crate) record: Arc<ResearchRecord>,
    pub(crate) kept: Kept,
    pub(crate) report: Option<Report>,
}

/// Where the events are.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Folder(PathBuf),
    Memory(MemoryEvents),
}

#[cfg(feature = "parquet")]
impl Kept {
    /// Writes the tables that lie beside the log. The run is over and its log whole, so a disk
    /// without room for them is no reason to call it failed.
    pub(crate) fn write_tables(&self) {
        if let Self::Folder(folder) = self
            && let Err(error) =
                StoredResearch::load(folder).and_then(|stored| stored.write_parquet())
        {
            eprintln!(
                "research: the tables for other programs are missing or old: {error} (`research compact` writes them)"
            );
        }
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
        match &self.kept {
            Kept::Folder(folder) => Some(folder),
            Kept::Memory(_) => None,
        }
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

    /// Writes a table in any form.
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

//! Where a research is kept: the event log, and what is folded from it.
//!
//! [`LocalStorage`] keeps a research in a folder, [`MemoryStorage`] in memory; both take events
//! from the leader. [`StoredResearch`] reads a folder, also while another process writes it.
//! `FORMAT.md`, beside this crate's manifest, describes the files.
//!
//! [`Results`] is the fold of events into what experiments have saved; a [`Table`] shows it, and
//! is written as text, CSV, JSON or Parquet.

mod env;
mod local;
mod log;
mod memory;
mod names;
#[cfg(feature = "plot")]
mod plot;
#[cfg(feature = "query")]
mod query;
mod results;
mod statistics;
mod table;

pub use env::{EnvError, EnvTexts, check_env, collect_env, read_env, system_facts, write_env};
#[cfg(feature = "plot")]
pub use local::LogPlotError;
#[cfg(feature = "parquet")]
pub use local::ReplaceTables;
pub use local::{
    ArtifactsError, FolderCheckup, Leftovers, LocalStorage, LockedResearch, LogPlace, LogResults,
    LogResultsError, LogTable, LogWatch, LostEnd, LostRows, MissingEnd, Runner, StoredResearch,
    check_folder, list, remove, salvage_folder,
};
pub use log::{
    Checkup, DamagedSpan, FormatVersion, LogFile, LogReader, LogWriter, TornTail, check_log,
    salvage_log,
};
pub use memory::{MemoryEvents, MemoryStorage};
pub use names::check_name;
#[cfg(feature = "plot")]
pub use plot::{Aggregate, Arrangement, Band, LeftOut, Plot, PlotError, PlotOptions};
#[cfg(feature = "query")]
pub use query::{QueryError, QueryOptions};
pub use research_core::FsyncPolicy;
pub use results::{ExperimentResult, MixedColumns, Results, Series};
pub use table::{
    Cell, ColumnType, Format, ParseFormatError, SummaryOptions, Table, TableError, TableOptions,
};

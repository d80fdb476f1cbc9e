//! `research logs`: prints the log of a research.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use research::StoredExperiment;
use research::base::{Fold, LogLevel};
use research::storage::{Boundaries, Follower, LogEntries, StoredResearch};

use super::{CommandError, truncated_log};
use crate::exit::Exit;
use crate::terminal;

/// The interval at which a growing log is read.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Print the log of a research, or of one of its experiments
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print the log of a research: runs, messages and failures. With --id, print the log of one
experiment: its starts with config and seed, messages, failures and ends; with
`loglevel = \"debug\"` in the research file, also each call of a unit. With --follow, continue until
the run ends.",
    after_help = "\
Examples:
  research logs power
  research logs power --follow --level warning
  research logs power --id 0a8e2f"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// Print the log of the experiment with this id, or unique prefix of an id
    #[arg(long)]
    pub id: Option<String>,
    /// Continue until the run ends
    #[arg(short, long)]
    pub follow: bool,
    /// Only entries of this level or above
    #[arg(long, value_enum, default_value_t)]
    pub level: Level,
}

/// The level of a log entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Level {
    /// Debugging information
    #[default]
    Debug,
    /// Events
    Info,
    /// Warnings
    Warning,
    /// Errors
    Error,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let stored = StoredResearch::load(&arguments.name)?;
    let ids = StoredExperiment::ids(&stored, arguments.id.as_slice()).map_err(Box::new)?;
    let wanted = ids.first().map(String::as_str);
    let level = LogLevel::from(arguments.level).max(stored.record().options.loglevel);
    let boundaries = match wanted {
        Some(_) if arguments.level <= Level::Info => Boundaries::All,
        _ => Boundaries::None,
    };
    let mut entries = LogEntries::new(level, boundaries);
    let mut log = Follower::new(&stored)?;
    let mut is_empty = true;
    loop {
        let runner = log.read(|events| {
            entries.apply_all(events);
            entries
                .take()
                .try_for_each(|entry| {
                    let id = entry.experiment.as_ref().map(|id| id.as_ref() as &str);
                    match wanted {
                        None => write!(out, "{entry}")?,
                        Some(_) if id == wanted => write!(out, "{}", entry.in_own_log())?,
                        Some(_) => return Ok(()),
                    }
                    is_empty = false;
                    Ok(())
                })
                .map_err(|error: io::Error| CommandError::from(error))
        })?;
        out.flush()?;
        if !arguments.follow || runner.is_none() {
            break;
        }
        std::thread::sleep(POLL_INTERVAL);
    }
    truncated_log::warn_of_unknown(log.unknown_events(), &stored);
    if is_empty {
        terminal::message("no log entries");
    }
    Ok(Exit::Success)
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}

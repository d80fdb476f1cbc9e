//! `research logs`: prints the log of a research.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use research::StoredExperiment;
use research::core::StorageError;
use research::core::files::open_regular;
use research::storage::StoredResearch;

use super::CommandError;
use crate::exit::Exit;
use crate::terminal;

/// The interval at which a growing log is read.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Print the log of a research, or of one of its experiments
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print the log of a research: runs, messages and failures. With --id, print the log of one
experiment. With --follow, continue until the run ends.",
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
    let path = match ids.first() {
        None => stored.folder().join("research.log"),
        Some(id) => {
            let folder = stored.folder().join("experiments").join(id);
            folder.join("experiment.log")
        }
    };
    let mut tail = Tail {
        path,
        file: None,
        level: arguments.level,
        line: Vec::new(),
        is_shown: true,
    };
    loop {
        // Checked before reading, so that the last entries of a run are included.
        let is_active = arguments.follow && stored.runner()?.is_some();
        tail.print(out)?;
        out.flush()?;
        if !is_active {
            break;
        }
        std::thread::sleep(POLL_INTERVAL);
    }
    if tail.file.is_none() {
        // Most experiments log nothing.
        terminal::message("no log entries");
    }
    Ok(Exit::Success)
}

/// A log that is printed while it grows.
struct Tail {
    path: PathBuf,
    /// `None` until the file exists.
    file: Option<BufReader<File>>,
    level: Level,
    /// The beginning of an incomplete line.
    line: Vec<u8>,
    /// Whether the continuation lines of the current entry are printed.
    is_shown: bool,
}

impl Tail {
    /// Prints the new complete lines.
    fn print(&mut self, out: &mut dyn Write) -> Result<(), CommandError> {
        let cannot_read = StorageError::io("read", &self.path);
        let file = match &mut self.file {
            Some(file) => file,
            None => match open_regular(&self.path) {
                Ok(file) => self.file.insert(BufReader::new(file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(cannot_read(error).into()),
            },
        };
        loop {
            if let Err(error) = file.read_until(b'\n', &mut self.line) {
                return Err(cannot_read(error).into());
            }
            if !self.line.ends_with(b"\n") {
                return Ok(());
            }
            // Continuation lines are indented.
            if !self.line.starts_with(b" ") {
                self.is_shown = level_of(&self.line) >= self.level;
            }
            if self.is_shown {
                out.write_all(&self.line)?;
            }
            self.line.clear();
        }
    }
}

/// Parses the level of an entry, its third word; an unknown level is shown.
fn level_of(line: &[u8]) -> Level {
    let text = String::from_utf8_lossy(line);
    match text.split_whitespace().nth(2) {
        Some("debug") => Level::Debug,
        Some("info") => Level::Info,
        Some("warning") => Level::Warning,
        _ => Level::Error,
    }
}

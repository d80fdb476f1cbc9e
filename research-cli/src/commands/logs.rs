//! `research logs`: what is said while a research runs.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use research::StoredExperiment;
use research::core::open_regular;
use research::storage::StoredResearch;

use super::CommandError;
use crate::exit::Exit;
use crate::terminal;

/// So often it is looked for more, while a run goes on.
const LOOK: Duration = Duration::from_millis(100);

/// Print the log of a research, or of one of its experiments
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print the log of a research: its runs, messages, and what failed and why. With --id, that of one
experiment. With --follow, also what comes, until the run ends.",
    after_help = "\
Examples:
  research logs power
  research logs power --follow --level warning
  research logs power --id 0a8e2f"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// The log of this experiment: its id, or as much of its beginning as no other has
    #[arg(long)]
    pub id: Option<String>,
    /// Go on until the run ends
    #[arg(short, long)]
    pub follow: bool,
    /// Only what matters as much as this, or more
    #[arg(long, value_enum, default_value_t)]
    pub level: Level,
}

/// How much an entry of a log matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Level {
    /// For those who look for a fault
    #[default]
    Debug,
    /// What happens
    Info,
    /// Something to look at
    Warning,
    /// Something went wrong
    Error,
}

/// Runs the command.
///
/// # Errors
/// There is no such research or experiment, it cannot be read, and an output that cannot be written.
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
    let mut tail = Tail::new(path, arguments.level);
    loop {
        // Asked before it is read: what is said at the end of the run is there then.
        let goes_on = arguments.follow && stored.runner()?.is_some();
        tail.print(out)?;
        out.flush()?;
        if !goes_on {
            break;
        }
        std::thread::sleep(LOOK);
    }
    if tail.file.is_none() {
        // It is no error: mostly nothing is to be said of an experiment.
        let _ = writeln!(terminal::stderr(), "nothing was said of it");
    }
    Ok(Exit::Success)
}

/// A log that is printed as it grows.
struct Tail {
    path: PathBuf,
    /// `None` as long as there is none.
    file: Option<File>,
    level: Level,
    /// The beginning of a line that is not whole yet.
    line: Vec<u8>,
    /// Whether the lines that follow an entry's first one are printed.
    is_shown: bool,
}

impl Tail {
    fn new(path: PathBuf, level: Level) -> Self {
        Self {
            path,
            file: None,
            level,
            line: Vec::new(),
            is_shown: true,
        }
    }

    /// Prints what has been added.
    fn print(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.file.is_none() {
            self.file = match open_regular(&self.path) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut added = Vec::new();
        file.read_to_end(&mut added)?;
        for piece in added.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if !piece.ends_with(b"\n") {
                continue;
            }
            // Further lines of an entry are indented.
            if !self.line.starts_with(b" ") {
                self.is_shown = level_of(&self.line) >= self.level;
            }
            if self.is_shown {
                out.write_all(&self.line)?;
            }
            self.line.clear();
        }
        Ok(())
    }
}

/// The level of an entry: date, time and level are its first words. What is none is shown.
fn level_of(line: &[u8]) -> Level {
    let text = String::from_utf8_lossy(line);
    match text.split_whitespace().nth(2) {
        Some("debug") => Level::Debug,
        Some("info") => Level::Info,
        Some("warning") => Level::Warning,
        _ => Level::Error,
    }
}

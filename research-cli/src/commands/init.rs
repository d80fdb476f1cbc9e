//! `research init`: writes a research file to start from.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use research::storage::check_name;

use super::CommandError;
use crate::exit::Exit;
use crate::hints;
use crate::terminal;

/// Write a research file to start from
#[derive(Debug, Args)]
#[command(
    long_about = "\
Write a research file to start from, with comments on the most common settings. The file can be run
as it is. An existing file is not overwritten.",
    after_help = "\
Examples:
  research init
  research init studies/learning_rate.toml"
)]
pub struct Arguments {
    /// The file to write
    #[arg(default_value = "research.toml")]
    pub file: PathBuf,
}

/// The file; `NAME` is replaced by the name of the research.
const TEXT: &str = include_str!("init.toml");

/// Runs the command.
pub fn run(arguments: &Arguments, _: &mut dyn Write) -> Result<Exit, CommandError> {
    let path = &arguments.file;
    let write = || File::create_new(path)?.write_all(text_for(path).as_bytes());
    write().map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => CommandError::FileExists(path.clone()),
        _ => CommandError::NotWritten {
            path: path.clone(),
            source: error,
        },
    })?;
    terminal::message(format_args!(
        "wrote {}; {}",
        path.display(),
        hints::run(path)
    ));
    Ok(Exit::Success)
}

/// Names the research after its file, if that is a valid name and not the default one.
fn text_for(path: &Path) -> String {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let is_good = |stem: &&str| {
        *stem != "research" && check_name(stem).is_ok() && !stem.contains(['"', '\\'])
    };
    TEXT.replace("NAME", stem.filter(is_good).unwrap_or("first"))
}

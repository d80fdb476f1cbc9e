//! `research init`: a research file to start from.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use research::core::shell_word;
use research::storage::check_name;

use super::CommandError;
use crate::exit::Exit;
use crate::terminal;

/// Write a research file to start from
#[derive(Debug, Args)]
#[command(
    long_about = "\
Write a research file to start from, with comments on what is set most often. It runs as it is. A
file that is there already is left alone.",
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

/// The file; `NAME` stands for the research's name.
const TEXT: &str = include_str!("init.toml");

/// Runs the command.
///
/// # Errors
/// The file is there already, or cannot be written.
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
    let shown = path.display().to_string();
    // What cannot be said on standard error changes nothing.
    let _ = writeln!(
        terminal::stderr(),
        "{shown} is written; run it with `research run {}`",
        shell_word(&shown)
    );
    Ok(Exit::Success)
}

/// The research is called like its file, if that can be a name, and is more than the usual one.
fn text_for(path: &Path) -> String {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let is_good = |stem: &&str| {
        *stem != "research" && check_name(stem).is_ok() && !stem.contains(['"', '\\'])
    };
    TEXT.replace("NAME", stem.filter(is_good).unwrap_or("first"))
}

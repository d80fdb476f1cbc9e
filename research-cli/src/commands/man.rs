//! `research man`: the manual.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use clap_mangen::Man;

use super::CommandError;
use crate::arguments;
use crate::exit::Exit;

/// Print a page of the manual, or write all of them into a folder
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print a page of the manual, in the language of `man`: that of the program, or that of a command.
With --to, all of them are written into a folder.",
    after_help = "\
Examples:
  research man | man -l -
  research man run | man -l -
  research man --to ~/.local/share/man/man1"
)]
pub struct Arguments {
    /// The command; without it, the program
    pub command: Option<String>,
    /// The folder for the pages, which is made if it is not there
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub to: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// There is no such command, a page cannot be written, and an output that cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let mut program = arguments::Arguments::command();
    program.build();
    if let Some(folder) = &arguments.to {
        write_all(&program, folder).map_err(|source| CommandError::NotWritten {
            path: folder.clone(),
            source,
        })?;
        return Ok(Exit::Success);
    }
    let page = match &arguments.command {
        None => program,
        Some(name) => program
            .find_subcommand(name)
            .cloned()
            .map(|command| with_full_name(command, name))
            .ok_or_else(|| CommandError::NoCommand(name.clone()))?,
    };
    manual(page).render(&mut { out })?;
    Ok(Exit::Success)
}

fn manual(command: clap::Command) -> Man {
    Man::new(command)
        .source(concat!("research ", env!("CARGO_PKG_VERSION")))
        .manual("research")
}

/// Pages are called as `man` calls them: `research-run`.
fn with_full_name(command: clap::Command, name: &str) -> clap::Command {
    command.display_name(format!("research-{name}"))
}

fn write_all(program: &clap::Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    manual(program.clone()).render(&mut File::create(folder.join("research.1"))?)?;
    for command in program.get_subcommands() {
        let name = command.get_name().to_owned();
        if name == "help" {
            continue;
        }
        let path = folder.join(format!("research-{name}.1"));
        manual(with_full_name(command.clone(), &name)).render(&mut File::create(path)?)?;
    }
    Ok(())
}

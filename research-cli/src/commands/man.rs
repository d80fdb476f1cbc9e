//! `research man`: manual pages.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap_mangen::Man;

use super::CommandError;
use crate::arguments;
use crate::exit::Exit;

/// Generate manual pages
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print the manual page of the program or of a command, in the format of `man`. With --to, write all
pages into a folder.",
    after_help = "\
Examples:
  research man | man -l -
  research man run | man -l -
  research man --to ~/.local/share/man/man1"
)]
pub struct Arguments {
    /// The command [default: the program]
    pub command: Option<String>,
    /// Write all pages into this folder, which is created if necessary
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub to: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let mut program = arguments::program();
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
            .ok_or_else(|| CommandError::UnknownCommand(name.clone()))?,
    };
    manual(page).render(&mut { out })?;
    Ok(Exit::Success)
}

fn manual(command: clap::Command) -> Man {
    Man::new(command)
        .source(concat!("research ", env!("CARGO_PKG_VERSION")))
        .manual("research")
}

/// Names a page as `man` does: `research-run`.
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

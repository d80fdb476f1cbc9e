//! `research stop`: stops a run from another terminal.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::storage::StoredResearch;
use research::{cancel, stop};

use super::{CommandError, ask};
use crate::exit::Exit;
use crate::terminal;

/// Stop a run from another terminal
#[derive(Debug, Args)]
#[command(
    long_about = "\
Stop a run from another terminal, as Ctrl-C there would: running experiments finish, and `research
resume` runs the rest. Waits until the run has ended. With --kill, processes that a killed run left
are ended as well.",
    after_help = "\
Examples:
  research stop power
  research stop power --kill -y     stop now; running experiments run again on resume
  research stop power --id a1b2     end one running experiment, with status `cancelled`"
)]
pub struct Arguments {
    /// The research: its folder, as a name or a path
    pub name: PathBuf,
    /// Do not wait for running experiments
    #[arg(long)]
    pub kill: bool,
    /// End only this running experiment, with status `cancelled`; an id or a unique prefix
    #[arg(long, value_name = "ID", conflicts_with = "kill")]
    pub id: Option<String>,
    /// The reason, for the log
    #[arg(long, requires = "id")]
    pub reason: Option<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, _: &mut dyn Write) -> Result<Exit, CommandError> {
    if let Some(id) = &arguments.id {
        return cancel_one(arguments, id);
    }
    let name = arguments.name.display();
    let question = format!("Stop {name}? It can be resumed later.");
    // Ask only if there is a run.
    let stored = StoredResearch::load(&arguments.name)?;
    if stored.runner()?.is_some() && !arguments.yes && !ask(&question)? {
        return Ok(Exit::Success);
    }
    let was_running = stop(&arguments.name, arguments.kill).map_err(Box::new)?;
    let result = if !was_running {
        "is not running"
    } else if StoredResearch::load(&arguments.name).is_ok_and(|stored| is_run(&stored)) {
        "was asked to stop; this command is part of the run and cannot wait"
    } else {
        "has stopped"
    };
    terminal::message(format_args!("{name} {result}"));
    Ok(Exit::Success)
}

fn cancel_one(arguments: &Arguments, id: &str) -> Result<Exit, CommandError> {
    let is_running = cancel(&arguments.name, id, arguments.reason.as_deref()).map_err(Box::new)?;
    let said = match is_running {
        true => "is being cancelled",
        false => "is not running",
    };
    // A failure to write to standard error changes nothing.
    terminal::message(format_args!("experiment {id} {said}"));
    Ok(Exit::Success)
}

fn is_run(stored: &StoredResearch) -> bool {
    stored.runner().is_ok_and(|runner| runner.is_some())
}

//! `research stop`: the end of a run, from elsewhere.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use research::stop;
use research::storage::StoredResearch;

use super::{CommandError, ask};
use crate::exit::Exit;
use crate::terminal;

/// End the run of a research, from another terminal
#[derive(Debug, Args)]
#[command(
    long_about = "\
End the run of a research that goes on in another terminal, as Ctrl-C there would: what runs is
finished, and `research resume` does the rest. Waits until it has ended. With --kill, what a run has
left running that was itself killed is ended, too.",
    after_help = "\
Examples:
  research stop power
  research stop power --kill -y     end now; what runs is run again when it is resumed"
)]
pub struct Arguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// Do not finish what runs
    #[arg(long)]
    pub kill: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// Runs the command.
///
/// # Errors
/// There is no such research, its process may not be signalled; and a question where there is
/// nobody to answer it.
pub fn run(arguments: &Arguments, _: &mut dyn Write) -> Result<Exit, CommandError> {
    let name = arguments.name.display();
    let question = format!("Stop {name}, which can be resumed later?");
    // Where nothing runs there is nothing to ask.
    let stored = StoredResearch::load(&arguments.name)?;
    if stored.runner()?.is_some() && !arguments.yes && !ask(&question)? {
        return Ok(Exit::Success);
    }
    let was_running = stop(&arguments.name, arguments.kill).map_err(Box::new)?;
    let said = if !was_running {
        "is not being run"
    } else if StoredResearch::load(&arguments.name).is_ok_and(|stored| is_run(&stored)) {
        "was asked to end: this command is a part of its run, and cannot wait for that"
    } else {
        "has ended"
    };
    // What cannot be said on standard error changes nothing.
    let _ = writeln!(terminal::stderr(), "{name} {said}");
    Ok(Exit::Success)
}

fn is_run(stored: &StoredResearch) -> bool {
    stored.runner().is_ok_and(|runner| runner.is_some())
}

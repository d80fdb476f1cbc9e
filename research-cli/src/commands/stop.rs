//! `research stop`: the end of a run, from elsewhere.

use std::io::{self, Write};

use research::stop;

use super::{CommandError, ask};
use crate::arguments::StopArguments;
use crate::exit::Exit;

/// Runs the command.
///
/// # Errors
/// There is no such research, its process may not be signalled; and a question where there is
/// nobody to answer it.
pub fn run(arguments: &StopArguments) -> Result<Exit, CommandError> {
    let name = arguments.name.display();
    let question = format!("Stop {name}, which can be resumed later?");
    if !arguments.yes && !ask(&question)? {
        return Ok(Exit::Success);
    }
    let was_running = stop(&arguments.name, arguments.kill).map_err(Box::new)?;
    let said = if was_running {
        "has ended"
    } else {
        "is not being run"
    };
    // What cannot be said on standard error changes nothing.
    let _ = writeln!(io::stderr().lock(), "{name} {said}");
    Ok(Exit::Success)
}

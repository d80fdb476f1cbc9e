//! The `research` program, as a library so that tests and fuzzers reach all of it.
//!
//! [`arguments`] lists the commands, [`commands`] implements them, and [`exit`] defines the exit
//! codes.

pub mod arguments;
pub mod commands;
pub mod exit;
mod hints;
pub mod terminal;

use std::ffi::OsString;
use std::io::Write;

use research::monitor::{Style, strip_controls};

use arguments::Arguments;
use commands::CommandError;
use exit::Exit;

/// Answers a completion request of a shell and exits; does nothing without a request.
pub fn complete() {
    commands::completions::answer();
}

/// Runs the program with these arguments, the first of which is its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = match Arguments::read(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output, errors to standard error; failures to write are
            // ignored.
            let text = error.to_string();
            let _ = match text == strip_controls(&text) {
                true => error.print(),
                // The error quotes an argument with control characters.
                false => terminal::stderr().write_all(text.as_bytes()),
            };
            return match error.exit_code() {
                0 => Exit::Success,
                _ => Exit::Usage,
            };
        }
    };
    let mut out = terminal::stdout();
    let done = arguments.command.run(&mut out).and_then(|exit| {
        out.flush()?;
        Ok(exit)
    });
    if let (Ok(_), Some(folder)) = (&done, arguments.command.reads()) {
        commands::truncated_log::warn(folder);
    }
    drop(out.into_parts());
    done.unwrap_or_else(|error| report(&error))
}

/// Prints an error, with its hint.
fn report(error: &CommandError) -> Exit {
    let exit = error.exit();
    if exit != Exit::Success {
        let style = Style::for_stderr();
        let text = match (error, terminal::stderr_columns()) {
            (CommandError::File(error), Some(columns)) => error.render(columns, style),
            (error, _) => error.to_string(),
        };
        let Style { mark, end, .. } = style;
        terminal::message(format_args!("{mark}error:{end} {text}"));
        if let Some(hint) = hints::for_error(error) {
            terminal::message(format_args!("  = help: {hint}"));
        }
    }
    exit
}

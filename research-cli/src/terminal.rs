//! Standard output and standard error of the program.
//!
//! Standard error, and standard output that is a terminal, go through a [`ControlFilter`]. Standard
//! output that is not a terminal is written unchanged, so that other programs read the stored data.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StderrLock, Write};

use research::monitor::{ControlFilter, Style};

/// Returns standard error, which writes whole lines. Text without a line end has to be flushed.
pub fn stderr() -> ControlFilter<StderrLock<'static>> {
    ControlFilter::new(io::stderr().lock()).allow(&Style::SEQUENCES)
}

/// Prints a message on standard error. The results and the log have all essential data, so write
/// errors are ignored.
pub(crate) fn message(text: impl Display) {
    let _ = writeln!(stderr(), "{text}");
}

/// Returns the width of the terminal that standard error is, if it is one.
pub(crate) fn stderr_columns() -> Option<usize> {
    let terminal = console::Term::stderr();
    terminal.size_checked().map(|(_, columns)| columns.into())
}

/// Returns the width of the terminal that standard output is, if it is one.
pub(crate) fn stdout_columns() -> Option<usize> {
    let terminal = console::Term::stdout();
    terminal.size_checked().map(|(_, columns)| columns.into())
}

/// Returns standard output. Discard bytes that cannot be written with `into_parts`: dropping the
/// writer would write them again.
pub(crate) fn stdout() -> BufWriter<Box<dyn Write>> {
    let stdout = io::stdout();
    BufWriter::new(match stdout.is_terminal() {
        true => Box::new(ControlFilter::new(stdout.lock())),
        false => Box::new(stdout.lock()),
    })
}

//! Standard output and standard error of the program.
//!
//! Standard error, and standard output that is a terminal, go through a [`ControlFilter`]. Standard
//! output that is not a terminal is written unchanged, so that other programs read what was stored.

use std::io::{self, BufWriter, IsTerminal, StderrLock, StdoutLock, Write};

use research::monitor::{ControlFilter, Style};

/// Returns standard error, which writes whole lines; flush what has no line end.
pub fn stderr() -> ControlFilter<StderrLock<'static>> {
    ControlFilter::new(io::stderr().lock()).allow(&Style::SEQUENCES)
}

/// Returns the width of the terminal that standard error is, if it is one.
pub(crate) fn stderr_columns() -> Option<usize> {
    let terminal = console::Term::stderr();
    terminal.size_checked().map(|(_, columns)| columns.into())
}

/// Standard output.
pub(crate) enum Stdout {
    /// A terminal, filtered.
    Terminal(BufWriter<ControlFilter<StdoutLock<'static>>>),
    /// A file or a pipe, unchanged.
    Other(BufWriter<StdoutLock<'static>>),
}

impl Stdout {
    pub(crate) fn new() -> Self {
        let stdout = io::stdout();
        match stdout.is_terminal() {
            true => Self::Terminal(BufWriter::new(ControlFilter::new(stdout.lock()))),
            false => Self::Other(BufWriter::new(stdout.lock())),
        }
    }

    /// Discards what could not be written, instead of trying again.
    pub(crate) fn discard(self) {
        match self {
            Self::Terminal(writer) => drop(writer.into_parts()),
            Self::Other(writer) => drop(writer.into_parts()),
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Terminal(writer) => writer.write(bytes),
            Self::Other(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Terminal(writer) => writer.flush(),
            Self::Other(writer) => writer.flush(),
        }
    }
}

//! Writes to the terminal without the control codes that foreign text contains.
//!
//! Names, messages, values and outputs of programs may contain codes that move the cursor, change
//! colours or the title of the window, or make a terminal answer. Everything that the program
//! prints goes through [`Printable`], which removes them. Standard output that is not a terminal is
//! not changed, so other programs read what was stored; standard error is always filtered.

use std::io::{self, BufWriter, IsTerminal, StderrLock, StdoutLock, Write};

use research::monitor::strip_controls;

use crate::style::Style;

/// A writer of text that leaves out what controls a terminal.
#[derive(Debug)]
pub struct Printable<W> {
    inner: W,
    /// Codes of our own, which are left in.
    kept: &'static [&'static str],
    /// The beginning of a line.
    line: Vec<u8>,
}

impl<W: Write> Printable<W> {
    /// A writer in front of another one.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            kept: &[],
            line: Vec::new(),
        }
    }

    fn write_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        self.inner.write_all(printable(&text, self.kept).as_bytes())
    }
}

impl<W: Write> Write for Printable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.write_line()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_line()?;
        self.inner.flush()
    }
}

/// The text without controls, except for these codes.
fn printable(text: &str, kept: &[&str]) -> String {
    let mut rest = text;
    let mut printable = String::new();
    loop {
        let codes = kept
            .iter()
            .filter_map(|code| Some((rest.find(code)?, *code)));
        let Some((at, code)) = codes.min_by_key(|(at, _)| *at) else {
            printable.push_str(&strip_controls(rest));
            return printable;
        };
        printable.push_str(&strip_controls(&rest[..at]));
        printable.push_str(code);
        rest = &rest[at + code.len()..];
    }
}

/// Standard error, for whole lines; what has no end of line has to be flushed.
pub fn stderr() -> Printable<StderrLock<'static>> {
    Printable {
        kept: &Style::CODES,
        ..Printable::new(io::stderr().lock())
    }
}

/// Standard output: without controls at a terminal, else as it is.
pub(crate) enum Stdout {
    /// A terminal.
    Terminal(BufWriter<Printable<StdoutLock<'static>>>),
    /// A file, or another program.
    Other(BufWriter<StdoutLock<'static>>),
}

impl Stdout {
    pub(crate) fn new() -> Self {
        let stdout = io::stdout();
        match stdout.is_terminal() {
            true => Self::Terminal(BufWriter::new(Printable::new(stdout.lock()))),
            false => Self::Other(BufWriter::new(stdout.lock())),
        }
    }

    /// Gives up what could not be written, instead of trying again.
    pub(crate) fn give_up(self) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_left_out_wherever_a_text_is_cut() {
        let text = "a\u{1b}]0;title\u{7}b\u{1b}[2Jc\u{9b}31md\u{202e}e\rf\u{8}g\th\né\n";
        for length in 1..text.len() {
            let mut writer = Printable::new(Vec::new());
            for piece in text.as_bytes().chunks(length) {
                writer.write_all(piece).unwrap();
            }
            writer.flush().unwrap();
            let written = String::from_utf8(writer.inner).unwrap();
            assert_eq!(written, "abcdefg\th\né\n");
        }
    }

    #[test]
    fn codes_of_our_own_are_left_in() {
        let text = "\u{1b}[1;31merror:\u{1b}[0m \u{1b}[31mx\u{1b}[5m";
        assert_eq!(
            printable(text, &Style::CODES),
            "\u{1b}[1;31merror:\u{1b}[0m x"
        );
        assert_eq!(printable(text, &[]), "error: x");
    }
}

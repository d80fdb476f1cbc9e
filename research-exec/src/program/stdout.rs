//! The part of a running program's output that is kept: only as much as its result needs.

use super::output::Parser;
use super::output_error::OutputError;

/// The default limit of a line or a whole output, in bytes: a program that writes endlessly must
/// not use up all memory.
pub(super) const LIMIT: usize = 1 << 30;

/// The largest part of the end of an output that is shown with an error.
const TAIL_BYTES: usize = 16 << 10;
const TAIL_LINES: usize = 20;

/// The captured standard output of a program.
#[derive(Debug, Default)]
pub(super) struct Capture {
    /// The last complete line that can be the output.
    line: Option<Vec<u8>>,
    /// The bytes after the last newline; the whole output if the parser reads text.
    partial: Vec<u8>,
}

impl Capture {
    pub(super) fn push(
        &mut self,
        chunk: &[u8],
        parser: &Parser,
        limit: usize,
    ) -> Result<(), OutputError> {
        if parser.file().is_some() {
            // The output is a file, so standard output is ignored.
            return Ok(());
        }
        let whole = matches!(parser, Parser::Text);
        let newline = if whole {
            None
        } else {
            position_of_last_newline(chunk)
        };
        match newline {
            None => self.partial.extend_from_slice(chunk),
            Some(end) => {
                self.take_lines(&chunk[..end], parser);
                self.partial.clear();
                self.partial.extend_from_slice(&chunk[end + 1..]);
            }
        }
        match self.partial.len() > limit {
            true if whole => Err(OutputError::LongOutput(limit)),
            true => Err(OutputError::LongLine(limit)),
            false => Ok(()),
        }
    }

    /// Takes the last one of some complete lines that can be the output. The first line continues
    /// `partial`. The search begins at the last line, which usually is the one.
    fn take_lines(&mut self, lines: &[u8], parser: &Parser) {
        let mut parts = lines.splitn(2, |byte| *byte == b'\n');
        let first = parts.next().unwrap_or_default();
        let last = parts.next().and_then(|rest| {
            let mut lines = rest.rsplit(|byte| *byte == b'\n');
            lines.find(|line| parser.wants(line))
        });
        if let Some(last) = last {
            self.line = Some(last.to_vec());
            return;
        }
        self.partial.extend_from_slice(first);
        if parser.wants(&self.partial) {
            self.line = Some(std::mem::take(&mut self.partial));
        }
    }

    /// Returns the bytes to parse, after the program has ended.
    pub(super) fn finish(self, parser: &Parser) -> Option<Vec<u8>> {
        if parser.wants(&self.partial) {
            Some(self.partial)
        } else {
            self.line
        }
    }
}

/// Complete lines of a program's standard output, one after the other.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// The offset at which the next line begins.
    start: usize,
    /// The offset up to which the buffer was searched for a newline.
    searched: usize,
}

impl Lines {
    pub(super) fn push(&mut self, chunk: &[u8], limit: usize) -> Result<(), OutputError> {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(chunk);
        match self.buffer.len() > limit && !self.has_line() {
            true => Err(OutputError::LongLine(limit)),
            false => Ok(()),
        }
    }

    pub(super) fn has_line(&mut self) -> bool {
        self.newline().is_some()
    }

    fn newline(&mut self) -> Option<usize> {
        let found = self.buffer[self.searched..]
            .iter()
            .position(|byte| *byte == b'\n');
        self.searched = found.map_or(self.buffer.len(), |at| self.searched + at);
        found.map(|_| self.searched)
    }

    /// Returns the next complete line; at the end of the output, a line without a newline, too.
    pub(super) fn next(&mut self, at_end: bool) -> Option<&[u8]> {
        let start = self.start;
        match self.newline() {
            Some(end) => {
                self.start = end + 1;
                self.searched = end + 1;
                Some(&self.buffer[start..end])
            }
            None if at_end && start < self.buffer.len() => {
                self.start = self.buffer.len();
                Some(&self.buffer[start..])
            }
            None => None,
        }
    }
}

/// The end of an output, which is shown with an error.
#[derive(Debug, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        let chunk = &chunk[chunk.len().saturating_sub(TAIL_BYTES)..];
        // The buffer may grow to twice its size, so that bytes are not moved at each line.
        if self.0.len() + chunk.len() > 2 * TAIL_BYTES {
            let kept = TAIL_BYTES - chunk.len();
            self.0.drain(..self.0.len().saturating_sub(kept));
        }
        self.0.extend_from_slice(chunk);
    }

    /// Returns the last lines as a terminal would show them; `None` if there are none.
    pub(super) fn lines(&self) -> Option<String> {
        let end = &self.0[self.0.len().saturating_sub(TAIL_BYTES)..];
        let lines = end.trim_ascii_end().split(|byte| *byte == b'\n');
        let lines: Vec<&[u8]> = lines.map(visible).collect();
        let last = lines[lines.len().saturating_sub(TAIL_LINES)..].join(&b'\n');
        let last = String::from_utf8_lossy(&last);
        (!last.trim().is_empty()).then(|| last.into_owned())
    }
}

/// Returns the visible part of a line in which a progress bar was drawn repeatedly.
pub(super) fn visible(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte != b'\r');
    let line = &line[..end.map_or(0, |end| end + 1)];
    let begin = line.iter().rposition(|byte| *byte == b'\r');
    &line[begin.map_or(0, |begin| begin + 1)..]
}

fn position_of_last_newline(chunk: &[u8]) -> Option<usize> {
    chunk.iter().rposition(|byte| *byte == b'\n')
}

//! Removes control characters from text before it reaches a terminal.
//!
//! Names, messages, values and the output of programs may contain escape sequences that move the
//! cursor, change colors or the window title, or make a terminal reply.

use std::io::{self, Write};

/// Returns `text` without the characters that control a terminal: escape sequences, control
/// characters other than tabs and line ends, and characters that change the text direction.
#[must_use]
pub fn strip_controls(text: &str) -> String {
    let is_harmless = |c: &char| match c {
        '\n' | '\t' => true,
        '\u{61c}' | '\u{200e}' | '\u{200f}' => false,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        c => !c.is_control(),
    };
    let text = console::strip_ansi_codes(text);
    text.chars().filter(is_harmless).collect()
}

/// A writer that removes control characters from each line, as [`strip_controls`] does.
///
/// ```
/// use std::io::Write;
/// use research_monitor::ControlFilter;
///
/// let mut written = Vec::new();
/// let mut filter = ControlFilter::new(&mut written);
/// filter.write_all(b"a\x1b[2Jb\n")?;
/// drop(filter);
/// assert_eq!(written, b"ab\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ControlFilter<W> {
    inner: W,
    allowed: &'static [&'static str],
    /// The beginning of a line whose end has not been written yet.
    line: Vec<u8>,
}

impl<W: Write> ControlFilter<W> {
    /// Creates a filter in front of `inner`.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            allowed: &[],
            line: Vec::new(),
        }
    }

    /// Lets these sequences through, such as those of a [`Style`](crate::Style).
    #[must_use]
    pub fn allow(mut self, sequences: &'static [&'static str]) -> Self {
        self.allowed = sequences;
        self
    }

    fn write_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        self.inner.write_all(filter(&text, self.allowed).as_bytes())
    }
}

impl<W: Write> Write for ControlFilter<W> {
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

/// Removes controls from `text`, except for the `allowed` sequences.
fn filter(text: &str, allowed: &[&str]) -> String {
    let mut rest = text;
    let mut filtered = String::new();
    loop {
        let sequences = allowed
            .iter()
            .filter_map(|sequence| Some((rest.find(sequence)?, *sequence)));
        let Some((at, sequence)) = sequences.min_by_key(|(at, _)| *at) else {
            filtered.push_str(&strip_controls(rest));
            return filtered;
        };
        filtered.push_str(&strip_controls(&rest[..at]));
        filtered.push_str(sequence);
        rest = &rest[at + sequence.len()..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Style;

    #[test]
    fn controls_are_removed_however_the_text_is_split() {
        let text = "a\u{1b}]0;title\u{7}b\u{1b}[2Jc\u{9b}31md\u{202e}e\rf\u{8}g\th\né\n";
        for length in 1..text.len() {
            let mut writer = ControlFilter::new(Vec::new());
            for piece in text.as_bytes().chunks(length) {
                writer.write_all(piece).unwrap();
            }
            writer.flush().unwrap();
            let written = String::from_utf8(writer.inner).unwrap();
            assert_eq!(written, "abcdefg\th\né\n");
        }
    }

    #[test]
    fn allowed_sequences_are_kept() {
        let text = "\u{1b}[1;31merror:\u{1b}[0m \u{1b}[31mx\u{1b}[5m";
        assert_eq!(
            filter(text, &Style::SEQUENCES),
            "\u{1b}[1;31merror:\u{1b}[0m x"
        );
        assert_eq!(filter(text, &[]), "error: x");
    }
}

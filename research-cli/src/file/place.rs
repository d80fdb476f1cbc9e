//! Places in a text, shown with a caret.

use std::fmt;

use super::node::Span;

/// A line of a text and a stretch of it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// How many characters are meant.
    length: usize,
    text: String,
}

impl Place {
    pub(crate) fn new(span: Span, text: &str) -> Self {
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        // What ends after the last line is shown at the end of that line.
        if start == text.len() {
            start = text.trim_end().len();
        }
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_text = text[line_start..].lines().next().unwrap_or_default();
        let stretch = text.get(start..span.end).unwrap_or_default();
        let length = stretch
            .lines()
            .next()
            .unwrap_or_default()
            .trim_end()
            .chars()
            .count();
        Self {
            line: text[..line_start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            length: length.max(1),
            text: line_text.trim_end().to_owned(),
        }
    }

    /// The line, with a caret under the stretch. A long line is shown around it.
    pub(crate) fn show(&self, f: &mut fmt::Formatter<'_>, width: usize) -> fmt::Result {
        const BEFORE: usize = 60;
        const SHOWN: usize = 110;
        let skipped = match self.column - 1 > BEFORE && self.text.chars().count() > SHOWN {
            true => self.column - 1 - BEFORE,
            false => 0,
        };
        // A tab or a control character would put the caret elsewhere.
        let clean = self
            .text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c });
        let shown: String = clean.skip(skipped).take(SHOWN).collect();
        let before = self.column - 1 - skipped;
        let length = self.length.min(SHOWN.saturating_sub(before)).max(1);
        writeln!(f, "{:width$} |", "")?;
        writeln!(f, "{:width$} | {}", self.line, shown.trim_end())?;
        write!(f, "{:width$} | {:before$}{}", "", "", "^".repeat(length))
    }
}

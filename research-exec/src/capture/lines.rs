//! Assembles complete lines from pieces of output.

/// The length in bytes at which a line is split.
const LONGEST: usize = 64 << 10;

/// Buffers output until a line is complete.
#[derive(Debug, Default)]
pub(crate) struct WholeLines {
    partial: Vec<u8>,
}

impl WholeLines {
    /// Adds a piece, and passes all lines that it completes to `keep` in one call.
    pub(crate) fn push(&mut self, piece: &[u8], mut keep: impl FnMut(&[u8])) {
        let Some(newline) = piece.iter().rposition(|byte| *byte == b'\n') else {
            self.partial.extend_from_slice(piece);
            return self.cut(keep);
        };
        let (lines, rest) = piece.split_at(newline + 1);
        if self.partial.is_empty() {
            keep(lines);
        } else {
            self.partial.extend_from_slice(lines);
            keep(&self.partial);
            self.partial.clear();
        }
        self.partial.extend_from_slice(rest);
        self.cut(keep);
    }

    /// Passes the incomplete last line to `keep`, at the end of the output.
    pub(crate) fn end(&mut self, mut keep: impl FnMut(&[u8])) {
        if !self.partial.is_empty() {
            keep(&self.partial);
            self.partial.clear();
        }
    }

    /// Splits a line that is too long. Progress bars write one line repeatedly, so the line is
    /// split at its last carriage return if possible.
    fn cut(&mut self, mut keep: impl FnMut(&[u8])) {
        if self.partial.len() < LONGEST {
            return;
        }
        let anew = self.partial.iter().rposition(|byte| *byte == b'\r');
        let end = anew.map_or_else(|| whole_characters(&self.partial), |at| at + 1);
        keep(&self.partial[..end]);
        self.partial.drain(..end);
    }
}

/// Returns the length of `text` without an incomplete character at its end.
fn whole_characters(text: &[u8]) -> usize {
    match std::str::from_utf8(text) {
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => error.valid_up_to(),
        _ => text.len(),
    }
}

#[cfg(test)]
#[path = "../../tests/unit/lines.rs"]
mod tests;

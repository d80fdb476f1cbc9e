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
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let text = b"one\ntwo\n\nthree, and no end";
        for size in 1..text.len() {
            let mut lines = WholeLines::default();
            let mut kept: Vec<Vec<u8>> = Vec::new();
            for piece in text.chunks(size) {
                lines.push(piece, |lines| kept.push(lines.to_vec()));
            }
            assert!(kept.iter().all(|lines| lines.ends_with(b"\n")), "{size}");
            lines.end(|rest| kept.push(rest.to_vec()));
            assert_eq!(kept.concat(), text, "{size}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_cut_where_it_begins_anew() {
        let mut lines = WholeLines::default();
        let mut kept = Vec::new();
        let bar = b"\r 50%".repeat(LONGEST / 4);
        lines.push(&bar, |lines| kept.extend_from_slice(lines));
        assert!(kept.ends_with(b"\r"));
        lines.end(|rest| kept.extend_from_slice(rest));
        assert_eq!(kept, bar);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let text = "€".repeat(LONGEST);
        let mut lines = WholeLines::default();
        let mut kept = String::new();
        let mut keep = |piece: &[u8]| kept.push_str(std::str::from_utf8(piece).unwrap());
        for piece in text.as_bytes().chunks(1024) {
            lines.push(piece, &mut keep);
        }
        lines.end(&mut keep);
        assert!(kept == text);
    }
}

//! Shows progress as plain lines, where there is no terminal.

use std::io::Write;

use crate::format;
use crate::progress::{Clock, ProgressReporter};
use crate::run_state::RunState;

/// Writes a line for each state.
pub(super) struct PlainLines {
    name: String,
    out: Box<dyn Write + Send>,
    clock: Clock,
}

impl PlainLines {
    pub(super) fn new(name: &str, out: Box<dyn Write + Send>, clock: Clock) -> Self {
        Self {
            name: name.to_owned(),
            out,
            clock,
        }
    }
}

impl ProgressReporter for PlainLines {
    fn show(&mut self, state: &RunState) {
        let line = format!(
            "{}: {}, {}, {}",
            self.name,
            format::done_of_total(state),
            format::timing(state, (self.clock)()),
            format::failures(state)
        );
        self.alert(&line);
    }

    fn alert(&mut self, line: &str) {
        // An error that cannot be written cannot be reported.
        let _ = writeln!(self.out, "{line}");
        let _ = self.out.flush();
    }
}

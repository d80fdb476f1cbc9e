//! Progress where there is no terminal: lines.

use std::io::Write;

use crate::bar::Clock;
use crate::picture::Picture;
use crate::show::ShowProgress;
use crate::words;

/// A line each time.
pub(super) struct Lines {
    name: String,
    out: Box<dyn Write + Send>,
    clock: Clock,
}

impl Lines {
    pub(super) fn new(name: &str, out: Box<dyn Write + Send>, clock: Clock) -> Self {
        Self {
            name: name.to_owned(),
            out,
            clock,
        }
    }
}

impl ShowProgress for Lines {
    fn show(&mut self, picture: &Picture) {
        let line = format!(
            "{}: {}, {}, Exceptions: {}",
            self.name,
            words::done_of_total(picture),
            words::course(picture, (self.clock)()),
            picture.exceptions()
        );
        self.say(&line);
    }

    fn say(&mut self, line: &str) {
        // Nobody can be told that nobody can be told.
        let _ = writeln!(self.out, "{line}");
        let _ = self.out.flush();
    }
}

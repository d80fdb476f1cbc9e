//! The interface of progress reporters.

use std::io::{self, Write};
use std::sync::Arc;

use research_core::Timestamp;

use crate::format::printable;
use crate::run_state::RunState;

/// Returns the current time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Shows the progress of a run: in a window, on a web page, as a custom bar.
///
/// A reporter is called at a bounded rate, however many events there are, from one thread at a
/// time. A closure over the run state is a reporter:
///
/// ```
/// use research_monitor::{RunState, Progress};
///
/// let progress = Progress::from(|state: &RunState| {
///     eprintln!("{} done", state.ended_experiments());
/// });
/// # assert!(matches!(progress, Progress::Custom(_)));
/// ```
pub trait ProgressReporter: Send {
    /// Shows the current state.
    fn show(&mut self, state: &RunState);

    /// Shows an alert: a warning, an error, or a new cause of failures. Does nothing by default.
    fn alert(&mut self, line: &str) {
        let _ = line;
    }

    /// Shows how the run ended; the last call.
    fn end(&mut self, state: &RunState) {
        self.show(state);
    }
}

impl<F: FnMut(&RunState) + Send> ProgressReporter for F {
    fn show(&mut self, state: &RunState) {
        self(state);
    }
}

/// The destination of the progress of a run.
#[derive(Default)]
#[non_exhaustive]
pub enum Progress {
    /// Nowhere.
    #[default]
    Hidden,
    /// On standard error: a bar on a terminal, plain lines otherwise.
    Stderr,
    /// In a custom reporter.
    Custom(Box<dyn ProgressReporter>),
}

/// `true` is [`Progress::Stderr`].
impl From<bool> for Progress {
    fn from(bar: bool) -> Self {
        if bar { Self::Stderr } else { Self::Hidden }
    }
}

impl<T: ProgressReporter + 'static> From<T> for Progress {
    fn from(reporter: T) -> Self {
        Self::Custom(Box::new(reporter))
    }
}

/// Writes a warning about the research called `name` to standard error, for runs without a bar.
pub fn write_warning(name: &str, warning: &str) {
    // An error that cannot be written cannot be reported.
    let _ = writeln!(io::stderr().lock(), "{name}: {}", printable(warning));
}

//! What shows the progress of a run: the program's own bar, or anybody's.

use crate::picture::Picture;

/// Shows the progress of a run: a window, a web page, a bar of one's own.
///
/// It is called at a bounded rate, however many events there are, from one thread at a time. A
/// closure over the picture is one:
///
/// ```
/// use research_monitor::{Picture, Progress};
///
/// let progress = Progress::from(|picture: &Picture| {
///     eprintln!("{} done", picture.finished_experiments());
/// });
/// # assert!(matches!(progress, Progress::Own(_)));
/// ```
pub trait ShowProgress: Send {
    /// Shows how things stand now.
    fn show(&mut self, picture: &Picture);

    /// Shows a line that people should see at once: a warning, or a new cause of failures. Does
    /// nothing, if not told otherwise.
    fn say(&mut self, line: &str) {
        let _ = line;
    }

    /// Shows how the run has ended; it is not called again after that.
    fn end(&mut self, picture: &Picture) {
        self.show(picture);
    }
}

impl<F: FnMut(&Picture) + Send> ShowProgress for F {
    fn show(&mut self, picture: &Picture) {
        self(picture);
    }
}

/// How the progress of a run is shown.
#[derive(Default)]
#[non_exhaustive]
pub enum Progress {
    /// Not at all.
    #[default]
    Hidden,
    /// By a bar on standard error, or lines now and then where that is no terminal.
    Stderr,
    /// By somebody else.
    Own(Box<dyn ShowProgress>),
}

/// `true` is a bar on standard error.
impl From<bool> for Progress {
    fn from(bar: bool) -> Self {
        if bar { Self::Stderr } else { Self::Hidden }
    }
}

impl<T: ShowProgress + 'static> From<T> for Progress {
    fn from(own: T) -> Self {
        Self::Own(Box::new(own))
    }
}

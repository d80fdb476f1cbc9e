//! The bar on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::layout::BarLine;
use crate::progress::{Clock, ProgressReporter};
use crate::run_state::RunState;

/// The limit of redraws a second, apart from lines above the bar.
const DRAWINGS_PER_SECOND: u8 = 20;

/// A bar that is redrawn at the bottom of a terminal.
pub(super) struct Terminal {
    progress: ProgressBar,
    terminal: Box<dyn TermLike>,
    name: String,
    colors: bool,
    clock: Clock,
}

impl Terminal {
    pub(super) fn new(
        name: &str,
        terminal: impl TermLike + Clone + 'static,
        colors: bool,
        clock: Clock,
    ) -> Self {
        let target =
            ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), DRAWINGS_PER_SECOND);
        let progress = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            progress.set_style(style);
        }
        Self {
            progress,
            terminal: Box::new(terminal),
            name: name.to_owned(),
            colors,
            clock,
        }
    }

    fn update(&self, state: &RunState) {
        let line = BarLine {
            name: &self.name,
            state,
            now: (self.clock)(),
            colors: self.colors,
        };
        self.progress
            .set_message(line.fit(usize::from(self.terminal.width())));
    }
}

impl ProgressReporter for Terminal {
    fn show(&mut self, state: &RunState) {
        self.update(state);
        self.progress.force_draw();
    }

    fn alert(&mut self, line: &str) {
        self.progress.println(line);
    }

    fn end(&mut self, state: &RunState) {
        self.update(state);
        self.progress.abandon();
        // Move the cursor below the bar.
        let _ = self.terminal.write_line("");
        let _ = self.terminal.flush();
    }
}

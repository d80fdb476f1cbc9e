//! The bar on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::line::Line;
use crate::bar::Clock;
use crate::picture::Picture;
use crate::show::ShowProgress;

/// How often the terminal may be drawn in a second, lines above the bar aside.
const DRAWINGS_PER_SECOND: u8 = 20;

/// A bar that is drawn again and again at the bottom of a terminal.
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

    fn update(&self, picture: &Picture) {
        let line = Line {
            name: &self.name,
            picture,
            now: (self.clock)(),
            colors: self.colors,
        };
        self.progress
            .set_message(line.fit(usize::from(self.terminal.width())));
    }
}

impl ShowProgress for Terminal {
    fn show(&mut self, picture: &Picture) {
        self.update(picture);
        self.progress.force_draw();
    }

    fn say(&mut self, line: &str) {
        self.progress.println(line);
    }

    fn end(&mut self, picture: &Picture) {
        self.update(picture);
        self.progress.abandon();
        // The cursor is left behind the bar.
        let _ = self.terminal.write_line("");
        let _ = self.terminal.flush();
    }
}

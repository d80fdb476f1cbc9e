//! The text of a bar, made to fit.

use console::{measure_text_width, truncate_str};
use research_core::{Outcome, Timestamp};

use crate::picture::Picture;
use crate::words;

/// A gauge narrower than this says less than the text in its place.
const NARROWEST_GAUGE: usize = 10;
/// The parts of a filled cell, from an eighth on.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/// What turns where there is no gauge, ten times a second.
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

const CYAN: &str = "\x1b[36m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const EMPTY: &str = "\x1b[38;5;238m";
const RESET: &str = "\x1b[0m";

/// What a bar has to say.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) picture: &'a Picture,
    pub(super) now: Timestamp,
    pub(super) colors: bool,
}

impl Line<'_> {
    /// The line in so many columns. Where they are few, what matters least is left out first.
    pub(super) fn fit(&self, columns: usize) -> String {
        let name = truncate_str(self.name, (columns / 4).max(8), "…");
        let all = words::done_of_total(self.picture);
        let number = all.split(' ').next().unwrap_or_default();
        let elapsed = words::duration(self.picture.elapsed(self.now));
        let courses = [
            words::course(self.picture, self.now),
            words::short_course(self.picture, self.now),
            elapsed,
        ];
        let exceptions = self.picture.exceptions();
        let (long, short) = (
            format!("Exceptions: {exceptions}"),
            format!("Exc: {exceptions}"),
        );
        let attempts = [
            (true, format!("{all} [{}]", courses[0]), &long),
            (true, format!("{number} [{}]", courses[0]), &long),
            (true, format!("{number} [{}]", courses[1]), &short),
            (true, format!("{number} [{}]", courses[2]), &short),
            (false, format!("{number} [{}]", courses[2]), &short),
            (false, number.to_owned(), &short),
        ];
        for (with_gauge, middle, exceptions) in &attempts {
            let end = format!("{middle} {}", self.exceptions(exceptions));
            let start = format!("{name} ");
            let taken = measure_text_width(&start) + measure_text_width(&end);
            if let Some(gauge) = self.gauge(*with_gauge, columns.saturating_sub(taken)) {
                return format!("{start}{gauge}{end}");
            }
        }
        truncate_str(number, columns, "").into_owned()
    }

    fn exceptions(&self, text: &str) -> String {
        if self.colors && self.picture.exceptions() > 0 {
            format!("{RED}{text}{RESET}")
        } else {
            text.to_owned()
        }
    }

    /// The gauge and the percentage, or what turns where there is no total, with a space behind;
    /// `None` if there is not enough room for it.
    fn gauge(&self, wide: bool, columns: usize) -> Option<String> {
        let Some(total) = self.picture.total() else {
            let frame = self.now.0 / 100_000 % SPINNER.len() as u64;
            return (columns >= 2).then(|| format!("{} ", SPINNER[frame as usize]));
        };
        let done = self.picture.done().min(total);
        // Everything of nothing is done.
        let percent = (u128::from(done) * 100)
            .checked_div(u128::from(total))
            .unwrap_or(100);
        let percent = format!("{percent}% ");
        if !wide {
            return (columns >= percent.len()).then_some(percent);
        }
        let cells = columns.checked_sub(percent.len() + 1)?;
        (cells >= NARROWEST_GAUGE).then(|| format!("{} {percent}", self.cells(cells, done, total)))
    }

    fn cells(&self, cells: usize, done: u64, total: u64) -> String {
        // No terminal has more columns than a float counts.
        let share = if total == 0 {
            1.0
        } else {
            done as f64 / total as f64
        };
        let eighths = (share * cells as f64 * 8.0) as usize;
        let mut filled = "█".repeat(eighths / 8);
        if let Some(part) = (eighths % 8).checked_sub(1) {
            filled.push(EIGHTHS[part]);
        }
        let empty = "░".repeat(cells - eighths.div_ceil(8));
        if !self.colors {
            return filled + &empty;
        }
        let color = match self.picture.outcome() {
            None => CYAN,
            Some(Outcome::Complete) => GREEN,
            Some(_) => YELLOW,
        };
        format!("{color}{filled}{EMPTY}{empty}{RESET}")
    }
}

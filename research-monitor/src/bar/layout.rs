//! Lays out the text of a bar for a width.

use console::{measure_text_width, truncate_str};
use research_core::{Outcome, Timestamp};

use crate::format;
use crate::run_state::RunState;

/// The minimum width of a gauge; text is more useful than a narrower one.
const MIN_GAUGE: usize = 10;
/// Partially filled cells, from one eighth on.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/// The frames of the spinner, ten a second, which replaces a gauge without a total.
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

const CYAN: &str = "\x1b[36m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const EMPTY: &str = "\x1b[38;5;238m";
const RESET: &str = "\x1b[0m";

/// The content of a bar.
pub(super) struct BarLine<'a> {
    pub(super) name: &'a str,
    pub(super) state: &'a RunState,
    pub(super) now: Timestamp,
    pub(super) colors: bool,
}

impl BarLine<'_> {
    /// Returns the line for a width of `columns`, leaving out the least important parts first.
    pub(super) fn fit(&self, columns: usize) -> String {
        let name = truncate_str(self.name, (columns / 4).max(8), "…");
        let all = format::done_of_total(self.state);
        let number = all.split(' ').next().unwrap_or_default();
        let elapsed = format::duration(self.state.elapsed(self.now));
        let timings = [
            format::timing(self.state, self.now),
            format::short_timing(self.state, self.now),
            elapsed,
        ];
        let failures = self.failures();
        let attempts = [
            (true, format!("{all} [{}]", timings[0])),
            (true, format!("{number} [{}]", timings[0])),
            (true, format!("{number} [{}]", timings[1])),
            (true, format!("{number} [{}]", timings[2])),
            (false, format!("{number} [{}]", timings[2])),
            (false, number.to_owned()),
        ];
        for (with_gauge, middle) in &attempts {
            let end = format!("{middle} {failures}");
            let start = format!("{name} ");
            let taken = measure_text_width(&start) + measure_text_width(&end);
            if let Some(gauge) = self.gauge(*with_gauge, columns.saturating_sub(taken)) {
                return format!("{start}{gauge}{end}");
            }
        }
        truncate_str(number, columns, "").into_owned()
    }

    fn failures(&self) -> String {
        let text = format::failures(self.state);
        if self.colors && self.state.failures() > 0 {
            format!("{RED}{text}{RESET}")
        } else {
            text
        }
    }

    /// Returns gauge and percentage, or a spinner where there is no total, with a trailing space;
    /// `None` if they do not fit.
    fn gauge(&self, wide: bool, columns: usize) -> Option<String> {
        let Some(total) = self.state.total() else {
            let frame = self.now.0 / 100_000 % SPINNER.len() as u64;
            return (columns >= 2).then(|| format!("{} ", SPINNER[frame as usize]));
        };
        let done = self.state.done().min(total);
        // A run without work is at 100 %.
        let percent = (u128::from(done) * 100)
            .checked_div(u128::from(total))
            .unwrap_or(100);
        let percent = format!("{percent}% ");
        if !wide {
            return (columns >= percent.len()).then_some(percent);
        }
        let cells = columns.checked_sub(percent.len() + 1)?;
        (cells >= MIN_GAUGE).then(|| format!("{} {percent}", self.cells(cells, done, total)))
    }

    fn cells(&self, cells: usize, done: u64, total: u64) -> String {
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
        let color = match self.state.outcome() {
            None => CYAN,
            Some(Outcome::Complete) => GREEN,
            Some(_) => YELLOW,
        };
        format!("{color}{filled}{EMPTY}{empty}{RESET}")
    }
}

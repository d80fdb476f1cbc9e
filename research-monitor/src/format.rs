//! Formats durations, rates, numbers and progress for users.

use research_core::text::plural;
use research_core::{Outcome, Status, Timestamp};
use research_domain::{Config, Entry, Value};

use crate::control_filter::strip_controls;
use crate::eta::Eta;
use crate::run_state::{Counted, RunState};

/// Formats a duration with at most two units.
pub(crate) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds >= 1e10 {
        return "forever".to_owned();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    // Exact: far below 2^53.
    let whole = seconds.round() as u64;
    let (minutes, hours, days) = (whole / 60, whole / 3600, whole / 86400);
    if minutes == 0 {
        format!("{whole} s")
    } else if hours == 0 {
        format!("{minutes} min {:02} s", whole % 60)
    } else if days == 0 {
        format!("{hours} h {:02} min", minutes % 60)
    } else {
        format!("{days} d {:02} h", hours % 24)
    }
}

/// Formats a rate per second, minute or hour, whichever gives a number of 1 or more.
pub(crate) fn rate(per_second: f64) -> String {
    let (number, unit) = if per_second >= 1.0 {
        (per_second, "s")
    } else if per_second * 60.0 >= 1.0 {
        (per_second * 60.0, "min")
    } else {
        (per_second * 3600.0, "h")
    };
    if number < 100.0 {
        format!("{number:.1}/{unit}")
    } else {
        format!("{number:.0}/{unit}")
    }
}

/// Formats a number with six significant digits, as tables do.
pub(crate) fn number(value: f64) -> String {
    // The value may have been saved as an integer.
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return value.to_string();
    }
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    Value::Float(rounded).to_string()
}

/// Formats the time to completion, with its uncertainty where that is at least 0.1 s.
pub(crate) fn eta(eta: Eta) -> String {
    let expected = duration(eta.seconds);
    match eta.uncertainty.filter(|deviation| *deviation >= 0.05) {
        Some(deviation) => format!("{expected} ± {} left", duration(deviation)),
        None => format!("{expected} left"),
    }
}

pub(crate) fn counted(counted: Counted) -> &'static str {
    match counted {
        Counted::Experiments => "experiments",
        Counted::Iterations => "iterations",
    }
}

pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::Interrupted => "interrupted",
        _ => "aborted",
    }
}

/// The number of failures, as `2 failed`.
pub(crate) fn failures(state: &RunState) -> String {
    format!("{} failed", state.failures())
}

/// The maximum number of characters of a value, and of a config, in a message.
const VALUE: usize = 40;
const CONFIG: usize = 160;

/// Formats a config for a message: `lr=0.1, layers=3`. Long values and long configs are truncated.
pub(crate) fn config(config: &Config) -> String {
    let item = |entry: &Entry| truncate(&Config::from_iter([entry.clone()]).to_string(), VALUE);
    let items: Vec<String> = config.entries().map(item).collect();
    printable(&truncate(&items.join(", "), CONFIG))
}

fn truncate(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Formats progress as `420/1000 experiments`, or without the total where it is not known.
pub(crate) fn done_of_total(state: &RunState) -> String {
    let done = state.done();
    match state.total() {
        Some(total) => format!("{done}/{total} {}", counted(state.counted())),
        None => match state.counted() {
            Counted::Experiments => plural(done, "experiment"),
            Counted::Iterations => plural(done, "iteration"),
        },
    }
}

/// Returns text of other programs, which may have several lines, with the lines after the first
/// indented.
pub(crate) fn indented(text: &str) -> String {
    printable(text).replace('\n', "\n    ")
}

/// Formats the number of experiments with each status: `10 finished`, `1 timed out`. The `stopped`
/// ones finished because a generator reached its end.
pub(crate) fn status_counts(counts: &[(Status, u64)], stopped: u64) -> Vec<String> {
    let count = |(status, count): &(Status, u64)| match (status, stopped) {
        (Status::Finished, 1..) => {
            format!("{count} finished ({stopped} at the end of a generator)")
        }
        _ => format!("{count} {}", status.as_str().replace('_', " ")),
    };
    counts.iter().map(count).collect()
}

/// Returns text of other programs for use in a message: without controls, tabs and trailing white
/// space.
pub(crate) fn printable(text: &str) -> String {
    strip_controls(text.trim_end()).replace('\t', " ")
}

/// Formats the time to completion, or how the run ended.
pub(crate) fn short_timing(state: &RunState, now: Timestamp) -> String {
    match (state.outcome(), state.eta(now)) {
        (Some(ended), _) => outcome(ended).to_owned(),
        (None, Some(left)) => format!("{} left", duration(left.seconds)),
        (None, None) => duration(state.elapsed(now)),
    }
}

/// Formats elapsed time, rate and time to completion, or how the run ended.
pub(crate) fn timing(state: &RunState, now: Timestamp) -> String {
    let mut parts = vec![duration(state.elapsed(now))];
    if let Some(ended) = state.outcome() {
        parts.push(outcome(ended).to_owned());
        return parts.join(", ");
    }
    if let Some(per_second) = state.rate(now) {
        parts.push(rate(per_second));
    }
    if let Some(left) = state.eta(now) {
        parts.push(eta(left));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units_at_most() {
        let texts = [
            0.0,
            9.94,
            9.96,
            59.6,
            3599.4,
            3600.0,
            90_000.0,
            f64::INFINITY,
        ]
        .map(duration);
        let expected = [
            "0.0 s",
            "9.9 s",
            "10 s",
            "1 min 00 s",
            "59 min 59 s",
            "1 h 00 min",
            "1 d 01 h",
            "forever",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn numbers_have_six_digits() {
        let numbers = [0.1 + 0.2, 3.0, -1e6, 1.234_567_89e-9, f64::INFINITY];
        let texts = numbers.map(number);
        assert_eq!(texts, ["0.3", "3", "-1000000", "1.23457e-9", "inf"]);
    }

    #[test]
    fn rates_choose_their_unit() {
        let texts = [1234.4, 12.34, 0.5, 0.001].map(rate);
        assert_eq!(texts, ["1234/s", "12.3/s", "30.0/min", "3.6/h"]);
    }
}

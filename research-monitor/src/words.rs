//! Numbers as people read them.

use research_core::{Outcome, Timestamp, plural};
use research_domain::Value;

use crate::control_filter::strip_controls;
use crate::pace::TimeLeft;
use crate::picture::{Counted, Picture};

/// A number of seconds, in two units at most.
pub(crate) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds >= 1e10 {
        return "ages".to_owned();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    // No duration of that size loses anything here: it is far below 2^53.
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

/// A rate, in the unit of time in which it is a number that one can imagine.
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

/// A number in six digits, which is as many as tables show.
pub(crate) fn number(value: f64) -> String {
    // A whole number may have been saved as one.
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return value.to_string();
    }
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    Value::Float(rounded).to_string()
}

/// How long the rest takes, with its uncertainty where it is large enough to be seen.
pub(crate) fn time_left(left: TimeLeft) -> String {
    let expected = duration(left.seconds);
    match left.uncertainty.filter(|deviation| *deviation >= 0.05) {
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
        Outcome::Aborted => "aborted",
    }
}

/// `420/1000 experiments`, or without the total where it is not known.
pub(crate) fn done_of_total(picture: &Picture) -> String {
    let done = picture.done();
    match picture.total() {
        Some(total) => format!("{done}/{total} {}", counted(picture.counted())),
        None => match picture.counted() {
            Counted::Experiments => plural(done, "experiment"),
            Counted::Iterations => plural(done, "iteration"),
        },
    }
}

/// The text of others for a message: without controls, without an empty end, without tabs.
pub(crate) fn printable(text: &str) -> String {
    strip_controls(text.trim_end()).replace('\t', " ")
}

/// What is left, or how the run ended, alone.
pub(crate) fn short_course(picture: &Picture, now: Timestamp) -> String {
    match (picture.outcome(), picture.time_left(now)) {
        (Some(ended), _) => outcome(ended).to_owned(),
        (None, Some(left)) => format!("{} left", duration(left.seconds)),
        (None, None) => duration(picture.elapsed(now)),
    }
}

/// Elapsed time, rate and what is left: how the run goes, or how it ended.
pub(crate) fn course(picture: &Picture, now: Timestamp) -> String {
    let mut parts = vec![duration(picture.elapsed(now))];
    if let Some(ended) = picture.outcome() {
        parts.push(outcome(ended).to_owned());
        return parts.join(", ");
    }
    if let Some(per_second) = picture.rate(now) {
        parts.push(rate(per_second));
    }
    if let Some(left) = picture.time_left(now) {
        parts.push(time_left(left));
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
            "ages",
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

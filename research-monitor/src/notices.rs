//! What deserves a line of its own while a run goes on.

use research_core::{Event, ExperimentNumber, LogLevel, Timestamp};

use crate::bar::Clock;
use crate::causes::Cause;
use crate::picture::Picture;
use crate::words;

/// How many lines may be written in each second.
const MOST_IN_A_SECOND: u32 = 10;

/// Chooses the events that people should see at once: warnings, errors, workers that are lost or wait,
/// and each new cause of failures. A flood of them is cut short.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    causes: usize,
    second: Timestamp,
    in_second: u32,
    left_out: u64,
}

impl Notices {
    /// Takes the causes of failures that there are as known.
    pub(crate) fn skip(&mut self, picture: &Picture) {
        self.causes = picture.causes().len();
    }

    /// The lines for these events, after which the picture is this.
    pub(crate) fn of(&mut self, events: &[Event], picture: &Picture, clock: &Clock) -> Vec<String> {
        let of_run = events.iter().filter(|event| is_of_run(event));
        let of_run: Vec<String> = of_run
            .filter_map(|event| of_event(event, picture))
            .collect();
        let mut texts: Vec<String> = events
            .iter()
            .filter(|event| !is_of_run(event))
            .filter_map(|event| of_event(event, picture))
            .collect();
        let causes = picture.causes();
        // Causes may also vanish, when an experiment is tried again.
        self.causes = self.causes.min(causes.len());
        texts.extend(causes[self.causes..].iter().map(of_cause));
        self.causes = causes.len();
        let mut lines = match texts.is_empty() {
            true => texts,
            false => self.cut(texts, clock()),
        };
        lines.extend(of_run);
        lines
    }

    fn cut(&mut self, texts: Vec<String>, now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        if now.seconds_since(self.second) >= 1.0 {
            self.second = now;
            self.in_second = 0;
            if self.left_out > 0 {
                lines.push(format!("({} more messages are in the log)", self.left_out));
                self.left_out = 0;
            }
        }
        for text in texts {
            if self.in_second < MOST_IN_A_SECOND {
                self.in_second += 1;
                lines.push(text);
            } else {
                self.left_out += 1;
            }
        }
        lines
    }
}

/// Whether it says why the run ends: that is shown whatever else is.
fn is_of_run(event: &Event) -> bool {
    matches!(
        event,
        Event::Message {
            experiment: None,
            level: LogLevel::Error,
            ..
        }
    )
}

fn of_event(event: &Event, picture: &Picture) -> Option<String> {
    match event {
        Event::Message {
            experiment,
            level,
            text,
            ..
        } => {
            let level = match level {
                LogLevel::Debug | LogLevel::Info => return None,
                LogLevel::Warning => "warning",
                LogLevel::Error => "error",
            };
            let whose = experiment.map(|number| format!("{}: ", name(number, picture)));
            let text = words::printable(text);
            Some(format!("{level}: {}{text}", whose.unwrap_or_default()))
        }
        Event::WorkerLost { worker, reason, .. } => {
            let reason = words::printable(reason);
            Some(format!("warning: worker {worker} was lost: {reason}"))
        }
        Event::WorkerWaits {
            worker,
            reason: Some(reason),
            ..
        } => Some(format!(
            "worker {worker} waits: {}",
            words::printable(reason)
        )),
        _ => None,
    }
}

fn name(number: ExperimentNumber, picture: &Picture) -> String {
    match picture.running_experiment(number) {
        Some(running) => format!("experiment {}", running.id),
        None => format!("experiment number {number}"),
    }
}

fn of_cause(cause: &Cause) -> String {
    let id = cause.example().map(ToString::to_string);
    let unit = cause.unit().map(|unit| format!("unit `{unit}`: "));
    format!(
        "{}: experiment {}: {}{}",
        cause.status(),
        id.unwrap_or_default(),
        unit.unwrap_or_default(),
        words::printable(cause.message())
    )
}

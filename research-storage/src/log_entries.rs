//! The entries of the text logs, folded from events: runs, messages and failures.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use research_core::domain::ExperimentId;
use research_core::events::UpdateRecord;
use research_core::text::plural;
use research_core::{
    Event, ExceptionRecord, ExperimentNumber, FailureKind, Fold, LogLevel, Outcome, Timestamp,
};

/// One entry of a text log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The time.
    pub at: Timestamp,
    /// The level.
    pub level: LogLevel,
    /// The experiment that it is about, if it is about one.
    pub experiment: Option<ExperimentId>,
    /// The text, without the experiment.
    pub text: String,
}

impl LogEntry {
    /// Formats the entry for the log of its experiment, without the id of the experiment.
    pub fn in_own_log(&self) -> impl Display + '_ {
        Formatted {
            entry: self,
            id: None,
        }
    }
}

/// Formats the entry for the log of a run, as lines that end with newlines.
impl Display for LogEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let id = self.experiment.as_ref();
        Formatted { entry: self, id }.fmt(f)
    }
}

struct Formatted<'e> {
    entry: &'e LogEntry,
    id: Option<&'e ExperimentId>,
}

/// Further lines are indented, so that none of them looks like an entry.
impl Display for Formatted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let LogEntry {
            at, level, text, ..
        } = self.entry;
        write!(f, "{} {level:<7} ", time(*at))?;
        if let Some(id) = self.id {
            write!(f, "experiment {id}: ")?;
        }
        let mut lines = text.trim_end().lines();
        writeln!(f, "{}", lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| writeln!(f, "    {line}"))
    }
}

/// Folds events into entries, which are kept until they are taken.
#[derive(Debug)]
pub struct LogEntries {
    /// The lowest level of entries.
    level: LogLevel,
    /// The running experiments.
    running: HashMap<ExperimentNumber, ExperimentId>,
    waiting: Vec<LogEntry>,
}

impl LogEntries {
    /// Creates the fold, which leaves out entries below a level.
    #[must_use]
    pub fn new(level: LogLevel) -> Self {
        Self {
            level,
            running: HashMap::new(),
            waiting: Vec::new(),
        }
    }

    /// Sets the lowest level of entries.
    pub(crate) fn set_level(&mut self, level: LogLevel) {
        self.level = level;
    }

    /// Takes the entries since the last call.
    pub fn take(&mut self) -> std::vec::Drain<'_, LogEntry> {
        self.waiting.drain(..)
    }

    fn add(&mut self, at: Timestamp, level: LogLevel, text: String) {
        if level >= self.level {
            self.waiting.push(LogEntry {
                at,
                level,
                experiment: None,
                text,
            });
        }
    }

    /// Adds an entry about an experiment. Its id is known only while it runs.
    fn add_of(&mut self, at: Timestamp, level: LogLevel, number: ExperimentNumber, text: &str) {
        if level < self.level {
            return;
        }
        let experiment = self.running.get(&number).cloned();
        let text = match experiment {
            Some(_) => text.to_owned(),
            None => format!("experiment number {number}: {text}"),
        };
        self.waiting.push(LogEntry {
            at,
            level,
            experiment,
            text,
        });
    }
}

impl Fold for LogEntries {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted {
                at,
                pid,
                workers,
                total,
                ..
            } => {
                let total = total.map(|total| format!(", {}", plural(total, "experiment")));
                let workers = plural(*workers, "worker");
                let total = total.unwrap_or_default();
                let text = format!("run started by process {pid}: {workers}{total}");
                self.add(*at, LogLevel::Info, text);
            }
            Event::RunEnded { at, outcome } => {
                let text = format!("run ended: {}", outcome_text(*outcome));
                self.add(*at, LogLevel::Info, text);
            }
            Event::WorkerLost { at, worker, reason } => {
                let text = format!("worker {worker} was lost: {reason}");
                self.add(*at, LogLevel::Warning, text);
            }
            Event::WorkerWaits {
                at,
                worker,
                reason: Some(reason),
            } => self.add(
                *at,
                LogLevel::Info,
                format!("worker {worker} waits: {reason}"),
            ),
            Event::Message {
                at,
                experiment,
                level,
                text,
            } => match experiment {
                Some(experiment) => self.add_of(*at, *level, *experiment, text),
                None => self.add(*at, *level, text.clone()),
            },
            Event::Exception {
                at,
                experiment,
                exception,
            } => self.add_of(
                *at,
                LogLevel::Error,
                *experiment,
                &exception_text(exception),
            ),
            Event::ExperimentStarted {
                experiment, record, ..
            } => {
                self.running.insert(*experiment, record.id.clone());
            }
            Event::ExperimentEnded { experiment, .. } => {
                self.running.remove(experiment);
            }
            Event::DomainUpdated { at, update } => {
                self.add(*at, LogLevel::Info, update_text(update));
            }
            Event::WorkerRejoined { at, worker, .. } => {
                self.add(*at, LogLevel::Info, format!("worker {worker} rejoined"));
            }
            Event::ExperimentCancelled {
                at,
                experiment,
                status,
                reason,
            } => {
                let reason = reason.as_ref().map(|reason| format!(": {reason}"));
                let text = format!("{status}{}", reason.unwrap_or_default());
                self.add_of(*at, LogLevel::Info, *experiment, &text);
            }
            _ => {}
        }
    }
}

/// Formats a time for the logs, in UTC.
#[must_use]
pub fn time(at: Timestamp) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok())
        .map_or_else(
            || "(no such time)".to_owned(),
            |time| time.strftime("%Y-%m-%d %H:%M:%S.%3fZ").to_string(),
        )
}

fn exception_text(exception: &ExceptionRecord) -> String {
    let unit = match &exception.unit {
        Some(unit) => format!("unit {unit}"),
        None => "the executor".to_owned(),
    };
    let how = match exception.kind {
        FailureKind::Panic => "panicked",
        FailureKind::Killed => "was killed",
        FailureKind::TimedOut => "took too long",
        _ => "failed",
    };
    let mut text = format!(
        "{unit} {how} at iteration {}: {}",
        exception.iteration, exception.message
    );
    if let Some(backtrace) = &exception.backtrace {
        text.push('\n');
        text += backtrace;
    }
    text
}

fn update_text(update: &UpdateRecord) -> String {
    let configs = update
        .n_configs
        .map_or_else(String::new, |n| format!(", {} of it", plural(n, "config")));
    let generated = plural(update.generated, "experiment");
    format!(
        "update {} of the domain, after {generated}: {}{configs}",
        update.updates, update.domain
    )
}

fn outcome_text(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::Interrupted => "interrupted, it can be resumed",
        _ => "aborted, it can be resumed",
    }
}

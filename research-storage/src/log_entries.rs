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
    /// The experiment, if the entry is about one.
    pub experiment: Option<ExperimentId>,
    /// The text, without the experiment.
    pub text: String,
    /// The kind of the entry.
    pub kind: LogEntryKind,
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEntryKind {
    /// A run, its workers or its domain.
    Run,
    /// A message or an exception.
    Message,
    /// The start or the end of an experiment, which is only in the log of the experiment.
    Boundary,
}

/// The starts and ends of experiments that have entries, whatever the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundaries {
    /// None.
    None,
    /// Those of experiments that have another entry. The start precedes the first other entry.
    OfLogged,
    /// All.
    All,
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
        write!(f, "{at} {level:<7} ")?;
        if let Some(id) = self.id {
            write!(f, "experiment {id}: ")?;
        }
        let mut lines = text.trim_end().lines();
        writeln!(f, "{}", lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| writeln!(f, "    {line}"))
    }
}

/// A running experiment.
#[derive(Debug)]
struct Running {
    id: ExperimentId,
    since: Timestamp,
    /// Its `ExperimentStarted`, until the entry of the start is written.
    start: Option<Box<Event>>,
}

/// Folds events into entries, which are kept until they are taken.
#[derive(Debug)]
pub struct LogEntries {
    /// The lowest level of entries.
    level: LogLevel,
    boundaries: Boundaries,
    running: HashMap<ExperimentNumber, Running>,
    waiting: Vec<LogEntry>,
}

impl LogEntries {
    /// Creates the fold, which leaves out entries below a level.
    #[must_use]
    pub fn new(level: LogLevel, boundaries: Boundaries) -> Self {
        Self {
            level,
            boundaries,
            running: HashMap::new(),
            waiting: Vec::new(),
        }
    }

    /// Sets the lowest level of entries.
    pub(crate) fn set_level(&mut self, level: LogLevel) {
        self.level = level;
    }

    /// Sets the starts and ends of experiments that have entries.
    pub(crate) fn set_boundaries(&mut self, boundaries: Boundaries) {
        self.boundaries = boundaries;
    }

    /// Takes the entries since the last call.
    pub fn take(&mut self) -> std::vec::Drain<'_, LogEntry> {
        self.waiting.drain(..)
    }

    fn add(&mut self, at: Timestamp, level: LogLevel, kind: LogEntryKind, text: String) {
        if level >= self.level {
            self.waiting.push(LogEntry {
                at,
                level,
                experiment: None,
                text,
                kind,
            });
        }
    }

    /// Adds an entry about an experiment. Its id is known only while it runs.
    fn add_of(&mut self, at: Timestamp, level: LogLevel, number: ExperimentNumber, text: &str) {
        if level < self.level {
            return;
        }
        let Some(running) = self.running.get_mut(&number) else {
            let text = format!("experiment number {number}: {text}");
            return self.add(at, level, LogEntryKind::Message, text);
        };
        let start = running
            .start
            .take()
            .filter(|_| self.boundaries == Boundaries::OfLogged);
        let id = running.id.clone();
        self.waiting
            .extend(start.and_then(|event| start_of(&event)));
        self.waiting.push(LogEntry {
            at,
            level,
            experiment: Some(id),
            text: text.to_owned(),
            kind: LogEntryKind::Message,
        });
    }

    fn started(&mut self, event: &Event) {
        let Event::ExperimentStarted {
            at,
            experiment,
            record,
            ..
        } = event
        else {
            return;
        };
        if self.boundaries == Boundaries::All {
            self.waiting.extend(start_of(event));
        }
        // Cloning is cheap, because clones share the config.
        let start = self.boundaries == Boundaries::OfLogged;
        let running = Running {
            id: record.id.clone(),
            since: *at,
            start: start.then(|| Box::new(event.clone())),
        };
        self.running.insert(*experiment, running);
    }

    fn ended(&mut self, event: &Event) {
        let Event::ExperimentEnded {
            at,
            experiment,
            attempt,
            status,
            reason,
            iterations,
            ..
        } = event
        else {
            return;
        };
        let Some(running) = self.running.remove(experiment) else {
            return;
        };
        if self.boundaries == Boundaries::None || running.start.is_some() {
            return;
        }
        let seconds = at.seconds_since(running.since);
        let iterations = plural(*iterations, "iteration");
        let reason = reason.as_ref().map(|reason| format!(": {reason}"));
        let reason = reason.unwrap_or_default();
        self.waiting.push(LogEntry {
            at: *at,
            level: LogLevel::Info,
            experiment: Some(running.id),
            text: format!(
                "attempt {attempt} ended after {seconds:.3} s and {iterations}: {status}{reason}"
            ),
            kind: LogEntryKind::Boundary,
        });
    }
}

/// Returns the entry of an `ExperimentStarted`.
fn start_of(event: &Event) -> Option<LogEntry> {
    let Event::ExperimentStarted {
        at,
        attempt,
        worker,
        pid,
        record,
        ..
    } = event
    else {
        return None;
    };
    let (seed, config) = (record.short_seed(), record.full_config());
    Some(LogEntry {
        at: *at,
        level: LogLevel::Info,
        experiment: Some(record.id.clone()),
        text: format!(
            "attempt {attempt} started in worker {worker}, process {pid}, seed {seed}: {config}"
        ),
        kind: LogEntryKind::Boundary,
    })
}

impl Fold for LogEntries {
    fn apply(&mut self, event: &Event) {
        use LogEntryKind::Run;
        match event {
            Event::RunStarted {
                at,
                pid,
                workers,
                total,
                host,
                ..
            } => {
                let host = host.as_ref().map(|host| format!(" on {host}"));
                let host = host.unwrap_or_default();
                let total = total.map(|total| format!(", {}", plural(total, "experiment")));
                let workers = plural(*workers, "worker");
                let total = total.unwrap_or_default();
                let text = format!("run started by process {pid}{host}: {workers}{total}");
                self.add(*at, LogLevel::Info, Run, text);
            }
            Event::RunEnded { at, outcome } => {
                let text = format!("run ended: {}", outcome_text(*outcome));
                self.add(*at, LogLevel::Info, Run, text);
            }
            Event::WorkerLost { at, worker, reason } => {
                let text = format!("worker {worker} was lost: {reason}");
                self.add(*at, LogLevel::Warning, Run, text);
            }
            Event::WorkerWaits {
                at,
                worker,
                reason: Some(reason),
            } => self.add(
                *at,
                LogLevel::Info,
                Run,
                format!("worker {worker} waits: {reason}"),
            ),
            Event::Message {
                at,
                experiment,
                level,
                text,
            } => match experiment {
                Some(experiment) => self.add_of(*at, *level, *experiment, text),
                None => self.add(*at, *level, LogEntryKind::Message, text.clone()),
            },
            Event::Exception {
                at,
                experiment,
                exception,
                command,
            } => self.add_of(
                *at,
                LogLevel::Error,
                *experiment,
                &exception_text(exception, command.as_deref()),
            ),
            Event::ExperimentStarted { .. } => self.started(event),
            Event::ExperimentEnded { .. } => self.ended(event),
            Event::DomainUpdated { at, update } => {
                self.add(*at, LogLevel::Info, Run, update_text(update));
            }
            Event::WorkerRejoined { at, worker, .. } => {
                self.add(
                    *at,
                    LogLevel::Info,
                    Run,
                    format!("worker {worker} rejoined"),
                );
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

fn exception_text(exception: &ExceptionRecord, command: Option<&str>) -> String {
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
    let command = command.map(|command| format!("command: {command}"));
    for part in command.iter().chain(&exception.backtrace) {
        text.push('\n');
        text += part;
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

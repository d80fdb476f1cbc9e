//! The text logs: `research.log` and the logs of experiments. `research logs` prints them; all of
//! their content is also in the event log.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use research_core::domain::ExperimentId;
use research_core::events::UpdateRecord;
use research_core::files::{append_to_regular, create_experiment_folder};
use research_core::text::plural;
use research_core::{
    Event, ExceptionRecord, ExperimentNumber, FailureKind, LogLevel, Outcome, StorageError,
    Timestamp,
};

use super::files::EXPERIMENT_LOG;

/// The size in bytes at which lines are written even before a commit.
const BUFFER_TARGET: usize = 1 << 20;

/// The text logs. Lines are buffered, and written at a commit.
#[derive(Debug)]
pub(super) struct TextLogs {
    path: PathBuf,
    file: File,
    experiments: PathBuf,
    lines: String,
    /// Buffered lines for the logs of experiments.
    of_experiments: HashMap<ExperimentId, String>,
    gathered: usize,
    /// The running experiments.
    running: HashMap<ExperimentNumber, ExperimentId>,
    level: LogLevel,
}

impl TextLogs {
    /// Opens `research.log` to append to it. The log of an experiment is created with its first
    /// line.
    pub(super) fn open(path: &Path, experiments: &Path) -> Result<Self, StorageError> {
        let file = append_to_regular(path).map_err(StorageError::io("open", path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            experiments: experiments.to_owned(),
            lines: String::new(),
            of_experiments: HashMap::new(),
            gathered: 0,
            running: HashMap::new(),
            level: LogLevel::Debug,
        })
    }

    pub(super) fn append(&mut self, events: &[Event]) -> Result<(), StorageError> {
        for event in events {
            self.add(event);
        }
        if self.gathered >= BUFFER_TARGET {
            self.write()?;
        }
        Ok(())
    }

    /// Writes the buffered lines.
    pub(super) fn write(&mut self) -> Result<(), StorageError> {
        if self.gathered == 0 {
            return Ok(());
        }
        for (id, lines) in std::mem::take(&mut self.of_experiments) {
            // A unit may have removed or changed the folder of its experiment, which must not end
            // the run.
            if let Err(error) =
                write_experiment_log(&self.experiments.join(id.as_ref() as &str), &lines)
            {
                let text = format!("the log of experiment {id} could not be written: {error}");
                self.lines += &entry(Timestamp::now(), LogLevel::Warning, &text);
            }
        }
        self.gathered = 0;
        // Discard the lines even if the write fails: part of them may be in the file, and a retry
        // would write that part twice.
        let lines = std::mem::take(&mut self.lines);
        self.file
            .write_all(lines.as_bytes())
            .map_err(StorageError::io("write", &self.path))
    }

    fn add(&mut self, event: &Event) {
        match event {
            Event::RunStarted {
                at,
                pid,
                workers,
                total,
                ..
            } => {
                let total = total.map(|total| format!(", {}", plural(total, "experiment")));
                let text = format!(
                    "run started by process {pid}: {}{}",
                    plural(*workers, "worker"),
                    total.unwrap_or_default()
                );
                self.say(*at, LogLevel::Info, &text);
            }
            Event::RunEnded { at, outcome } => {
                self.say(
                    *at,
                    LogLevel::Info,
                    &format!("run ended: {}", outcome_text(*outcome)),
                );
            }
            Event::WorkerLost { at, worker, reason } => {
                self.say(
                    *at,
                    LogLevel::Warning,
                    &format!("worker {worker} was lost: {reason}"),
                );
            }
            Event::WorkerWaits {
                at,
                worker,
                reason: Some(reason),
            } => {
                self.say(
                    *at,
                    LogLevel::Info,
                    &format!("worker {worker} waits: {reason}"),
                );
            }
            Event::Message {
                at,
                experiment,
                level,
                text,
            } => {
                self.say_of(*at, *level, *experiment, text);
            }
            Event::Exception {
                at,
                experiment,
                exception,
            } => {
                self.say_of(
                    *at,
                    LogLevel::Error,
                    Some(*experiment),
                    &exception_text(exception),
                );
            }
            Event::ExperimentStarted {
                experiment, record, ..
            } => {
                self.running.insert(*experiment, record.id.clone());
            }
            Event::ExperimentEnded { experiment, .. } => {
                self.running.remove(experiment);
            }
            Event::DomainUpdated { at, update } => {
                self.say(*at, LogLevel::Info, &update_text(update));
            }
            Event::WorkerRejoined { at, worker, .. } => {
                self.say(*at, LogLevel::Info, &format!("worker {worker} rejoined"));
            }
            Event::ExperimentCancelled {
                at,
                experiment,
                status,
                reason,
            } => {
                let reason = reason.as_ref().map(|reason| format!(": {reason}"));
                let text = format!("{status}{}", reason.unwrap_or_default());
                self.say_of(*at, LogLevel::Info, Some(*experiment), &text);
            }
            _ => {}
        }
    }

    /// Sets the lowest level of messages that are written.
    pub(super) fn set_level(&mut self, level: LogLevel) {
        self.level = level;
    }

    fn say(&mut self, at: Timestamp, level: LogLevel, text: &str) {
        if level < self.level {
            return;
        }
        let entry = entry(at, level, text);
        self.gathered += entry.len();
        self.lines += &entry;
    }

    /// Writes an entry about an experiment to `research.log` and to the log of the experiment.
    fn say_of(
        &mut self,
        at: Timestamp,
        level: LogLevel,
        experiment: Option<ExperimentNumber>,
        text: &str,
    ) {
        let Some(experiment) = experiment else {
            return self.say(at, level, text);
        };
        let Some(id) = self.running.get(&experiment).cloned() else {
            return self.say(
                at,
                level,
                &format!("experiment number {experiment}: {text}"),
            );
        };
        if level < self.level {
            return;
        }
        self.say(at, level, &format!("experiment {id}: {text}"));
        let entry = entry(at, level, text);
        self.gathered += entry.len();
        *self.of_experiments.entry(id).or_default() += &entry;
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

/// Formats an entry. Further lines are indented, so that none of them looks like an entry.
fn entry(at: Timestamp, level: LogLevel, text: &str) -> String {
    let mut lines = text.trim_end().lines();
    let first = lines.next().unwrap_or_default();
    let mut entry = format!("{} {level:<7} {first}\n", time(at));
    for line in lines {
        entry += "    ";
        entry += line;
        entry.push('\n');
    }
    entry
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

fn write_experiment_log(folder: &Path, lines: &str) -> std::io::Result<()> {
    create_experiment_folder(folder)?;
    append_to_regular(&folder.join(EXPERIMENT_LOG))?.write_all(lines.as_bytes())
}

//! The entries of the text logs.

use std::collections::HashMap;

use research_core::{Event, ExperimentNumber, LogLevel, Timestamp};
use research_domain::ExperimentId;

/// A message of a run or of an experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The time.
    pub at: Timestamp,
    /// The level.
    pub level: LogLevel,
    /// The experiment, if the message belongs to one.
    pub experiment: Option<ExperimentId>,
    /// The text.
    pub text: String,
}

impl LogEntry {
    /// Returns the entry of a message or an exception. `ids` has the ids of the experiments that
    /// have started.
    pub(crate) fn of(
        event: &Event,
        ids: &mut HashMap<ExperimentNumber, ExperimentId>,
    ) -> Option<Self> {
        let (at, level, experiment, text) = match event {
            Event::ExperimentStarted {
                experiment, record, ..
            } => {
                ids.insert(*experiment, record.id.clone());
                return None;
            }
            Event::Message {
                at,
                experiment,
                level,
                text,
            } => (*at, *level, *experiment, text.clone()),
            Event::Exception {
                at,
                experiment,
                exception,
            } => {
                let unit = exception.unit.as_deref().unwrap_or("the executor");
                let text = format!(
                    "{unit} failed in iteration {}: {}",
                    exception.iteration, exception.message
                );
                (*at, LogLevel::Error, Some(*experiment), text)
            }
            _ => return None,
        };
        Some(Self {
            at,
            level,
            experiment: experiment.and_then(|number| ids.get(&number).cloned()),
            text,
        })
    }
}

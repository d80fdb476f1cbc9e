//! What the logs say.

use std::collections::HashMap;

use research_core::{Event, ExperimentNumber, LogLevel, Timestamp};
use research_domain::ExperimentId;

/// A message of a run, or of one of its experiments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: LogLevel,
    /// The experiment that it is about, if it is about one.
    pub experiment: Option<ExperimentId>,
    /// What it says.
    pub text: String,
}

impl LogEntry {
    /// What an event says, where it is a message or an exception. `ids` are those of the
    /// experiments that have started.
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

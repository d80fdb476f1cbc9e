//! Who sees the events of a run.

use std::fs::File;
use std::io::BufWriter;

use research_core::Subscriber;
use research_monitor::{Bar, Monitor, MonitorLog, Progress};
use research_storage::StoredResearch;

use crate::error::ResearchError;
use crate::finished::Kept;

/// How the monitor's log is called in a research's folder.
const MONITOR_LOG: &str = "monitor.csv";

/// The subscribers of a run.
pub(crate) struct Audience {
    pub(crate) subscribers: Vec<Box<dyn Subscriber>>,
}

impl Audience {
    pub(crate) fn of(subscribers: Vec<Box<dyn Subscriber>>) -> Self {
        Self { subscribers }
    }

    pub(crate) fn add_bar(&mut self, name: &str, progress: Progress) {
        let bar = match progress {
            Progress::Stderr => Bar::stderr(name, Monitor::new()),
            Progress::Own(own) => Bar::own(own, Monitor::new()),
            _ => return,
        };
        self.subscribers.push(Box::new(bar));
    }

    /// The monitor's log is written anew: it says of earlier runs what the event log says.
    pub(crate) fn add_log(&mut self, kept: &Kept) -> Result<(), ResearchError> {
        let Kept::Folder(folder) = kept else {
            return Err(ResearchError::Options(
                "monitor_log needs a folder: the research is kept in memory".to_owned(),
            ));
        };
        let path = folder.join(MONITOR_LOG);
        let log = File::create(path).and_then(|file| MonitorLog::new(BufWriter::new(file)));
        let log = log.map_err(|source| ResearchError::Io {
            action: "write monitor.csv",
            source,
        })?;
        self.subscribers.push(Box::new(log));
        Ok(())
    }

    /// Tells of the runs before this one.
    pub(crate) fn tell_history(&mut self, stored: &StoredResearch) -> Result<(), ResearchError> {
        if self.subscribers.is_empty() {
            return Ok(());
        }
        for events in stored.events()? {
            let events = events?;
            for subscriber in &mut self.subscribers {
                subscriber.on_history(&events);
            }
        }
        Ok(())
    }
}

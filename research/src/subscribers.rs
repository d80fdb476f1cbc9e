//! The subscribers of a run.

use std::fs::OpenOptions;
use std::io::BufWriter;
use std::path::Path;

use research_core::files::open_regular_with;
use research_core::{Event, Fold, ResearchRecord, Subscriber};
use research_exec::call_subscriber;
use research_monitor::{Bar, Monitor, MonitorLog, Progress};

use crate::error::ResearchError;
use crate::worker_arrivals::WorkerArrivals;

/// The name of the monitor log in the folder of a research.
const MONITOR_LOG: &str = "monitor.csv";

/// The subscribers of a run.
pub(crate) struct Subscribers {
    pub(crate) subscribers: Vec<Box<dyn Subscriber>>,
}

impl Subscribers {
    pub(crate) fn of(subscribers: Vec<Box<dyn Subscriber>>) -> Self {
        Self { subscribers }
    }

    pub(crate) fn add_bar(&mut self, name: &str, progress: Progress) {
        let bar = match progress {
            Progress::Stderr => Bar::stderr(name, Monitor::new()),
            Progress::Custom(reporter) => Bar::custom(reporter, Monitor::new()),
            _ => return,
        };
        self.subscribers.push(Box::new(bar));
    }

    /// Adds the monitor log, which is rewritten: `on_history` gives it the events of earlier runs.
    pub(crate) fn add_log(&mut self, folder: Option<&Path>) -> Result<(), ResearchError> {
        let Some(folder) = folder else {
            return Err(ResearchError::Options(
                "monitor_log needs a folder: the research is kept in memory".to_owned(),
            ));
        };
        let path = folder.join(MONITOR_LOG);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let log = open_regular_with(&path, &mut options)
            .and_then(|file| MonitorLog::new(BufWriter::new(file)));
        let log = log.map_err(|source| ResearchError::Io {
            action: "write monitor.csv",
            source,
        })?;
        self.subscribers.push(Box::new(log));
        Ok(())
    }

    /// Checks the log whenever a worker has reached the run.
    pub(crate) fn add_arrivals(&mut self, arrivals: Option<&WorkerArrivals>) {
        if let Some(arrivals) = arrivals {
            self.subscribers.push(Box::new(arrivals.clone()));
        }
    }

    /// Passes the record to the subscribers. Returns the object that passes the events of earlier
    /// runs to them.
    pub(crate) fn begin(&mut self, record: &ResearchRecord, folder: Option<&Path>) -> History<'_> {
        let problems = self.call(|subscriber| subscriber.on_begin(record, folder));
        History {
            subscribers: self,
            problems,
        }
    }

    fn call(&mut self, mut call: impl FnMut(&mut dyn Subscriber)) -> Vec<String> {
        let mut problems = Vec::new();
        self.subscribers.retain_mut(|subscriber| {
            let called = call_subscriber(&mut **subscriber, &mut call);
            let is_well = called.is_ok();
            problems.extend(called.err());
            is_well
        });
        problems
    }
}

/// Passes the events of earlier runs to subscribers. Removes subscribers that panic.
pub(crate) struct History<'s> {
    subscribers: &'s mut Subscribers,
    /// The errors of subscribers that panicked.
    pub(crate) problems: Vec<String>,
}

impl Fold for History<'_> {
    fn apply(&mut self, event: &Event) {
        self.apply_all(std::slice::from_ref(event));
    }

    fn apply_all(&mut self, events: &[Event]) {
        let problems = self
            .subscribers
            .call(|subscriber| subscriber.on_history(events));
        self.problems.extend(problems);
    }
}

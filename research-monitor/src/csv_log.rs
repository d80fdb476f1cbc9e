//! The monitor log: events as CSV.

use std::io::{self, Write};

use research_core::{Delivery, Event, ExperimentNumber, Subscriber, Timestamp};

use crate::format;
use crate::run_state::RunState;

/// The column names.
const COLUMNS: &str = "time,task_idx,id,it,name,status,exception,worker,pid,worker_pid,\
                       process_pid,finished,withdrawn,remains";

/// Writes a CSV row for each start and end of a run, a worker or an experiment, for each progress
/// report, and for each exception.
///
/// `time` is in seconds since 1970, `task_idx` the number of the experiment, `it` its completed
/// iterations, `name` the unit that failed, and `status` the kind of event. `pid`, `worker_pid` and
/// `process_pid` are the processes of leader, worker and executor. `finished` and `remains` count
/// experiments, `withdrawn` those that domain updates withdrew.
#[derive(Debug)]
pub struct MonitorLog<W> {
    out: W,
    state: RunState,
    error: Option<io::Error>,
}

impl<W: Write> MonitorLog<W> {
    /// Creates a log and writes the header.
    ///
    /// # Errors
    /// The header cannot be written.
    pub fn new(mut out: W) -> io::Result<Self> {
        writeln!(out, "{COLUMNS}")?;
        Ok(Self {
            out,
            state: RunState::default(),
            error: None,
        })
    }

    /// Returns the first write error. After an error the log writes nothing more; the run
    /// continues, because the event log is complete.
    #[must_use]
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    /// Writes rows for `events` and flushes the output.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn write_events(&mut self, events: &[Event]) -> io::Result<()> {
        events.iter().try_for_each(|event| self.write(event))?;
        self.out.flush()
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        // The state knows an experiment before its end is applied, and after its start is.
        let before = self.line(event);
        self.state.apply(event);
        let line = match event {
            Event::ExperimentEnded { .. } => before,
            _ => self.line(event),
        };
        let Some(line) = line else {
            return Ok(());
        };
        let remains = self.state.remaining_experiments();
        writeln!(
            self.out,
            "{line},{},{},{}",
            self.state.ended_experiments(),
            self.state.withdrawn_experiments(),
            remains
                .map(|remains| remains.to_string())
                .unwrap_or_default()
        )
    }

    /// Returns all but the last three columns.
    fn line(&self, event: &Event) -> Option<String> {
        let entry = Entry::of(event)?;
        let running = entry
            .experiment
            .and_then(|number| self.state.running_experiment(number));
        let worker = entry.worker.or(running.map(|running| running.worker.0));
        let worker_pid = self
            .state
            .workers()
            .find(|(number, _)| Some(number.0) == worker)
            .map(|(_, worker)| worker.pid);
        let columns = [
            format!("{:.6}", entry.at.0 as f64 / 1e6),
            text(entry.experiment),
            text(running.map(|running| &running.id)),
            text(
                entry
                    .iterations
                    .or(running.map(|running| running.iterations)),
            ),
            quoted(entry.unit),
            entry.status.to_owned(),
            quoted(entry.exception),
            text(worker),
            text(self.state.run().map(|run| run.pid)),
            text(worker_pid),
            text(running.map(|running| running.pid)),
        ];
        Some(columns.join(","))
    }
}

impl<W: Write + Send> Subscriber for MonitorLog<W> {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    /// Starts the log of a resumed research with its earlier runs.
    fn on_history(&mut self, events: &[Event]) {
        self.on_events(events);
    }

    fn on_events(&mut self, events: &[Event]) {
        if self.error.is_some() {
            return;
        }
        self.error = self.write_events(events).err();
    }
}

/// The columns that depend on the event alone.
struct Entry<'a> {
    at: Timestamp,
    status: &'a str,
    experiment: Option<ExperimentNumber>,
    iterations: Option<u64>,
    worker: Option<u32>,
    unit: &'a str,
    exception: &'a str,
}

impl<'a> Entry<'a> {
    fn new(at: Timestamp, status: &'a str) -> Self {
        Self {
            at,
            status,
            experiment: None,
            iterations: None,
            worker: None,
            unit: "",
            exception: "",
        }
    }

    fn of(event: &'a Event) -> Option<Self> {
        Some(match event {
            Event::RunStarted { at, .. } => Self::new(*at, "run_started"),
            Event::RunEnded { at, outcome } => Self::new(*at, format::outcome(*outcome)),
            Event::WorkerStarted { at, worker, .. } => Self {
                worker: Some(worker.0),
                ..Self::new(*at, "worker_started")
            },
            Event::WorkerLost { at, worker, reason } => Self {
                worker: Some(worker.0),
                exception: reason,
                ..Self::new(*at, "worker_lost")
            },
            Event::WorkerWaits {
                at,
                worker,
                reason: Some(reason),
            } => Self {
                worker: Some(worker.0),
                exception: reason,
                ..Self::new(*at, "worker_waits")
            },
            Event::ExperimentStarted { at, experiment, .. } => Self {
                experiment: Some(*experiment),
                ..Self::new(*at, "started")
            },
            Event::Progress {
                at,
                experiment,
                iterations,
            } => Self {
                experiment: Some(*experiment),
                iterations: Some(*iterations),
                ..Self::new(*at, "progress")
            },
            Event::Exception {
                at,
                experiment,
                exception,
                ..
            } => Self {
                experiment: Some(*experiment),
                unit: exception.unit.as_deref().unwrap_or(""),
                exception: &exception.message,
                ..Self::new(*at, "exception")
            },
            Event::ExperimentEnded {
                at,
                experiment,
                status,
                reason,
                iterations,
                ..
            } => Self {
                experiment: Some(*experiment),
                iterations: Some(*iterations),
                exception: reason.as_deref().unwrap_or(""),
                ..Self::new(*at, status.as_str())
            },
            Event::DomainUpdated { at, .. } => Self::new(*at, "domain_updated"),
            _ => return None,
        })
    }
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Quotes a CSV field where necessary.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

//! Writes a status report as text.

use std::fmt;

use research_core::MemorySize;
use research_core::text::plural;

use super::{ExceptionReport, RunningReport, State, StatusReport, WorkerReport};
use crate::format;
use crate::summary::write_failures;

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::New | State::EventsLost => return f.write_str(&self.line()),
            State::Running if self.pid.is_none() => return f.write_str(&self.line()),
            State::Broken => "ended unexpectedly: its process is gone".to_owned(),
            State::Failed => format!("complete, all {} failed", self.failed),
            state => state.as_str().to_owned(),
        };
        write!(f, "{}: {state}", self.name)?;
        if let Some(pid) = self.pid {
            write!(f, ", process {pid}")?;
        }
        write!(f, "\n{}, {}\n{}", self.progress, self.timing, self.counts())?;
        if !self.workers.is_empty() {
            f.write_str("\nworkers:")?;
            self.workers
                .iter()
                .try_for_each(|worker| write!(f, "\n{worker}"))?;
        }
        if !self.failures.is_empty() {
            f.write_str("\nfailures:")?;
            write_failures(f, &self.failures, self.failed_for_other_causes)?;
        }
        // The failures of a run that has ended include its exceptions.
        let is_shown = self.state != State::Running && !self.failures.is_empty();
        if !self.recent_exceptions.is_empty() && !is_shown {
            let shown = self.recent_exceptions.len();
            write!(
                f,
                "\nlast {shown} of {}:",
                plural(self.exceptions, "exception")
            )?;
            self.recent_exceptions
                .iter()
                .try_for_each(|exception| write!(f, "\n  {exception}"))?;
        }
        Ok(())
    }
}

impl StatusReport {
    fn counts(&self) -> String {
        let counts: Vec<_> = self.counts.iter().map(|c| (c.status, c.count)).collect();
        let mut parts = format::status_counts(&counts, self.stopped);
        let running: usize = self.workers.iter().map(|worker| worker.running.len()).sum();
        if running > 0 {
            parts.push(format!("{running} running"));
        }
        match self.remaining {
            // Running experiments were counted above.
            Some(remaining) => {
                parts.push(format!("{} left", remaining.saturating_sub(running as u64)))
            }
            None => parts.push("unknown how many are left".to_owned()),
        }
        if self.updates > 0 {
            parts.push(plural(self.updates, "domain update"));
        }
        parts.join(", ")
    }
}

impl fmt::Display for WorkerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}", self.worker)?;
        if let Some(pid) = self.pid {
            write!(f, ", process {pid}")?;
        }
        write!(f, ", {} done", plural(self.experiments, "experiment"))?;
        if let Some(reason) = &self.lost {
            write!(f, ", lost: {}", format::printable(reason))?;
        } else if let Some(reason) = &self.waits {
            write!(f, ", waits: {}", format::printable(reason))?;
        } else if self.running.is_empty() {
            f.write_str(", idle")?;
        }
        self.running
            .iter()
            .try_for_each(|running| write!(f, "\n    {running}"))
    }
}

impl fmt::Display for RunningReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} for {}, process {}, {}",
            self.id,
            format::duration(self.seconds),
            self.pid,
            plural(self.iterations, "iteration")
        )?;
        if let Some(memory) = self.memory {
            write!(f, ", {}", MemorySize(memory))?;
        }
        if let Some(seconds) = self.cpu_seconds {
            write!(f, ", {} of processor time", format::duration(seconds))?;
        }
        if self.attempt > 1 {
            write!(f, ", attempt {}", self.attempt)?;
        }
        write!(f, ": {}", format::config(&self.config))
    }
}

impl fmt::Display for ExceptionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = format::indented(&self.message);
        let ago = format::duration(self.seconds_ago);
        let id = self.id.as_deref().unwrap_or("unknown experiment");
        write!(f, "{message}\n    {ago} ago, {id}")?;
        if let Some(unit) = &self.unit {
            write!(f, ", unit `{unit}`")?;
        }
        write!(f, ", iteration {}", self.iteration)
    }
}

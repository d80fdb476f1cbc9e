//! A status as people read it.

use std::fmt;

use research_core::{plural, shell_word};

use super::{ExceptionReport, RunningReport, State, StatusReport, WorkerReport};
use crate::summary::write_failures;
use crate::words;

impl State {
    /// What to say of a research that is called so in commands.
    fn sentence(self, called: &str) -> String {
        let called = shell_word(called);
        match self {
            Self::New => "has not run yet".to_owned(),
            Self::Running | Self::Complete => self.as_str().to_owned(),
            Self::Broken => {
                format!("broken off: its process is gone; go on with `research resume {called}`")
            }
            Self::Interrupted => format!("interrupted; go on with `research resume {called}`"),
            Self::Aborted => format!(
                "aborted; see why with `research logs {called}`, then go on with `research resume {called}`"
            ),
        }
    }
}

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = self.state.sentence(&self.called);
        write!(f, "{}: {sentence}", self.name)?;
        if let Some(pid) = self.pid {
            write!(f, ", process {pid}")?;
        }
        if self.state == State::New {
            return Ok(());
        }
        write!(f, "\n{}, {}\n{}", self.progress, self.course, self.counts())?;
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
        // Those of a run that has ended are told of as failures.
        let is_told = self.state != State::Running && !self.failures.is_empty();
        if !self.recent_exceptions.is_empty() && !is_told {
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
        let mut parts: Vec<String> = self
            .counts
            .iter()
            .map(|c| format!("{} {}", c.count, c.status.as_str().replace('_', " ")))
            .collect();
        let running: usize = self.workers.iter().map(|worker| worker.running.len()).sum();
        if running > 0 {
            parts.push(format!("{running} running"));
        }
        match self.remaining {
            // Those that run are told of already.
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
            write!(f, ", lost: {}", words::printable(reason))?;
        } else if let Some(reason) = &self.waits {
            write!(f, ", waits: {}", words::printable(reason))?;
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
            words::duration(self.seconds),
            self.pid,
            plural(self.iterations, "iteration")
        )?;
        if self.attempt > 1 {
            write!(f, ", attempt {}", self.attempt)?;
        }
        write!(f, ": {}", words::printable(&self.config.to_string()))
    }
}

impl fmt::Display for ExceptionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ago = words::duration(self.seconds_ago);
        write!(
            f,
            "{ago} ago, {}",
            self.id.as_deref().unwrap_or("unknown experiment")
        )?;
        if let Some(unit) = &self.unit {
            write!(f, ", unit `{unit}`")?;
        }
        let message = words::printable(&self.message).replace('\n', "\n    ");
        write!(f, ", iteration {}: {message}", self.iteration)
    }
}

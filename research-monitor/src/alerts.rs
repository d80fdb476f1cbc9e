//! Selects the events that users should see during a run.

use research_core::{Event, ExperimentNumber, LogLevel, Timestamp};

use crate::failure_groups::FailureGroup;
use crate::format::{indented, printable};
use crate::progress::Clock;
use crate::run_state::RunState;

/// The number of lines that may be written each second.
const MAX_PER_SECOND: u32 = 10;

/// Selects warnings, errors, workers that are lost or wait, and each new cause of failures. The
/// rate is limited.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    /// The number of failure groups that were reported.
    groups: usize,
    second: Timestamp,
    in_second: u32,
    suppressed: u64,
}

impl Alerts {
    /// Marks the failure groups of `state` as reported.
    pub(crate) fn skip(&mut self, state: &RunState) {
        self.groups = state.failure_group_count();
    }

    /// Returns the lines for `events`, which `state` already includes.
    pub(crate) fn lines(
        &mut self,
        events: &[Event],
        state: &RunState,
        clock: &Clock,
    ) -> Vec<String> {
        // An error of the run says why it ends, so the rate limit does not apply to it.
        let (of_run, others): (Vec<&Event>, Vec<&Event>) =
            events.iter().partition(|event| is_error_of_run(event));
        let line = |event: &Event| line_of_event(event, state);
        let mut lines: Vec<String> = others.into_iter().filter_map(line).collect();
        // The number of groups also decreases: a group vanishes when its experiments are retried.
        let new = state.failure_groups_from(self.groups);
        lines.extend(new.map(|group| line_of_group(&group)));
        self.groups = state.failure_group_count();
        if !lines.is_empty() {
            lines = self.limit(lines, clock());
        }
        lines.extend(of_run.into_iter().filter_map(line));
        lines
    }

    fn limit(&mut self, texts: Vec<String>, now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        if now.seconds_since(self.second) >= 1.0 {
            self.second = now;
            self.in_second = 0;
            if self.suppressed > 0 {
                lines.push(format!(
                    "({} more messages are in the log)",
                    self.suppressed
                ));
                self.suppressed = 0;
            }
        }
        for text in texts {
            if self.in_second < MAX_PER_SECOND {
                self.in_second += 1;
                lines.push(text);
            } else {
                self.suppressed += 1;
            }
        }
        lines
    }
}

fn is_error_of_run(event: &Event) -> bool {
    matches!(
        event,
        Event::Message {
            experiment: None,
            level: LogLevel::Error,
            ..
        }
    )
}

fn line_of_event(event: &Event, state: &RunState) -> Option<String> {
    match event {
        Event::Message {
            experiment,
            level,
            text,
            ..
        } => {
            let level = match level {
                LogLevel::Debug | LogLevel::Info => return None,
                LogLevel::Warning => "warning",
                LogLevel::Error => "error",
            };
            let subject = experiment.map(|number| format!("{}: ", name(number, state)));
            let subject = subject.unwrap_or_default();
            Some(format!("{level}: {subject}{}", printable(text)))
        }
        Event::WorkerLost { worker, reason, .. } => {
            let reason = printable(reason);
            Some(format!("warning: worker {worker} was lost: {reason}"))
        }
        Event::WorkerWaits {
            worker,
            reason: Some(reason),
            ..
        } => Some(format!("worker {worker} waits: {}", printable(reason))),
        _ => None,
    }
}

fn name(number: ExperimentNumber, state: &RunState) -> String {
    match state.running_experiment(number) {
        Some(running) => format!("experiment {}", running.id),
        None => format!("experiment number {number}"),
    }
}

/// Returns two lines, so that a terminal shows the reason first and truncates neither.
fn line_of_group(group: &FailureGroup) -> String {
    let status = group.status.as_str().replace('_', " ");
    let message = indented(&group.message);
    format!("{status}: {message}\n    {}", group.place())
}

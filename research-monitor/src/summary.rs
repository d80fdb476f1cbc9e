//! Summarizes a run in a few lines.

use std::fmt;

use research_core::text::plural;
use research_core::{Outcome, Status, Timestamp};
use research_domain::ExperimentId;
use serde::Serialize;

use crate::failure_groups::FailureGroup;
use crate::format;
use crate::min_max::{Extreme, MinMax};
use crate::run_state::RunState;

/// The number of failure groups that are shown one by one.
const SHOWN_GROUPS: usize = 10;

/// The result of a run: the number of experiments that ended with each status, its duration, and
/// the reasons of failures.
///
/// `Display` writes plain text of a few lines, for standard error.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// The outcome of the run; `None` if it has not ended.
    pub outcome: Option<Outcome>,
    /// The number of experiments with each status that occurs; see [`RunState::counts`].
    pub counts: Vec<(Status, u64)>,
    /// The number of experiments that finished because a generator reached its end.
    pub stopped: u64,
    /// The number of experiments that have not ended, if the total is known.
    pub remaining: Option<u64>,
    /// The number of iterations.
    pub iterations: u64,
    /// The run time of the research in seconds, earlier runs included.
    pub seconds: f64,
    /// The failures by cause, the most frequent first.
    pub failures: Vec<FailureGroup>,
    /// The number of failed experiments beyond these groups.
    pub failed_for_other_causes: u64,
    /// The number of experiments that ended in the latest run, if there were earlier runs.
    pub in_this_run: Option<u64>,
    /// The duration of the latest run in seconds.
    pub seconds_of_this_run: f64,
    /// The variables that [`with_variables`](Self::with_variables) chose.
    pub variables: Vec<MinMax>,
}

impl Summary {
    /// Summarizes `state`.
    #[must_use]
    pub fn new(state: &RunState, now: Timestamp) -> Self {
        let mut failures: Vec<FailureGroup> = state.failure_groups().collect();
        failures.sort_by_key(|group| std::cmp::Reverse(group.count));
        Self {
            outcome: state.outcome(),
            counts: state.counts(),
            stopped: state.count(Status::Stopped),
            remaining: state.remaining_experiments(),
            iterations: state.finished_iterations(),
            seconds: state.elapsed(now),
            failures,
            failed_for_other_causes: state.failed_for_other_causes(),
            in_this_run: (state.ended_in_this_run() < state.ended_experiments())
                .then(|| state.ended_in_this_run()),
            seconds_of_this_run: state.elapsed_in_this_run(now),
            variables: Vec::new(),
        }
    }

    /// Adds the lowest and highest values of the variables in `names`; with no names, of the only
    /// numeric variable, if there is exactly one.
    #[must_use]
    pub fn with_variables(mut self, state: &RunState, names: &[String]) -> Self {
        let known = state.extremes();
        self.variables = match names {
            [] if known.len() == 1 => known.to_vec(),
            names => names
                .iter()
                .filter_map(|name| known.iter().find(|known| *known.variable == **name))
                .cloned()
                .collect(),
        };
        self
    }

    /// Returns an example of each failure group that is shown, in their order.
    pub fn examples(&self) -> impl Iterator<Item = &ExperimentId> {
        let shown = self.failures.iter().take(SHOWN_GROUPS);
        shown.filter_map(|group| group.example.as_ref())
    }

    /// Whether an experiment failed, was killed or timed out.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        self.counts.iter().any(|(status, _)| !status.is_success())
    }
}

/// Writes, for example, `12 experiments in 3.1 s: 10 finished, 2 failed`, and a line for each
/// failure group.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u64 = self.counts.iter().map(|(_, count)| count).sum();
        let seconds = format::duration(self.seconds);
        write!(f, "{} in {seconds}", plural(total, "experiment"))?;
        if !self.counts.is_empty() {
            let counts = format::status_counts(&self.counts, self.stopped);
            write!(f, ": {}", counts.join(", "))?;
        }
        if let Some(left) = self.remaining.filter(|left| *left > 0) {
            write!(f, "; {left} left")?;
        }
        if let Some(now) = self.in_this_run {
            let seconds = format::duration(self.seconds_of_this_run);
            write!(f, "; {now} of them now, in {seconds}")?;
        }
        if let Some(outcome) = self.outcome.filter(|o| *o != Outcome::Complete) {
            write!(f, " ({})", format::outcome(outcome))?;
        }
        self.variables
            .iter()
            .try_for_each(|variable| write!(f, "\n{variable}"))?;
        write_failures(f, &self.failures, self.failed_for_other_causes)
    }
}

/// Writes a line for each of the largest groups, and one for all others.
pub(crate) fn write_failures(
    f: &mut fmt::Formatter<'_>,
    failures: &[FailureGroup],
    ungrouped: u64,
) -> fmt::Result {
    let (shown, hidden) = failures.split_at(failures.len().min(SHOWN_GROUPS));
    shown
        .iter()
        .try_for_each(|group| write!(f, "\n  {group}"))?;
    let others = hidden.iter().map(|group| group.count).sum::<u64>() + ungrouped;
    if others > 0 {
        write!(f, "\n  {others} × other causes")?;
    }
    Ok(())
}

impl fmt::Display for MinMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variable = format::printable(&self.variable);
        write!(f, "  {variable}: lowest {}", self.lowest)?;
        write!(f, "\n  {variable}: highest {}", self.highest)
    }
}

impl fmt::Display for Extreme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", format::number(self.value), self.id)?;
        let config = format::config(&self.config);
        if !config.is_empty() {
            write!(f, ": {config}")?;
        }
        f.write_str(")")
    }
}

/// Writes, for example, `2 × failed: ValueError: n must be positive`, and a line with the unit and
/// an example.
impl fmt::Display for FailureGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.as_str().replace('_', " ");
        let message = format::indented(&self.message);
        write!(f, "{} × {status}: {message}", self.count)?;
        let place = self.place();
        if !place.is_empty() {
            write!(f, "\n      {place}")?;
        }
        Ok(())
    }
}

impl FailureGroup {
    /// Returns the unit and the experiment of the first failure:
    /// ``in unit `train`, for example experiment 4af3e1…: lr=0.1``.
    pub(crate) fn place(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.unit.as_ref().map(|unit| format!("in unit `{unit}`")));
        if let Some(id) = &self.example {
            let example = if self.count > 1 { "for example " } else { "" };
            let config = format::config(&self.config);
            let colon = if config.is_empty() { "" } else { ": " };
            parts.push(format!("{example}experiment {id}{colon}{config}"));
        }
        parts.join(", ")
    }
}

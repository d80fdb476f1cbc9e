//! What a run has come to, in a few lines.

use std::fmt;

use research_core::{Outcome, Status, Timestamp, plural};
use research_domain::{Config, ExperimentId};
use serde::Serialize;

use crate::extremes::{Extreme, Extremes};
use crate::picture::Picture;
use crate::words;

/// How many causes of failures are shown one by one.
const SHOWN_CAUSES: usize = 10;

/// The end of a run: how many experiments ended how, how long it took, and why some failed.
///
/// Printed, it is plain text of a few lines, for standard error.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How the run ended; `None` if it has no end.
    pub outcome: Option<Outcome>,
    /// How many experiments ended with each status that occurs.
    pub counts: Vec<(Status, u64)>,
    /// How many have not ended, if their number is known.
    pub remaining: Option<u64>,
    /// How many iterations were done.
    pub iterations: u64,
    /// How many seconds the research has run.
    pub seconds: f64,
    /// The failures, the most frequent cause first.
    pub failures: Vec<FailureGroup>,
    /// How many failed for causes beyond those that are told apart.
    pub failed_for_other_causes: u64,
    /// How many of the experiments ended in the latest run, where there were earlier ones.
    pub in_this_run: Option<u64>,
    /// How many seconds the latest run took.
    pub seconds_of_this_run: f64,
    /// The variables whose lowest and highest values are shown: none, if not chosen.
    pub variables: Vec<VariableSummary>,
}

/// The lowest and the highest value of a variable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VariableSummary {
    /// The name that it was saved under.
    pub variable: String,
    /// How many experiments have saved it.
    pub count: u64,
    /// The lowest of their last values.
    pub lowest: ValueSummary,
    /// The highest of their last values.
    pub highest: ValueSummary,
}

/// A value, and the experiment that saved it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValueSummary {
    /// The value.
    pub value: f64,
    /// The experiment's id.
    pub id: ExperimentId,
    /// Its parameters.
    pub config: Config,
}

/// Experiments that failed for one cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailureGroup {
    /// How many.
    pub count: u64,
    /// How they ended.
    pub status: Status,
    /// The unit that failed, if it was a unit.
    pub unit: Option<String>,
    /// What went wrong in the first of them.
    pub message: String,
    /// One of them.
    pub example: Option<ExperimentId>,
}

impl Summary {
    /// The summary of a picture.
    #[must_use]
    pub fn of(picture: &Picture, now: Timestamp) -> Self {
        let counts = Status::ALL.map(|status| (status, picture.count(status)));
        let mut failures: Vec<FailureGroup> = picture
            .causes()
            .iter()
            .map(|cause| FailureGroup {
                count: cause.count(),
                status: cause.status(),
                unit: cause.unit().map(str::to_owned),
                message: cause.message().to_owned(),
                example: cause.example().cloned(),
            })
            .collect();
        failures.sort_by_key(|group| std::cmp::Reverse(group.count));
        Self {
            outcome: picture.outcome(),
            counts: counts.into_iter().filter(|(_, count)| *count > 0).collect(),
            remaining: picture.remaining_experiments(),
            iterations: picture.finished_iterations(),
            seconds: picture.elapsed(now),
            failures,
            failed_for_other_causes: picture.failed_for_other_causes(),
            in_this_run: (picture.finished_in_this_run() < picture.finished_experiments())
                .then(|| picture.finished_in_this_run()),
            seconds_of_this_run: picture.elapsed_in_this_run(now),
            variables: Vec::new(),
        }
    }

    /// Adds the lowest and highest values of these variables, or of the only one that is a number
    /// if none is named.
    #[must_use]
    pub fn with_variables(mut self, picture: &Picture, names: &[String]) -> Self {
        let known = picture.extremes();
        self.variables = match names {
            [] if known.len() == 1 => known.iter().map(VariableSummary::of).collect(),
            names => names
                .iter()
                .filter_map(|name| known.iter().find(|known| *known.variable == **name))
                .map(VariableSummary::of)
                .collect(),
        };
        self
    }

    /// An experiment for each cause of failures that is shown, in their order.
    pub fn examples(&self) -> impl Iterator<Item = &ExperimentId> {
        let shown = self.failures.iter().take(SHOWN_CAUSES);
        shown.filter_map(|group| group.example.as_ref())
    }

    /// Whether some experiments did not do what they were asked to.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        self.counts.iter().any(|(status, _)| !status.is_success())
    }
}

/// For instance `12 experiments in 3.1 s: 10 finished, 2 failed`, and a line for each cause.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u64 = self.counts.iter().map(|(_, count)| count).sum();
        let counts: Vec<String> = self
            .counts
            .iter()
            .map(|(status, count)| format!("{count} {}", status.as_str().replace('_', " ")))
            .collect();
        write!(
            f,
            "{} in {}",
            plural(total, "experiment"),
            words::duration(self.seconds)
        )?;
        if !counts.is_empty() {
            write!(f, ": {}", counts.join(", "))?;
        }
        if let Some(left) = self.remaining.filter(|left| *left > 0) {
            write!(f, "; {left} left")?;
        }
        if let Some(now) = self.in_this_run {
            let seconds = words::duration(self.seconds_of_this_run);
            write!(f, "; {now} of them now, in {seconds}")?;
        }
        if let Some(outcome) = self.outcome.filter(|o| *o != Outcome::Complete) {
            write!(f, " ({})", words::outcome(outcome))?;
        }
        self.variables
            .iter()
            .try_for_each(|variable| write!(f, "\n{variable}"))?;
        write_failures(f, &self.failures, self.failed_for_other_causes)
    }
}

/// A line for each of the most frequent causes, and one for all others.
pub(crate) fn write_failures(
    f: &mut fmt::Formatter<'_>,
    failures: &[FailureGroup],
    for_other_causes: u64,
) -> fmt::Result {
    let (shown, hidden) = failures.split_at(failures.len().min(SHOWN_CAUSES));
    shown
        .iter()
        .try_for_each(|group| write!(f, "\n  {group}"))?;
    let others = hidden.iter().map(|group| group.count).sum::<u64>() + for_other_causes;
    if others > 0 {
        write!(f, "\n  {others} × other causes")?;
    }
    Ok(())
}

impl VariableSummary {
    fn of(extremes: &Extremes) -> Self {
        Self {
            variable: extremes.variable.to_string(),
            count: extremes.count,
            lowest: ValueSummary::of(&extremes.lowest),
            highest: ValueSummary::of(&extremes.highest),
        }
    }
}

impl ValueSummary {
    fn of(extreme: &Extreme) -> Self {
        Self {
            value: extreme.value,
            id: extreme.id.clone(),
            config: extreme.config.clone(),
        }
    }
}

impl fmt::Display for VariableSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variable = words::printable(&self.variable);
        write!(f, "  {variable}: lowest {}", self.lowest)?;
        write!(f, "\n  {variable}: highest {}", self.highest)
    }
}

impl fmt::Display for ValueSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", words::number(self.value), self.id)?;
        let config = words::printable(&self.config.to_string());
        if !config.is_empty() {
            write!(f, ": {config}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for FailureGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", self.count, self.status)?;
        if let Some(unit) = &self.unit {
            write!(f, " in unit `{unit}`")?;
        }
        // Messages of several lines stay together under their first.
        let message = words::printable(&self.message);
        write!(f, ": {}", message.replace('\n', "\n    "))?;
        if let Some(example) = &self.example {
            write!(f, " (for example {example})")?;
        }
        Ok(())
    }
}

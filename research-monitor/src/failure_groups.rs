//! Groups failed experiments by their cause.

use std::collections::VecDeque;

use research_core::{ExperimentNumber, Status};
use research_domain::{Config, ExperimentId};
use serde::Serialize;

use crate::error_pattern::pattern;
use crate::range_set::RangeSet;

/// The number of groups that are kept apart; experiments with yet another cause are counted
/// together.
const MAX_GROUPS: usize = 64;

/// The number of experiments that are kept as examples of a group.
const MAX_EXAMPLES: usize = 3;

/// Experiments that failed for the same cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailureGroup {
    /// The number of experiments.
    pub count: u64,
    /// The status of the experiments.
    pub status: Status,
    /// The unit that failed, if it was a unit.
    pub unit: Option<String>,
    /// The message of the first experiment. The messages of the others differ only in numbers and
    /// in the order of the elements in braces.
    pub message: String,
    /// The id of one of the experiments.
    pub example: Option<ExperimentId>,
    /// The config of that experiment.
    pub config: Config,
}

/// One experiment that failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) experiment: ExperimentNumber,
    pub(crate) id: &'a ExperimentId,
    pub(crate) config: &'a Config,
    pub(crate) status: Status,
    pub(crate) unit: Option<&'a str>,
    pub(crate) message: &'a str,
}

/// The failures of a run, in the order in which their causes were first seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct FailureGroups {
    groups: Vec<Group>,
    others: RangeSet,
}

/// A group, and the experiments in it, which can be removed again.
#[derive(Clone, Debug)]
struct Group {
    key: String,
    status: Status,
    unit: Option<String>,
    message: String,
    examples: VecDeque<(ExperimentNumber, ExperimentId, Config)>,
    experiments: RangeSet,
}

impl Group {
    fn summary(&self) -> FailureGroup {
        let example = self.examples.front();
        FailureGroup {
            count: self.experiments.len(),
            status: self.status,
            unit: self.unit.clone(),
            message: self.message.clone(),
            example: example.map(|(_, id, _)| id.clone()),
            config: example.map_or_else(Config::new, |(_, _, config)| config.clone()),
        }
    }
}

impl FailureGroups {
    /// The number of groups.
    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }

    /// Returns the groups, less the first `skipped`.
    pub(crate) fn iter_from(&self, skipped: usize) -> impl Iterator<Item = FailureGroup> {
        self.groups.iter().skip(skipped).map(Group::summary)
    }

    /// The number of experiments beyond the groups that are kept apart.
    pub(crate) fn others(&self) -> u64 {
        self.others.len()
    }

    pub(crate) fn add(&mut self, failure: &Failure) {
        let number = failure.experiment.0;
        let key = key_of(failure);
        let position = self.groups.iter().position(|group| group.key == key);
        let group = match position {
            Some(position) => &mut self.groups[position],
            None if self.groups.len() == MAX_GROUPS => {
                self.others.insert(number);
                return;
            }
            None => {
                self.groups.push(Group {
                    key,
                    status: failure.status,
                    unit: failure.unit.map(str::to_owned),
                    message: failure.message.to_owned(),
                    examples: VecDeque::new(),
                    experiments: RangeSet::default(),
                });
                let last = self.groups.len() - 1;
                &mut self.groups[last]
            }
        };
        if group.experiments.insert(number) && group.examples.len() < MAX_EXAMPLES {
            let id = failure.id.clone();
            let example = (failure.experiment, id, failure.config.clone());
            group.examples.push_back(example);
        }
    }

    /// Removes the failure of an experiment that is retried.
    pub(crate) fn remove(&mut self, experiment: ExperimentNumber) {
        self.others.remove(experiment.0);
        self.groups.retain_mut(|group| {
            if group.experiments.remove(experiment.0) {
                group.examples.retain(|(number, ..)| *number != experiment);
            }
            !group.experiments.is_empty()
        });
    }
}

/// Returns the key that failures of one cause share: status, unit, and the pattern of the message.
fn key_of(failure: &Failure) -> String {
    let message = failure.message.replace(failure.id.as_str(), "<id>");
    let unit = failure.unit.unwrap_or("");
    format!("{}\0{unit}\0{}", failure.status, pattern(&message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> ExperimentId {
        format!("{number:016}").parse().unwrap()
    }

    fn add(groups: &mut FailureGroups, number: u64, message: &str) {
        groups.add(&Failure {
            experiment: ExperimentNumber(number),
            id: &id(number),
            config: &Config::new(),
            status: Status::Failed,
            unit: Some("train"),
            message,
        });
    }

    #[test]
    fn measurements_and_ids_are_ignored_and_exit_codes_are_not() {
        let mut groups = FailureGroups::default();
        add(&mut groups, 1, "loss is 0.25 at step 12345");
        add(&mut groups, 2, "loss is 17.125 at step 99999");
        add(&mut groups, 3, "exit code 1");
        add(&mut groups, 4, "exit code 2");
        add(&mut groups, 5, &format!("no folder {}", id(5)));
        add(&mut groups, 6, &format!("no folder {}", id(6)));
        let all: Vec<FailureGroup> = groups.iter_from(0).collect();
        let counts: Vec<u64> = all.iter().map(|group| group.count).collect();
        assert_eq!(counts, [2, 1, 1, 2]);
        assert_eq!(all[0].message, "loss is 0.25 at step 12345");
        assert_eq!(all[0].unit.as_deref(), Some("train"));
    }

    #[test]
    fn a_retried_experiment_is_removed_and_is_not_an_example() {
        let mut groups = FailureGroups::default();
        add(&mut groups, 1, "no");
        add(&mut groups, 2, "no");
        groups.remove(ExperimentNumber(1));
        assert_eq!(groups.iter_from(0).next().unwrap().example, Some(id(2)));
        groups.remove(ExperimentNumber(2));
        assert_eq!(groups.len(), 0);
    }

    #[test]
    fn causes_beyond_the_limit_are_counted_together() {
        let mut groups = FailureGroups::default();
        for number in 0..1000u64 {
            let word: String = (0..10)
                .map(|bit| if number >> bit & 1 == 1 { 'a' } else { 'b' })
                .collect();
            add(&mut groups, number, &word);
        }
        assert_eq!(groups.len(), MAX_GROUPS);
        assert_eq!(groups.others(), 1000 - MAX_GROUPS as u64);
    }
}

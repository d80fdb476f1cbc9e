//! Failures, grouped by what caused them.

use std::collections::VecDeque;

use research_core::{ExperimentNumber, Status};
use research_domain::ExperimentId;

use crate::numbers::NumberSet;

/// How many causes are told apart; experiments that fail for yet another one are counted together.
const MOST_CAUSES: usize = 64;

/// How many experiments are remembered as examples of a cause.
const EXAMPLES: usize = 3;

/// Experiments that failed for one cause.
#[derive(Clone, Debug)]
pub struct Cause {
    key: String,
    status: Status,
    unit: Option<String>,
    message: String,
    examples: VecDeque<(ExperimentNumber, ExperimentId)>,
    experiments: NumberSet,
}

impl Cause {
    /// How they ended.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The unit that failed, if it was a unit.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// The message of the first of them; those of the others differ in numbers at most.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// One of the experiments.
    #[must_use]
    pub fn example(&self) -> Option<&ExperimentId> {
        self.examples.front().map(|(_, id)| id)
    }

    /// How many experiments there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.experiments.len()
    }
}

/// One experiment that failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) experiment: ExperimentNumber,
    pub(crate) id: &'a ExperimentId,
    pub(crate) status: Status,
    pub(crate) unit: Option<&'a str>,
    pub(crate) message: &'a str,
}

/// All failures by cause, in the order in which the causes were first seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Causes {
    known: Vec<Cause>,
    others: NumberSet,
}

impl Causes {
    pub(crate) fn known(&self) -> &[Cause] {
        &self.known
    }

    /// How many failed for causes beyond those that are told apart.
    pub(crate) fn others(&self) -> u64 {
        self.others.len()
    }

    pub(crate) fn add(&mut self, failure: &Failure) {
        let number = failure.experiment.0;
        let key = key_of(failure);
        let position = self.known.iter().position(|cause| cause.key == key);
        let cause = match position {
            Some(position) => &mut self.known[position],
            None if self.known.len() == MOST_CAUSES => {
                self.others.insert(number);
                return;
            }
            None => {
                self.known.push(Cause {
                    key,
                    status: failure.status,
                    unit: failure.unit.map(str::to_owned),
                    message: failure.message.to_owned(),
                    examples: VecDeque::new(),
                    experiments: NumberSet::default(),
                });
                let last = self.known.len() - 1;
                &mut self.known[last]
            }
        };
        if cause.experiments.insert(number) && cause.examples.len() < EXAMPLES {
            cause
                .examples
                .push_back((failure.experiment, failure.id.clone()));
        }
    }

    /// Forgets the failure of an experiment that is tried again.
    pub(crate) fn forget(&mut self, experiment: ExperimentNumber) {
        self.others.remove(experiment.0);
        self.known.retain_mut(|cause| {
            if cause.experiments.remove(experiment.0) {
                cause.examples.retain(|(number, _)| *number != experiment);
            }
            !cause.experiments.is_empty()
        });
    }
}

/// What failures of one cause have in common: how, where, and the message without what differs
/// from one experiment to the next, which is its id and its measurements. Small whole numbers,
/// such as exit codes and signals, tell causes apart.
fn key_of(failure: &Failure) -> String {
    let message = failure.message.replace(failure.id.as_str(), "<id>");
    let mut key = format!("{}\0{}\0", failure.status, failure.unit.unwrap_or(""));
    let mut rest = message.as_str();
    while let Some(begin) = rest.find(|c: char| c.is_ascii_digit()) {
        let number = &rest[begin..];
        let length = number
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(number.len());
        let number = &number[..length];
        key.push_str(&rest[..begin]);
        if number.len() >= 4 || number.trim_end_matches('.').contains('.') {
            key.push('#');
        } else {
            key.push_str(number);
        }
        rest = &rest[begin + length..];
    }
    key.push_str(rest);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> ExperimentId {
        format!("{number:016}").parse().unwrap()
    }

    fn add(causes: &mut Causes, number: u64, message: &str) {
        causes.add(&Failure {
            experiment: ExperimentNumber(number),
            id: &id(number),
            status: Status::Failed,
            unit: Some("train"),
            message,
        });
    }

    #[test]
    fn measurements_and_ids_do_not_tell_causes_apart_and_exit_codes_do() {
        let mut causes = Causes::default();
        add(&mut causes, 1, "loss is 0.25 at step 12345");
        add(&mut causes, 2, "loss is 17.125 at step 99999");
        add(&mut causes, 3, "exit code 1");
        add(&mut causes, 4, "exit code 2");
        add(&mut causes, 5, &format!("no folder {}", id(5)));
        add(&mut causes, 6, &format!("no folder {}", id(6)));
        let counts: Vec<u64> = causes.known().iter().map(Cause::count).collect();
        assert_eq!(counts, [2, 1, 1, 2]);
        assert_eq!(causes.known()[0].message(), "loss is 0.25 at step 12345");
        assert_eq!(causes.known()[0].unit(), Some("train"));
    }

    #[test]
    fn an_experiment_tried_again_is_forgotten_and_is_no_example() {
        let mut causes = Causes::default();
        add(&mut causes, 1, "no");
        add(&mut causes, 2, "no");
        causes.forget(ExperimentNumber(1));
        assert_eq!(causes.known()[0].example(), Some(&id(2)));
        causes.forget(ExperimentNumber(2));
        assert!(causes.known().is_empty());
    }

    #[test]
    fn endlessly_many_causes_are_counted_and_not_kept() {
        let mut causes = Causes::default();
        for number in 0..1000u64 {
            let word: String = (0..10)
                .map(|bit| if number >> bit & 1 == 1 { 'a' } else { 'b' })
                .collect();
            add(&mut causes, number, &word);
        }
        assert_eq!(causes.known().len(), MOST_CAUSES);
        assert_eq!(causes.others(), 1000 - MOST_CAUSES as u64);
    }
}

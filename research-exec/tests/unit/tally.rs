//! The tally of ended experiments.

use research_core::{Event, ExperimentNumber, Fold, Status, Timestamp};

use super::Tally;

#[test]
fn a_cancelled_experiment_has_ended_once() {
    let mut tally = Tally::new(3);
    let cancelled = Status::Cancelled;
    tally.apply(&Event::ExperimentCancelled {
        at: Timestamp(0),
        experiment: ExperimentNumber(7),
        status: cancelled,
        reason: None,
    });
    let count = |tally: &Tally| tally.counts().count(|status| status == cancelled);
    assert_eq!(count(&tally), 1);
    tally.apply(&Event::ExperimentEnded {
        at: Timestamp(0),
        experiment: ExperimentNumber(7),
        attempt: 1,
        status: cancelled,
        reason: None,
        iterations: 0,
        usage: Default::default(),
    });
    assert_eq!(count(&tally), 1);
}

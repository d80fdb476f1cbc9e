//! The fold of events into a state.

use crate::common::*;
use research_core::{Column, ExperimentNumber, Outcome, Status, WorkerNumber};
use research_domain::Value;
use research_monitor::{Counted, ProcessKind, RunState};

#[test]
fn everything_is_counted() {
    let state = RunState::from_events(&eventful());
    assert_eq!(state.total_experiments(), Some(8));
    assert_eq!(state.ended_experiments(), 5);
    assert_eq!(state.remaining_experiments(), Some(3));
    assert_eq!(state.generated_experiments(), 6);
    assert_eq!(state.failed_experiments(), 3);
    assert_eq!(
        Status::ALL.map(|status| state.count(status)),
        [1, 1, 2, 1, 0, 0, 0]
    );
    assert_eq!(state.finished_iterations(), 4 + 17);
    assert_eq!(state.exceptions(), 2);
    assert_eq!(state.workers_lost(), 1);
    assert_eq!(state.counted(), Counted::Experiments);
    assert_eq!((state.done(), state.total()), (5, Some(8)));
    assert_eq!(state.elapsed(at(10.0)), 10.0);
    assert_eq!(state.last_event(), at(8.0));

    let running: Vec<_> = state.running().collect();
    assert_eq!(running.len(), 1);
    let (number, experiment) = running[0];
    assert_eq!(number, ExperimentNumber(5));
    assert_eq!(experiment.id, id(5));
    assert_eq!(experiment.worker, WorkerNumber(0));
    assert_eq!(experiment.pid, 1005);
    assert_eq!(experiment.since, at(6.0));
    assert_eq!(experiment.iterations, 17);

    let workers: Vec<_> = state.workers().map(|(_, worker)| worker).collect();
    assert_eq!(workers[0].experiments, 3);
    assert_eq!(workers[1].lost.as_deref(), Some("killed by signal 9"));
}

#[test]
fn failures_are_grouped_by_cause() {
    let state = RunState::from_events(&eventful());
    let groups: Vec<_> = state.failure_groups().collect();
    let summary = groups
        .iter()
        .map(|group| (group.count, group.unit.as_deref(), &*group.message));
    assert_eq!(
        summary.collect::<Vec<_>>(),
        [
            (2, Some("train"), "loss is 0.25"),
            (1, None, "its process was killed by signal 9"),
        ]
    );
    assert_eq!(groups[0].example, Some(id(1)));
    let recent: Vec<_> = state.recent_exceptions().collect();
    assert_eq!(recent[1].record.message, "loss is 0.5");
    assert_eq!(recent[1].id, Some(id(2)));
}

#[test]
fn iterations_are_counted_where_their_number_is_known() {
    let mut state = RunState::from_events(&[
        run_started(0.0, Some(4), Some(10)),
        started(0.0, 0, 0),
        started(0.0, 1, 1),
        progress(1.0, 0, 3),
        progress(1.0, 1, 5),
    ]);
    assert_eq!(state.counted(), Counted::Iterations);
    assert_eq!((state.done(), state.total()), (8, Some(40)));
    // The experiment ended early: its other iterations no longer remain.
    state.apply(&ended_after(2.0, 0, Status::Failed, 4));
    assert_eq!((state.done(), state.total()), (15, Some(40)));
    assert_eq!(state.finished_iterations(), 9);
}

#[test]
fn a_retried_experiment_counts_once() {
    let mut state = RunState::from_events(&[
        run_started(0.0, Some(2), None),
        started(0.0, 0, 0),
        exception(1.0, 0, Some("train"), "no"),
        ended(1.0, 0, Status::Failed),
    ]);
    assert_eq!(state.failed_experiments(), 1);
    state.apply(&started_again(2.0, 0, 0, 2));
    assert_eq!(state.failed_experiments(), 0);
    assert_eq!(state.ended_experiments(), 0);
    assert_eq!(state.failure_groups().count(), 0);
    // Late events of the first attempt are ignored.
    state.apply(&ended(3.0, 0, Status::Killed));
    assert_eq!(state.ended_experiments(), 0);
    state.apply(&attempt_ended(3.0, 0, 2, Status::Finished, 1));
    assert_eq!(state.count(Status::Finished), 1);
    assert_eq!(state.remaining_experiments(), Some(1));
    assert_eq!(state.exceptions(), 1);
}

#[test]
fn a_resumed_research_continues_where_it_was() {
    let mut state = RunState::from_events(&[
        run_started(0.0, Some(10), None),
        started(0.0, 0, 0),
        started(0.0, 1, 1),
        ended(5.0, 0, Status::Finished),
        exception(5.0, 1, Some("train"), "no"),
        ended(5.0, 1, Status::Failed),
        started(5.0, 2, 0),
    ]);
    // The leader was killed here. An hour later, a run starts nine experiments, one of which failed
    // before.
    state.apply(&run_started(3600.0, Some(9), None));
    assert_eq!(state.running().len(), 0);
    assert_eq!(state.total_experiments(), Some(10));
    assert_eq!(state.rate(at(3601.0)), None);
    state.apply(&started_again(3600.0, 1, 0, 2));
    state.apply(&attempt_ended(3601.0, 1, 2, Status::Finished, 1));
    assert_eq!(state.total_experiments(), Some(10));
    assert_eq!(state.remaining_experiments(), Some(8));
    assert_eq!(state.elapsed(at(3602.0)), 7.0);
    state.apply(&run_ended(3610.0, Outcome::Interrupted));
    assert_eq!(state.elapsed(at(9999.0)), 15.0);
    assert_eq!(state.outcome(), Some(Outcome::Interrupted));
    assert_eq!(state.eta(at(9999.0)), None);
}

#[test]
fn what_is_left_is_estimated() {
    let mut events = vec![run_started(0.0, Some(100), None)];
    for number in 0..40 {
        let begin = number as f64 * 2.0;
        events.push(started(begin, number, 0));
        events.push(ended(begin + 2.0, number, Status::Finished));
    }
    let state = RunState::from_events(&events);
    let left = state.eta(at(80.0)).unwrap();
    assert!((left.seconds - 120.0).abs() < 1e-6, "{left:?}");
    assert_eq!(state.rate(at(80.0)), Some(0.5));
}

#[test]
fn an_unknown_total_stays_unknown() {
    let state = RunState::from_events(&[run_started(0.0, None, Some(3)), started(0.0, 0, 0)]);
    assert_eq!(state.total(), None);
    assert_eq!(state.remaining_experiments(), None);
    assert_eq!(state.eta(at(1.0)), None);
}

#[test]
fn a_picture_does_not_grow_with_the_experiments_that_ended() {
    let size_after = |count: u64| {
        let mut state = RunState::from_events(&[run_started(0.0, Some(count), None)]);
        for number in 0..count {
            // Four experiments run in parallel and end in another order than they started.
            let number = number ^ 3;
            let time = number as f64;
            state.apply(&started(time, number, 0));
            let failed = number > count / 2;
            if failed {
                state.apply(&exception(time, number, None, &format!("error {number}.5")));
            }
            let status = if failed {
                Status::Failed
            } else {
                Status::Finished
            };
            state.apply(&ended(time, number, status));
        }
        format!("{state:?}").len()
    };
    assert!(size_after(40_000) < size_after(400) + 200);
}

#[test]
fn events_about_what_is_unknown_do_no_harm() {
    let state = RunState::from_events(&[
        progress(1.0, 7, 3),
        exception(1.0, 7, None, "no"),
        ended(1.0, 7, Status::Killed),
        ended(1.0, 7, Status::Killed),
        worker_lost(1.0, 3, "gone"),
        run_ended(1.0, Outcome::Aborted),
    ]);
    assert_eq!(state.ended_experiments(), 0);
    assert_eq!(state.outcome(), None);
}

#[test]
fn processes_are_known_by_what_they_are_there_for() {
    let mut state = RunState::from_events(&eventful());
    let known: Vec<_> = state
        .processes()
        .iter()
        .map(|process| (process.pid, process.kind, process.worker))
        .collect();
    // Worker 1 is lost.
    assert_eq!(
        known,
        [
            (100, ProcessKind::Leader, None),
            (200, ProcessKind::Worker, Some(WorkerNumber(0))),
            (1005, ProcessKind::Executor, Some(WorkerNumber(0))),
        ]
    );
    state.apply(&run_ended(9.0, Outcome::Interrupted));
    assert!(state.processes().is_empty());
}

#[test]
fn lowest_and_highest_are_of_the_last_values_of_what_succeeded() {
    let mut state = RunState::from_events(&[run_started(0.0, Some(4), None)]);
    let losses = [vec![9.0, 0.5], vec![0.1, 0.7], vec![0.0], vec![f64::NAN]];
    for (number, losses) in (0..).zip(losses) {
        state.apply(&started(0.0, number, 0));
        state.apply(&values(number, "loss", Column::Float(losses)));
        state.apply(&values(number, "note", Column::Text(vec!["x".to_owned()])));
        let status = if number == 2 {
            Status::Failed
        } else {
            Status::Finished
        };
        state.apply(&ended(1.0, number, status));
    }
    let extremes = state.extremes();
    assert_eq!(extremes.len(), 1);
    assert_eq!((&*extremes[0].variable, extremes[0].count), ("loss", 2));
    assert_eq!(
        (extremes[0].lowest.value, &extremes[0].lowest.id),
        (0.5, &id(0))
    );
    assert_eq!(
        (extremes[0].highest.value, &extremes[0].highest.id),
        (0.7, &id(1))
    );
}

#[test]
fn a_try_that_failed_leaves_no_values_behind() {
    let mut state = RunState::from_events(&[
        run_started(0.0, Some(1), None),
        started(0.0, 0, 0),
        values(0, "loss", Column::Int(vec![1])),
        ended(1.0, 0, Status::Failed),
        started_again(2.0, 0, 0, 2),
        values(
            0,
            "loss",
            Column::Value(vec![Value::Int(5), Value::Float(6.5)]),
        ),
    ]);
    state.apply(&attempt_ended(3.0, 0, 2, Status::Finished, 2));
    let extremes = &state.extremes()[0];
    assert_eq!((extremes.lowest.value, extremes.highest.value), (6.5, 6.5));
}

#[test]
fn what_ended_in_the_latest_run_is_told_apart() {
    let mut state = RunState::from_events(&[
        run_started(0.0, Some(3), None),
        started(0.0, 0, 0),
        started(0.0, 1, 0),
        ended(1.0, 0, Status::Finished),
        ended(1.0, 1, Status::Failed),
        run_ended(1.0, Outcome::Interrupted),
        run_started(10.0, Some(2), None),
        started_again(10.0, 1, 0, 2),
    ]);
    state.apply(&attempt_ended(12.0, 1, 2, Status::Failed, 1));
    state.apply(&started_again(12.0, 1, 0, 3));
    state.apply(&attempt_ended(13.0, 1, 3, Status::Finished, 1));
    assert_eq!(state.ended_experiments(), 2);
    assert_eq!(state.ended_in_this_run(), 1);
    assert_eq!(state.elapsed(at(14.0)), 5.0);
    assert_eq!(state.elapsed_in_this_run(at(14.0)), 4.0);
}

#[test]
fn an_update_withdraws_what_was_left_of_the_domain() {
    let mut state = RunState::from_events(&[run_started(0.0, Some(10), None), started(0.0, 0, 0)]);
    state.apply(&ended(1.0, 0, Status::Finished));
    state.apply(&started(1.0, 1, 0));
    state.apply(&domain_updated(1.5, 1, Some(3)));
    assert_eq!(state.withdrawn_experiments(), 8);
    assert_eq!(state.total_experiments(), Some(5));
    assert_eq!(state.remaining_experiments(), Some(4));
    // The remaining size of an infinite domain is unknown.
    state.apply(&domain_updated(2.0, 2, None));
    state.apply(&domain_updated(3.0, 3, Some(1)));
    assert_eq!(state.withdrawn_experiments(), 8 + 3);
    assert_eq!(state.updates(), 3);
}

#[test]
fn what_has_failed_and_is_run_again_is_to_be_done_until_it_is() {
    let failed = [
        run_started(0.0, Some(4), None),
        started(0.0, 0, 0),
        ended(1.0, 0, Status::Finished),
        started(1.0, 1, 0),
        ended(2.0, 1, Status::Failed),
        started(2.0, 2, 0),
        ended(3.0, 2, Status::Killed),
        run_ended(3.0, Outcome::Interrupted),
    ];
    let with = |more: &[_]| RunState::from_events(failed.iter().chain(more));
    let progress = |more: &[_]| (with(more).done(), with(more).total());
    // A run of the remaining experiments only: failed experiments count as done.
    assert_eq!(progress(&[run_started(9.0, Some(1), None)]), (3, Some(4)));
    // A run that also retries failed experiments.
    let mut again = vec![run_started(9.0, Some(3), None)];
    assert_eq!(progress(&again), (1, Some(4)));
    again.push(started_again(9.0, 1, 0, 2));
    assert_eq!(progress(&again), (1, Some(4)));
    again.push(attempt_ended(10.0, 1, 2, Status::Failed, 1));
    assert_eq!(progress(&again), (2, Some(4)));
    // Another attempt in this run discards the previous one.
    again.push(started_again(10.0, 1, 0, 3));
    assert_eq!(progress(&again), (1, Some(4)));
    again.push(attempt_ended(11.0, 1, 3, Status::Finished, 1));
    assert_eq!(progress(&again), (2, Some(4)));
    // Experiments that the run did not reach are failed, as before.
    again.push(run_ended(11.0, Outcome::Interrupted));
    let state = with(&again);
    assert_eq!((state.done(), state.failed_experiments()), (3, 1));
}

#[test]
fn one_error_with_other_numbers_or_another_order_of_a_set_is_one_group() {
    let groups = |messages: &[&str]| {
        let mut state = RunState::from_events(&[run_started(0.0, Some(9), None)]);
        for (number, message) in (0..).zip(messages) {
            state.apply(&started(0.0, number, 0));
            state.apply(&exception(0.0, number, Some("train"), message));
            state.apply(&ended(1.0, number, Status::Failed));
        }
        state
            .failure_groups()
            .map(|group| group.count)
            .collect::<Vec<_>>()
    };
    let same: [&[&str]; 8] = [
        &[
            "got -1",
            "got 3",
            "got 0.5",
            "got -2e-05",
            "got inf",
            "got nan",
        ],
        &["must be in (0, 1]: 7", "must be in (0, 1]: 12.25"],
        &[
            "among {'rbf', 'linear'}. Got 'x'",
            "among {'linear', 'rbf'}. Got 'x'",
        ],
        &["<object at 0x7f3a>", "<object at 0x11bc>"],
        &["file12345 is missing", "file99999 is missing"],
        &["after 10 s", "after 9 s"],
        &["frozenset({3, 10})", "frozenset({10, 3})"],
        &["a str among {'sqrt'…", "a str among {'log2'…"],
    ];
    for messages in same {
        assert_eq!(groups(messages), [messages.len() as u64], "{messages:?}");
    }
    let others: [&[&str]; 5] = [
        &["why (exit code 1 of `a`)", "why (exit code 2 of `a`)"],
        &["killed by signal 9", "killed by signal 11"],
        &["expected float32", "expected float64"],
        &["among {'a', 'b'}", "among {'a', 'c'}"],
        &["information", "infinity"],
    ];
    for messages in others {
        assert_eq!(groups(messages), [1, 1], "{messages:?}");
    }
}

#[test]
fn a_group_has_the_config_of_its_example() {
    let state = RunState::from_events(&eventful());
    let group = state.failure_groups().next().unwrap();
    assert_eq!(group.config.to_string(), "a=1, b=\"x\"");
}

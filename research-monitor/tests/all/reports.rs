//! The reports on a research: summary, status and monitor log.

use crate::common::*;
use research_core::{Column, Outcome, Status, Subscriber};
use research_monitor::{MonitorLog, RunState, StatusReport, Summary};

#[test]
fn the_summary_says_how_many_how_long_and_why() {
    let mut events = eventful();
    events.push(ended(9.0, 5, Status::TimedOut));
    events.push(run_ended(9.5, Outcome::Interrupted));
    let summary = Summary::new(&RunState::from_events(&events), at(100.0));
    assert!(summary.has_failures());
    assert_eq!(
        summary.to_string(),
        "6 experiments in 9.5 s: 2 finished (1 at the end of a generator), 2 failed, 1 killed, 1 \
         timed out; 2 left (interrupted)\n  \
         2 × failed: loss is 0.25\n      \
         in unit `train`, for example experiment abcdef0100000001: a=1, b=\"x\"\n  \
         1 × killed: its process was killed by signal 9\n      \
         experiment abcdef0100000003: a=3, b=\"x\"\n  \
         1 × timed out: its process was killed by signal 9\n      \
         experiment abcdef0100000005: a=5, b=\"x\""
    );
}

#[test]
fn the_summary_of_a_run_without_faults_is_one_line() {
    let summary = Summary::new(
        &RunState::from_events(&[
            run_started(0.0, Some(1), None),
            started(0.0, 0, 0),
            ended(61.0, 0, Status::Finished),
            run_ended(61.0, Outcome::Complete),
        ]),
        at(61.0),
    );
    assert_eq!(
        summary.to_string(),
        "1 experiment in 1 min 01 s: 1 finished"
    );
    assert!(!summary.has_failures());
}

#[test]
fn many_causes_are_cut_short() {
    let mut events = vec![run_started(0.0, Some(50), None)];
    for number in 0..50u64 {
        events.push(started(0.0, number, 0));
        events.push(exception(0.0, number, None, &format!("exit code {number}")));
        events.push(ended(0.0, number, Status::Failed));
    }
    let text = Summary::new(&RunState::from_events(&events), at(1.0)).to_string();
    assert_eq!(text.lines().count(), 22);
    assert!(text.ends_with("\n  40 × other causes"), "{text}");
}

#[test]
fn the_status_shows_what_each_worker_runs() {
    let report = StatusReport::new("power", &RunState::from_events(&eventful()), true, at(10.0));
    assert_eq!(
        report.to_string(),
        "power: running, process 100\n\
         5/8 experiments, 10 s, 29.7/min, 6.1 s ± 1.0 s left\n\
         2 finished (1 at the end of a generator), 2 failed, 1 killed, 1 running, 2 left\n\
         workers:\n  \
         0, process 200, 3 experiments done\n    \
         abcdef0100000005 for 4.0 s, process 1005, 17 iterations: a=5, b=\"x\"\n  \
         1, process 201, 2 experiments done, lost: killed by signal 9\n\
         failures:\n  \
         2 × failed: loss is 0.25\n      \
         in unit `train`, for example experiment abcdef0100000001: a=1, b=\"x\"\n  \
         1 × killed: its process was killed by signal 9\n      \
         experiment abcdef0100000003: a=3, b=\"x\"\n\
         last 2 of 2 exceptions:\n  \
         loss is 0.25\n    \
         7.0 s ago, abcdef0100000001, unit `train`, iteration 0\n  \
         loss is 0.5\n    \
         6.0 s ago, abcdef0100000002, unit `train`, iteration 0"
    );
}

#[test]
fn the_status_of_a_run_whose_process_is_gone_says_so() {
    let report = StatusReport::new(
        "power",
        &RunState::from_events(&eventful()),
        false,
        at(1000.0),
    );
    let text = report.to_string();
    assert!(
        text.starts_with("power: ended unexpectedly: its process is gone\n5/8 experiments, 8.0 s"),
        "{text}"
    );
    assert!(!text.contains("workers:"), "{text}");
}

#[test]
fn the_status_as_json_has_everything_as_numbers() {
    let report = StatusReport::new("power", &RunState::from_events(&eventful()), true, at(10.0));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["state"], "running");
    assert_eq!(json["pid"], 100);
    assert_eq!(json["total"], 8);
    assert_eq!(json["remaining"], 3);
    // "Ended", "finished" and "failed" mean the same in all reports.
    assert_eq!(json["ended"], 5);
    assert_eq!(
        (&json["finished"], &json["stopped"]),
        (&2.into(), &1.into())
    );
    assert_eq!(json["failed"], 3);
    assert_eq!(
        json["counts"],
        serde_json::json!([
            {"status": "finished", "count": 2},
            {"status": "failed", "count": 2},
            {"status": "killed", "count": 1},
        ])
    );
    assert_eq!(json["workers"][0]["running"][0]["id"], "abcdef0100000005");
    assert_eq!(json["workers"][0]["running"][0]["config"]["a"], 5);
    assert_eq!(json["failures"][0]["count"], 2);
    assert_eq!(json["recent_exceptions"][0]["unit"], "train");
    assert!(json["seconds_left_uncertainty"].is_f64());
}

#[test]
fn the_monitor_log_has_a_line_for_each_thing_that_happened() {
    let mut written = Vec::new();
    let mut log = MonitorLog::new(&mut written).unwrap();
    log.on_events(&[
        run_started(0.0, Some(2), Some(5)),
        worker_started(0.5, 1),
        started(1.0, 0, 1),
        progress(2.0, 0, 3),
        exception(3.0, 0, Some("train"), "it said \"no\", twice"),
        ended_after(4.0, 0, Status::Failed, 4),
        worker_waits(4.5, 1, "GPU 0 is full"),
        worker_lost(4.8, 1, "killed by signal 9"),
        run_ended(5.0, Outcome::Complete),
    ]);
    assert!(log.error().is_none());
    assert_eq!(
        String::from_utf8(written).unwrap(),
        "time,task_idx,id,it,name,status,exception,worker,pid,worker_pid,process_pid,finished,withdrawn,remains\n\
         0.000000,,,,,run_started,,,100,,,0,0,2\n\
         0.500000,,,,,worker_started,,1,100,201,,0,0,2\n\
         1.000000,0,abcdef0100000000,0,,started,,1,100,201,1000,0,0,2\n\
         2.000000,0,abcdef0100000000,3,,progress,,1,100,201,1000,0,0,2\n\
         3.000000,0,abcdef0100000000,3,train,exception,\"it said \"\"no\"\", \
         twice\",1,100,201,1000,0,0,2\n\
         4.000000,0,abcdef0100000000,4,,failed,its process was killed by signal \
         9,1,100,201,1000,1,0,1\n\
         4.500000,,,,,worker_waits,GPU 0 is full,1,100,201,,1,0,1\n\
         4.800000,,,,,worker_lost,killed by signal 9,1,100,201,,1,0,1\n\
         5.000000,,,,,complete,,,100,,,1,0,1\n"
    );
}

#[test]
fn a_log_that_cannot_be_written_says_so_and_is_left_alone() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut log = MonitorLog::new(Full(200)).unwrap();
    log.on_events(&eventful());
    assert_eq!(
        log.error().map(std::io::Error::kind),
        Some(std::io::ErrorKind::StorageFull)
    );
}

#[test]
fn the_summary_shows_the_only_number_that_was_saved_or_the_one_that_is_asked_for() {
    let mut state = RunState::from_events(&[run_started(0.0, Some(2), None)]);
    for number in 0..2 {
        state.apply(&started(0.0, number, 0));
        let loss = Column::Float(vec![number as f64 + 0.5]);
        state.apply(&values(number, "loss", loss));
        state.apply(&ended(1.0, number, Status::Finished));
    }
    state.apply(&run_ended(1.0, Outcome::Complete));
    let summary = Summary::new(&state, at(1.0));
    let text = summary.clone().with_variables(&state, &[]).to_string();
    assert_eq!(
        text,
        "2 experiments in 1.0 s: 2 finished\n  \
         loss: lowest 0.5 (abcdef0100000000: a=0, b=\"x\")\n  \
         loss: highest 1.5 (abcdef0100000001: a=1, b=\"x\")"
    );
    let names = ["loss".to_owned(), "unknown".to_owned()];
    assert_eq!(summary.with_variables(&state, &names).to_string(), text);
}

#[test]
fn the_summary_of_a_resumed_run_is_of_the_whole() {
    let state = RunState::from_events(&[
        run_started(0.0, Some(3), None),
        started(0.0, 0, 0),
        ended(2.0, 0, Status::Finished),
        run_ended(2.0, Outcome::Interrupted),
        run_started(100.0, Some(2), None),
        started(100.0, 1, 0),
        started(100.0, 2, 1),
        ended(101.0, 1, Status::Finished),
        ended(103.0, 2, Status::Finished),
        run_ended(103.0, Outcome::Complete),
    ]);
    assert_eq!(
        Summary::new(&state, at(200.0)).to_string(),
        "3 experiments in 5.0 s: 3 finished; 2 of them now, in 3.0 s"
    );
}

#[test]
fn a_research_in_which_all_failed_is_not_just_complete() {
    let mut state = RunState::from_events(&[
        run_started(0.0, Some(2), None),
        started(0.0, 0, 0),
        started(0.0, 1, 0),
        ended(1.0, 0, Status::Failed),
        ended(1.0, 1, Status::TimedOut),
        run_ended(2.0, Outcome::Complete),
    ]);
    let report = StatusReport::new("power", &state, false, at(3.0));
    assert_eq!(serde_json::to_value(&report).unwrap()["state"], "failed");
    let text = report.to_string();
    let begin = "power: complete, all 2 failed\n2/2 experiments, 2.0 s, complete\n";
    assert!(text.starts_with(begin), "{text}");
    assert!(
        report.line().ends_with("complete, 2 failed"),
        "{}",
        report.line()
    );
    // One success makes it complete.
    state.apply(&run_started(4.0, Some(1), None));
    state.apply(&started_again(4.0, 0, 0, 2));
    state.apply(&attempt_ended(5.0, 0, 2, Status::Finished, 1));
    state.apply(&run_ended(6.0, Outcome::Complete));
    let report = StatusReport::new("power", &state, false, at(7.0));
    assert_eq!(serde_json::to_value(&report).unwrap()["state"], "complete");
}

#[test]
fn a_run_whose_first_events_are_not_written_yet_is_starting() {
    let report = StatusReport::new("power", &RunState::default(), true, at(0.0));
    assert_eq!(report.to_string(), "power: is starting");
    assert_eq!(report.line(), "power: is starting");
    assert_eq!(serde_json::to_value(&report).unwrap()["state"], "running");
}

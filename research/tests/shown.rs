//! What is shown of a run: bars, the monitor's log, and that a resumed run is part of the whole.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use common::folder;
use research::monitor::{MonitorLog, Picture};
use research::storage::StoredResearch;
use research::{Isolation, Research, Status, Subscriber, ec, option};

fn study(folder: &Path, domain: std::ops::Range<i64>) -> Research {
    Research::new("shown")
        .folder(folder)
        .domain(option("x", domain))
        .callable("x", |x: i64| x, (ec("x"),))
        .save_to("x")
        .workers(2)
        .seed(1)
        .monitor_log(true)
}

/// The monitor's log, folded from the events on disk.
fn log_from_disk(folder: &Path) -> String {
    let mut text = Vec::new();
    let mut log = MonitorLog::new(&mut text).unwrap();
    let stored = StoredResearch::load(&folder.join("shown")).unwrap();
    for events in stored.events().unwrap() {
        log.on_events(&events.unwrap());
    }
    drop(log);
    String::from_utf8(text).unwrap()
}

#[test]
fn the_monitors_log_is_the_same_live_and_from_disk_and_goes_on_when_resumed() {
    let folder = folder("monitor-log");
    study(&folder, 0..3).run().unwrap();
    let live = || std::fs::read_to_string(folder.join("shown/monitor.csv")).unwrap();
    // Nothing is asserted between the runs: workers of the second come past here, too.
    let first = live();
    // The domain has grown since.
    let last = Arc::new(Mutex::new((0, 0)));
    let seen = Arc::clone(&last);
    let bar = move |picture: &Picture| {
        let finished = picture.count(Status::Finished);
        *seen.lock().unwrap() = (finished, picture.finished_in_this_run());
    };
    study(&folder, 0..5).bar(bar).resume().unwrap();
    assert_eq!(*last.lock().unwrap(), (5, 2));
    assert_eq!(live(), log_from_disk(&folder));
    assert!(live().starts_with(&first));
    assert!(live().len() > first.len());
}

#[test]
fn a_monitors_log_needs_a_folder() {
    let error = study(Path::new("."), 0..1).in_memory().run().unwrap_err();
    assert!(error.to_string().contains("monitor_log"), "{error}");
}

#[test]
fn a_bar_that_panics_costs_no_experiment() {
    let calls = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&calls);
    let finished = Research::new("panics")
        .in_memory()
        .isolation(Isolation::None)
        .domain(option("x", 0..20_i64))
        .callable("x", |x: i64| x, (ec("x"),))
        .save_to("x")
        .bar(move |_: &Picture| {
            counter.fetch_add(1, Ordering::Relaxed);
            panic!("this bar is broken");
        })
        .run()
        .unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(finished.results().load().unwrap().len(), 20);
}

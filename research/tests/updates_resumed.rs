//! Updates of the domain in runs that are stopped and resumed. This is a separate test program,
//! because the signal that stops a run stops all runs of the process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "all/common.rs"]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use research::storage::TableOptions;
use research::{Event, When, option};

use common::{csv_with, folder, runs, square};

/// Each run takes a few experiments and is stopped; together they have the results of one run.
#[test]
fn runs_that_are_stopped_and_resumed_come_to_the_same() {
    let folder = folder("stopped-updates");
    let study = |name: &str| {
        square(name)
            .folder(&folder)
            .create_id_prefix(2)
            .n_reps(2)
            .update_domain(
                |cx| {
                    let best = cx.results().experiments().count() as i64;
                    (cx.updates() < 3).then(|| option("x", [best, best + 1, best + 2]))
                },
                When::last(),
            )
    };
    let expected = study("undisturbed").run().unwrap();
    let options = TableOptions::new().aux(true);
    let aims: [usize; 5] = [1, 3, 2, 9, 0];
    let mut resumed = None;
    for (round, aim) in aims.into_iter().enumerate() {
        let ended = Arc::new(AtomicUsize::new(0));
        let research = study("disturbed").subscriber(StopAfter { aim, ended });
        let run = if round == 0 {
            research.run()
        } else {
            research.resume()
        };
        resumed = Some(run.unwrap());
    }
    let resumed = resumed.unwrap();
    assert_eq!(csv_with(&resumed, &options), csv_with(&expected, &options));
    let updates = runs(&resumed).iter().map(|(_, updates)| *updates).max();
    assert_eq!(updates, Some(3));
    let other = study("disturbed").domain(option("x", [9])).resume();
    let text = other.unwrap_err().to_string();
    assert!(text.contains("was updated since"), "{text}");
}

/// Stops the run when this number of experiments have ended; never, if it is `None`.
struct StopAfter {
    aim: usize,
    ended: Arc<AtomicUsize>,
}

impl research::Subscriber for StopAfter {
    fn on_events(&mut self, events: &[Event]) {
        let ended = |event: &&Event| matches!(event, Event::ExperimentEnded { .. });
        let ended = events.iter().filter(ended).count();
        let before = self.ended.fetch_add(ended, Ordering::SeqCst);
        if before < self.aim && before + ended >= self.aim {
            // The run handles this signal like Ctrl-C. SAFETY: raising a signal touches no memory.
            unsafe { libc::raise(libc::SIGINT) };
        }
    }
}

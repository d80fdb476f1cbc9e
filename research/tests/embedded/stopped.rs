//! Runs that their own programs stop.

use std::path::{Path, PathBuf};

use research::base::{Event, Subscriber};
use research::{CompletedRun, Context, Isolation, Outcome, Research, option};

use crate::Test;
use crate::programs::{Program, finish, start, stderr, stdout, thread_if_asked};

pub(crate) const TESTS: &[Test] = &[
    ("stopped::a_subscriber_may_stop_its_run", || {
        for threads in ["", "threads"] {
            for kill in ["", "kill"] {
                assert_stopped("stops-in-subscriber", &[threads, kill]);
            }
        }
    }),
    ("stopped::a_unit_may_stop_its_run", || {
        for isolation in ["experiment", "worker", "none"] {
            for threads in ["", "threads"] {
                assert_stopped("stops-in-unit", &[isolation, threads]);
            }
        }
    }),
    (
        "stopped::an_infinite_domain_is_reported_with_and_without_a_bar",
        || {
            for (bar, count) in [("", 1), ("bar", 1)] {
                let (_, output) = start("endless", &[bar]);
                let said = stderr(&output);
                assert_eq!(said.matches("is infinite").count(), count, "{said}");
            }
        },
    ),
];

pub(crate) const PROGRAMS: &[Program] = &[
    ("stops-in-subscriber", |folder, rest| {
        thread_if_asked(rest);
        let study = endless(folder).subscriber(Stops {
            folder: folder.join("endless"),
            kill: rest.iter().any(|one| one == "kill"),
        });
        show(&finish(study));
    }),
    ("stops-in-unit", |folder, rest| {
        thread_if_asked(rest);
        let isolation = match rest[0].as_str() {
            "experiment" => Isolation::Experiment,
            "worker" => Isolation::Worker,
            _ => Isolation::None,
        };
        let (own, mark) = (folder.join("endless"), folder.join("mark"));
        let study = endless(folder)
            .isolation(isolation)
            .unit("stop", move |_: &mut Context| {
                let is_first = std::fs::File::create_new(&mark).is_ok();
                Ok(is_first && research::stop(&own, false)?)
            });
        show(&finish(study));
    }),
    ("endless", |folder, rest| {
        let bar = rest.iter().any(|one| one == "bar");
        let stops = Stops {
            folder: folder.join("endless"),
            kill: false,
        };
        show(&finish(endless(folder).bar(bar).subscriber(stops)));
    }),
];

fn assert_stopped(program: &str, rest: &[&str]) {
    let (_, output) = start(program, rest);
    let printed = stdout(&output);
    assert!(
        printed.contains("Interrupted"),
        "{rest:?}: {printed}{}",
        stderr(&output)
    );
}

/// A research without end.
fn endless(folder: &Path) -> Research {
    Research::new("endless")
        .folder(folder)
        .domain(option("x", 0.0..1.0))
        .unit("x", |cx: &mut Context| Ok(cx.config_item::<f64>("x")?))
        .save_to("x")
        .seed(1)
}

fn show(finished: &CompletedRun) {
    let outcome = finished.report().unwrap().outcome;
    assert_ne!(outcome, Outcome::Complete);
    println!("{outcome:?}");
}

/// Stops the run when an experiment has ended.
struct Stops {
    folder: PathBuf,
    kill: bool,
}

impl Subscriber for Stops {
    fn on_events(&mut self, events: &[Event]) {
        let ends = |event: &Event| matches!(event, Event::ExperimentEnded { .. });
        if events.iter().any(ends) {
            assert!(research::stop(&self.folder, self.kill).unwrap());
        }
    }
}

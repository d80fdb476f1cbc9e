//! A profile of level 2 counts the spans that units open.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use research_core::domain::Config;
use research_core::events::SpanTime;
use research_core::{Experiment, ExperimentBuilder, it};
use research_exec::{Execution, Executor, SpanProfile};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, info, info_span};

fn work() {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(2) {}
}

fn nested(depth: u64) {
    let _span = info_span!("nested").entered();
    if depth > 0 {
        nested(depth - 1);
    } else {
        info!("events are not spans");
        work();
    }
}

fn spans() -> ExperimentBuilder {
    Experiment::builder()
        .callable(
            "outer",
            |_: u64| {
                let _span = info_span!("epoch", number = 1).entered();
                work();
                for _ in 0..3 {
                    info_span!("step").in_scope(work);
                }
            },
            (it(),),
        )
        .callable("recursive", |i: u64| nested(i), (it(),))
        .callable(
            "panics",
            |i: u64| {
                let _span = info_span!("doomed").entered();
                assert!(i < 1, "as asked");
            },
            (it(),),
        )
}

fn run(level: u8, branches: i64) -> Execution {
    Executor::new(spans().build().unwrap())
        .n_iters(2)
        .profile(level)
        .configs((0..branches).map(|x| Config::from_pairs([("x", x)])))
        .run()
        .unwrap()
}

fn by_name(spans: &[(String, SpanTime)]) -> BTreeMap<(String, String), SpanTime> {
    let mut sums: BTreeMap<_, SpanTime> = BTreeMap::new();
    for (unit, span) in spans {
        sums.entry((unit.clone(), span.name.clone()))
            .and_modify(|sum| {
                sum.calls += span.calls;
                sum.own += span.own;
                sum.total += span.total;
            })
            .or_insert_with(|| span.clone());
    }
    sums
}

fn check(execution: &Execution) {
    for branch in execution.branches() {
        let spans = by_name(&branch.spans);
        let calls: Vec<_> = spans
            .iter()
            .map(|((unit, name), span)| (unit.as_str(), name.as_str(), span.calls))
            .collect();
        assert_eq!(
            calls,
            [
                ("outer", "epoch", 2),
                ("outer", "step", 6),
                ("panics", "doomed", 2),
                ("recursive", "nested", 3),
            ]
        );
        let of = |unit: &str, name: &str| &spans[&(unit.to_owned(), name.to_owned())];
        let (epoch, step) = (of("outer", "epoch"), of("outer", "step"));
        assert!(
            step.own >= 0.012 && (step.total - step.own).abs() < 1e-9,
            "{step:?}"
        );
        assert!(
            epoch.own >= 0.004 && epoch.total >= epoch.own + step.total - 1e-9,
            "{epoch:?}"
        );
        let nested = of("recursive", "nested");
        // The time of a span within itself is counted once.
        assert!((nested.total - nested.own).abs() < 1e-9, "{nested:?}");
        assert_eq!(nested.target, "all::executor_spans");
    }
}

/// A subscriber of the program's own, with an id for each span.
#[derive(Default)]
struct Own {
    ids: AtomicU64,
    events: AtomicU64,
}

impl Subscriber for &'static Own {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1 + self.ids.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn try_close(&self, _: Id) -> bool {
        true
    }
}

/// In one test, because a global subscriber belongs to the whole process.
#[test]
fn spans_are_counted_with_and_without_a_subscriber_of_the_programs_own() {
    for branches in [1, 3] {
        check(&run(2, branches));
        let without = run(1, branches);
        assert!(
            without
                .branches()
                .iter()
                .all(|branch| branch.spans.is_empty())
        );
    }
    static OWN: Own = Own {
        ids: AtomicU64::new(0),
        events: AtomicU64::new(0),
    };
    tracing::subscriber::set_global_default(SpanProfile::around(&OWN)).unwrap();
    // The program's subscriber can still be found, as layers of `tracing` do.
    tracing::dispatcher::get_default(|current| {
        assert!(current.downcast_ref::<&'static Own>().is_some());
        assert!(current.is::<SpanProfile<&'static Own>>());
        assert!(!current.is::<String>());
    });
    check(&run(2, 3));
    assert_eq!(
        OWN.events.load(Ordering::Relaxed),
        3 * 2,
        "events are forwarded to it"
    );
}

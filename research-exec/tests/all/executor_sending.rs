//! The times at which an executor sends saved values.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use research_core::domain::Config;
use research_core::{
    Context, Event, EventSink, ExecutorTarget, Experiment, SinkError, UnitError, When, it,
};
use research_exec::Executor;

/// Variables and their iterations that were flushed together.
type Flush = Vec<(String, Vec<u64>)>;

#[derive(Clone, Default)]
struct Flushes {
    waiting: Flush,
    flushed: Arc<Mutex<Vec<Flush>>>,
}

impl EventSink for Flushes {
    fn emit(&mut self, event: Event) -> Result<(), SinkError> {
        if let Event::Values {
            variable,
            iterations,
            ..
        } = event
        {
            let iterations = iterations.iter().collect();
            self.waiting.push((variable.to_string(), iterations));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        let flush = std::mem::take(&mut self.waiting);
        self.flushed.lock().unwrap().push(flush);
        Ok(())
    }
}

impl Flushes {
    fn has(&self, variable: &str, iteration: u64) -> bool {
        let flushed = self.flushed.lock().unwrap();
        flushed
            .iter()
            .flatten()
            .any(|(name, iterations)| name == variable && iterations.contains(&iteration))
    }

    /// Returns a unit that waits until the value `a` of its iteration was flushed, and outputs
    /// whether it was. Other threads flush it, so that takes a moment.
    fn looks(&self) -> impl Fn(&mut Context) -> Result<bool, UnitError> + Send + Sync + 'static {
        let seen = self.clone();
        move |cx| {
            let begin = Instant::now();
            while !seen.has("a", cx.iteration()) {
                if begin.elapsed() > Duration::from_secs(20) {
                    return Ok(false);
                }
                std::thread::yield_now();
            }
            Ok(true)
        }
    }
}

/// Returns the iterations in which a unit has output true.
fn seen(executor: &Executor, sink: &Flushes, branches: u8) -> Vec<Vec<u64>> {
    let mut events = Both(sink.clone(), Vec::new());
    let configs = (0..branches).map(|x| Config::from_pairs([("x", i64::from(x))]));
    let endings = executor.run_configs(configs, &mut events).unwrap();
    let of_branch = |number| {
        let seen = events.1.iter().filter_map(|event| match event {
            Event::Values {
                experiment,
                variable,
                iterations,
                column,
            } if &**variable == "seen" && *experiment == number => {
                let values = iterations.iter().zip((0..).map_while(|i| column.get(i)));
                Some(
                    values
                        .filter(|(_, value)| *value == true.into())
                        .map(|(i, _)| i)
                        .collect::<Vec<_>>(),
                )
            }
            _ => None,
        });
        seen.flatten().collect()
    };
    endings
        .iter()
        .map(|ending| of_branch(ending.number))
        .collect()
}

struct Both(Flushes, Vec<Event>);

impl EventSink for Both {
    fn emit(&mut self, event: Event) -> Result<(), SinkError> {
        self.1.push(event.clone());
        self.0.emit(event)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.0.flush()
    }
}

#[test]
fn dump_units_send_what_is_saved_at_once() {
    let experiment = Experiment::builder()
        .callable("a", |i: u64| i, (it(),))
        .save_to("a")
        .callable("b", |i: u64| i, (it(),))
        .save_to("b")
        .dump(["b"])
        .when(2)
        .dump([])
        .when(When::at(2))
        .build()
        .unwrap();
    let mut sink = Flushes::default();
    let configs = [Config::from_pairs([("x", 1.0)])];
    Executor::new(experiment)
        .n_iters(4)
        .run_configs(configs, &mut sink)
        .unwrap();
    let flushed = sink.flushed.lock().unwrap();
    let with = |iteration: u64| {
        let has_b = |(name, iterations): &(String, Vec<u64>)| {
            name == "b" && iterations.contains(&iteration)
        };
        flushed
            .iter()
            .position(|flush| flush.iter().any(has_b))
            .unwrap()
    };
    assert!(
        flushed[with(1)].iter().all(|(name, _)| name == "b"),
        "{flushed:?}"
    );
    let sent: Vec<_> = flushed[..=with(2)].iter().flatten().collect();
    assert!(
        sent.iter()
            .any(|(name, iterations)| name == "a" && iterations.contains(&2)),
        "{sent:?}"
    );
    assert!(
        sent.iter().all(|(_, iterations)| !iterations.contains(&3)),
        "{sent:?}"
    );
}

#[test]
fn a_unit_can_ask_for_what_is_saved_to_be_sent_after_it() {
    for (root, target) in [
        (false, ExecutorTarget::For),
        (true, ExecutorTarget::For),
        (false, ExecutorTarget::Threads),
        (true, ExecutorTarget::Threads),
    ] {
        let sink = Flushes::default();
        let mut builder = Experiment::builder()
            .unit("a", |cx: &mut Context| {
                let iteration = cx.iteration();
                cx.save("a", iteration)
            })
            .dump_when(2);
        if root {
            builder = builder.root();
        }
        let experiment = builder
            .unit("looks", sink.looks())
            .when(2)
            .save_to("seen")
            .build()
            .unwrap();
        let executor = Executor::new(experiment).n_iters(6).target(target);
        assert_eq!(seen(&executor, &sink, 2), [[1, 3, 5], [1, 3, 5]]);
    }
}

/// `dump_when` of a pipeline applies even in iterations in which the pipeline itself is not due.
#[test]
fn a_pipeline_with_a_full_run_can_ask_for_what_is_saved_to_be_sent() {
    for target in [ExecutorTarget::For, ExecutorTarget::Threads] {
        let sink = Flushes::default();
        let experiment = Experiment::builder()
            .unit("a", |cx: &mut Context| {
                let iteration = cx.iteration();
                cx.save("a", iteration)
            })
            .pipeline("batches", |_: &mut Context| Ok([1_i64, 2]))
            .full_run()
            .when(When::last())
            .dump_when(2)
            .unit("looks", sink.looks())
            .when(2)
            .save_to("seen")
            .build()
            .unwrap();
        let executor = Executor::new(experiment).n_iters(5).target(target);
        assert_eq!(seen(&executor, &sink, 2), [[1, 3], [1, 3]]);
    }
}

/// A unit that has not run yet may take an hour, and so may one that took long the last time.
#[test]
fn what_is_saved_can_be_seen_while_a_slow_unit_runs() {
    for target in [ExecutorTarget::For, ExecutorTarget::Threads] {
        let sink = Flushes::default();
        let looks = sink.looks();
        let experiment = Experiment::builder()
            .callable("a", |i: u64| i, (it(),))
            .save_to("a")
            .unit("slow", move |cx: &mut Context| {
                let seen = looks(cx)?;
                let begin = Instant::now();
                while begin.elapsed() < Duration::from_millis(20) {}
                Ok(seen)
            })
            .save_to("seen")
            .build()
            .unwrap();
        let executor = Executor::new(experiment).n_iters(3).target(target);
        assert_eq!(seen(&executor, &sink, 2), [[0, 1, 2], [0, 1, 2]]);
    }
}

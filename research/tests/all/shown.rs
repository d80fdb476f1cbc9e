//! Subscribers, bars and the monitor log of a run, and a resumed run as part of the whole.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use crate::common::{folder, is_worker};
use research::monitor::{MonitorLog, RunState};
use research::storage::StoredResearch;
use research::{
    CompletedRun, Context, Delivery, Event, Isolation, LogLevel, NewDomain, Research,
    ResearchRecord, Status, Subscriber, When, ec, option,
};

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

#[test]
fn a_refused_resume_calls_no_subscriber_and_keeps_the_monitors_log() {
    let folder = folder("refused-resume");
    let study = |to| {
        let once = |updates| (updates == 0).then(|| NewDomain::new(option("x", [7_i64])));
        study(&folder, 0..to)
            .update_domain(move |cx| Ok::<_, String>(once(cx.updates())), When::last())
    };
    let _ = study(2).run().unwrap();
    let log = || std::fs::read(folder.join("shown/monitor.csv")).unwrap();
    let before = log();
    let (watcher, seen) = Watcher::new(Delivery::Synchronous);
    // An updated research keeps its first domain.
    let refused = study(3).subscriber(watcher).resume().unwrap_err();
    assert!(refused.to_string().contains("was updated"), "{refused}");
    let seen = seen.lock().unwrap();
    assert!(seen.began.is_none() && seen.history == 0);
    assert_eq!(log(), before);
}

/// Returns the monitor log, computed from the stored events.
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
fn the_monitors_log_is_the_same_live_and_from_disk_and_continues_when_resumed() {
    let folder = folder("monitor-log");
    let _ = study(&folder, 0..3).run().unwrap();
    let live = || std::fs::read_to_string(folder.join("shown/monitor.csv")).unwrap();
    // Nothing is asserted between the runs, because workers of the second pass this code, too.
    let first = live();
    // The domain has grown since.
    let last = Arc::new(Mutex::new((0, 0)));
    let seen = Arc::clone(&last);
    let bar = move |picture: &RunState| {
        let finished = picture.count(Status::Finished);
        *seen.lock().unwrap() = (finished, picture.ended_in_this_run());
    };
    let _ = study(&folder, 0..5).bar(bar).resume().unwrap();
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
        .bar(move |_: &RunState| {
            counter.fetch_add(1, Ordering::Relaxed);
            panic!("this bar is broken");
        })
        .run()
        .unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(finished.results().load().unwrap().len(), 20);
}

/// The calls that a subscriber received.
#[derive(Default)]
struct Seen {
    began: Option<(String, Option<std::path::PathBuf>)>,
    history: usize,
    events: Vec<Event>,
    /// The number of missed events, and the number of events before the gap.
    missed: usize,
    gap: usize,
    has_ended: bool,
}

/// Waits before the first events if `waits` is set, and reports the end of the run to `tells`.
struct Watcher {
    seen: Arc<Mutex<Seen>>,
    delivery: Delivery,
    waits: Option<Receiver<()>>,
    is_waiting: Arc<AtomicBool>,
    tells: Option<Sender<()>>,
}

impl Watcher {
    fn new(delivery: Delivery) -> (Self, Arc<Mutex<Seen>>) {
        let seen = Arc::default();
        let watcher = Self {
            seen: Arc::clone(&seen),
            delivery,
            waits: None,
            is_waiting: Arc::default(),
            tells: None,
        };
        (watcher, seen)
    }

    /// Returns a watcher that waits for the end of the run, and one that reports that end.
    #[expect(clippy::type_complexity, reason = "two watchers with what they see")]
    fn slow_and_quick() -> ((Self, Arc<Mutex<Seen>>), (Self, Arc<Mutex<Seen>>)) {
        let (ended, end) = channel();
        let mut slow = Self::new(Delivery::Queued);
        let mut quick = Self::new(Delivery::Synchronous);
        slow.0.waits = Some(end);
        quick.0.tells = Some(ended);
        (slow, quick)
    }
}

impl Subscriber for Watcher {
    fn name(&self) -> &str {
        "watcher"
    }

    fn delivery(&self) -> Delivery {
        self.delivery
    }

    fn on_begin(&mut self, record: &ResearchRecord, folder: Option<&Path>) {
        self.seen.lock().unwrap().began = Some((record.name.clone(), folder.map(Path::to_owned)));
    }

    fn on_history(&mut self, events: &[Event]) {
        self.seen.lock().unwrap().history += events.len();
    }

    fn on_events(&mut self, events: &[Event]) {
        if let Some(end) = self.waits.take() {
            self.is_waiting.store(true, Ordering::Relaxed);
            end.recv().unwrap();
        }
        self.seen.lock().unwrap().events.extend_from_slice(events);
        let ends = |event: &Event| matches!(event, Event::RunEnded { .. });
        if let Some(tells) = self.tells.take_if(|_| events.iter().any(ends)) {
            tells.send(()).unwrap();
        }
    }

    fn on_missed(&mut self, events: u64) {
        let mut seen = self.seen.lock().unwrap();
        assert_eq!(seen.missed, 0, "nothing comes between");
        seen.missed = usize::try_from(events).unwrap();
        seen.gap = seen.events.len();
    }

    fn on_end(&mut self) {
        self.seen.lock().unwrap().has_ended = true;
    }
}

/// Returns the messages of the run about its subscribers.
fn told(finished: &CompletedRun) -> Vec<String> {
    let entries = finished.logs(None).unwrap().into_iter();
    let texts = entries.map(|entry| entry.text);
    texts
        .filter(|text| text.contains("the subscriber"))
        .collect()
}

/// If the run waited for the slow subscriber, it would never end.
#[test]
fn the_run_does_not_wait_for_a_slow_subscriber_which_sees_all_the_same() {
    let folder = folder("slow-subscriber");
    let ((slow, slow_seen), (quick, quick_seen)) = Watcher::slow_and_quick();
    let finished = study(&folder, 0..40)
        .subscriber(slow)
        .subscriber(quick)
        .run()
        .unwrap();
    let (slow, quick) = (slow_seen.lock().unwrap(), quick_seen.lock().unwrap());
    assert_eq!(slow.events, quick.events);
    assert!(slow.has_ended && quick.has_ended);
    assert_eq!(slow.missed, 0);
    let began = Some(("shown".to_owned(), finished.folder().map(Path::to_owned)));
    assert_eq!((&slow.began, &quick.began), (&began, &began));
    assert_eq!(told(&finished), [""; 0]);
}

/// The bar blocks its thread from its second call to the end of the run, and the last experiment
/// waits for that call.
#[test]
fn the_run_does_not_wait_for_a_slow_bar() {
    let folder = folder("slow-bar");
    let mark = folder.join("mark");
    let (ended, end) = channel();
    let mut calls = 0;
    let (mut quick, seen) = Watcher::new(Delivery::Synchronous);
    quick.tells = Some(ended);
    let shown = mark.clone();
    let bar = move |_: &RunState| {
        calls += 1;
        if calls == 2 {
            std::fs::write(&shown, "").unwrap();
            end.recv().unwrap();
        }
    };
    let finished = Research::new("slow")
        .folder(&folder)
        .domain(option("x", 0..4_i64))
        .unit("wait", move |cx: &mut Context| {
            let x: i64 = cx.config_item("x")?;
            while x == 3 && !mark.exists() {
                std::thread::yield_now();
            }
            Ok(x)
        })
        .save_to("x")
        .bar(bar)
        .subscriber(quick)
        .run()
        .unwrap();
    assert_eq!(finished.results().load().unwrap().len(), 4);
    assert!(seen.lock().unwrap().has_ended);
}

/// The queue is limited, and events that do not fit are counted.
#[test]
fn a_subscriber_is_told_how_much_it_has_missed() {
    let ((slow, slow_seen), (quick, quick_seen)) = Watcher::slow_and_quick();
    let is_waiting = Arc::clone(&slow.is_waiting);
    let finished = Research::new("large")
        .in_memory()
        .isolation(Isolation::None)
        .domain(option("x", 0..80_i64))
        .unit("say", move |cx: &mut Context| {
            while !is_waiting.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            cx.log(LogLevel::Info, "x".repeat(1 << 20));
            Ok(())
        })
        .subscriber(slow)
        .subscriber(quick)
        .run()
        .unwrap();
    let (slow, quick) = (slow_seen.lock().unwrap(), quick_seen.lock().unwrap());
    assert!(slow.missed > 0);
    // The end may follow the gap.
    let (before, after) = slow.events.split_at(slow.gap);
    let (same, rest) = quick.events.split_at(slow.gap);
    assert!(before == same && after == &rest[slow.missed..]);
    assert!(slow.has_ended);
    let told = told(&finished).concat();
    let expected = format!(
        "the subscriber `watcher` was slower than the run and missed {}",
        slow.missed
    );
    assert!(told.contains(&expected), "{told}");
}

/// Panics in one of its calls.
struct Panics(&'static str, Delivery);

impl Panics {
    fn panic_in(&self, call: &str) {
        assert_ne!(self.0, call, "as asked");
    }
}

impl Subscriber for Panics {
    fn delivery(&self) -> Delivery {
        self.1
    }

    fn on_begin(&mut self, _: &ResearchRecord, _: Option<&Path>) {
        self.panic_in("begin");
    }

    fn on_history(&mut self, _: &[Event]) {
        self.panic_in("history");
    }

    fn on_events(&mut self, _: &[Event]) {
        self.panic_in("events");
    }

    fn on_end(&mut self) {
        self.panic_in("end");
    }
}

#[test]
fn a_subscriber_that_panics_ends_for_itself_alone() {
    let folder = folder("panicking-subscriber");
    let mut size = 0;
    let mut step = |name: &str, panics| {
        size += 2;
        let (other, seen) = Watcher::new(Delivery::Queued);
        let study = study(&folder, 0..size).subscriber(panics).subscriber(other);
        let finished = match size {
            2 => study.run(),
            _ => study.resume(),
        };
        let finished = finished.unwrap();
        if is_worker() {
            // The worker passes this run, which its leader has done.
            return;
        }
        let seen = seen.lock().unwrap();
        assert!(seen.has_ended && !seen.events.is_empty());
        assert_eq!(seen.history > 0, size > 2);
        // The log keeps the messages of earlier runs.
        let told = told(&finished);
        let last = told.last().unwrap();
        assert!(
            last.contains("shown::Panics` panicked") && last.contains("as asked"),
            "{last}"
        );
        assert_eq!(told.len() as i64, size / 2, "{name}: {told:?}");
        assert_eq!(finished.results().load().unwrap().len() as i64, size);
    };
    step("begin", Panics("begin", Delivery::Queued));
    for call in ["history", "events", "end"] {
        step(call, Panics(call, Delivery::Queued));
        step(call, Panics(call, Delivery::Synchronous));
    }
}

#[test]
fn a_research_prints_all_that_it_is() {
    let research = Research::new("printed")
        .domain(option("x", [1_i64, 2]))
        .callable(
            "square",
            |x: i64, factor: i64| factor * x * x,
            (ec("x"), 3_i64),
        )
        .save_to("square")
        .unit("free", |_: &mut research::Context| Ok(()))
        .workers(2)
        .executor_target(research::ExecutorTarget::For)
        .devices(vec![0_i64, 1])
        .profile(2)
        .loglevel(research::LogLevel::Debug)
        .seed(17);
    let text = research.to_string();
    for line in [
        "name        printed\n",
        "domain      x=[1, 2]\n",
        "seed        17\n",
        "workers     2\n",
        "executor    sequential\n",
        "devices     [0, 1]\n",
        "profile     2: time, processor time, page faults, memory, spans\n",
        "loglevel    debug\n",
        "units       square (callable, when 1, saved as square)\n",
        "              (config item `x`, constant 3)\n",
        "            free (callable, when 1)",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains("created"), "{text}");
}

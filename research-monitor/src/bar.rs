//! The progress of a run, shown while it goes on.

mod line;
mod lines;
mod terminal;

use std::io::{self, IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::TermLike;
use research_core::{Delivery, Event, Subscriber, Timestamp};

use crate::monitor::Monitor;
use crate::notices::Notices;
use crate::picture::Picture;
use crate::show::ShowProgress;
use lines::Lines;
use terminal::Terminal;

/// How often a bar is drawn.
const REDRAW: Duration = Duration::from_millis(100);

/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// What tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The progress of a run, for people: a bar where there is a terminal, plain lines at a bounded
/// rate where there is none, or [whatever shows it](ShowProgress).
///
/// It keeps a [`Monitor`] up to date, so that the monitor needs no subscription of its own.
/// Warnings, errors and each new cause of failures are written above the bar.
///
/// ```
/// use research_monitor::{Bar, Monitor};
///
/// let monitor = Monitor::new();
/// let bar = Bar::stderr("power", monitor.clone());
/// bar.printer().println("this line does not break the bar");
/// ```
pub struct Bar {
    shared: Arc<Mutex<Shared>>,
    monitor: Monitor,
    clock: Clock,
    notices: Notices,
    /// How often it is shown anew by itself, so that what was left out is shown soon, and time goes
    /// on; `None` where somebody else sees to that.
    tick: Option<Duration>,
    ticker: Option<Ticker>,
}

/// What the run's thread leaves to the ticker's: it does not wait while something is shown.
#[derive(Default)]
struct News {
    lines: Vec<String>,
    changed: bool,
}

/// No more lines than this wait for a face that is slow to show them.
const MOST_LINES: usize = 1000;

/// What the run's thread and the ticker's take turns at.
struct Shared {
    monitor: Monitor,
    clock: Clock,
    /// `None` after it has ended, or panicked.
    face: Option<Box<dyn ShowProgress>>,
    interval: Duration,
    /// Whether time alone makes it look different.
    is_clock: bool,
    shown: Option<Timestamp>,
    changed: bool,
}

impl Bar {
    /// A bar on standard error, or plain lines if that is no terminal. `NO_COLOR` is respected.
    #[must_use]
    pub fn stderr(name: &str, monitor: Monitor) -> Self {
        let clock: Clock = Arc::new(Timestamp::now);
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let mut bar = if io::stderr().is_terminal() && !is_dumb {
            let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            Self::terminal(name, monitor, console::Term::stderr(), !no_color, clock)
        } else {
            Self::lines(name, monitor, io::stderr(), LINE_INTERVAL, clock)
        };
        let interval = bar.shared().interval;
        bar.tick = Some(interval);
        bar
    }

    /// A bar on any terminal. Time goes on in it when [`draw`](Self::draw) is called.
    #[must_use]
    pub fn terminal(
        name: &str,
        monitor: Monitor,
        terminal: impl TermLike + Clone + 'static,
        colors: bool,
        clock: Clock,
    ) -> Self {
        let face = Terminal::new(name, terminal, colors, Arc::clone(&clock));
        Self::new(Box::new(face), monitor, REDRAW, true, clock)
    }

    /// Plain lines, one at most in each `interval`, and one at the end.
    #[must_use]
    pub fn lines(
        name: &str,
        monitor: Monitor,
        out: impl Write + Send + 'static,
        interval: Duration,
        clock: Clock,
    ) -> Self {
        let face = Lines::new(name, Box::new(out), Arc::clone(&clock));
        Self::new(Box::new(face), monitor, interval, false, clock)
    }

    /// Only what people should see at once, on standard error: warnings, errors, new causes of
    /// failures.
    #[must_use]
    pub fn notices(monitor: Monitor) -> Self {
        let clock: Clock = Arc::new(Timestamp::now);
        let mut bar = Self::new(Box::new(NoticesOnly), monitor, REDRAW, false, clock);
        bar.tick = Some(LINE_INTERVAL);
        bar
    }

    /// Somebody else's bar, which is shown something when there is something new, ten times a
    /// second at most.
    #[must_use]
    pub fn own(face: Box<dyn ShowProgress>, monitor: Monitor) -> Self {
        let clock: Clock = Arc::new(Timestamp::now);
        let mut bar = Self::new(face, monitor, REDRAW, false, clock);
        bar.tick = Some(REDRAW);
        bar
    }

    fn new(
        face: Box<dyn ShowProgress>,
        monitor: Monitor,
        interval: Duration,
        is_clock: bool,
        clock: Clock,
    ) -> Self {
        let shared = Shared {
            monitor: monitor.clone(),
            clock: Arc::clone(&clock),
            face: Some(face),
            interval,
            is_clock,
            shown: None,
            changed: false,
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
            monitor,
            clock,
            notices: Notices::default(),
            tick: None,
            ticker: None,
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }

    /// What writes lines without breaking the bar.
    #[must_use]
    pub fn printer(&self) -> Printer {
        Printer(Arc::clone(&self.shared))
    }

    /// Shows it as it is now.
    pub fn draw(&self) {
        self.shared().show();
    }
}

/// Lines, and nothing between them.
struct NoticesOnly;

impl ShowProgress for NoticesOnly {
    fn show(&mut self, _: &Picture) {}

    fn say(&mut self, line: &str) {
        // Nobody can be told that nobody can be told.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // A face that panicked is gone, and all else is whole.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Lets the face do something. A face that panics is a bar less, and no run less.
    fn with_face(&mut self, act: impl FnOnce(&mut dyn ShowProgress)) {
        if let Some(face) = &mut self.face
            && catch_unwind(AssertUnwindSafe(|| act(&mut **face))).is_err()
        {
            self.face = None;
        }
    }

    fn show(&mut self) {
        self.shown = Some((self.clock)());
        self.changed = false;
        // A slow face must not keep others from the picture.
        let picture = self.monitor.picture().clone();
        self.with_face(|face| face.show(&picture));
    }

    /// Shows what the run's thread has left.
    fn catch_up(&mut self, news: &Mutex<News>) {
        let news = std::mem::take(&mut *lock_news(news));
        self.changed |= news.changed;
        for line in news.lines {
            self.with_face(|face| face.say(&line));
        }
    }

    fn show_if_due(&mut self) {
        let now = (self.clock)();
        let interval = self.interval.as_secs_f64();
        let is_due = self
            .shown
            .is_none_or(|before| now.seconds_since(before) >= interval);
        if is_due && (self.changed || self.is_clock) {
            self.show();
        }
    }
}

impl Subscriber for Bar {
    fn delivery(&self) -> Delivery {
        Delivery::Synchronous
    }

    fn shows_messages(&self) -> bool {
        true
    }

    fn on_history(&mut self, events: &[Event]) {
        self.monitor.on_history(events);
        // What failed before was told of before.
        self.notices.skip(&self.monitor.picture());
    }

    fn on_events(&mut self, events: &[Event]) {
        // Begun here and not with the bar: a program's workers make the bar too, and are to have
        // one thread.
        let is_first = self.ticker.is_none();
        if let (Some(interval), true) = (self.tick, is_first) {
            self.ticker = Ticker::start(interval, &self.shared);
        }
        self.monitor.on_events(events);
        let notices = {
            let picture = self.monitor.picture();
            self.notices.of(events, &picture, &self.clock)
        };
        match &self.ticker {
            Some(ticker) if !is_first => ticker.leave(notices),
            _ => {
                let mut shared = self.shared();
                for notice in notices {
                    shared.with_face(|face| face.say(&notice));
                }
                shared.changed = true;
                shared.show_if_due();
            }
        }
    }

    fn on_end(&mut self) {
        self.ticker = None;
        let mut shared = self.shared();
        let picture = shared.monitor.picture().clone();
        shared.with_face(|face| face.end(&picture));
        shared.face = None;
    }
}

/// Writes lines above a bar, or between the lines that stand for one. Its clones write to the same
/// place.
#[derive(Clone)]
pub struct Printer(Arc<Mutex<Shared>>);

impl Printer {
    /// Writes a line. Nothing is reported if it cannot be written: there is nobody to tell.
    pub fn println(&self, line: &str) {
        lock(&self.0).with_face(|face| face.say(line));
    }
}

/// A thread that shows the bar now and then, and lines at once, until it is dropped.
struct Ticker {
    news: Arc<Mutex<News>>,
    /// Wakes the thread; closed when it is to end.
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// `None` if no thread can be had: then the bar stands still while nothing happens.
    fn start(interval: Duration, shared: &Arc<Mutex<Shared>>) -> Option<Self> {
        let news = Arc::<Mutex<News>>::default();
        let (wake, woken) = sync_channel(1);
        let (shared, left) = (Arc::clone(shared), Arc::clone(&news));
        let tick = move || {
            let mut goes_on = true;
            while goes_on {
                goes_on = woken.recv_timeout(interval) != Err(RecvTimeoutError::Disconnected);
                let mut shared = lock(&shared);
                shared.catch_up(&left);
                shared.show_if_due();
            }
        };
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(tick)
            .ok()?;
        Some(Self {
            news,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// Leaves it to the thread to show lines now, and the rest when that is due.
    fn leave(&self, lines: Vec<String>) {
        let mut news = lock_news(&self.news);
        news.changed = true;
        if lines.is_empty() {
            return;
        }
        let room = MOST_LINES.saturating_sub(news.lines.len());
        news.lines.extend(lines.into_iter().take(room));
        drop(news);
        if let Some(wake) = &self.wake {
            // It is full only if the thread is to wake already.
            let _ = wake.try_send(());
        }
    }
}

fn lock_news(news: &Mutex<News>) -> MutexGuard<'_, News> {
    // It is whole at any time.
    news.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // It catches what panics.
            let _ = thread.join();
        }
    }
}

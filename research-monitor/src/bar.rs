//! Shows the progress of a run while it is active.

mod layout;
mod plain;
mod terminal;

use std::io::{self, IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::TermLike;
use research_core::{Delivery, Event, Subscriber, Timestamp};

use crate::alerts::Alerts;
use crate::monitor::Monitor;
use crate::progress::{Clock, ProgressReporter};
use crate::run_state::RunState;
use plain::PlainLines;
use terminal::Terminal;

/// The interval at which a bar is drawn.
const REDRAW: Duration = Duration::from_millis(100);

/// The interval of plain lines, where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Shows the progress of a run: as a bar on a terminal, as plain lines elsewhere, or in a custom
/// [`ProgressReporter`].
///
/// The bar keeps a [`Monitor`] up to date, so the monitor needs no separate subscription. Warnings,
/// errors and each new cause of failures are written above the bar.
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
    alerts: Alerts,
    /// The interval at which a thread redraws the bar; `None` where the caller draws.
    tick: Option<Duration>,
    ticker: Option<Ticker>,
}

/// The lines and the state that the thread of the run passes to the ticker, so that this thread
/// never waits for a reporter.
#[derive(Default)]
struct Pending {
    lines: Vec<String>,
    changed: bool,
}

/// The number of lines that may wait for a slow reporter.
const MAX_LINES: usize = 1000;

/// The state that the thread of the run and the ticker share.
struct Shared {
    monitor: Monitor,
    clock: Clock,
    /// `None` after the end, or after a panic.
    reporter: Option<Box<dyn ProgressReporter>>,
    interval: Duration,
    /// Whether the display also changes between events, as time passes.
    is_clock: bool,
    shown: Option<Timestamp>,
    changed: bool,
}

impl Bar {
    /// Creates a bar on standard error, or plain lines if that is not a terminal. Respects
    /// `NO_COLOR`.
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

    /// Creates a bar on any terminal. Its time advances when [`draw`](Self::draw) is called.
    #[must_use]
    pub fn terminal(
        name: &str,
        monitor: Monitor,
        terminal: impl TermLike + Clone + 'static,
        colors: bool,
        clock: Clock,
    ) -> Self {
        let reporter = Terminal::new(name, terminal, colors, Arc::clone(&clock));
        Self::new(Box::new(reporter), monitor, REDRAW, true, clock)
    }

    /// Creates a bar that writes plain lines: at most one in each `interval`, and one at the end.
    #[must_use]
    pub fn lines(
        name: &str,
        monitor: Monitor,
        out: impl Write + Send + 'static,
        interval: Duration,
        clock: Clock,
    ) -> Self {
        let reporter = PlainLines::new(name, Box::new(out), Arc::clone(&clock));
        Self::new(Box::new(reporter), monitor, interval, false, clock)
    }

    /// Creates a bar that writes only alerts to standard error: warnings, errors, and new causes of
    /// failures.
    #[must_use]
    pub fn alerts(monitor: Monitor) -> Self {
        let clock: Clock = Arc::new(Timestamp::now);
        let mut bar = Self::new(Box::new(AlertsOnly), monitor, REDRAW, false, clock);
        bar.tick = Some(LINE_INTERVAL);
        bar
    }

    /// Creates a bar that shows changes in a custom reporter, at most ten times a second.
    #[must_use]
    pub fn custom(reporter: Box<dyn ProgressReporter>, monitor: Monitor) -> Self {
        let clock: Clock = Arc::new(Timestamp::now);
        let mut bar = Self::new(reporter, monitor, REDRAW, false, clock);
        bar.tick = Some(REDRAW);
        bar
    }

    fn new(
        reporter: Box<dyn ProgressReporter>,
        monitor: Monitor,
        interval: Duration,
        is_clock: bool,
        clock: Clock,
    ) -> Self {
        let shared = Shared {
            monitor: monitor.clone(),
            clock: Arc::clone(&clock),
            reporter: Some(reporter),
            interval,
            is_clock,
            shown: None,
            changed: false,
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
            monitor,
            clock,
            alerts: Alerts::default(),
            tick: None,
            ticker: None,
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }

    /// Returns a printer that writes lines above the bar.
    #[must_use]
    pub fn printer(&self) -> Printer {
        Printer(Arc::clone(&self.shared))
    }

    /// Draws the current state.
    pub fn draw(&self) {
        self.shared().show();
    }
}

/// Writes alerts alone.
struct AlertsOnly;

impl ProgressReporter for AlertsOnly {
    fn show(&mut self, _: &RunState) {}

    fn alert(&mut self, line: &str) {
        // An error that cannot be written cannot be reported.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // A panic in a reporter leaves the rest consistent.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Calls the reporter. A reporter that panics is dropped; the run continues.
    fn with_reporter(&mut self, act: impl FnOnce(&mut dyn ProgressReporter)) {
        if let Some(reporter) = &mut self.reporter
            && catch_unwind(AssertUnwindSafe(|| act(&mut **reporter))).is_err()
        {
            self.reporter = None;
        }
    }

    fn show(&mut self) {
        self.shown = Some((self.clock)());
        self.changed = false;
        // A clone, because a slow reporter must not block the monitor.
        let state = self.monitor.state().clone();
        self.with_reporter(|reporter| reporter.show(&state));
    }

    /// Shows the lines and the state that the thread of the run has forwarded.
    fn catch_up(&mut self, pending: &Mutex<Pending>) {
        let pending = std::mem::take(&mut *lock_pending(pending));
        self.changed |= pending.changed;
        for line in pending.lines {
            self.with_reporter(|reporter| reporter.alert(&line));
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

    fn on_history(&mut self, events: &[Event]) {
        self.monitor.on_history(events);
        // Earlier runs have reported their failures already.
        self.alerts.skip(&self.monitor.state());
    }

    fn on_events(&mut self, events: &[Event]) {
        // The thread is started here and not with the bar: workers, which must have only one
        // thread, also create the bar.
        let is_first = self.ticker.is_none();
        if let (Some(interval), true) = (self.tick, is_first) {
            self.ticker = Ticker::start(interval, &self.shared);
        }
        self.monitor.on_events(events);
        let alerts = {
            let state = self.monitor.state();
            self.alerts.lines(events, &state, &self.clock)
        };
        match &self.ticker {
            Some(ticker) if !is_first => ticker.hand_over(alerts),
            _ => {
                let mut shared = self.shared();
                for line in alerts {
                    shared.with_reporter(|reporter| reporter.alert(&line));
                }
                shared.changed = true;
                shared.show_if_due();
            }
        }
    }

    fn on_end(&mut self) {
        self.ticker = None;
        let mut shared = self.shared();
        let state = shared.monitor.state().clone();
        shared.with_reporter(|reporter| reporter.end(&state));
        shared.reporter = None;
    }
}

/// Writes lines above a bar, or between plain lines. Clones write to the same bar.
#[derive(Clone)]
pub struct Printer(Arc<Mutex<Shared>>);

impl Printer {
    /// Writes a line. Write errors are ignored.
    pub fn println(&self, line: &str) {
        lock(&self.0).with_reporter(|reporter| reporter.alert(line));
    }
}

/// A thread that redraws the bar at an interval and writes lines at once, until it is dropped.
struct Ticker {
    pending: Arc<Mutex<Pending>>,
    /// Wakes the thread; closing it ends the thread.
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Returns `None` if the thread cannot be started; the bar then advances with events only.
    fn start(interval: Duration, shared: &Arc<Mutex<Shared>>) -> Option<Self> {
        let pending = Arc::<Mutex<Pending>>::default();
        let (wake, woken) = sync_channel(1);
        let (shared, handed_over) = (Arc::clone(shared), Arc::clone(&pending));
        let tick = move || {
            let mut is_active = true;
            while is_active {
                is_active = woken.recv_timeout(interval) != Err(RecvTimeoutError::Disconnected);
                let mut shared = lock(&shared);
                shared.catch_up(&handed_over);
                shared.show_if_due();
            }
        };
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(tick)
            .ok()?;
        Some(Self {
            pending,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// Passes `lines` to the thread, which shows them now, and the state at the next interval.
    fn hand_over(&self, lines: Vec<String>) {
        let mut pending = lock_pending(&self.pending);
        pending.changed = true;
        if lines.is_empty() {
            return;
        }
        let room = MAX_LINES.saturating_sub(pending.lines.len());
        pending.lines.extend(lines.into_iter().take(room));
        drop(pending);
        if let Some(wake) = &self.wake {
            // A full channel means that the thread wakes anyway.
            let _ = wake.try_send(());
        }
    }
}

fn lock_pending(pending: &Mutex<Pending>) -> MutexGuard<'_, Pending> {
    // The value is consistent after a panic, too.
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // The thread catches panics.
            let _ = thread.join();
        }
    }
}

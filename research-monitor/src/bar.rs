//! One progress bar for a run.

use std::env;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use research_core::{Event, Subscriber, Timestamp};

use crate::monitor::Monitor;
use crate::notices::Notices;
use crate::picture::Picture;
use crate::words;

/// How often the bar is drawn by itself, so that time goes on while nothing else does.
const REDRAW: Duration = Duration::from_millis(100);

/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// What tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The progress of a run, for people: a bar where there is a terminal, plain lines at a bounded
/// rate where there is none.
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
    monitor: Monitor,
    clock: Clock,
    notices: Notices,
    face: Face,
}

enum Face {
    Terminal {
        progress: ProgressBar,
        colors: bool,
    },
    Lines {
        name: String,
        out: SharedWriter,
        interval: Duration,
        written: Option<Timestamp>,
    },
}

type SharedWriter = Arc<Mutex<Box<dyn Write + Send>>>;

impl Bar {
    /// A bar on standard error, or plain lines if that is no terminal. `NO_COLOR` is respected.
    #[must_use]
    pub fn stderr(name: &str, monitor: Monitor) -> Self {
        let clock: Clock = Arc::new(Timestamp::now);
        let target = ProgressDrawTarget::stderr();
        if target.is_hidden() {
            return Self::lines(name, monitor, io::stderr(), LINE_INTERVAL, clock);
        }
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let bar = Self::terminal(name, monitor, target, !no_color, clock);
        if let Face::Terminal { progress, .. } = &bar.face {
            progress.enable_steady_tick(REDRAW);
        }
        bar
    }

    /// A bar on any terminal, drawn when [`draw`](Self::draw) says so.
    #[must_use]
    pub fn terminal(
        name: &str,
        monitor: Monitor,
        target: ProgressDrawTarget,
        colors: bool,
        clock: Clock,
    ) -> Self {
        let progress = ProgressBar::with_draw_target(None, target).with_prefix(name.to_owned());
        progress.set_style(style(None, colors, &monitor, &clock));
        Self {
            monitor,
            clock,
            notices: Notices::default(),
            face: Face::Terminal { progress, colors },
        }
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
        let out: Box<dyn Write + Send> = Box::new(out);
        Self {
            monitor,
            clock,
            notices: Notices::default(),
            face: Face::Lines {
                name: name.to_owned(),
                out: Arc::new(Mutex::new(out)),
                interval,
                written: None,
            },
        }
    }

    /// What writes lines without breaking the bar.
    #[must_use]
    pub fn printer(&self) -> Printer {
        Printer(match &self.face {
            Face::Terminal { progress, .. } => Target::Terminal(progress.clone()),
            Face::Lines { out, .. } => Target::Lines(Arc::clone(out)),
        })
    }

    /// Draws the bar as it is now.
    pub fn draw(&self) {
        if let Face::Terminal { progress, .. } = &self.face {
            progress.force_draw();
        }
    }

    /// Brings the length and the position up to date; what else the bar shows is looked up when
    /// it is drawn.
    fn update(&mut self) {
        let now = (self.clock)();
        let printer = self.printer();
        match &mut self.face {
            Face::Terminal { progress, colors } => {
                // The bar looks at the picture while it is locked itself, so the picture must be
                // free before the bar is touched.
                let (done, total) = {
                    let picture = self.monitor.picture();
                    (picture.done(), picture.total())
                };
                if progress.length() != total {
                    progress.set_style(style(total, *colors, &self.monitor, &self.clock));
                    match total {
                        Some(total) => progress.set_length(total),
                        None => progress.unset_length(),
                    }
                }
                progress.set_position(done);
            }
            Face::Lines {
                name,
                interval,
                written,
                ..
            } => {
                let due = written
                    .is_none_or(|before| now.seconds_since(before) >= interval.as_secs_f64());
                if due {
                    *written = Some(now);
                    printer.println(&line(name, &self.monitor.picture(), now));
                }
            }
        }
    }
}

impl Subscriber for Bar {
    fn on_events(&mut self, events: &[Event]) {
        self.monitor.on_events(events);
        let notices = {
            let picture = self.monitor.picture();
            self.notices.of(events, &picture, &self.clock)
        };
        let printer = self.printer();
        for notice in notices {
            printer.println(&notice);
        }
        self.update();
    }

    fn on_end(&mut self) {
        match &mut self.face {
            Face::Terminal { progress, .. } => progress.abandon(),
            Face::Lines { written, .. } => {
                *written = None;
                self.update();
            }
        }
    }
}

/// Writes lines above a bar, or between the lines that stand for one. Its clones write to the same
/// place.
#[derive(Clone)]
pub struct Printer(Target);

#[derive(Clone)]
enum Target {
    Terminal(ProgressBar),
    Lines(SharedWriter),
}

impl Printer {
    /// Writes a line. Nothing is reported if it cannot be written: there is nobody to tell.
    pub fn println(&self, line: &str) {
        match &self.0 {
            Target::Terminal(progress) => progress.println(line),
            Target::Lines(out) => {
                let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = writeln!(out, "{line}");
                let _ = out.flush();
            }
        }
    }
}

fn line(name: &str, picture: &Picture, now: Timestamp) -> String {
    format!(
        "{name}: {}, {}, Exceptions: {}",
        words::done_of_total(picture),
        words::course(picture, now),
        picture.exceptions()
    )
}

/// How the bar looks: with a gauge where the total is known, else with a mark that turns.
fn style(total: Option<u64>, colors: bool, monitor: &Monitor, clock: &Clock) -> ProgressStyle {
    let gauge = match (total, colors) {
        (Some(_), true) => "{wide_bar:.cyan/238} {percent}% ",
        (Some(_), false) => "{wide_bar} {percent}% ",
        (None, _) => "{spinner} ",
    };
    let template = format!("{{prefix}} {gauge}{{done}} [{{course}}] Exceptions: {{exceptions}}");
    let style = match ProgressStyle::with_template(&template) {
        Ok(style) => style,
        // Which cannot be: the templates are those above.
        Err(_) => ProgressStyle::default_bar(),
    };
    let (done, course, exceptions) = (monitor.clone(), monitor.clone(), monitor.clone());
    let clock = Arc::clone(clock);
    style
        .progress_chars("█▉▊▋▌▍▎▏░")
        .with_key(
            "done",
            move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = out.write_str(&words::done_of_total(&done.picture()));
            },
        )
        .with_key(
            "course",
            move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = out.write_str(&words::course(&course.picture(), clock()));
            },
        )
        .with_key(
            "exceptions",
            move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = write!(out, "{}", exceptions.picture().exceptions());
            },
        )
}

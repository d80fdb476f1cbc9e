//! Progress and subscribers.

use research_core::Subscriber;
use research_monitor::Progress;

use super::Research;

impl Research {
    /// Shows progress. `true` is a bar on standard error, or plain lines if that is not a terminal.
    /// A closure over the [`RunState`](research_monitor::RunState) is called at most ten times a
    /// second. Any other [`ProgressReporter`](research_monitor::ProgressReporter) also gets alerts.
    ///
    /// ```no_run
    /// use research::Research;
    /// use research::monitor::RunState;
    ///
    /// let research = Research::new("quiet").bar(|picture: &RunState| {
    ///     println!("{} of {:?}", picture.done(), picture.total());
    /// });
    /// ```
    #[must_use]
    pub fn bar(mut self, bar: impl Into<Progress>) -> Self {
        self.bar = bar.into();
        self
    }

    /// Sets whether nothing is written to standard error. Otherwise a run without a bar and without
    /// subscribers reports there that the domain is infinite, or that all experiments have failed.
    /// Default: false.
    #[must_use]
    pub fn quiet(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// Sets whether to write `monitor.csv` into the folder of the research during the run; see
    /// [`MonitorLog`](research_monitor::MonitorLog). Default: false.
    #[must_use]
    pub fn monitor_log(mut self, monitor_log: bool) -> Self {
        self.options.monitor_log = monitor_log;
        self
    }

    /// Sets a function that is called when the experiments have ended and tables are written that
    /// take seconds. Killing the program then loses no results.
    #[must_use]
    pub fn on_large_tables(mut self, notice: impl FnOnce() + Send + 'static) -> Self {
        self.on_large_tables = Some(Box::new(notice));
        self
    }

    /// Adds a subscriber, which gets events after they were appended to the log. It has its own
    /// thread and queue unless it [requests](Subscriber::delivery) otherwise, so a slow subscriber
    /// does not slow the run. A subscriber that panics is reported in the log and gets no more
    /// events.
    ///
    /// ```
    /// use std::sync::mpsc::{Sender, channel};
    ///
    /// use research::{Event, Research, Subscriber, ec, option};
    ///
    /// struct Endings(Sender<String>);
    ///
    /// impl Subscriber for Endings {
    ///     fn on_events(&mut self, events: &[Event]) {
    ///         for event in events {
    ///             if let Event::ExperimentEnded { experiment, status, .. } = event {
    ///                 let _ = self.0.send(format!("{experiment} {status}"));
    ///             }
    ///         }
    ///     }
    /// }
    ///
    /// let (endings, seen) = channel();
    /// Research::new("watched")
    ///     .in_memory()
    ///     .parallel(false)
    ///     .domain(option("x", [1_i64, 2]))
    ///     .callable("square", |x: i64| x * x, (ec("x"),))
    ///     .subscriber(Endings(endings))
    ///     .run()?
    ///     .require_success()?;
    /// assert_eq!(seen.iter().collect::<Vec<_>>(), ["0 finished", "1 finished"]);
    /// # Ok::<(), research::ResearchError>(())
    /// ```
    #[must_use]
    pub fn subscriber(mut self, subscriber: impl Subscriber + 'static) -> Self {
        self.subscribers.push(Box::new(subscriber));
        self
    }
}

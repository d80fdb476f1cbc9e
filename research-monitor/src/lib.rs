//! Run state and reporters: the views of a research that users see during a run and afterwards.
//!
//! [`RunState`] is a fold of the events of a research, the same for live events and for the log on
//! disk. A [`Monitor`] keeps one up to date during a run. The reporters show it: [`Bar`] as a bar
//! or plain lines, [`StatusReport`] as text or data, [`Summary`] at the end of a run, and
//! [`MonitorLog`] as CSV.
//!
//! ```
//! use research_core::Timestamp;
//! use research_monitor::{RunState, StatusReport};
//!
//! let state = RunState::from_events(&[]);
//! let report = StatusReport::new("power", &state, false, Timestamp::now());
//! assert_eq!(report.to_string(), "power: has not run yet");
//! ```

mod alerts;
mod bar;
mod control_filter;
mod csv_log;
mod error_pattern;
mod eta;
mod failure_groups;
mod format;
mod min_max;
mod monitor;
mod progress;
mod range_set;
mod run_state;
mod status;
mod style;
mod summary;

pub use bar::{Bar, Printer};
pub use control_filter::{ControlFilter, strip_controls};
pub use csv_log::MonitorLog;
pub use eta::Eta;
pub use failure_groups::FailureGroup;
pub use indicatif::TermLike;
pub use min_max::{Extreme, MinMax};
pub use monitor::Monitor;
pub use progress::{Clock, Progress, ProgressReporter, write_warning};
pub use run_state::{
    Counted, Process, ProcessKind, RecentException, Run, RunState, RunningExperiment, WorkerState,
};
pub use status::{ExceptionReport, RunningReport, State, StatusCount, StatusReport, WorkerReport};
pub use style::Style;
pub use summary::Summary;

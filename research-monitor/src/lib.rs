//! What people see of a research while it runs and afterwards.
//!
//! A [`Picture`] is a fold of the research's events: the same live and from the log on disk. A
//! [`Monitor`] keeps one up to date during a run; the [`Bar`] draws it, a [`StatusReport`] prints
//! it, a [`Summary`] says what it has come to, and a [`MonitorLog`] writes it down as it changes.
//!
//! ```
//! use research_core::Timestamp;
//! use research_monitor::{Picture, StatusReport};
//!
//! let picture = Picture::of(&[]);
//! let report = StatusReport::of("power", &picture, false, Timestamp::now());
//! assert_eq!(report.to_string(), "power: has not run yet");
//! ```

mod bar;
mod causes;
mod control_filter;
mod extremes;
mod log;
mod monitor;
mod notices;
mod numbers;
mod pace;
mod picture;
mod show;
mod status;
mod style;
mod summary;
mod words;

pub use bar::{Bar, Clock, Printer};
pub use causes::Cause;
pub use control_filter::{ControlFilter, strip_controls};
pub use extremes::{Extreme, Extremes};
pub use indicatif::TermLike;
pub use log::MonitorLog;
pub use monitor::Monitor;
pub use pace::TimeLeft;
pub use picture::{
    Counted, Picture, Process, ProcessKind, RecentException, Run, RunningExperiment, WorkerPicture,
};
pub use show::{Progress, ShowProgress};
pub use status::{ExceptionReport, RunningReport, State, StatusCount, StatusReport, WorkerReport};
pub use style::Style;
pub use summary::{FailureGroup, Summary, ValueSummary, VariableSummary};

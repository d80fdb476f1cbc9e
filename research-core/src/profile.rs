//! What profiles measure.

use serde::{Deserialize, Serialize};

/// What a profile measures of a call of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The time that passed, in seconds.
    Seconds,
    /// The processor time of the calling thread, in seconds; where a program is run, its own and
    /// that of all it has waited for, told in the call in which it ended.
    CpuSeconds,
    /// The page faults of the same.
    PageFaults,
    /// The most memory that the process has had by the end of the call, in bytes; where a program
    /// is run, the most that it has had, if that is more than the process that has started it has
    /// had.
    PeakMemory,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Seconds,
        Self::CpuSeconds,
        Self::PageFaults,
        Self::PeakMemory,
    ];
}

/// What the spans of one name took in the calls of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpanTime {
    /// The span's name.
    pub name: String,
    /// Where it comes from: the module, if nothing else was said.
    pub target: String,
    /// How often it was entered.
    pub calls: u64,
    /// The time within it and not within spans inside it, in seconds.
    pub own: f64,
    /// The time within it, in seconds; that within itself again is counted once.
    pub total: f64,
}

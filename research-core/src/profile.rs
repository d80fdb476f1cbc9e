//! The quantities that a profile measures.

use serde::{Deserialize, Serialize};

/// A quantity that a profile measures for a call of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The time that passed, in seconds.
    Seconds,
    /// The processor time of the calling thread, in seconds. For a program: its own and that of all
    /// processes it has waited for, reported in the call in which it ended.
    CpuSeconds,
    /// The page faults of the same thread or program.
    PageFaults,
    /// The peak memory of the process at the end of the call, in bytes. For a program: its peak, if
    /// that is more than the peak of the process that started it.
    PeakMemory,
}

impl Measure {
    /// All quantities.
    pub const ALL: [Self; 4] = [
        Self::Seconds,
        Self::CpuSeconds,
        Self::PageFaults,
        Self::PeakMemory,
    ];
}

/// The time that the spans of one name took in the calls of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpanTime {
    /// The span's name.
    pub name: String,
    /// The span's target: the module, if the code sets no other.
    pub target: String,
    /// The number of times it was entered.
    pub calls: u64,
    /// The time in the span and not in spans inside it, in seconds.
    pub own: f64,
    /// The time in the span, in seconds; a recursive entry is counted once.
    pub total: f64,
}

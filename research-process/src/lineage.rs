//! The lineage of a process: the run from which it descends, and the depth of nested researches.
//!
//! Two resource limits carry the lineage, as soft limits: that on the processor time of a real-time
//! process between two waits (`RLIMIT_RTTIME`), set to a number of microseconds that no process
//! reaches (more than 10,000 years), and that on file locks (`RLIMIT_LOCKS`), which Linux does not
//! enforce. The second one is for processes whose hard limit on the first one is lower. Children
//! inherit limits through forks and executions, even if a program clears its environment and closes
//! its descriptors.

use std::fs;
use std::io;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;

/// The kind of process with which a lineage begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A program that the leader runs itself.
    Program,
    /// A worker.
    Worker,
    /// An executor that was executed, not forked.
    Executor,
}

/// The lineage of a process.
///
/// It is encoded as a number of 63 bits, from the highest: five that distinguish such a limit from
/// others, two for `depth`, two for `origin`, 33 for the run, and 21 for the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The number of researches around the process: 1 for the worker of a research that no other
    /// research runs.
    pub depth: u8,
    /// The process with which the lineage begins.
    pub origin: Origin,
    /// A digest of the mark of the run.
    run: u64,
    /// The number of the worker in its mark.
    worker: u64,
}

/// The resources whose limits carry the lineage, and their names in `/proc/PID/limits`.
const CARRIERS: [(libc::__rlimit_resource_t, &str); 2] = [
    (libc::RLIMIT_RTTIME, "Max realtime timeout"),
    (libc::RLIMIT_LOCKS, "Max file locks"),
];

type Limits = [libc::rlimit; CARRIERS.len()];

const TAG: u64 = 0b10110;
const WORKER_BITS: u32 = 21;
const RUN_BITS: u32 = 33;
const DEPTH_SHIFT: u32 = WORKER_BITS + RUN_BITS + 2;
const TAG_SHIFT: u32 = DEPTH_SHIFT + 2;

/// The limit on the depth of nested researches: the largest depth that a lineage can encode.
pub const MAX_DEPTH: u8 = 3;

impl Lineage {
    /// The lineage of a process outside any run.
    const NONE: Self = Self {
        depth: 0,
        origin: Origin::Program,
        run: 0,
        worker: 0,
    };

    /// Returns the lineage of a process that this process starts with a mark.
    #[must_use]
    pub fn of_child(origin: Origin, mark: &str) -> Self {
        let (run, worker) = mark.rsplit_once('-').unwrap_or((mark, ""));
        Self {
            depth: (depth_of_leader() + 1).min(MAX_DEPTH),
            origin,
            run: digest(run),
            worker: worker.parse().unwrap_or(0) & ones(WORKER_BITS),
        }
    }

    /// Returns the lineage of an executor that this worker starts.
    #[must_use]
    pub fn of_executor() -> Option<Self> {
        let origin = Origin::Executor;
        Self::of_this_process().map(|worker| Self { origin, ..worker })
    }

    /// Returns the lineage of this process, if it descends from a run.
    #[must_use]
    pub fn of_this_process() -> Option<Self> {
        Self::from_limits(&limits().ok()?)
    }

    /// Returns the lineage of another process, if the system shows it.
    #[must_use]
    pub fn of_process(pid: i32) -> Option<Self> {
        // All users may read this file, also of zombies.
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
        CARRIERS.iter().find_map(|(_, name)| {
            let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
            Self::from_limit(line.split_whitespace().next()?.parse().ok()?)
        })
    }

    /// Whether it is the lineage of the worker with this mark.
    #[must_use]
    pub fn has_mark(&self, mark: &str) -> bool {
        let child = Self::of_child(self.origin, mark);
        (self.run, self.worker) == (child.run, child.worker)
    }

    /// Whether it is the lineage of the run with this mark.
    #[must_use]
    pub fn is_of_run(&self, run: &str) -> bool {
        self.run == digest(run)
    }

    /// Sets the lineage of this process and of all processes that it starts; async-signal-safe.
    /// Leaves a limit unchanged if its hard limit forbids the value.
    ///
    /// # Errors
    /// The system refuses the limit.
    pub fn apply(self) -> io::Result<()> {
        let mut limits = limits()?;
        for limit in &mut limits {
            if limit.rlim_max >= self.to_limit() {
                limit.rlim_cur = self.to_limit();
            }
        }
        set_limits(&limits)
    }

    fn to_limit(self) -> u64 {
        TAG << TAG_SHIFT
            | u64::from(self.depth) << DEPTH_SHIFT
            | (self.origin as u64) << (WORKER_BITS + RUN_BITS)
            | self.run << WORKER_BITS
            | self.worker
    }

    fn from_limits(limits: &Limits) -> Option<Self> {
        let mut limits = limits.iter();
        limits.find_map(|limit| Self::from_limit(limit.rlim_cur))
    }

    fn from_limit(limit: u64) -> Option<Self> {
        if limit >> TAG_SHIFT != TAG {
            return None;
        }
        let part = |shift: u32, bits: u32| limit >> shift & ones(bits);
        Some(Self {
            depth: u8::try_from(part(DEPTH_SHIFT, 2)).ok()?,
            origin: match part(WORKER_BITS + RUN_BITS, 2) {
                0 => Origin::Program,
                1 => Origin::Worker,
                2 => Origin::Executor,
                _ => return None,
            },
            run: part(WORKER_BITS, RUN_BITS),
            worker: part(0, WORKER_BITS),
        })
    }
}

/// The number of researches around this process.
#[must_use]
pub fn nesting_depth() -> u8 {
    Lineage::of_this_process().map_or(0, |lineage| lineage.depth)
}

/// Whether this process itself was started as a worker or an executor: its parent then has a
/// different lineage or none.
#[must_use]
pub fn started_as_worker() -> bool {
    let Some(own) = Lineage::of_this_process() else {
        return false;
    };
    let parent = Lineage::of_process(nix::unistd::getppid().as_raw());
    // The depth is greater in a process that runs experiments itself.
    let is_same = |parent: Lineage| Lineage { depth: 0, ..parent } == Lineage { depth: 0, ..own };
    own.origin != Origin::Program && !parent.is_some_and(is_same)
}

/// The number of runs whose experiments this process runs itself, and its limits before the first
/// of them.
static NESTED_RUNS: Mutex<(usize, Option<Limits>)> = Mutex::new((0, None));

/// A run whose units run in this process. Until this value is dropped, the processes that this
/// process starts are nested one level deeper.
#[derive(Debug)]
pub struct NestedRun(());

/// The depth of this process, not counting runs whose experiments it runs itself.
fn depth_of_leader() -> u8 {
    let runs = NESTED_RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    match &runs.1 {
        Some(before) => Lineage::from_limits(before).map_or(0, |lineage| lineage.depth),
        None => nesting_depth(),
    }
}

impl NestedRun {
    /// Begins a run whose units run in this process.
    ///
    /// # Errors
    /// The system refuses the limit.
    pub fn begin() -> io::Result<Self> {
        let mut runs = NESTED_RUNS.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.0 == 0 {
            let before = limits()?;
            let own = Lineage::from_limits(&before);
            let own = own.unwrap_or(Lineage::NONE);
            let depth = (own.depth + 1).min(MAX_DEPTH);
            Lineage { depth, ..own }.apply()?;
            runs.1 = Some(before);
        }
        runs.0 += 1;
        Ok(Self(()))
    }
}

impl Drop for NestedRun {
    fn drop(&mut self) {
        let mut runs = NESTED_RUNS.lock().unwrap_or_else(PoisonError::into_inner);
        runs.0 -= 1;
        if runs.0 == 0
            && let Some(before) = runs.1.take()
        {
            // The limits were in force before, so they are allowed.
            let _ = set_limits(&before);
        }
    }
}

fn limits() -> io::Result<Limits> {
    const NONE: libc::rlimit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    let mut limits = [NONE; CARRIERS.len()];
    for ((resource, _), limit) in CARRIERS.iter().zip(&mut limits) {
        // SAFETY: the call writes a valid structure.
        Errno::result(unsafe { libc::getrlimit(*resource, limit) })?;
    }
    Ok(limits)
}

fn set_limits(limits: &Limits) -> io::Result<()> {
    for ((resource, _), limit) in CARRIERS.iter().zip(limits) {
        // SAFETY: the call reads a valid structure.
        Errno::result(unsafe { libc::setrlimit(*resource, limit) })?;
    }
    Ok(())
}

/// Computes FNV-1a, folded to 33 bits. Later versions must compute the same value, because they
/// kill strays of runs of earlier versions.
fn digest(run: &str) -> u64 {
    let hash = run.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ hash >> RUN_BITS) & ones(RUN_BITS)
}

fn ones(bits: u32) -> u64 {
    (1 << bits) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lineage_survives_its_encoding_as_a_limit() {
        for origin in [Origin::Program, Origin::Worker, Origin::Executor] {
            let lineage = Lineage::of_child(origin, "4242-1700000000000-2097151");
            assert_eq!(Lineage::from_limit(lineage.to_limit()), Some(lineage));
            assert!(lineage.to_limit() < 1 << 63);
            assert!(lineage.has_mark("4242-1700000000000-2097151"));
            assert!(!lineage.has_mark("4242-1700000000000-0"));
            assert!(lineage.is_of_run("4242-1700000000000"));
            assert!(!lineage.is_of_run("4242-1700000000001"));
        }
        for other in [0, 200_000, u64::MAX >> 1, u64::MAX] {
            assert_eq!(Lineage::from_limit(other), None);
        }
    }
}

//! What run a process descends from, and how deep researches are nested there.
//!
//! A resource limit carries it: the soft limit of the processor time of a real-time process between
//! two waits (`RLIMIT_RTTIME`), set to a number of microseconds that no process reaches (more than
//! 10,000 years). A child inherits limits, through forks and executions, and neither the environment
//! nor the descriptors that a program changes or closes take them away.

use std::fs;
use std::io;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;

/// What began a line of descent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A program that the leader itself runs.
    Program,
    /// A worker.
    Worker,
    /// An executor that was started by execution.
    Executor,
}

/// The descent of a process.
///
/// As a number, from the highest of 63 bits: five that tell such a limit from others, two of `depth`,
/// two of `origin`, 33 of the run and 21 of the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lineage {
    /// How many researches it is in: 1 for the worker of one that is in no other.
    pub(crate) depth: u8,
    pub(crate) origin: Origin,
    /// A digest of the mark of the run.
    run: u64,
    /// The number of the worker among those of the run, as its mark has it.
    worker: u64,
}

const TAG: u64 = 0b10110;
const WORKER_BITS: u32 = 21;
const RUN_BITS: u32 = 33;
const DEPTH_SHIFT: u32 = WORKER_BITS + RUN_BITS + 2;
const TAG_SHIFT: u32 = DEPTH_SHIFT + 2;

/// How deep researches may be nested, which is the deepest that a lineage can say.
pub(crate) const MOST_DEPTH: u8 = 3;

impl Lineage {
    /// That of no run.
    const NONE: Self = Self {
        depth: 0,
        origin: Origin::Program,
        run: 0,
        worker: 0,
    };

    /// That of what this process starts with a mark.
    pub(crate) fn of_child(origin: Origin, mark: &str) -> Self {
        let (run, worker) = mark.rsplit_once('-').unwrap_or((mark, ""));
        Self {
            depth: (depth_of_leader() + 1).min(MOST_DEPTH),
            origin,
            run: digest(run),
            worker: worker.parse().unwrap_or(0) & ones(WORKER_BITS),
        }
    }

    /// That of an executor which this worker starts.
    pub(crate) fn of_executor() -> Option<Self> {
        let origin = Origin::Executor;
        Self::of_this_process().map(|worker| Self { origin, ..worker })
    }

    /// That of this process, if it descends from a run.
    pub(crate) fn of_this_process() -> Option<Self> {
        Self::from_limit(limit().ok()?.rlim_cur)
    }

    /// That of another process, as far as the system tells.
    pub(crate) fn of_process(pid: i32) -> Option<Self> {
        // Everybody may read this, and of processes that have ended, too.
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
        let line = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max realtime timeout"))?;
        Self::from_limit(line.split_whitespace().next()?.parse().ok()?)
    }

    /// Whether it is what a mark says.
    pub(crate) fn has_mark(&self, mark: &str) -> bool {
        let child = Self::of_child(self.origin, mark);
        (self.run, self.worker) == (child.run, child.worker)
    }

    /// Whether it descends from a run with this mark.
    pub(crate) fn is_of_run(&self, run: &str) -> bool {
        self.run == digest(run)
    }

    /// Makes it that of this process and all that it starts. It is async-signal-safe. Where somebody
    /// has set a hard limit below it, nothing can be done.
    pub(crate) fn take_on(self) -> io::Result<()> {
        let mut limit = limit()?;
        if limit.rlim_max < self.to_limit() {
            return Ok(());
        }
        limit.rlim_cur = self.to_limit();
        // SAFETY: the call reads a valid structure.
        Errno::result(unsafe { libc::setrlimit(libc::RLIMIT_RTTIME, &raw const limit) })?;
        Ok(())
    }

    fn to_limit(self) -> u64 {
        TAG << TAG_SHIFT
            | u64::from(self.depth) << DEPTH_SHIFT
            | (self.origin as u64) << (WORKER_BITS + RUN_BITS)
            | self.run << WORKER_BITS
            | self.worker
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

/// How many researches this process is in, as a worker or as what one has started.
pub(crate) fn depth() -> u8 {
    Lineage::of_this_process().map_or(0, |lineage| lineage.depth)
}

/// Whether this process was itself started as a worker or an executor: then its line of descent
/// begins with it, and its parent has another one or none.
pub(crate) fn began_as_worker() -> bool {
    let Some(own) = Lineage::of_this_process() else {
        return false;
    };
    let parent = Lineage::of_process(nix::unistd::getppid().as_raw());
    // The depth is more in a process that runs experiments itself.
    let is_same = |parent: Lineage| Lineage { depth: 0, ..parent } == Lineage { depth: 0, ..own };
    own.origin != Origin::Program && !parent.is_some_and(is_same)
}

/// How many runs have their experiments run by this process itself, and its limit before these.
static RUNS_HERE: Mutex<(usize, Option<libc::rlimit>)> = Mutex::new((0, None));

/// While it lives, what this process starts is one research deeper: its units run in it.
pub(crate) struct RunsHere(());

/// The depth of this process without the runs whose experiments it runs itself.
fn depth_of_leader() -> u8 {
    let runs = RUNS_HERE.lock().unwrap_or_else(PoisonError::into_inner);
    match &runs.1 {
        Some(before) => Lineage::from_limit(before.rlim_cur).map_or(0, |lineage| lineage.depth),
        None => depth(),
    }
}

impl RunsHere {
    pub(crate) fn begin() -> io::Result<Self> {
        let mut runs = RUNS_HERE.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.0 == 0 {
            let before = limit()?;
            let own = Lineage::from_limit(before.rlim_cur);
            let own = own.unwrap_or(Lineage::NONE);
            let depth = (own.depth + 1).min(MOST_DEPTH);
            Lineage { depth, ..own }.take_on()?;
            runs.1 = Some(before);
        }
        runs.0 += 1;
        Ok(Self(()))
    }
}

impl Drop for RunsHere {
    fn drop(&mut self) {
        let mut runs = RUNS_HERE.lock().unwrap_or_else(PoisonError::into_inner);
        runs.0 -= 1;
        if runs.0 == 0
            && let Some(before) = runs.1.take()
        {
            // SAFETY: the call reads a valid structure. It was the limit before, so it is allowed.
            unsafe { libc::setrlimit(libc::RLIMIT_RTTIME, &raw const before) };
        }
    }
}

fn limit() -> io::Result<libc::rlimit> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the call writes a valid structure.
    Errno::result(unsafe { libc::getrlimit(libc::RLIMIT_RTTIME, &raw mut limit) })?;
    Ok(limit)
}

/// FNV-1a, folded. Later versions must give the same, for they may end what runs of this one left.
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
    fn a_limit_says_what_it_was_made_of() {
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

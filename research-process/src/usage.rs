//! Resource usage of this process, of its threads, and of children that it has reaped.

use std::cell::Cell;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::libc::rusage;
use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::Pid;

/// The system counts the memory of a process per processor and adds it up rarely, so two readings
/// of the same memory may differ. A peak counts as higher than another from this difference on.
const MEMORY_PRECISION: u64 = 2 << 20;

thread_local! {
    /// The programs that the calling thread has reaped since [`take_programs`] was last called.
    static PROGRAMS: Cell<Option<EndedPrograms>> = const { Cell::new(None) };
    /// The last reading of a meter in the calling thread, until another one starts.
    static LAST: Cell<Option<ResourceUsage>> = const { Cell::new(None) };
}

/// Resources that processes or a thread have used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ResourceUsage {
    /// Processor time in seconds, user and system.
    pub cpu_seconds: f64,
    /// Minor and major page faults.
    pub page_faults: i64,
    /// The peak resident memory of the largest process in bytes, if it is known.
    pub peak_memory: Option<u64>,
}

impl ResourceUsage {
    /// Returns the usage of the calling thread so far; the memory is that of its process.
    #[must_use]
    pub fn of_this_thread() -> Option<Self> {
        Self::of(UsageWho::RUSAGE_THREAD)
    }

    fn of(who: UsageWho) -> Option<Self> {
        Some(Self::from(getrusage(who).ok()?.as_ref()))
    }

    /// Returns the usage of this process and its reaped children so far.
    fn of_process_and_children() -> Option<Self> {
        Some(Self::of(UsageWho::RUSAGE_SELF)?.and(Self::of(UsageWho::RUSAGE_CHILDREN)?))
    }

    /// Returns the usage of two processes together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds + other.cpu_seconds,
            page_faults: self.page_faults + other.page_faults,
            peak_memory: self.peak_memory.max(other.peak_memory),
        }
    }

    /// Returns the usage since an earlier reading. The peak is known only if it has risen.
    fn since(self, before: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds - before.cpu_seconds,
            page_faults: self.page_faults - before.page_faults,
            peak_memory: above(self.peak_memory, before.peak_memory),
        }
    }

    /// Returns the usage of a child that has executed a program. The peak of the system includes
    /// the memory of the process before the execution, here a copy of this process. So a peak that
    /// is not above that of this process is unknown.
    #[must_use]
    pub fn of_executed(usage: &rusage) -> Self {
        let usage = Self::from(usage);
        let own = Self::of(UsageWho::RUSAGE_SELF).and_then(|own| own.peak_memory);
        Self {
            peak_memory: own.and_then(|own| above(usage.peak_memory, Some(own))),
            ..usage
        }
    }
}

/// Returns `peak` if it is higher than `other`.
fn above(peak: Option<u64>, other: Option<u64>) -> Option<u64> {
    peak.filter(|peak| *peak > other.unwrap_or(0) + MEMORY_PRECISION)
}

impl From<&rusage> for ResourceUsage {
    fn from(usage: &rusage) -> Self {
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Self {
            cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            page_faults: usage.ru_minflt + usage.ru_majflt,
            // The system reports kilobytes.
            peak_memory: u64::try_from(usage.ru_maxrss << 10).ok(),
        }
    }
}

/// Measures the usage of this process and of the children that it reaps.
#[derive(Clone, Copy, Debug)]
pub enum UsageMeter {
    /// Since the fork of this process.
    Forked,
    /// Since the execution of this program.
    Executed,
    /// Since a reading.
    Since(ResourceUsage),
}

impl UsageMeter {
    /// Starts to measure now, or from the last reading, if the calling thread has read a meter
    /// since it started the last one, which saves two system calls.
    #[must_use]
    pub fn start() -> Option<Self> {
        let last = LAST.take();
        last.or_else(ResourceUsage::of_process_and_children)
            .map(Self::Since)
    }

    /// Returns the usage so far. Running children, and those that other processes reap, are not
    /// included.
    #[must_use]
    pub fn read(self) -> Option<ResourceUsage> {
        let now = ResourceUsage::of_process_and_children()?;
        match self {
            Self::Forked => Some(now),
            Self::Since(before) => {
                LAST.set(Some(now));
                Some(now.since(before))
            }
            Self::Executed => {
                let children = ResourceUsage::of(UsageWho::RUSAGE_CHILDREN)?;
                // The peak that `getrusage` reports includes that of the process that has executed
                // this program.
                let peak_memory = peak_of_program()?.max(children.peak_memory.unwrap_or(0));
                Some(ResourceUsage {
                    peak_memory: Some(peak_memory),
                    ..now
                })
            }
        }
    }
}

/// Returns the peak resident memory of this process since it was executed, in bytes.
fn peak_of_program() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes << 10)
}

/// Programs that were reaped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndedPrograms {
    /// Their usage together, each with its own reaped children.
    pub usage: ResourceUsage,
    /// The exit code of the last one; `None` if a signal ended it.
    pub exit_code: Option<i32>,
}

/// Waits for the end of a child and reaps it.
///
/// # Errors
/// The child was reaped already.
pub(crate) fn reap(child: Pid) -> io::Result<(ExitStatus, rusage)> {
    let mut status = 0;
    // SAFETY: all zeros is a valid value of the structure.
    let mut usage: rusage = unsafe { std::mem::zeroed() };
    // The `wait` functions of nix cannot represent real-time signals. SAFETY: the call writes one
    // `int` and one `rusage` to valid pointers.
    while unsafe { libc::wait4(child.as_raw(), &raw mut status, 0, &raw mut usage) } < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok((ExitStatus::from_raw(status), usage))
}

/// Reaps a program that the calling thread has started, and counts it for [`take_programs`].
///
/// # Errors
/// The program was reaped already.
pub fn reap_program(program: Pid) -> io::Result<ExitStatus> {
    let (status, usage) = reap(program)?;
    let usage = ResourceUsage::of_executed(&usage);
    PROGRAMS.set(Some(EndedPrograms {
        usage: PROGRAMS.get().map_or(usage, |sum| sum.usage.and(usage)),
        exit_code: status.code(),
    }));
    Ok(status)
}

/// Takes the programs that the calling thread has reaped since the last call.
#[must_use]
pub fn take_programs() -> Option<EndedPrograms> {
    PROGRAMS.take()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[allow(clippy::zombie_processes, reason = "`reap` waits for it")]
    fn run(program: &str, arguments: &[&str]) -> (ExitStatus, ResourceUsage) {
        let child = Command::new(program).args(arguments).spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let (status, usage) = reap(pid).unwrap();
        (status, ResourceUsage::of_executed(&usage))
    }

    #[test]
    fn the_memory_of_an_executed_program_is_known_above_that_of_its_parent() {
        let grown = vec![1_u8; 20 << 20];
        let (status, small) = run("true", &[]);
        assert_eq!(status.code(), Some(0));
        assert_eq!(small.peak_memory, None);
        // dd allocates a buffer of this size.
        let (_, large) = run(
            "dd",
            &["if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"],
        );
        let peak = large.peak_memory.unwrap();
        assert!((200 << 20..220 << 20).contains(&peak), "{peak}");
        assert_eq!(grown.len(), 20 << 20);
    }

    #[test]
    fn a_peak_is_known_only_where_it_has_risen() {
        let reading = |peak| ResourceUsage {
            peak_memory: Some(peak),
            ..ResourceUsage::default()
        };
        let (low, high) = (reading(8 << 20), reading(20 << 20));
        assert_eq!(high.since(low).peak_memory, Some(20 << 20));
        assert_eq!(high.since(high).peak_memory, None);
    }

    #[test]
    fn a_meter_counts_reaped_children() {
        let meter = UsageMeter::start().unwrap();
        let burn = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
        let (_, child) = run("sh", &["-c", burn]);
        let used = meter.read().unwrap();
        assert!(child.cpu_seconds > 0.0, "{child:?}");
        assert!(used.cpu_seconds >= child.cpu_seconds, "{used:?} {child:?}");
    }

    #[test]
    fn meters_that_follow_each_other_count_everything_once() {
        let begin = ResourceUsage::of_process_and_children().unwrap();
        let mut sum = 0.0;
        for _ in 0..3 {
            let meter = UsageMeter::start().unwrap();
            run("true", &[]);
            sum += meter.read().unwrap().cpu_seconds;
        }
        // A meter that is started and not read discards the last reading.
        let dropped = UsageMeter::start();
        let end = ResourceUsage::of_process_and_children().unwrap();
        let next = UsageMeter::start();
        assert!(sum <= end.since(begin).cpu_seconds);
        let [
            Some(UsageMeter::Since(dropped)),
            Some(UsageMeter::Since(next)),
        ] = [dropped, next]
        else {
            panic!("the usage is unknown")
        };
        assert!(dropped.cpu_seconds <= end.cpu_seconds && end.cpu_seconds <= next.cpu_seconds);
    }

    #[test]
    fn the_peak_of_this_program_is_known() {
        let whole = UsageMeter::Executed.read().unwrap();
        assert!(whole.peak_memory > Some(1 << 20), "{whole:?}");
    }
}

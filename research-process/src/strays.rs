//! Strays: processes of a worker that was killed before it could kill them. This module finds them
//! by their [`Lineage`], or by a mark in their environment, and kills them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::PollTimeout;
use nix::sys::signal::Signal;

use crate::lineage::Lineage;
use crate::pidfd::{ProcessHandle, wait_readable};

/// The environment variable with the mark of a worker, or of programs that the leader itself runs.
/// All descendants inherit it.
pub const MARK: &str = "RESEARCH_MARK";

/// The limit on the reads of the environment of a process that is being executed, a millisecond
/// apart.
const MAX_READS: u32 = 1000;

/// The size of the buffer for the environment of a process; few environments are larger.
const ENVIRONMENT_BYTES: usize = 256 << 10;

/// A killed process must end within this many milliseconds.
const DEATH_TIMEOUT_MS: u16 = 1000;

/// Returns the mark of a run of this process that began at `now`, in microseconds. It is unique on
/// this machine.
#[must_use]
pub fn new_mark(now: u64) -> String {
    format!("{}-{now}", std::process::id())
}

/// Returns the mark of a new worker of the run with the mark `run`.
#[must_use]
pub fn mark_of_worker(run: &str) -> String {
    static WORKERS: AtomicU64 = AtomicU64::new(0);
    let number = WORKERS.fetch_add(1, Ordering::Relaxed);
    format!("{run}-{number}")
}

/// Whether a process descends from a worker of the run with the mark `run`, or of another run of
/// this process, as far as this process may see.
#[must_use]
pub fn descends_from_run(pid: u32, run: &str) -> bool {
    let lineage = i32::try_from(pid).ok().and_then(Lineage::of_process);
    if lineage.is_some_and(|lineage| lineage.is_of_run(run)) {
        return true;
    }
    let begin = format!("{MARK}={}-", std::process::id());
    // The environment of other users' processes cannot be read.
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment
        .split(|byte| *byte == 0)
        .any(|one| one.starts_with(begin.as_bytes()))
}

/// The processes to kill.
enum Selection<'a> {
    /// The processes of the worker with this mark.
    Worker(&'a str),
    /// The processes of all workers of the runs with these marks.
    Runs(&'a [String]),
}

impl Selection<'_> {
    fn has_mark(&self, mark: &str) -> bool {
        match self {
            Self::Worker(meant) => mark == *meant,
            Self::Runs(runs) => mark
                .rsplit_once('-')
                .is_some_and(|(run, _)| runs.iter().any(|one| one == run)),
        }
    }

    fn has_lineage(&self, lineage: &Lineage) -> bool {
        match self {
            Self::Worker(mark) => lineage.has_mark(mark),
            Self::Runs(runs) => runs.iter().any(|run| lineage.is_of_run(run)),
        }
    }
}

/// Kills all processes with the mark of a worker that was killed.
///
/// # Errors
/// The system does not list processes, or a killed process does not end.
pub fn kill_marked(mark: &str) -> io::Result<()> {
    kill_all(&Selection::Worker(mark)).map(drop)
}

/// Kills the processes that are left of runs whose leaders and workers were killed, given the marks
/// of these runs. Returns descriptions of the killed processes.
///
/// # Errors
/// The system does not list processes, or a killed process does not end.
pub fn kill_strays(runs: &[String]) -> io::Result<Vec<String>> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    kill_all(&Selection::Runs(runs))
}

/// Kills the selected processes, except this one, until none is left. Returns their descriptions.
fn kill_all(selection: &Selection<'_>) -> io::Result<Vec<String>> {
    let mut descriptions = Vec::new();
    loop {
        let mut killed = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            if let Some(pid) = name.to_str().and_then(|name| name.parse().ok())
                && let Some(process) = find_selected(pid, selection)
            {
                descriptions.push(describe(pid));
                process.signal(Signal::SIGKILL)?;
                killed.push(process);
            }
        }
        for process in &killed {
            if !wait_readable(&[process.descriptor()], PollTimeout::from(DEATH_TIMEOUT_MS))? {
                return Err(Errno::ETIMEDOUT.into());
            }
        }
        if killed.is_empty() {
            return Ok(descriptions);
        }
    }
}

/// Returns the handle of a process, if it is selected. The handle is opened before the check, so it
/// never refers to another process that gets the same pid.
fn find_selected(pid: i32, selection: &Selection<'_>) -> Option<ProcessHandle> {
    // A program that a unit has started may resume the research itself.
    if u32::try_from(pid) == Ok(std::process::id()) {
        return None;
    }
    // Processes of other users cannot be checked, and a process may end in the meantime.
    let process = ProcessHandle::open(pid).ok()?;
    let lineage = Lineage::of_process(pid);
    let is_found = lineage.is_some_and(|lineage| selection.has_lineage(&lineage))
        || has_variable(pid, selection)?;
    // A process that has ended is listed until its parent reaps it.
    let has_ended = || wait_readable(&[process.descriptor()], PollTimeout::ZERO).unwrap_or(true);
    (is_found && !has_ended()).then_some(process)
}

/// Whether a process has a selected mark in its environment; `None` if the environment cannot be
/// read. The mark is needed where a hard limit forbids the limit that carries the lineage.
fn has_variable(pid: i32, selection: &Selection<'_>) -> Option<bool> {
    let environment = environment(pid)?;
    let mut variables = environment.split(|byte| *byte == 0);
    Some(variables.any(|variable| {
        let variable = std::str::from_utf8(variable).unwrap_or_default();
        let value = variable.strip_prefix(MARK);
        let mark = value.and_then(|value| value.strip_prefix('='));
        mark.is_some_and(|mark| selection.has_mark(mark))
    }))
}

/// Returns the environment of a process, if it can be read. While a program is being executed its
/// environment is empty for a moment; this function waits for that.
fn environment(pid: i32) -> Option<Vec<u8>> {
    let file = |name: &str| format!("/proc/{pid}/{name}");
    let mut reads_left = MAX_READS;
    loop {
        // One read, if possible: a second one after an execution would return another environment.
        let mut environment = vec![0; ENVIRONMENT_BYTES];
        let mut source = File::open(file("environ")).ok()?;
        let length = source.read(&mut environment).ok()?;
        environment.truncate(length);
        if environment.len() == ENVIRONMENT_BYTES {
            source.read_to_end(&mut environment).ok()?;
        }
        // Kernel threads and ended processes have no program.
        let is_settled = !environment.is_empty() || fs::read_link(file("exe")).is_err();
        if is_settled || reads_left == 0 {
            return Some(environment);
        }
        // If there are arguments, the program was executed in the meantime, or its environment is
        // really empty.
        let is_executed = !fs::read(file("cmdline")).ok()?.is_empty();
        reads_left = if is_executed {
            reads_left / 10
        } else {
            reads_left - 1
        };
        thread::sleep(Duration::from_millis(1));
    }
}

/// Describes a process: `sleep (4242)`.
fn describe(pid: i32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    format!("{} ({pid})", name.trim_end())
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::{MARK, kill_strays, new_mark};

    /// A program with a mark that executes itself repeatedly until the test ends.
    struct Restless(Child);

    impl Restless {
        fn start(mark: &str) -> Self {
            let again = "exec sh -c \"$0\" \"$0\"";
            let mut command = Command::new("sh");
            let command = command.args(["-c", again, again]).env(MARK, mark);
            Self(command.spawn().unwrap())
        }
    }

    impl Drop for Restless {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_program_that_is_being_executed_is_killed_too() {
        for round in 0..60 {
            let run = new_mark(round);
            let mut program = Restless::start(&format!("{run}-0"));
            kill_strays(&[run]).unwrap();
            let ended = program.0.try_wait().unwrap();
            assert!(ended.is_some(), "it was not killed");
        }
    }
}

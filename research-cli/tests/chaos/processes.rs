//! The processes of one run: those with its mark in their environment.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The variable that every process of a run inherits.
pub(crate) const MARK: &str = "CHAOS_MARK";

/// The time after the end of the leader from which on an existing process is a stray.
const AFTERLIFE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    state: String,
    command: String,
}

/// All processes with this mark that have not ended.
pub(crate) fn marked(mark: &str) -> Vec<Process> {
    let wanted = format!("{MARK}={mark}");
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let folders = entries.filter(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().bytes().all(|b| b.is_ascii_digit())
    });
    folders
        .filter_map(|entry| look(&entry.path(), wanted.as_bytes()))
        .collect()
}

/// Returns the description of a process; `None` if it is not part of the run, or has ended.
fn look(folder: &Path, wanted: &[u8]) -> Option<Process> {
    let environment = fs::read(folder.join("environ")).ok()?;
    if !environment.split(|b| *b == 0).any(|one| one == wanted) {
        return None;
    }
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.to_owned();
    let parent = fields.next()?.parse().ok()?;
    let command = fs::read(folder.join("cmdline")).unwrap_or_default();
    let process = Process {
        pid: folder.file_name()?.to_str()?.parse().ok()?,
        parent,
        command: String::from_utf8_lossy(&command).replace('\0', " "),
        state,
    };
    (!["Z", "X"].contains(&process.state.as_str())).then_some(process)
}

/// Waits until no process with this mark exists.
pub(crate) fn wait_for_end(mark: &str) -> Result<(), String> {
    let start = Instant::now();
    loop {
        let left = marked(mark);
        if left.is_empty() {
            return Ok(());
        }
        if start.elapsed() > AFTERLIFE {
            return Err(format!("left behind:{}", describe(&left)));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A line for each process.
pub(crate) fn describe(processes: &[Process]) -> String {
    let lines = processes.iter().map(|process| {
        let Process {
            pid,
            parent,
            state,
            command,
        } = process;
        let wait = fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap_or_default();
        format!("\n    {pid} (child of {parent}, state {state}, in {wait}): {command}")
    });
    lines.collect()
}

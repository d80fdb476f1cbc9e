//! Detects kills by the out-of-memory killer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The counter of out-of-memory kills in the control group of this process.
#[derive(Debug)]
pub struct OomKills {
    file: Option<PathBuf>,
    seen: Option<u64>,
}

impl OomKills {
    /// Finds the counter. If it cannot be read, [`has_risen`](Self::has_risen) is always false.
    #[must_use]
    pub fn of_this_process() -> Self {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self::in_file(file_of(&groups, Path::new("/sys/fs/cgroup")))
    }

    fn in_file(file: Option<PathBuf>) -> Self {
        let seen = file.as_deref().and_then(count);
        Self { file, seen }
    }

    /// Whether the counter has risen since the last call, or since this value was created.
    pub fn has_risen(&mut self) -> bool {
        let now = self.file.as_deref().and_then(count);
        let has_risen = matches!((self.seen, now), (Some(seen), Some(now)) if now > seen);
        self.seen = now;
        has_risen
    }
}

/// The counter for the programs of this process.
static PROGRAMS: OnceLock<Mutex<OomKills>> = OnceLock::new();

/// Starts counting out-of-memory kills for [`oom_killed_program`]; call it before a program starts.
pub fn watch_oom_kills() {
    program_kills();
}

fn program_kills() -> &'static Mutex<OomKills> {
    PROGRAMS.get_or_init(|| Mutex::new(OomKills::of_this_process()))
}

/// Whether the system has killed a process for lack of memory since the last call. If so, a program
/// that was just ended by SIGKILL was probably that process.
#[must_use]
pub fn oom_killed_program() -> bool {
    let kills = program_kills().lock();
    kills.unwrap_or_else(PoisonError::into_inner).has_risen()
}

/// The explanation that messages append when a process was killed for lack of memory.
pub const OOM_HINT: &str = ": the system was out of memory (its control group has counted a kill)";

/// Returns the file with the counter, given the content of `/proc/self/cgroup`: `memory.events` in
/// version 2 of control groups, `memory.oom_control` in version 1.
fn file_of(groups: &str, root: &Path) -> Option<PathBuf> {
    let candidates = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        if controllers.is_empty() {
            return Some(vec![
                root.join(path).join("memory.events"),
                // In a container the control group of the process is the root.
                root.join("memory.events"),
            ]);
        }
        let is_memory = controllers.split(',').any(|one| one == "memory");
        is_memory.then(|| {
            let root = root.join("memory");
            vec![
                root.join(path).join("memory.oom_control"),
                root.join("memory.oom_control"),
            ]
        })
    });
    let mut candidates = candidates.flatten();
    candidates.find(|file| count(file).is_some())
}

/// Returns the number in the line `oom_kill N` of such a file.
fn count(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = |line: &str| line.strip_prefix("oom_kill ")?.trim().parse().ok();
    text.lines().find_map(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_found_in_both_versions_and_its_rise_is_seen_once() {
        let root = tempfile::tempdir().unwrap();
        let of = |file: &str, groups: &str, before: &str, after: &str| {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, before).unwrap();
            let mut kills = OomKills::in_file(file_of(groups, root.path()));
            assert_eq!(kills.file.as_deref(), Some(&*file));
            assert!(!kills.has_risen());
            fs::write(&file, after).unwrap();
            assert!(kills.has_risen());
            assert!(!kills.has_risen());
        };
        let text = |kills: u32| {
            format!("low 0\nhigh 0\nmax 7\noom 9\noom_kill {kills}\noom_group_kill 0\n")
        };
        of("user/a/memory.events", "0::/user/a\n", &text(2), &text(3));
        let old = "12:cpu:/b\n4:hugetlb,memory:/jobs/b\n1:name=systemd:/\n";
        let text = |kills: u32| format!("oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n");
        of("memory/jobs/b/memory.oom_control", old, &text(0), &text(1));
    }

    #[test]
    fn without_a_counter_nothing_is_known() {
        let mut kills = OomKills::in_file(file_of("0::/x\n", Path::new("/there/is/none")));
        assert!(!kills.has_risen());
    }
}

//! Changes of the folder of a running research, and of a copy of it.

use std::fs;

use super::random::Random;
use super::study::{Study, assert_complete, assert_nothing_is_wrong, cells, results};
use super::{Started, copy, for_each_seed, research, start};
use crate::support::{Project, wait_for};

/// A run of which three experiments have ended, and two wait for the file `gate`.
struct Half {
    project: Project,
    run: Started,
}

impl Half {
    fn begin() -> Self {
        let project = Study::files();
        let mut command = project.command(&["run", "research.toml"]);
        let run = start(&mut command, &project.path("."));
        for name in ["begun.4", "begun.5"] {
            wait_for(name, || project.path(name).exists().then_some(()));
        }
        wait_for("three ends", || {
            let status = research(&project.path("."), &["status", "s", "--format", "json"]);
            let status: serde_json::Value = serde_json::from_str(&status.stdout).ok()?;
            (status["finished"] == 3).then_some(())
        });
        Self { project, run }
    }

    /// Checks that the run continues undisturbed to its end.
    fn end_undisturbed(self, what: &str) -> Project {
        self.project.write("gate", "");
        let done = self.run.end();
        assert_eq!(done.code, Some(0), "{what}: {done:?}");
        self.project.wait_for_silence();
        assert_complete(&self.project.path("."), what);
        self.project
    }
}

#[test]
fn files_that_are_removed_during_a_run() {
    for_each_seed("running", 6, |random| {
        let half = Half::begin();
        let project = &half.project;
        let log = project.path("s/events.log");
        let what = match random.below(6) {
            0 => {
                fs::remove_file(&log).unwrap();
                "the log was removed"
            }
            1 => {
                fs::write(&log, "").unwrap();
                "the log was emptied"
            }
            2 => {
                let bytes = fs::read(&log).unwrap();
                fs::write(project.path("new"), bytes).unwrap();
                fs::rename(project.path("new"), &log).unwrap();
                "the log was replaced"
            }
            3 => {
                let length = fs::metadata(&log).unwrap().len();
                let file = fs::File::options().write(true).open(&log).unwrap();
                file.set_len(random.below(length)).unwrap();
                "the log was cut"
            }
            4 => {
                fs::remove_dir_all(project.path("s")).unwrap();
                "the folder was removed"
            }
            _ => {
                fs::rename(project.path("s"), project.path("t")).unwrap();
                fs::create_dir(project.path("s")).unwrap();
                "the folder was replaced"
            }
        };
        let Half { project, run } = half;
        project.write("gate", "");
        let done = run.end();
        assert_eq!(done.code, Some(3), "{what}: {done:?}");
        assert!(done.stderr.contains("error: "), "{what}: {done:?}");
        project.wait_for_silence();
        for name in ["s", "t"] {
            if project.path(name).join("events.log").exists() {
                let csv = research(&project.path("."), &["results", name, "--format", "csv"]);
                assert_nothing_is_wrong(&cells(&csv.stdout), &format!("{what}: {csv:?}"));
            }
        }
    });
}

#[test]
fn locks_that_are_removed_during_a_run() {
    for_each_seed("locks", 3, |random| {
        let half = Half::begin();
        let lock = half.project.path("s/lock");
        let what = match random.below(3) {
            0 => {
                fs::remove_file(&lock).unwrap();
                "the lock was removed"
            }
            1 => {
                fs::write(&lock, "").unwrap();
                "the lock was emptied"
            }
            _ => {
                fs::write(half.project.path("new"), "").unwrap();
                fs::rename(half.project.path("new"), &lock).unwrap();
                "the lock was replaced"
            }
        };
        let second = research(&half.project.path("."), &["resume", "s"]);
        let what = format!("{what}, and then a second run: {second:?}");
        assert!(matches!(second.code, Some(2 | 3)), "{what}");
        assert!(second.stderr.contains("error: "), "{what}");
        half.end_undisturbed(&what);
    });
}

#[test]
fn commands_on_a_copied_run() {
    const COMMANDS: [&[&str]; 8] = [
        &["stop", "c", "-y"],
        &["stop", "c", "--kill", "-y"],
        &["remove", "c", "--force", "-y"],
        &["compact", "c"],
        &["doctor", "c"],
        &["doctor", "c", "--salvage"],
        &["status", "c"],
        &["resume", "c"],
    ];
    for_each_seed("copies", 5, |random| {
        let half = Half::begin();
        copy(&half.project.path("s"), &half.project.path("c"));
        let command = random.pick(&COMMANDS);
        let mut copied = half.project.command(command);
        let started = start(&mut copied, &half.project.path("."));
        // To resume it, the programs need the gate that the run itself waits for.
        if command[0] == "resume" {
            let project = half.end_undisturbed("resume of the copy");
            let done = started.end();
            let what = format!("{command:?} of a copy: {done:?}");
            assert_eq!(done.code, Some(0), "{what}");
            let csv = research(&project.path("."), &["results", "c", "--format", "csv"]);
            assert_eq!(
                cells(&csv.stdout),
                cells(&results(&project.path(".")).stdout),
                "{what}"
            );
            return;
        }
        let done = started.end();
        let what = format!("{command:?} of a copy: {done:?}");
        assert!(matches!(done.code, Some(0..=3)), "{what}");
        half.end_undisturbed(&what);
    });
}

/// The process is not killed.
#[test]
fn a_lock_that_names_another_process_kills_none() {
    const COMMANDS: [&[&str]; 4] = [
        &["stop", "s", "--kill", "-y"],
        &["stop", "s", "-y"],
        &["remove", "s", "--force", "-y"],
        &["resume", "s"],
    ];
    for_each_seed("strangers", 4, |random: &mut Random| {
        let half = Half::begin();
        let lock = half.project.read("s/lock");
        half.end_undisturbed("a run");
        let project = Study::all()[1 + usize::try_from(random.below(2)).unwrap()].copy();
        let mut stranger = std::process::Command::new("sleep")
            .arg("300")
            .spawn()
            .unwrap();
        project.write("s/lock", &naming(&lock, stranger.id()));
        let command = random.pick(&COMMANDS);
        let mut command_line = project.command(command);
        let done = start(&mut command_line, &project.path(".")).end();
        let ended = stranger.try_wait().unwrap();
        stranger.kill().unwrap();
        stranger.wait().unwrap();
        assert_eq!(ended, None, "{command:?} has ended a stranger: {done:?}");
        assert!(matches!(done.code, Some(0..=3)), "{command:?}: {done:?}");
    });
}

/// A lock with the content that another process would write.
fn naming(lock: &str, pid: u32) -> String {
    let mut lock: serde_json::Value = serde_json::from_str(lock).unwrap();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let started: u64 = fields.split(' ').nth(19).unwrap().parse().unwrap();
    lock["pid"] = pid.into();
    lock["started"] = started.into();
    lock.to_string()
}

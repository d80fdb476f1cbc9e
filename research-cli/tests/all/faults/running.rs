//! What is done to the folder of a run while it writes it, and to a copy of it.

use std::fs;

use super::random::Random;
use super::study::{Study, assert_complete, assert_nothing_is_wrong, cells, results};
use super::{Started, copy, for_each_seed, research, start};
use crate::place::{Place, wait_for};

/// A run in the middle: three experiments have ended, and two wait for the file `gate`.
struct Half {
    place: Place,
    run: Started,
}

impl Half {
    fn begin() -> Self {
        let place = Study::files();
        let mut command = place.command(&["run", "research.toml"]);
        let run = start(&mut command, &place.path("."));
        for name in ["begun.4", "begun.5"] {
            wait_for(name, || place.path(name).exists().then_some(()));
        }
        wait_for("three ends", || {
            let status = research(&place.path("."), &["status", "s", "--format", "json"]);
            let status: serde_json::Value = serde_json::from_str(&status.out).ok()?;
            (status["finished"] == 3).then_some(())
        });
        Self { place, run }
    }

    /// The run goes on as if nothing had happened.
    fn end_undisturbed(self, what: &str) -> Place {
        self.place.write("gate", "");
        let done = self.run.end();
        assert_eq!(done.code, Some(0), "{what}: {done:?}");
        self.place.wait_for_silence();
        assert_complete(&self.place.path("."), what);
        self.place
    }
}

#[test]
fn files_that_are_taken_away_from_a_run() {
    for_each_seed("running", 6, |random| {
        let half = Half::begin();
        let place = &half.place;
        let log = place.path("s/events.log");
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
                fs::write(place.path("new"), bytes).unwrap();
                fs::rename(place.path("new"), &log).unwrap();
                "the log was replaced"
            }
            3 => {
                let length = fs::metadata(&log).unwrap().len();
                let file = fs::File::options().write(true).open(&log).unwrap();
                file.set_len(random.below(length)).unwrap();
                "the log was cut"
            }
            4 => {
                fs::remove_dir_all(place.path("s")).unwrap();
                "the folder was removed"
            }
            _ => {
                fs::rename(place.path("s"), place.path("t")).unwrap();
                fs::create_dir(place.path("s")).unwrap();
                "the folder was replaced"
            }
        };
        let Half { place, run } = half;
        place.write("gate", "");
        let done = run.end();
        assert_eq!(done.code, Some(3), "{what}: {done:?}");
        assert!(done.err.contains("error: "), "{what}: {done:?}");
        place.wait_for_silence();
        for name in ["s", "t"] {
            if place.path(name).join("events.log").exists() {
                let csv = research(&place.path("."), &["results", name, "--format", "csv"]);
                assert_nothing_is_wrong(&cells(&csv.out), &format!("{what}: {csv:?}"));
            }
        }
    });
}

#[test]
fn locks_that_are_taken_away_from_a_run() {
    for_each_seed("locks", 3, |random| {
        let half = Half::begin();
        let lock = half.place.path("s/lock");
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
                fs::write(half.place.path("new"), "").unwrap();
                fs::rename(half.place.path("new"), &lock).unwrap();
                "the lock was replaced"
            }
        };
        let second = research(&half.place.path("."), &["resume", "s"]);
        let what = format!("{what}, and then a second run: {second:?}");
        assert!(matches!(second.code, Some(2 | 3)), "{what}");
        assert!(second.err.contains("error: "), "{what}");
        half.end_undisturbed(&what);
    });
}

#[test]
fn commands_on_the_copy_of_a_run() {
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
        copy(&half.place.path("s"), &half.place.path("c"));
        let command = random.pick(&COMMANDS);
        let mut copied = half.place.command(command);
        let started = start(&mut copied, &half.place.path("."));
        // Resuming it needs the gate that the run itself waits for.
        if command[0] == "resume" {
            let place = half.end_undisturbed("resume of the copy");
            let done = started.end();
            let what = format!("{command:?} of a copy: {done:?}");
            assert_eq!(done.code, Some(0), "{what}");
            let csv = research(&place.path("."), &["results", "c", "--format", "csv"]);
            assert_eq!(
                cells(&csv.out),
                cells(&results(&place.path(".")).out),
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

/// A lock that names a process of somebody else.
#[test]
fn a_lock_that_names_another_process_ends_nobody() {
    const COMMANDS: [&[&str]; 4] = [
        &["stop", "s", "--kill", "-y"],
        &["stop", "s", "-y"],
        &["remove", "s", "--force", "-y"],
        &["resume", "s"],
    ];
    for_each_seed("strangers", 4, |random: &mut Random| {
        let half = Half::begin();
        let lock = half.place.read("s/lock");
        half.end_undisturbed("a run");
        let place = Study::all()[1 + usize::try_from(random.below(2)).unwrap()].copy();
        let mut stranger = std::process::Command::new("sleep")
            .arg("300")
            .spawn()
            .unwrap();
        place.write("s/lock", &naming(&lock, stranger.id()));
        let command = random.pick(&COMMANDS);
        let mut command_line = place.command(command);
        let done = start(&mut command_line, &place.path(".")).end();
        let ended = stranger.try_wait().unwrap();
        stranger.kill().unwrap();
        stranger.wait().unwrap();
        assert_eq!(ended, None, "{command:?} has ended a stranger: {done:?}");
        assert!(matches!(done.code, Some(0..=3)), "{command:?}: {done:?}");
    });
}

/// The lock of another process, as if that had written it.
fn naming(lock: &str, pid: u32) -> String {
    let mut lock: serde_json::Value = serde_json::from_str(lock).unwrap();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let started: u64 = fields.split(' ').nth(19).unwrap().parse().unwrap();
    lock["pid"] = pid.into();
    lock["started"] = started.into();
    lock.to_string()
}

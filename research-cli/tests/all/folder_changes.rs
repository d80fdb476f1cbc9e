//! What others do to the folder of a research while it runs, and to copies of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::place::{Done, Place, Running, wait_for};

const FILE: &str = r#"
name = "d"
seed = 5
workers = 2
domain = "a=[1, 2, 3, 4, 5, 6]"
[[unit]]
name = "u"
run = "./u.sh {a}"
save_to = "v"
[[unit]]
name = "large"
run = "head -c 1200000 /dev/zero | tr '\\0' {a}"
shell = true
output = "text"
save_to = "large"
"#;

/// The first two experiments are done at once, the others wait for a file `gate`.
fn place() -> Place {
    let place = Place::with(FILE);
    place.script(
        "u.sh",
        "touch begun.$1
        [ $1 -le 2 ] || while ! [ -e gate ]; do sleep 0.01; done
        echo $1",
    );
    place
}

fn in_the_middle(place: &Place) -> Running<'_> {
    let mut running = place.start(&["run", "research.toml"]);
    running.wait_for_file("begun.3");
    running.wait_for_file("begun.4");
    running.status_when("d", |status| status["finished"] == 2);
    running
}

/// Disturbs a run in its middle, and gives how it ended.
fn disturbed(place: &Place, harm: impl FnOnce(&Path)) -> Done {
    let running = in_the_middle(place);
    harm(&place.path("d"));
    place.write("gate", "");
    let done = running.end();
    place.wait_for_silence();
    done
}

fn assert_is_whole(place: &Place, name: &str) {
    let resumed = place.research(&["resume", name]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let table = place.results(name, &["--format", "csv", "--var", "v"]);
    assert_eq!(table.lines().count(), 7, "{table}");
    let doctor = place.research(&["doctor", name]);
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
}

#[test]
fn a_deleted_log_is_put_back() {
    let place = place();
    let done = disturbed(&place, |folder| {
        fs::remove_file(folder.join("events.log")).unwrap()
    });
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(
        done.err
            .contains("was deleted while the run was writing it"),
        "{done:?}"
    );
    assert!(place.status("d")["finished"].as_u64() >= Some(2));
    assert_is_whole(&place, "d");
}

#[test]
fn a_log_that_is_emptied_or_replaced_ends_the_run() {
    type Harm = fn(&Path);
    let harms: [(Harm, &str); 3] = [
        (
            |log| drop(fs::File::create(log).unwrap()),
            "was changed from",
        ),
        (
            |log| {
                let copy = log.with_file_name("copy");
                fs::copy(log, &copy).unwrap();
                fs::rename(&copy, log).unwrap();
            },
            "was replaced by another file",
        ),
        (
            |log| fs::write(log, fs::read("Cargo.toml").unwrap()).unwrap(),
            "was changed from",
        ),
    ];
    for (harm, said) in harms {
        let place = place();
        let done = disturbed(&place, |folder| harm(&folder.join("events.log")));
        assert_eq!(done.code, Some(3), "{done:?}");
        assert!(done.err.contains(said), "{said}: {done:?}");
    }
}

#[test]
fn of_a_removed_folder_the_log_is_saved_and_its_name_is_free() {
    let place = place();
    let done = disturbed(&place, |folder| fs::remove_dir_all(folder).unwrap());
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.err.contains("d-recovered"), "{done:?}");
    assert!(!place.path("d").exists());
    assert!(place.status("d-recovered")["finished"].as_u64() >= Some(2));
    place.run(&[]);
    let resumed = place.research(&["resume", "d-recovered"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
}

#[test]
fn a_moved_folder_ends_the_run_and_nothing_comes_into_being_at_the_old_place() {
    let place = place();
    let done = disturbed(&place, |folder| {
        fs::rename(folder, folder.with_file_name("moved")).unwrap();
    });
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.err.contains("/moved"), "{done:?}");
    assert!(!place.path("d").exists(), "{:?}", place.names());
    assert!(
        place
            .names()
            .iter()
            .all(|name| !name.starts_with(".research"))
    );
    assert_is_whole(&place, "moved");
}

#[test]
fn who_has_lost_its_lock_goes_on_alone() {
    let place = place();
    let running = in_the_middle(&place);
    fs::remove_file(place.path("d/lock")).unwrap();
    assert_eq!(place.status("d")["state"], "running");
    for arguments in [["resume", "d"].as_slice(), &["remove", "d", "-y"]] {
        let refused = place.research(arguments);
        assert_eq!(refused.code, Some(3), "{refused:?}");
        assert!(
            refused.err.contains("is being run by process"),
            "{refused:?}"
        );
    }
    place.write("gate", "");
    assert_eq!(running.end().code, Some(0));
    assert_is_whole(&place, "d");
}

fn copy(place: &Place) {
    let copied = Command::new("cp")
        .args(["-r", "d", "copy"])
        .current_dir(place.path("."))
        .status();
    assert!(copied.unwrap().success());
}

/// What is done to a copy of a running research, also with the lock of an earlier version, is not
/// done to the original.
#[test]
fn commands_on_a_copy_leave_the_original_alone() {
    for is_old in [false, true] {
        let place = place();
        let mut running = in_the_middle(&place);
        let mut workers = || {
            let status = running.status_when("d", |_| true);
            let workers = status["workers"].as_array().unwrap().iter();
            workers
                .map(|worker| worker["pid"].clone())
                .collect::<Vec<_>>()
        };
        let before = workers();
        for arguments in [
            ["stop", "copy", "-y"].as_slice(),
            &["stop", "copy", "-y", "--kill"],
            &["compact", "copy"],
            &["doctor", "copy"],
            &["remove", "copy", "-y"],
            &["remove", "copy", "-y", "--force"],
        ] {
            copy(&place);
            if is_old {
                let text = place.read("copy/lock");
                let mut lock: serde_json::Value = serde_json::from_str(&text).unwrap();
                lock.as_object_mut().unwrap().remove("file").unwrap();
                place.write("copy/lock", &lock.to_string());
            }
            let done = place.research(arguments);
            assert!(matches!(done.code, Some(0 | 1)), "{arguments:?}: {done:?}");
            assert!(!done.err.contains("has ended"), "{arguments:?}: {done:?}");
            fs::remove_dir_all(place.path("copy")).ok();
        }
        copy(&place);
        let resuming = place.start(&["resume", "copy"]);
        wait_for("the copy's run", || {
            let log = place.read("copy/research.log");
            (log.matches("run started").count() == 2).then_some(())
        });
        assert_eq!(workers(), before);
        place.write("gate", "");
        let resumed = resuming.end();
        assert_eq!(resumed.code, Some(0), "{resumed:?}");
        assert!(!resumed.err.contains("was killed"), "{resumed:?}");
        let done = running.end();
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(!place.read("d/research.log").contains("lost"), "{done:?}");
        assert_eq!(
            place.results("copy", &["--format", "csv", "--var", "v"]),
            place.results("d", &["--format", "csv", "--var", "v"])
        );
    }
}

#[test]
fn a_lock_that_somebody_has_written_lets_nobody_be_killed() {
    let place = place();
    place.write("gate", "");
    place.run(&[]);
    let mut bystander = Command::new("sleep").arg("1000").spawn().unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", bystander.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let file = |path: &str| fs::read_to_string(path).unwrap().trim_end().to_owned();
    let lock = serde_json::json!({
        "pid": bystander.id(),
        "started": fields[19].parse::<u64>().unwrap(),
        "host": file("/proc/sys/kernel/hostname"),
        "since": 1_785_000_000_000_000_u64,
        "boot": file("/proc/sys/kernel/random/boot_id"),
    });
    for arguments in [
        ["stop", "d", "-y", "--kill"].as_slice(),
        &["resume", "d", "--failed"],
        &["remove", "d", "-y", "--force"],
    ] {
        place.write("d/lock", &lock.to_string());
        let done = place.research(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:?}");
        assert!(
            bystander.try_wait().unwrap().is_none(),
            "{arguments:?} killed it"
        );
    }
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[test]
fn stopped_in_its_first_moment_a_run_can_be_resumed() {
    for _ in 0..5 {
        let place = place();
        place.write("gate", "");
        let running = place.start(&["run", "research.toml"]);
        running.wait_for_file("d/lock");
        let stopped = place.research(&["stop", "d", "-y"]);
        assert_eq!(stopped.code, Some(0), "{stopped:?}");
        let done = running.end();
        assert!(matches!(done.code, Some(130 | 0)), "{done:?}");
        let state = &place.status("d")["state"];
        let ended = if done.code == Some(0) {
            "complete"
        } else {
            "interrupted"
        };
        assert_eq!(state, ended, "{done:?}");
        assert_is_whole(&place, "d");
    }
}

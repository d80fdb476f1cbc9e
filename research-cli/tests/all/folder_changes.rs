//! Changes of the folder of a running research by other programs, and copies of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{CommandOutput, Gated, Project, Running, wait_for};

const STUDY: Gated = Gated {
    units: r#"
[[unit]]
name = "large"
run = "head -c 1200000 /dev/zero | tr '\\0' {a}"
shell = true
output = "text"
save_to = "large"
"#,
    ..Gated::new("d", 6, 2)
};

fn project() -> Project {
    STUDY.project()
}

fn in_the_middle(project: &Project) -> Running<'_> {
    let mut running = STUDY.run_to_gate(project);
    running.status_when("d", |status| status["finished"] == 2);
    running
}

/// Calls `harm` with the folder of a running research, and returns the output of the run.
fn disturbed(project: &Project, harm: impl FnOnce(&Path)) -> CommandOutput {
    let running = in_the_middle(project);
    harm(&project.path("d"));
    project.write("gate", "");
    let done = running.end();
    project.wait_for_silence();
    done
}

fn assert_is_whole(project: &Project, name: &str) {
    let resumed = project.research(&["resume", name]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let table = project.results(name, &["--format", "csv", "--var", "v"]);
    assert_eq!(table.lines().count(), 7, "{table}");
    let doctor = project.research(&["doctor", name]);
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
}

#[test]
fn a_deleted_log_is_restored() {
    let project = project();
    let done = disturbed(&project, |folder| {
        fs::remove_file(folder.join("events.log")).unwrap()
    });
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(
        done.stderr
            .contains("was deleted while the run was writing it"),
        "{done:?}"
    );
    assert!(project.status("d")["finished"].as_u64() >= Some(2));
    assert_is_whole(&project, "d");
}

#[test]
fn a_deleted_record_is_written_again_before_the_tables() {
    let project = project();
    let done = disturbed(&project, |folder| {
        fs::remove_file(folder.join("research.json")).unwrap();
    });
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(project.path("d/results.parquet").exists(), "{done:?}");
    assert_is_whole(&project, "d");
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
        let project = project();
        let done = disturbed(&project, |folder| harm(&folder.join("events.log")));
        assert_eq!(done.code, Some(3), "{done:?}");
        assert!(done.stderr.contains(said), "{said}: {done:?}");
    }
}

#[test]
fn the_log_of_a_removed_folder_is_saved_under_another_name() {
    let project = project();
    let done = disturbed(&project, |folder| fs::remove_dir_all(folder).unwrap());
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.stderr.contains("d-recovered"), "{done:?}");
    assert!(!project.path("d").exists());
    assert!(project.status("d-recovered")["finished"].as_u64() >= Some(2));
    project.run(&[]);
    let resumed = project.research(&["resume", "d-recovered"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
}

#[test]
fn a_moved_folder_ends_the_run_and_the_old_path_stays_empty() {
    let project = project();
    let done = disturbed(&project, |folder| {
        fs::rename(folder, folder.with_file_name("moved")).unwrap();
    });
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.stderr.contains("/moved"), "{done:?}");
    assert!(!project.path("d").exists(), "{:?}", project.names());
    assert!(
        project
            .names()
            .iter()
            .all(|name| !name.starts_with(".research"))
    );
    assert_is_whole(&project, "moved");
}

#[test]
fn a_run_without_its_lock_file_remains_the_only_writer() {
    let project = project();
    let running = in_the_middle(&project);
    fs::remove_file(project.path("d/lock")).unwrap();
    assert_eq!(project.status("d")["state"], "running");
    for arguments in [["resume", "d"].as_slice(), &["remove", "d", "-y"]] {
        let refused = project.research(arguments);
        assert_eq!(refused.code, Some(3), "{refused:?}");
        assert!(
            refused.stderr.contains("is being run by process"),
            "{refused:?}"
        );
    }
    project.write("gate", "");
    assert_eq!(running.end().code, Some(0));
    assert_is_whole(&project, "d");
}

fn copy(project: &Project) {
    let copied = Command::new("cp")
        .args(["-r", "d", "copy"])
        .current_dir(project.path("."))
        .status();
    assert!(copied.unwrap().success());
}

/// Commands on a copy of a running research, also with the lock of an earlier version, do not
/// affect the original.
#[test]
fn commands_on_a_copy_do_not_affect_the_original() {
    for is_old in [false, true] {
        let project = project();
        let mut running = in_the_middle(&project);
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
            copy(&project);
            if is_old {
                let text = project.read("copy/lock");
                let mut lock: serde_json::Value = serde_json::from_str(&text).unwrap();
                lock.as_object_mut().unwrap().remove("file").unwrap();
                project.write("copy/lock", &lock.to_string());
            }
            let done = project.research(arguments);
            assert!(matches!(done.code, Some(0 | 1)), "{arguments:?}: {done:?}");
            assert!(
                !done.stderr.contains("has ended"),
                "{arguments:?}: {done:?}"
            );
            fs::remove_dir_all(project.path("copy")).ok();
        }
        copy(&project);
        let resuming = project.start(&["resume", "copy"]);
        wait_for("the copy's run", || {
            let log = project.read("copy/research.log");
            (log.matches("run started").count() == 2).then_some(())
        });
        assert_eq!(workers(), before);
        project.write("gate", "");
        let resumed = resuming.end();
        assert_eq!(resumed.code, Some(0), "{resumed:?}");
        assert!(!resumed.stderr.contains("was killed"), "{resumed:?}");
        let done = running.end();
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(!project.read("d/research.log").contains("lost"), "{done:?}");
        assert_eq!(
            project.results("copy", &["--format", "csv", "--var", "v"]),
            project.results("d", &["--format", "csv", "--var", "v"])
        );
    }
}

#[test]
fn a_forged_lock_kills_no_process() {
    let project = project();
    project.write("gate", "");
    project.run(&[]);
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
        project.write("d/lock", &lock.to_string());
        let done = project.research(arguments);
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
fn a_run_that_stops_at_its_start_can_be_resumed() {
    for _ in 0..5 {
        let project = project();
        project.write("gate", "");
        let running = project.start(&["run", "research.toml"]);
        running.wait_for_file("d/lock");
        let stopped = project.research(&["stop", "d", "-y"]);
        assert_eq!(stopped.code, Some(0), "{stopped:?}");
        let done = running.end();
        assert!(matches!(done.code, Some(130 | 0)), "{done:?}");
        let state = &project.status("d")["state"];
        let ended = if done.code == Some(0) {
            "complete"
        } else {
            "interrupted"
        };
        assert_eq!(state, ended, "{done:?}");
        assert_is_whole(&project, "d");
    }
}

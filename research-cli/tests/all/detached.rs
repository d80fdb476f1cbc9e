//! Detached runs, and commands on them from other terminals.

use std::os::unix::process::CommandExt;
use std::process::Stdio;

use crate::support::{Gated, Project, wait_for};

/// The first experiment fails at once, the others wait for the file `gate`.
const STUDY: Gated = Gated {
    script: "[ $1 != 1 ] || { echo why >&2; exit 5; }",
    ..Gated::new("d", 4, 0)
};

fn project() -> Project {
    STUDY.project()
}

/// Starts a detached run.
fn detach(project: &Project, arguments: &[&str]) {
    let done = project.research(arguments);
    assert_eq!((done.code, &*done.stdout), (Some(0), ""), "{done:?}");
    assert!(done.stderr.contains("runs in the background"), "{done:?}");
    assert!(done.stderr.contains("research logs d --follow"), "{done:?}");
    // This works even if the log does not have the start yet.
    let status = project.research(&["status", "d"]).stdout;
    assert!(!status.contains("has not run yet"), "{status}");
}

fn wait_until_running(project: &Project) {
    wait_for("a run", || {
        (project.status("d")["state"] == "running").then_some(())
    });
}

#[test]
fn a_detached_run_can_be_followed_and_stopped() {
    let project = project();
    detach(&project, &["run", "research.toml", "--detach"]);
    // The run has begun, and its output goes to a file.
    wait_until_running(&project);
    let pid = std::fs::read_to_string(project.path("d/lock")).unwrap();
    let lock: serde_json::Value = serde_json::from_str(&pid).unwrap();
    let session = std::fs::read_to_string(format!("/proc/{}/stat", lock["pid"])).unwrap();
    let fields: Vec<&str> = session.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!(fields[3], lock["pid"].to_string(), "it leads a session");
    assert_eq!(fields[4], "0", "it has no terminal");

    let following = project.start(&["logs", "d", "--follow"]);
    let errors = project.start(&["logs", "d", "--follow", "--level", "error"]);
    wait_for("two that wait", || {
        project.path("begun.3").exists().then_some(())
    });
    let stopping = project.start(&["stop", "d", "-y"]);
    following.wait_for_log("d", "running experiments finish");
    project.write("gate", "");
    assert_eq!(stopping.end().code, Some(0));
    let followed = following.end();
    assert_eq!(followed.code, Some(0), "{followed:?}");
    assert_eq!(followed.stdout, project.read("d/research.log"));
    assert!(
        followed.stdout.contains("run ended: interrupted"),
        "{followed:?}"
    );
    let errors = errors.end().stdout;
    assert!(
        errors.contains("exit code 5") && errors.contains("\n    why\n"),
        "{errors}"
    );
    assert!(!errors.contains("run started"), "{errors}");
    project.wait_for_silence();
    let output = project.read("d/output.txt");
    assert!(
        output.contains("resume it with `research resume d`"),
        "{output}"
    );

    detach(&project, &["resume", "d", "--detach", "--results"]);
    project.wait_for_silence();
    assert_eq!(project.status("d")["state"], "complete");
    assert_eq!(project.table("d"), "a,iteration,v\n2,0,2\n3,0,3\n4,0,4");
    let output = project.read("d/output.txt");
    assert!(output.contains("4 "), "{output}");
    assert!(
        project
            .names()
            .iter()
            .all(|name| !name.starts_with(".research"))
    );
}

#[test]
fn stop_kill_ends_a_detached_run_at_once() {
    let project = project();
    detach(&project, &["run", "research.toml", "--detach"]);
    wait_for("an experiment", || {
        project.path("begun.2").exists().then_some(())
    });
    let stopped = project.research(&["stop", "d", "--kill", "-y"]);
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    project.wait_for_silence();
    assert_eq!(project.status("d")["state"], "interrupted");
}

#[test]
fn a_detached_run_survives_its_session() {
    let project = project();
    // When a terminal is closed, the session leader ends, and its group gets SIGHUP.
    let mut shell = std::process::Command::new("setsid");
    let program = env!("CARGO_BIN_EXE_research");
    let script = format!("{program} run research.toml --detach; kill -HUP 0");
    let mut shell = shell
        .args(["sh", "-c", &script])
        .current_dir(project.path("."))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    shell.wait().unwrap();
    wait_for("an experiment", || {
        project.path("begun.2").exists().then_some(())
    });
    project.write("gate", "");
    project.wait_for_silence();
    assert_eq!(project.status("d")["state"], "complete");
}

#[test]
fn errors_before_a_detached_run_begins_are_shown() {
    let project = project();
    let wrong = project.research(&["run", "none.toml", "--detach"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    project.write("gate", "");
    assert_eq!(project.research(&["run", "research.toml"]).code, Some(1));
    let again = project.research(&["run", "research.toml", "--detach"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stderr.contains("already exists"), "{again:?}");
    assert_eq!(
        project.names(),
        [
            "begun.2",
            "begun.3",
            "begun.4",
            "d",
            "gate",
            "research.toml",
            "u.sh"
        ]
    );
}

/// A run has begun when it has a worker; without one, `--detach` fails.
#[test]
fn a_detached_run_without_workers_is_an_error() {
    let project = project();
    let mut command = project.command(&["run", "research.toml", "--detach"]);
    // Workers connect to a socket in a temporary folder.
    command.env("TMPDIR", project.path("missing"));
    let done = project.start_command(command).end();
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.stderr.contains("error"), "{done:?}");
    assert!(!done.stderr.contains("in the background"), "{done:?}");
    project.wait_for_silence();
    let hidden = |name: &String| name.starts_with(".research");
    assert!(!project.names().iter().any(hidden), "{:?}", project.names());
}

//! Runs that go on without their terminal, and what other terminals see of them.

use std::os::unix::process::CommandExt;
use std::process::Stdio;

use crate::place::{Place, wait_for};

const FILE: &str = r#"
name = "d"
workers = 2
domain = "a=[1, 2, 3, 4]"
[[unit]]
name = "u"
run = "./u.sh {a}"
save_to = "v"
"#;

/// The first experiment fails at once, the others wait for a file `gate`.
fn place() -> Place {
    let place = Place::with(FILE);
    place.script(
        "u.sh",
        "[ $1 != 1 ] || { echo why >&2; exit 5; }
        touch begun.$1
        while ! [ -e gate ]; do sleep 0.01; done
        echo $1",
    );
    place
}

/// Starts it from a shell that ends then, and with it all that it had in its terminal's group.
fn detach(place: &Place, arguments: &[&str]) {
    let done = place.research(arguments);
    assert_eq!((done.code, &*done.out), (Some(0), ""), "{done:?}");
    assert!(done.err.contains("runs in the background"), "{done:?}");
    assert!(done.err.contains("research logs d --follow"), "{done:?}");
}

/// The start of a run is in the log, and on disk soon after.
fn wait_until_running(place: &Place) {
    wait_for("a run", || {
        (place.status("d")["state"] == "running").then_some(())
    });
}

#[test]
fn a_detached_run_goes_on_and_is_followed_and_stopped_from_elsewhere() {
    let place = place();
    detach(&place, &["run", "research.toml", "--detach"]);
    // It has really begun, and what it says goes to a file from now on.
    wait_until_running(&place);
    let pid = std::fs::read_to_string(place.path("d/lock")).unwrap();
    let lock: serde_json::Value = serde_json::from_str(&pid).unwrap();
    let session = std::fs::read_to_string(format!("/proc/{}/stat", lock["pid"])).unwrap();
    let fields: Vec<&str> = session.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!(fields[3], lock["pid"].to_string(), "it leads a session");
    assert_eq!(fields[4], "0", "it has no terminal");

    let following = place.start(&["logs", "d", "--follow"]);
    let errors = place.start(&["logs", "d", "--follow", "--level", "error"]);
    wait_for("two that wait", || {
        place.path("begun.3").exists().then_some(())
    });
    let stopping = place.start(&["stop", "d", "-y"]);
    following.wait_for_log("d", "running experiments finish");
    place.write("gate", "");
    assert_eq!(stopping.end().code, Some(0));
    let followed = following.end();
    assert_eq!(followed.code, Some(0), "{followed:?}");
    assert_eq!(followed.out, place.read("d/research.log"));
    assert!(
        followed.out.contains("run ended: interrupted"),
        "{followed:?}"
    );
    let errors = errors.end().out;
    assert!(
        errors.contains("exit code 5") && errors.contains("\n    why\n"),
        "{errors}"
    );
    assert!(!errors.contains("run started"), "{errors}");
    place.wait_for_silence();
    let output = place.read("d/output.txt");
    assert!(
        output.contains("resume it with `research resume d`"),
        "{output}"
    );

    detach(&place, &["resume", "d", "--detach", "--results"]);
    place.wait_for_silence();
    assert_eq!(place.status("d")["state"], "complete");
    assert_eq!(place.table("d"), "a,iteration,v\n2,0,2\n3,0,3\n4,0,4");
    let output = place.read("d/output.txt");
    assert!(output.contains("4 "), "{output}");
    assert!(
        place
            .names()
            .iter()
            .all(|name| !name.starts_with(".research"))
    );
}

#[test]
fn a_detached_run_ends_at_once_when_it_is_killed_from_elsewhere() {
    let place = place();
    detach(&place, &["run", "research.toml", "--detach"]);
    wait_for("an experiment", || {
        place.path("begun.2").exists().then_some(())
    });
    let stopped = place.research(&["stop", "d", "--kill", "-y"]);
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    place.wait_for_silence();
    assert_eq!(place.status("d")["state"], "interrupted");
}

#[test]
fn a_detached_run_outlives_the_session_it_was_started_in() {
    let place = place();
    // As a terminal does when it is closed: the session's leader ends, its group gets a hang-up.
    let mut shell = std::process::Command::new("setsid");
    let program = env!("CARGO_BIN_EXE_research");
    let script = format!("{program} run research.toml --detach; kill -HUP 0");
    let mut shell = shell
        .args(["sh", "-c", &script])
        .current_dir(place.path("."))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    shell.wait().unwrap();
    wait_for("an experiment", || {
        place.path("begun.2").exists().then_some(())
    });
    place.write("gate", "");
    place.wait_for_silence();
    assert_eq!(place.status("d")["state"], "complete");
}

#[test]
fn what_keeps_a_detached_run_from_beginning_is_told() {
    let place = place();
    let wrong = place.research(&["run", "none.toml", "--detach"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    place.write("gate", "");
    assert_eq!(place.research(&["run", "research.toml"]).code, Some(1));
    let again = place.research(&["run", "research.toml", "--detach"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("already exists"), "{again:?}");
    assert_eq!(
        place.names(),
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

/// A run has begun when there is a worker: one that cannot start any is no success.
#[test]
fn a_detached_run_without_workers_is_an_error() {
    let place = place();
    let mut command = place.command(&["run", "research.toml", "--detach"]);
    // Workers connect to a socket in a temporary folder.
    command.env("TMPDIR", place.path("missing"));
    let done = place.start_command(command).end();
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.err.contains("error"), "{done:?}");
    assert!(!done.err.contains("in the background"), "{done:?}");
    place.wait_for_silence();
    let hidden = |name: &String| name.starts_with(".research");
    assert!(!place.names().iter().any(hidden), "{:?}", place.names());
}

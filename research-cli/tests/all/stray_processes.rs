//! Stray processes: those that remain when leader and worker are killed at the same moment.

use std::fs;
use std::process::{Child, Command};

use crate::support::{Project, Running, send, wait_for};

const UNIT: &str = r#"
[[unit]]
name = "u"
run = "./u.sh"
save_to = "v"
"#;

/// Shell code of a child that leaves its group; the unit continues if the file `gate` exists.
const CHILD: &str = "setsid sleep 1000 > /dev/null 2>&1 &
    echo $! > new
    mv new child
    [ -e gate ] || exec sleep 1000
    ";

/// The same with a child without the environment.
const BARE_CHILD: &str = "env -i /bin/sh -c 'setsid sleep 1000 > /dev/null 2>&1 &
    echo $! > new'
    mv new child
    [ -e gate ] || exec sleep 1000
    ";

/// Creates a project with a program whose child leaves the group; the program continues if the file
/// `gate` exists.
fn project() -> Project {
    place_with("")
}

/// Creates the same project with more settings.
fn place_with(settings: &str) -> Project {
    let project = Project::with(&format!("name = \"k\"\n{settings}{UNIT}"));
    project.script("u.sh", &format!("{CHILD}echo 3"));
    project
}

/// Creates a project in which the program that updates the domain has such a child.
fn place_with_update() -> Project {
    let update = "[[update]]\nwhen = \"last\"\nrun = \"./next.sh\"\n";
    let project = Project::with(&format!("name = \"k\"\n{UNIT}{update}"));
    project.script("u.sh", "echo 3");
    project.script("next.sh", CHILD);
    project
}

/// Waits until the child of the program has left its group, and returns its pid.
fn wait_for_child(project: &Project, running: &Running<'_>) -> u32 {
    running.wait_for_file("child");
    let child = project.read("child").trim().parse().unwrap();
    wait_for("the child to leave its group", || {
        let name = fs::read_to_string(format!("/proc/{child}/comm"));
        name.is_ok_and(|name| name == "sleep\n").then_some(())
    });
    child
}

/// Kills leader and worker while a program runs, and returns the child of the program and the
/// content of the lock. The leader is stopped first, so that it cannot react to the death of the
/// worker.
fn leave_a_child(project: &Project) -> (u32, String) {
    let mut running = project.start(&["run", "research.toml"]);
    let child = wait_for_child(project, &running);
    let status = running.status_when("k", |status| {
        status["workers"][0]["pid"]
            .as_u64()
            .is_some_and(|pid| pid != 0)
    });
    let worker = status["workers"][0]["pid"].as_u64().unwrap();
    let worker = u32::try_from(worker).unwrap();
    let lock = project.read("k/lock");
    running.suspend();
    send("KILL", worker);
    running.signal("KILL");
    assert_eq!(running.end().code, None);
    // All processes except for the child end with their parent.
    wait_for("the end of the others", || {
        (project.processes() == [child]).then_some(())
    });
    (child, lock)
}

/// A process with a mark outside of the run, which ends with the test.
struct Bystander(Child);

impl Bystander {
    fn start(mark: &str) -> Self {
        let mut command = Command::new("sleep");
        let command = command.arg("1000").env("RESEARCH_MARK", mark);
        Self(command.current_dir("/").spawn().unwrap())
    }

    fn is_alive(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn resume_kills_strays_and_nothing_else() {
    let project = project();
    let (child, lock) = leave_a_child(&project);
    let lock: serde_json::Value = serde_json::from_str(&lock).unwrap();
    let (pid, since) = (
        lock["pid"].as_u64().unwrap(),
        lock["since"].as_u64().unwrap(),
    );
    // The bystanders have marks of other runs, one with the same pid, and one with the mark as a
    // prefix.
    let mut bystanders = [
        format!("{pid}-{}-0", since + 1),
        format!("{}-{since}-0", pid + 1),
        format!("{pid}-{since}0-0"),
        format!("{pid}-{since}"),
    ]
    .map(|mark| Bystander::start(&mark));

    project.write("gate", "");
    let done = project.research(&["resume", "k"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let said = format!("killed processes that an earlier, killed run had left: sleep ({child})");
    assert!(done.stderr.contains(&said), "{said}: {done:?}");
    let log = project.read("k/research.log");
    assert!(log.contains(&said), "{log}");
    project.wait_for_silence();
    assert_eq!(project.table("k"), "iteration,v\n0,3");
    assert!(bystanders.iter_mut().all(Bystander::is_alive));
    assert!(!project.path("k/lock").exists());
}

#[test]
fn strays_without_environment_are_found() {
    let project = project();
    project.script("u.sh", &format!("{BARE_CHILD}echo 3"));
    let (child, _) = leave_a_child(&project);
    project.write("gate", "");
    let done = project.research(&["resume", "k"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let said = format!("killed processes that an earlier, killed run had left: sleep ({child})");
    assert!(done.stderr.contains(&said), "{said}: {done:?}");
    project.wait_for_silence();
}

/// The program kills its worker, and has a child without the environment.
#[test]
fn a_killed_worker_leaves_no_strays_without_environment() {
    let project = project();
    let unit = "[ -e killed ] || { : > killed; kill -9 $PPID; }\n";
    project.write("gate", "");
    project.script("u.sh", &format!("{BARE_CHILD}{unit}echo 3"));
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(project.processes().is_empty(), "{:?}", project.processes());
    assert_eq!(project.table("k"), "iteration,v\n0,3");
}

#[test]
fn a_run_without_workers_leaves_no_strays_without_environment() {
    let project = place_with("parallel = false\n");
    project.write("gate", "");
    project.script("u.sh", &format!("{BARE_CHILD}echo 3"));
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(project.processes().is_empty(), "{:?}", project.processes());
}

#[test]
fn marks_of_strays_are_passed_to_the_next_holder_of_the_lock() {
    let project = project();
    let (child, _) = leave_a_child(&project);
    let checked = project.research(&["doctor", "k", "--salvage"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert_eq!(project.processes(), [child]);
    project.write("gate", "");
    let done = project.research(&["resume", "k"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stderr.contains(&format!("sleep ({child})")),
        "{done:?}"
    );
    project.wait_for_silence();
}

#[test]
fn remove_and_stop_kill_end_strays() {
    for command in [
        ["remove", "k", "-y"].as_slice(),
        &["remove", "k", "-y", "--force"],
        &["stop", "k", "-y", "--kill"],
    ] {
        let project = project();
        let (child, _) = leave_a_child(&project);
        let stopped = project.research(&["stop", "k", "-y"]);
        assert_eq!(stopped.code, Some(0), "{stopped:?}");
        assert_eq!(project.processes(), [child], "it was not asked for");
        let done = project.research(command);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(project.processes().is_empty(), "{command:?} leaves it");
    }
}

/// Programs that the leader itself runs have no worker.
#[test]
fn strays_of_programs_of_the_leader_are_killed() {
    for project in [place_with("parallel = false\n"), place_with_update()] {
        let running = project.start(&["run", "research.toml"]);
        let child = wait_for_child(&project, &running);
        running.signal("KILL");
        assert_eq!(running.end().code, None);
        wait_for("the end of the others", || {
            (project.processes() == [child]).then_some(())
        });
        project.write("gate", "");
        let done = project.research(&["resume", "k"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        let said = format!("had left: sleep ({child})");
        assert!(done.stderr.contains(&said), "{said}: {done:?}");
        // The run killed its strays before it ended.
        assert!(project.processes().is_empty());
        assert_eq!(project.table("k"), "iteration,v\n0,3");
    }
}

//! What is left when leader and worker die at the same moment, so that neither can end it.

use std::fs;
use std::process::{Child, Command};

use crate::place::{Place, Running, send, wait_for};

const UNIT: &str = r#"
[[unit]]
name = "u"
run = "./u.sh"
save_to = "v"
"#;

/// Leaves its group, and goes on where there is a file `gate`.
const CHILD: &str = "setsid sleep 1000 > /dev/null 2>&1 &
    echo $! > new
    mv new child
    [ -e gate ] || exec sleep 1000
    ";

/// The same from a child that has left its environment, too.
const BARE_CHILD: &str = "env -i /bin/sh -c 'setsid sleep 1000 > /dev/null 2>&1 &
    echo $! > new'
    mv new child
    [ -e gate ] || exec sleep 1000
    ";

/// A program whose child leaves the group; it goes on where there is a file `gate`.
fn place() -> Place {
    place_with("")
}

/// The same with more settings.
fn place_with(settings: &str) -> Place {
    let place = Place::with(&format!("name = \"k\"\n{settings}{UNIT}"));
    place.script("u.sh", &format!("{CHILD}echo 3"));
    place
}

/// A program that updates the domain does the same.
fn place_with_update() -> Place {
    let update = "[[update]]\nwhen = \"last\"\nrun = \"./next.sh\"\n";
    let place = Place::with(&format!("name = \"k\"\n{UNIT}{update}"));
    place.script("u.sh", "echo 3");
    place.script("next.sh", CHILD);
    place
}

/// Waits until the program's child has left its group, and gives its number.
fn wait_for_child(place: &Place, running: &Running<'_>) -> u32 {
    running.wait_for_file("child");
    let child = place.read("child").trim().parse().unwrap();
    wait_for("the child to leave its group", || {
        let name = fs::read_to_string(format!("/proc/{child}/comm"));
        name.is_ok_and(|name| name == "sleep\n").then_some(())
    });
    child
}

/// Kills leader and worker while a program runs, and gives the program's child and what the lock
/// says. The leader is stopped first, so that it cannot do what it does when a worker has died.
fn leave_a_child(place: &Place) -> (u32, String) {
    let mut running = place.start(&["run", "research.toml"]);
    let child = wait_for_child(place, &running);
    let status = running.status_when("k", |status| {
        status["workers"][0]["pid"]
            .as_u64()
            .is_some_and(|pid| pid != 0)
    });
    let worker = status["workers"][0]["pid"].as_u64().unwrap();
    let worker = u32::try_from(worker).unwrap();
    let lock = place.read("k/lock");
    running.suspend();
    send("KILL", worker);
    running.signal("KILL");
    assert_eq!(running.end().code, None);
    // All but the child ends with its parent.
    wait_for("the end of the others", || {
        (place.processes() == [child]).then_some(())
    });
    (child, lock)
}

/// A process elsewhere that has a mark; it ends with the test.
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
fn who_resumes_ends_what_was_left_and_nothing_else() {
    let place = place();
    let (child, lock) = leave_a_child(&place);
    let lock: serde_json::Value = serde_json::from_str(&lock).unwrap();
    let (pid, since) = (
        lock["pid"].as_u64().unwrap(),
        lock["since"].as_u64().unwrap(),
    );
    // Other runs, one of them of a process with that number, and what only begins as the mark does.
    let mut bystanders = [
        format!("{pid}-{}-0", since + 1),
        format!("{}-{since}-0", pid + 1),
        format!("{pid}-{since}0-0"),
        format!("{pid}-{since}"),
    ]
    .map(|mark| Bystander::start(&mark));

    place.write("gate", "");
    let done = place.research(&["resume", "k"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let said = format!("killed processes that an earlier, killed run had left: sleep ({child})");
    assert!(done.err.contains(&said), "{said}: {done:?}");
    let log = place.read("k/research.log");
    assert!(log.contains(&said), "{log}");
    place.wait_for_silence();
    assert_eq!(place.table("k"), "iteration,v\n0,3");
    assert!(bystanders.iter_mut().all(Bystander::is_alive));
    assert!(!place.path("k/lock").exists());
}

#[test]
fn what_has_no_environment_is_found_as_well() {
    let place = place();
    place.script("u.sh", &format!("{BARE_CHILD}echo 3"));
    let (child, _) = leave_a_child(&place);
    place.write("gate", "");
    let done = place.research(&["resume", "k"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let said = format!("killed processes that an earlier, killed run had left: sleep ({child})");
    assert!(done.err.contains(&said), "{said}: {done:?}");
    place.wait_for_silence();
}

/// The worker is killed by its own program, which had started something that knows nothing of it.
#[test]
fn a_worker_that_is_killed_leaves_nothing_without_environment() {
    let place = place();
    let unit = "[ -e killed ] || { : > killed; kill -9 $PPID; }\n";
    place.write("gate", "");
    place.script("u.sh", &format!("{BARE_CHILD}{unit}echo 3"));
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(place.processes().is_empty(), "{:?}", place.processes());
    assert_eq!(place.table("k"), "iteration,v\n0,3");
}

#[test]
fn a_run_without_workers_leaves_nothing_without_environment() {
    let place = place_with("parallel = false\n");
    place.write("gate", "");
    place.script("u.sh", &format!("{BARE_CHILD}echo 3"));
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(place.processes().is_empty(), "{:?}", place.processes());
}

#[test]
fn who_takes_the_lock_and_ends_nothing_leaves_it_to_the_next() {
    let place = place();
    let (child, _) = leave_a_child(&place);
    let checked = place.research(&["doctor", "k", "--salvage"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert_eq!(place.processes(), [child]);
    place.write("gate", "");
    let done = place.research(&["resume", "k"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.err.contains(&format!("sleep ({child})")), "{done:?}");
    place.wait_for_silence();
}

#[test]
fn who_removes_it_or_stops_it_with_kill_ends_what_was_left() {
    for command in [
        ["remove", "k", "-y"].as_slice(),
        &["remove", "k", "-y", "--force"],
        &["stop", "k", "-y", "--kill"],
    ] {
        let place = place();
        let (child, _) = leave_a_child(&place);
        let stopped = place.research(&["stop", "k", "-y"]);
        assert_eq!(stopped.code, Some(0), "{stopped:?}");
        assert_eq!(place.processes(), [child], "it was not asked for");
        let done = place.research(command);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(place.processes().is_empty(), "{command:?} leaves it");
    }
}

/// What the leader has started itself: there is no worker that would end it.
#[test]
fn what_programs_of_the_leader_leave_is_ended_too() {
    for place in [place_with("parallel = false\n"), place_with_update()] {
        let running = place.start(&["run", "research.toml"]);
        let child = wait_for_child(&place, &running);
        running.signal("KILL");
        assert_eq!(running.end().code, None);
        wait_for("the end of the others", || {
            (place.processes() == [child]).then_some(())
        });
        place.write("gate", "");
        let done = place.research(&["resume", "k"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        let said = format!("had left: sleep ({child})");
        assert!(done.err.contains(&said), "{said}: {done:?}");
        // What it has left now was ended before it said that it is over.
        assert!(place.processes().is_empty());
        assert_eq!(place.table("k"), "iteration,v\n0,3");
    }
}

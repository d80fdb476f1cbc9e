//! Ctrl-C, SIGTERM and warnings of batch systems: what runs is finished, or ended at once, and the rest can be resumed.

use crate::place::{Place, Running, send};

const FILE: &str = r#"
name = "s"
seed = 5
workers = 2
domain = "a=[1, 2, 3, 4, 5]"
[[unit]]
name = "u"
run = "./u.sh {a}"
save_to = "v"
"#;

/// The first experiment is done at once, the others wait for a file `gate`.
fn place() -> Place {
    let place = Place::with(FILE);
    place.script(
        "u.sh",
        "touch begun.$1
        [ $1 = 1 ] || while ! [ -e gate ]; do sleep 0.01; done
        echo $1",
    );
    place
}

fn in_the_middle(place: &Place) -> Running<'_> {
    let running = place.start(&["run", "research.toml"]);
    running.wait_for_file("begun.2");
    running.wait_for_file("begun.3");
    running
}

/// What is interrupted is told as such, and `resume` does the rest.
fn resume(place: &Place, finished: u64) {
    place.wait_for_silence();
    let status = place.status("s");
    assert_eq!(status["state"], "interrupted");
    assert_eq!(
        (&status["finished"], &status["remaining"]),
        (&finished.into(), &(5 - finished).into())
    );
    place.write("gate", "");
    let done = place.research(&["resume", "s"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(
        place.table("s"),
        "a,iteration,v\n1,0,1\n2,0,2\n3,0,3\n4,0,4\n5,0,5"
    );
}

#[test]
fn asked_once_to_stop_it_finishes_what_runs() {
    let warnings = ["USR1", "USR2", "XCPU", "QUIT", "ALRM", "VTALRM", "PROF"];
    // The first and the last real-time signal, for which `kill` has no common names.
    let others = ["IO", "PWR", "STKFLT", "34", "64"];
    for signal in ["INT", "TERM", "HUP"]
        .into_iter()
        .chain(warnings)
        .chain(others)
    {
        let place = place();
        let running = in_the_middle(&place);
        running.signal(signal);
        running.wait_for_log("s", "running experiments finish");
        place.write("gate", "");
        let done = running.end();
        assert_eq!((done.code, &*done.out), (Some(130), ""), "{done:?}");
        let end = done.err.lines().last().unwrap();
        assert!(
            done.err.contains(": 3 finished; 2 left (interrupted)\n"),
            "{done:?}"
        );
        assert!(
            end.contains("resume it with `research resume s`"),
            "{done:?}"
        );
        assert!(!place.path("begun.4").exists());
        resume(&place, 3);
    }
}

/// A batch system may send its warning to every process of a job, and the kernel repeats SIGXCPU:
/// neither ends a worker, nor what it runs.
#[test]
fn a_warning_to_all_processes_lets_running_experiments_finish() {
    for signals in [
        ["USR1", "USR2"].as_slice(),
        &["XCPU", "XCPU", "XCPU", "XCPU"],
    ] {
        let place = place();
        let running = in_the_middle(&place);
        if let ["USR1", ..] = signals {
            for process in running.other_processes_of_the_program() {
                signals.iter().for_each(|signal| send(signal, process));
            }
        }
        running.signal(signals[0]);
        running.wait_for_log("s", "running experiments finish");
        if let ["XCPU", ..] = signals {
            signals.iter().for_each(|signal| running.signal(signal));
        }
        place.write("gate", "");
        let done = running.end();
        assert_eq!(done.code, Some(130), "{done:?}");
        assert!(!done.err.contains("worker"), "{done:?}");
        resume(&place, 3);
    }
}

/// Who starts the program may have decided that a signal means nothing.
#[test]
fn a_warning_that_is_ignored_from_the_start_stops_nothing() {
    let place = place();
    let mut command = std::process::Command::new("sh");
    let script = "trap '' USR1; exec \"$0\" run research.toml";
    command
        .args(["-c", script])
        .arg(env!("CARGO_BIN_EXE_research"));
    let running = place.start_command(command);
    running.wait_for_file("begun.2");
    running.signal("USR1");
    place.write("gate", "");
    let done = running.end();
    assert_eq!(done.code, Some(0), "{done:?}");
}

/// What ran was all that was left: nothing is interrupted, and how it ended counts.
#[test]
fn asked_to_stop_while_the_last_run_it_is_complete() {
    for (ending, code) in [("exit 0", 0), ("exit 3", 1)] {
        let place = Place::with(&FILE.replace("[1, 2, 3, 4, 5]", "[1, 2]"));
        place.script(
            "u.sh",
            &format!(
                "touch begun.$1
                while ! [ -e gate ]; do sleep 0.01; done
                echo $1
                {ending}"
            ),
        );
        let running = place.start(&["run", "research.toml"]);
        running.wait_for_file("begun.1");
        running.wait_for_file("begun.2");
        running.signal("INT");
        running.wait_for_log("s", "running experiments finish");
        place.write("gate", "");
        let done = running.end();
        assert_eq!(done.code, Some(code), "{done:?}");
        assert!(!done.err.contains("interrupted"), "{done:?}");
        assert_eq!(place.status("s")["state"], "complete");
        let again = place.research(&["resume", "s"]);
        assert_eq!(again.code, Some(code), "{again:?}");
        assert!(again.err.contains("nothing to run"), "{again:?}");
    }
}

#[test]
fn asked_twice_to_stop_it_ends_at_once() {
    let place = place();
    let running = in_the_middle(&place);
    running.signal("INT");
    running.wait_for_log("s", "running experiments finish");
    running.signal("INT");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
    assert!(
        done.err.contains("1 finished; 4 left (interrupted"),
        "{done:?}"
    );
    resume(&place, 1);
}

/// A terminal sends Ctrl-C to everybody in front of it: programs and workers are not to hear it.
#[test]
fn a_signal_to_the_whole_group_reaches_the_leader_alone() {
    let place = place();
    let running = in_the_middle(&place);
    running.signal_group("INT");
    running.wait_for_log("s", "running experiments finish");
    place.write("gate", "");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
    resume(&place, 3);
}

#[test]
fn a_research_whose_folder_was_moved_can_be_resumed() {
    let place = place();
    let running = in_the_middle(&place);
    running.signal("INT");
    running.wait_for_log("s", "running experiments finish");
    running.signal("INT");
    assert_eq!(running.end().code, Some(130));
    std::fs::create_dir(place.path("old")).unwrap();
    std::fs::rename(place.path("s"), place.path("old/renamed")).unwrap();
    place.write("gate", "");
    let done = place.research(&["resume", "old/renamed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(place.status("old/renamed")["finished"], 5);
    assert!(!place.path("s").exists());
}

#[test]
fn stop_ends_a_run_from_elsewhere() {
    let place = place();
    let running = in_the_middle(&place);
    let stopping = place.start(&["stop", "s", "-y"]);
    running.wait_for_log("s", "running experiments finish");
    place.write("gate", "");
    assert_eq!(running.end().code, Some(130));
    let stopped = stopping.end();
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert!(stopped.err.contains("s has stopped"), "{stopped:?}");
    resume(&place, 3);
    let none = place.research(&["stop", "s", "-y"]);
    assert!(none.err.contains("s is not running"), "{none:?}");
}

/// The run waits for the program that asks, so the program must not wait for the run.
#[test]
fn a_program_may_stop_its_own_run() {
    for kill in ["", "--kill"] {
        let place = place();
        let program = env!("CARGO_BIN_EXE_research");
        place.script(
            "u.sh",
            &format!("[ $1 = 1 ] || {program} stop s -y {kill} 2>>said.$1; echo $1"),
        );
        let done = place.research(&["run", "research.toml", "--workers", "1"]);
        assert_eq!(done.code, Some(130), "{done:?}");
        assert_eq!(place.status("s")["state"], "interrupted", "{done:?}");
        if kill.is_empty() {
            assert!(place.read("said.2").contains("was asked to stop"));
            assert_eq!(place.status("s")["finished"], 2);
        }
    }
}

#[test]
fn stop_can_end_it_at_once_and_asks_first() {
    let place = place();
    let running = in_the_middle(&place);
    let asks = place.research(&["stop", "s"]);
    assert_eq!(asks.code, Some(2), "{asks:?}");
    assert!(asks.err.contains("use `-y`"), "{asks:?}");
    let stopped = place.research(&["stop", "s", "--kill", "-y"]);
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert_eq!(running.end().code, Some(130));
    resume(&place, 1);
}

/// As Ctrl-Z does it: who is suspended hears nothing.
#[test]
fn stop_wakes_a_run_that_is_suspended() {
    for (command, finished) in [
        (["stop", "s", "-y"].as_slice(), 3),
        (&["stop", "s", "-y", "--kill"], 1),
    ] {
        let place = place();
        let mut running = in_the_middle(&place);
        running.status_when("s", |status| status["finished"] == 1);
        running.suspend();
        let stopping = place.start(command);
        if finished == 3 {
            running.wait_for_log("s", "running experiments finish");
            place.write("gate", "");
        }
        let stopped = stopping.end();
        assert_eq!(stopped.code, Some(0), "{stopped:?}");
        assert_eq!(running.end().code, Some(130));
        resume(&place, finished);
    }
}

/// A leader that runs a program itself hears nothing else until that has ended.
#[test]
fn stop_can_end_a_leader_that_does_not_listen() {
    let place = Place::with(&FILE.replace("workers = 2", "parallel = false"));
    place.script(
        "u.sh",
        "setsid sleep 1000 & touch begun.$1; [ -e gate ] || exec sleep 1000; echo $1",
    );
    let running = place.start(&["run", "research.toml"]);
    running.wait_for_file("begun.1");
    let stopped = place.start(&["stop", "s", "-y", "--kill"]).end();
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert_eq!(running.end().code, None);
    place.wait_for_silence();
    place.write("gate", "");
    let done = place.research(&["resume", "s"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    place.wait_for_silence();
}

#[test]
fn a_domain_without_an_end_is_run_until_it_is_stopped() {
    let file = FILE.replace("a=[1, 2, 3, 4, 5]", "a=uniform(0, 1)");
    let place = Place::with(&file);
    place.script("u.sh", "touch begun; echo 1");
    let running = place.start(&["run", "research.toml"]);
    running.wait_for_file("begun");
    running.wait_for_log("s", "the domain is infinite");
    running.signal("INT");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
    place.wait_for_silence();
}

/// The exit code says how the research stands: also what failed before it was interrupted counts.
#[test]
fn exit_codes_follow_one_rule_also_after_an_interruption() {
    let place = place();
    place.script(
        "u.sh",
        "touch begun.$1
        [ $1 != 1 ] || exit 5
        while ! [ -e gate ]; do sleep 0.01; done
        echo $1",
    );
    let running = in_the_middle(&place);
    running.signal("INT");
    running.wait_for_log("s", "running experiments finish");
    running.signal("INT");
    assert_eq!(running.end().code, Some(130));
    place.write("gate", "");
    let resumed = place.research(&["resume", "s"]);
    assert_eq!(resumed.code, Some(1), "{resumed:?}");
    let again = place.research(&["resume", "s"]);
    assert_eq!(again.code, Some(1), "{again:?}");
    place.script("u.sh", "echo $1");
    assert_eq!(place.research(&["resume", "s", "--failed"]).code, Some(0));
    assert_eq!(place.research(&["resume", "s"]).code, Some(0));
    for arguments in [
        ["stop", "s", "-y"].as_slice(),
        &["stop", "s", "-y", "--kill"],
    ] {
        assert_eq!(place.research(arguments).code, Some(0), "{arguments:?}");
    }
}

#[test]
fn a_reproduction_that_is_interrupted_says_so() {
    let place = place();
    place.write("gate", "");
    place.run(&[]);
    let table = place.results("s", &["--format", "csv"]);
    let id = table
        .lines()
        .nth(2)
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .to_owned();
    std::fs::remove_file(place.path("gate")).unwrap();
    std::fs::remove_file(place.path("begun.2")).unwrap();
    let running = place.start(&["reproduce", "s", &id]);
    running.wait_for_file("begun.2");
    running.signal("INT");
    running.signal("INT");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
}

/// The results are all there; what is left is to write the tables, and what was recorded.
#[test]
fn a_signal_after_the_run_has_ended_changes_nothing() {
    let place = Place::with(
        r#"
        name = "s"
        [[env_meta]]
        commands = { gate = "sh -c 'while ! [ -e gate ]; do sleep 0.01; done'" }
        [[unit]]
        name = "u"
        run = "true"
        "#,
    );
    let running = place.start(&["run", "research.toml"]);
    running.wait_for_log("s", "run ended: complete");
    running.wait_for_end_of_thread("signals");
    running.signal("TERM");
    place.write("gate", "");
    let done = running.end();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(place.path("s/results.parquet").exists());
}

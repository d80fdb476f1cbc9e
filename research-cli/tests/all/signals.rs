//! Ctrl-C, SIGTERM, warnings of batch systems, and `research stop`.

use crate::support::{Gated, Project, Running, send};

const STUDY: Gated = Gated::new("s", 5, 1);

fn project() -> Project {
    STUDY.project()
}

fn in_the_middle(project: &Project) -> Running<'_> {
    STUDY.run_to_gate(project)
}

/// Checks that the run is interrupted, and that `resume` runs the rest.
fn resume(project: &Project, finished: u64) {
    project.wait_for_silence();
    let status = project.status("s");
    assert_eq!(status["state"], "interrupted");
    assert_eq!(
        (&status["finished"], &status["remaining"]),
        (&finished.into(), &(5 - finished).into())
    );
    project.write("gate", "");
    let done = project.research(&["resume", "s"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(
        project.table("s"),
        "a,iteration,v\n1,0,1\n2,0,2\n3,0,3\n4,0,4\n5,0,5"
    );
}

#[test]
fn the_first_signal_lets_running_experiments_finish() {
    let warnings = ["USR1", "USR2", "XCPU", "QUIT", "ALRM", "VTALRM", "PROF"];
    // The numbers are the first and the last real-time signal, for which `kill` has no common
    // names.
    let others = ["IO", "PWR", "STKFLT", "34", "64"];
    for signal in ["INT", "TERM", "HUP"]
        .into_iter()
        .chain(warnings)
        .chain(others)
    {
        let project = project();
        let running = in_the_middle(&project);
        running.signal(signal);
        running.wait_for_log("s", "running experiments finish");
        project.write("gate", "");
        let done = running.end();
        assert_eq!((done.code, &*done.stdout), (Some(130), ""), "{done:?}");
        let end = done.stderr.lines().last().unwrap();
        assert!(
            done.stderr.contains(": 3 finished; 2 left (interrupted)\n"),
            "{done:?}"
        );
        assert!(
            end.contains("resume it with `research resume s`"),
            "{done:?}"
        );
        assert!(!project.path("begun.4").exists());
        resume(&project, 3);
    }
}

/// A batch system may send its warning to every process of a job, and the kernel repeats SIGXCPU:
/// neither ends a worker or its programs.
#[test]
fn a_warning_to_all_processes_lets_running_experiments_finish() {
    for signals in [
        ["USR1", "USR2"].as_slice(),
        &["XCPU", "XCPU", "XCPU", "XCPU"],
    ] {
        let project = project();
        let running = in_the_middle(&project);
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
        project.write("gate", "");
        let done = running.end();
        assert_eq!(done.code, Some(130), "{done:?}");
        assert!(!done.stderr.contains("worker"), "{done:?}");
        resume(&project, 3);
    }
}

/// A signal that is ignored at the start stays ignored.
#[test]
fn a_warning_that_is_ignored_from_the_start_stops_nothing() {
    let project = project();
    let mut command = std::process::Command::new("sh");
    let script = "trap '' USR1; exec \"$0\" run research.toml";
    command
        .args(["-c", script])
        .arg(env!("CARGO_BIN_EXE_research"));
    let running = project.start_command(command);
    running.wait_for_file("begun.2");
    running.signal("USR1");
    project.write("gate", "");
    let done = running.end();
    assert_eq!(done.code, Some(0), "{done:?}");
}

/// If the running experiments were the last ones, the run is complete.
#[test]
fn a_signal_during_the_last_experiments_completes_the_run() {
    for (ending, code) in [("exit 0", 0), ("exit 3", 1)] {
        let project = Project::with(&STUDY.file().replace("range(1, 6)", "[1, 2]"));
        project.script(
            "u.sh",
            &format!(
                "touch begun.$1
                while ! [ -e gate ]; do sleep 0.01; done
                echo $1
                {ending}"
            ),
        );
        let running = project.start(&["run", "research.toml"]);
        running.wait_for_file("begun.1");
        running.wait_for_file("begun.2");
        running.signal("INT");
        running.wait_for_log("s", "running experiments finish");
        project.write("gate", "");
        let done = running.end();
        assert_eq!(done.code, Some(code), "{done:?}");
        assert!(!done.stderr.contains("interrupted"), "{done:?}");
        // All experiments failed, or none.
        let state = if code == 0 { "complete" } else { "failed" };
        assert_eq!(project.status("s")["state"], state);
        let again = project.research(&["resume", "s"]);
        assert_eq!(again.code, Some(code), "{again:?}");
        assert!(again.stderr.contains("nothing to run"), "{again:?}");
    }
}

#[test]
fn the_second_signal_ends_the_run_at_once() {
    let project = project();
    let running = in_the_middle(&project);
    running.signal("INT");
    running.wait_for_log("s", "running experiments finish");
    running.signal("INT");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
    assert!(
        done.stderr.contains("1 finished; 4 left (interrupted"),
        "{done:?}"
    );
    resume(&project, 1);
}

/// A terminal sends Ctrl-C to the whole group; programs and workers must ignore it.
#[test]
fn a_signal_to_the_group_only_affects_the_leader() {
    let project = project();
    let running = in_the_middle(&project);
    running.signal_group("INT");
    running.wait_for_log("s", "running experiments finish");
    project.write("gate", "");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
    resume(&project, 3);
}

#[test]
fn a_research_whose_folder_was_moved_can_be_resumed() {
    let project = project();
    let running = in_the_middle(&project);
    running.signal("INT");
    running.wait_for_log("s", "running experiments finish");
    running.signal("INT");
    assert_eq!(running.end().code, Some(130));
    std::fs::create_dir(project.path("old")).unwrap();
    std::fs::rename(project.path("s"), project.path("old/renamed")).unwrap();
    project.write("gate", "");
    let done = project.research(&["resume", "old/renamed"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(project.status("old/renamed")["finished"], 5);
    assert!(!project.path("s").exists());
}

#[test]
fn stop_ends_a_run() {
    let project = project();
    let running = in_the_middle(&project);
    let stopping = project.start(&["stop", "s", "-y"]);
    running.wait_for_log("s", "running experiments finish");
    project.write("gate", "");
    assert_eq!(running.end().code, Some(130));
    let stopped = stopping.end();
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert!(stopped.stderr.contains("s has stopped"), "{stopped:?}");
    resume(&project, 3);
    let none = project.research(&["stop", "s", "-y"]);
    assert!(none.stderr.contains("s is not running"), "{none:?}");
}

/// The run waits for the program that calls `stop`, so `stop` must not wait for the run.
#[test]
fn a_program_may_stop_its_own_run() {
    for kill in ["", "--kill"] {
        let project = project();
        let program = env!("CARGO_BIN_EXE_research");
        project.script(
            "u.sh",
            &format!("[ $1 = 1 ] || {program} stop s -y {kill} 2>>said.$1; echo $1"),
        );
        let done = project.research(&["run", "research.toml", "--workers", "1"]);
        assert_eq!(done.code, Some(130), "{done:?}");
        assert_eq!(project.status("s")["state"], "interrupted", "{done:?}");
        if kill.is_empty() {
            assert!(project.read("said.2").contains("was asked to stop"));
            assert_eq!(project.status("s")["finished"], 2);
        }
    }
}

#[test]
fn stop_kill_asks_and_ends_a_run_at_once() {
    let project = project();
    let running = in_the_middle(&project);
    let asks = project.research(&["stop", "s"]);
    assert_eq!(asks.code, Some(2), "{asks:?}");
    assert!(asks.stderr.contains("use `-y`"), "{asks:?}");
    let stopped = project.research(&["stop", "s", "--kill", "-y"]);
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert_eq!(running.end().code, Some(130));
    resume(&project, 1);
}

/// A suspended process, as after Ctrl-Z, handles no signal.
#[test]
fn stop_wakes_a_run_that_is_suspended() {
    for (command, finished) in [
        (["stop", "s", "-y"].as_slice(), 3),
        (&["stop", "s", "-y", "--kill"], 1),
    ] {
        let project = project();
        let mut running = in_the_middle(&project);
        running.status_when("s", |status| status["finished"] == 1);
        running.suspend();
        let stopping = project.start(command);
        if finished == 3 {
            running.wait_for_log("s", "running experiments finish");
            project.write("gate", "");
        }
        let stopped = stopping.end();
        assert_eq!(stopped.code, Some(0), "{stopped:?}");
        assert_eq!(running.end().code, Some(130));
        resume(&project, finished);
    }
}

/// A leader that runs a program itself handles other requests when the program has ended.
#[test]
fn stop_kill_ends_an_unresponsive_leader() {
    let project = Project::with(&STUDY.file().replace("workers = 2", "parallel = false"));
    project.script(
        "u.sh",
        "setsid sleep 1000 & touch begun.$1; [ -e gate ] || exec sleep 1000; echo $1",
    );
    let running = project.start(&["run", "research.toml"]);
    running.wait_for_file("begun.1");
    let stopped = project.start(&["stop", "s", "-y", "--kill"]).end();
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert_eq!(running.end().code, None);
    project.wait_for_silence();
    project.write("gate", "");
    let done = project.research(&["resume", "s"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    project.wait_for_silence();
}

#[test]
fn an_infinite_domain_runs_until_it_is_stopped() {
    let file = STUDY.file().replace("a=range(1, 6)", "a=uniform(0, 1)");
    let project = Project::with(&file);
    project.script("u.sh", "touch begun; echo 1");
    let running = project.start(&["run", "research.toml"]);
    running.wait_for_file("begun");
    running.wait_for_log("s", "the domain is infinite");
    running.signal("INT");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
    project.wait_for_silence();
}

/// The exit code describes the research: failures before an interruption count.
#[test]
fn exit_codes_follow_one_rule_also_after_an_interruption() {
    let project = project();
    project.script(
        "u.sh",
        "touch begun.$1
        [ $1 != 1 ] || exit 5
        while ! [ -e gate ]; do sleep 0.01; done
        echo $1",
    );
    let running = in_the_middle(&project);
    running.signal("INT");
    running.wait_for_log("s", "running experiments finish");
    running.signal("INT");
    assert_eq!(running.end().code, Some(130));
    project.write("gate", "");
    let resumed = project.research(&["resume", "s"]);
    assert_eq!(resumed.code, Some(1), "{resumed:?}");
    let again = project.research(&["resume", "s"]);
    assert_eq!(again.code, Some(1), "{again:?}");
    project.script("u.sh", "echo $1");
    assert_eq!(project.research(&["resume", "s", "--failed"]).code, Some(0));
    assert_eq!(project.research(&["resume", "s"]).code, Some(0));
    for arguments in [
        ["stop", "s", "-y"].as_slice(),
        &["stop", "s", "-y", "--kill"],
    ] {
        assert_eq!(project.research(arguments).code, Some(0), "{arguments:?}");
    }
}

#[test]
fn an_interrupted_reproduction_reports_that() {
    let project = project();
    project.write("gate", "");
    project.run(&[]);
    let table = project.results("s", &["--format", "csv"]);
    let id = table
        .lines()
        .nth(2)
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .to_owned();
    std::fs::remove_file(project.path("gate")).unwrap();
    std::fs::remove_file(project.path("begun.2")).unwrap();
    let running = project.start(&["reproduce", "s", &id]);
    running.wait_for_file("begun.2");
    running.signal("INT");
    running.signal("INT");
    let done = running.end();
    assert_eq!(done.code, Some(130), "{done:?}");
}

/// The results are complete; only tables and the recorded environment remain to be written.
#[test]
fn a_signal_after_the_run_has_ended_changes_nothing() {
    let project = Project::with(
        r#"
        name = "s"
        [[env_meta]]
        commands = { gate = "sh -c 'while ! [ -e gate ]; do sleep 0.01; done'" }
        [[unit]]
        name = "u"
        run = "true"
        "#,
    );
    let running = project.start(&["run", "research.toml"]);
    running.wait_for_log("s", "run ended: complete");
    running.wait_for_end_of_thread("signals");
    running.signal("TERM");
    project.write("gate", "");
    let done = running.end();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(project.path("s/results.parquet").exists());
}

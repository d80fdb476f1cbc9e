//! Programs that fail: what they did is recorded with its reason, and the run goes on.

use crate::place::Place;

fn place() -> Place {
    let place = Place::with(
        r#"
        name = "f"
        workers = 2
        domain = 'p=["./good.sh", "./three.sh", "./kill.sh", "./crash.sh", "./noise.sh", "./none.sh", "./plain.sh", "no-such-program", "./last.sh"]'
        [[unit]]
        name = "u"
        run = ["{p}"]
        save_to = "v"
        "#,
    );
    place.script("good.sh", "echo 1");
    place.script("three.sh", "echo why >&2; exit 3");
    place.script("kill.sh", "kill -KILL $$");
    place.script("crash.sh", "kill -SEGV $$");
    place.script("noise.sh", "echo 'half {'");
    place.write("plain.sh", "echo 1");
    place.script("last.sh", "echo 2");
    place
}

#[test]
fn each_failure_is_told_and_the_others_have_results() {
    let place = place();
    let done = place.research(&["run", "research.toml"]);
    assert_eq!((done.code, &*done.out), (Some(1), ""), "{done:?}");
    let summary = done.err.split("9 experiments in ").nth(1).unwrap();
    assert!(
        summary.contains(": 2 finished, 5 failed, 2 killed\n"),
        "{summary}"
    );
    let reasons = [
        "`./three.sh` ended with exit code 3",
        "`./kill.sh` was killed by signal 9 (SIGKILL)",
        "`./crash.sh` was killed by signal 11 (SIGSEGV)",
        "`./noise.sh`: the line is no JSON",
        "`./none.sh` cannot be started: there is no such file",
        "`./plain.sh` cannot be started: there is no permission to execute it",
        "`no-such-program` cannot be started: no program of this name was found in PATH",
    ];
    let status = place.research(&["status", "f"]).out;
    for reason in reasons {
        assert!(summary.contains(reason), "{reason} in {summary}");
        assert!(status.contains(reason), "{reason} in {status}");
        // Which: an id that the other commands take.
        let line = summary.lines().find(|line| line.contains(reason)).unwrap();
        let id = line
            .split("(for example ")
            .nth(1)
            .unwrap()
            .trim_end_matches(')');
        let log = place.read(&format!("f/experiments/{id}/experiment.log"));
        assert!(log.contains(reason), "{reason} in {log}");
    }
    assert!(place.read("f/research.log").contains("\n    why\n"));
    assert_eq!(
        place.table("f"),
        "p,iteration,v\n./good.sh,0,1\n./last.sh,0,2"
    );
}

#[test]
fn what_failed_stays_failed_when_it_is_resumed() {
    let place = place();
    place.research(&["run", "research.toml"]);
    let resumed = place.research(&["resume", "f"]);
    assert_eq!(resumed.code, Some(1), "{resumed:?}");
    assert!(
        resumed
            .err
            .starts_with("f is complete, nothing is left to run: 2 finished, 5 failed, 2 killed\n"),
        "{resumed:?}"
    );
    assert!(resumed.err.contains("exit code 3"), "{resumed:?}");
}

#[test]
fn a_failure_in_a_later_iteration_keeps_what_came_before() {
    let place = Place::with(
        r#"
        name = "f"
        domain = "a=[1, 2]"
        n_iters = 3
        [[unit]]
        name = "u"
        run = "./u.sh {a} {iteration}"
        save_to = "v"
        "#,
    );
    place.script("u.sh", "[ $1$2 = 12 ] && exit 7; echo $1$2");
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(
        place.table("f"),
        "a,iteration,v\n1,0,10\n1,1,11\n2,0,20\n2,1,21\n2,2,22"
    );
}

#[test]
fn retries_give_a_program_another_chance() {
    let place = Place::with(
        r#"
        name = "r"
        retries = 2
        domain = "a=[1, 2]"
        [[unit]]
        name = "u"
        run = "./u.sh {a}"
        save_to = "v"
        "#,
    );
    // The first two attempts of each fail.
    place.script(
        "u.sh",
        "echo x >> tries.$1; [ $(wc -l < tries.$1) -gt 2 ] || exit 1; echo $1",
    );
    place.run(&[]);
    assert_eq!(place.table("r"), "a,iteration,v\n1,0,1\n2,0,2");
}

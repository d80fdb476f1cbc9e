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
        "`./none.sh` cannot be started: the file, or the interpreter",
        "`./plain.sh` cannot be started: it is not executable",
        "`no-such-program` cannot be started: not found in PATH",
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
            .starts_with("f is complete, nothing to run: 2 finished, 5 failed, 2 killed\n"),
        "{resumed:?}"
    );
    assert!(resumed.err.contains("exit code 3"), "{resumed:?}");
    let how = "run failed experiments again with `research resume f --failed`";
    assert!(resumed.err.contains(how), "{resumed:?}");
    // Each cause is told once, and how long ago it was says nothing any more.
    let status = place.research(&["status", "f"]).out;
    assert_eq!(status.matches("exit code 3").count(), 1, "{status}");
    assert!(!status.contains(" ago"), "{status}");
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

/// When a unit fails, and when a generator comes to its end.
#[test]
fn without_finalize_the_rest_of_the_iteration_does_not_run() {
    let file = r#"
        domain = "a=[1, 2]"
        [[unit]]
        name = "steps"
        mode = "generator"
        run = "printf '1\n2\n'"
        save_to = "step"
        [[unit]]
        name = "u"
        run = "test {a}{iteration} != 10"
        [[unit]]
        name = "rest"
        run = "echo {a}"
        save_to = "rest"
        "#;
    let place = Place::with(file);
    for (finalize, expected) in [
        (
            "true",
            "a,iteration,step,rest\n1,0,1,1\n2,0,1,2\n2,1,2,2\n2,2,,2",
        ),
        ("false", "a,iteration,step,rest\n1,0,1,\n2,0,1,2\n2,1,2,2"),
    ] {
        let set = format!("finalize={finalize}");
        let done = place.research(&["run", "research.toml", "-n", finalize, "--set", &set]);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert_eq!(place.table(finalize), expected, "finalize = {finalize}");
    }
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

#[test]
fn a_program_waits_before_it_gets_another_chance() {
    let place = Place::with(
        r#"
        name = "r"
        retries = 2
        retry_delay = "200ms"
        double_retry_delay = true
        [[unit]]
        name = "u"
        run = "./u.sh"
        "#,
    );
    place.script("u.sh", "date +%s%3N >> tries; exit 1");
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let tries = place.read("tries");
    let tries: Vec<u64> = tries.lines().map(|line| line.parse().unwrap()).collect();
    let [first, second, third] = tries.as_slice() else {
        panic!("{tries:?}");
    };
    assert!(second - first >= 200, "{tries:?}");
    assert!(third - second >= 400, "{tries:?}");
}

#[test]
fn a_hopeless_run_ends_early_and_can_be_resumed() {
    let place = Place::with(
        r#"
        name = "h"
        max_failures = 3
        domain = "a=[1, 2, 3, 4, 5, 6, 7, 8]"
        [[unit]]
        name = "u"
        run = "./u.sh {a}"
        save_to = "v"
        "#,
    );
    place.script("u.sh", "[ $1 = 2 ] || [ -e mended ] || exit 7; echo $1");
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("`max_failures` is 3"), "{done:?}");
    assert!(
        done.err.contains("1 finished, 3 failed; 4 left"),
        "{done:?}"
    );
    assert!(done.err.contains("`research resume h`"), "{done:?}");
    let status = place.status("h");
    assert_eq!(
        (&status["state"], &status["remaining"]),
        (&"aborted".into(), &4.into())
    );
    place.write("mended", "");
    let done = place.research(&["resume", "h"]);
    assert_eq!(done.code, Some(1), "what failed before counts: {done:?}");
    assert_eq!(place.status("h")["remaining"], 0);
    assert_eq!(
        place.table("h"),
        "a,iteration,v\n2,0,2\n5,0,5\n6,0,6\n7,0,7\n8,0,8"
    );
}

#[test]
fn in_debug_mode_the_first_failure_is_the_error_of_the_run() {
    let place = place();
    let done = place.research(&["run", "research.toml", "--debug"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.err.ends_with(
            "error: unit `u` failed in iteration 0: program `./three.sh` ended with exit code 3: why\n"
        ),
        "{done:?}"
    );
    let status = place.research(&["status", "f"]).out;
    assert!(status.contains("1 failed"), "{status}");
}

//! Failing programs: each failure is recorded with its reason, and the run continues.

use crate::support::Project;

fn project() -> Project {
    let project = Project::with(
        r#"
        name = "f"
        workers = 2
        [domain]
        p = [
            "./good.sh", "./three.sh", "./kill.sh", "./crash.sh", "./noise.sh", "./none.sh",
            "./plain.sh", "no-such-program", "./last.sh",
        ]
        [[unit]]
        name = "u"
        run = ["{p}"]
        save_to = "v"
        "#,
    );
    project.script("good.sh", "echo 1");
    project.script("three.sh", "echo why >&2; exit 3");
    project.script("kill.sh", "kill -KILL $$");
    project.script("crash.sh", "kill -SEGV $$");
    project.script("noise.sh", "echo 'half {'");
    project.write("plain.sh", "echo 1");
    project.script("last.sh", "echo 2");
    project
}

#[test]
fn each_failure_is_reported_and_the_others_have_results() {
    let project = project();
    let done = project.research(&["run", "research.toml"]);
    assert_eq!((done.code, &*done.stdout), (Some(1), ""), "{done:?}");
    let summary = done.stderr.split("9 experiments in ").nth(1).unwrap();
    assert!(
        summary.contains(": 2 finished, 5 failed, 2 killed\n"),
        "{summary}"
    );
    let reasons = [
        "failed: why (exit code 3 of `./three.sh`)",
        "killed by signal 9 (SIGKILL): `./kill.sh`",
        "killed by signal 11 (SIGSEGV): `./crash.sh`",
        "the line is not valid JSON",
        "`./none.sh` cannot be started: the file, or the interpreter",
        "`./plain.sh` cannot be started: it is not executable",
        "`no-such-program` cannot be started: not found in PATH",
    ];
    let status = project.research(&["status", "f"]).stdout;
    for reason in reasons {
        assert!(summary.contains(reason), "{reason} in {summary}");
        assert!(status.contains(reason), "{reason} in {status}");
        // The next line has the unit, the id and the config of an example.
        let mut lines = summary.lines().skip_while(|line| !line.contains(reason));
        let place = lines.nth(1).unwrap();
        let (id, config) = place
            .strip_prefix("      in unit `u`, experiment ")
            .and_then(|place| place.split_once(": "))
            .unwrap();
        assert!(config.starts_with("p=\""), "{place}");
        let reason = reason.trim_start_matches("failed: ");
        let log = project.read(&format!("f/experiments/{id}/experiment.log"));
        assert!(log.contains(reason), "{reason} in {log}");
    }
    assert!(project.read("f/research.log").contains("\n    why\n"));
    assert_eq!(
        project.table("f"),
        "p,iteration,v\n./good.sh,0,1\n./last.sh,0,2"
    );
}

#[test]
fn failed_experiments_stay_failed_after_resume() {
    let project = project();
    project.research(&["run", "research.toml"]);
    let resumed = project.research(&["resume", "f"]);
    assert_eq!(resumed.code, Some(1), "{resumed:?}");
    assert!(
        resumed
            .stderr
            .starts_with("f is complete, nothing to run: 2 finished, 5 failed, 2 killed\n"),
        "{resumed:?}"
    );
    assert!(resumed.stderr.contains("exit code 3"), "{resumed:?}");
    let how = "run failed experiments again with `research resume f --failed`";
    assert!(resumed.stderr.contains(how), "{resumed:?}");
    // Each group of failures is listed once.
    let status = project.research(&["status", "f"]).stdout;
    assert_eq!(status.matches("exit code 3").count(), 1, "{status}");
    assert!(!status.contains(" ago"), "{status}");
}

#[test]
fn a_failure_keeps_the_values_of_earlier_iterations() {
    let project = Project::with(
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
    project.script("u.sh", "[ $1$2 = 12 ] && exit 7; echo $1$2");
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(
        project.table("f"),
        "a,iteration,v\n1,0,10\n1,1,11\n2,0,20\n2,1,21\n2,2,22"
    );
}

/// The test covers a unit that fails, and a generator that reaches its end.
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
    let project = Project::with(file);
    for (finalize, expected) in [
        (
            "true",
            "a,iteration,step,rest\n1,0,1,1\n2,0,1,2\n2,1,2,2\n2,2,,2",
        ),
        ("false", "a,iteration,step,rest\n1,0,1,\n2,0,1,2\n2,1,2,2"),
    ] {
        let set = format!("finalize={finalize}");
        let done = project.research(&["run", "research.toml", "-n", finalize, "--set", &set]);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert_eq!(project.table(finalize), expected, "finalize = {finalize}");
    }
}

#[test]
fn a_failed_program_is_retried() {
    let project = Project::with(
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
    // The first two attempts at each experiment fail.
    project.script(
        "u.sh",
        "echo x >> tries.$1; [ $(wc -l < tries.$1) -gt 2 ] || exit 1; echo $1",
    );
    project.run(&[]);
    assert_eq!(project.table("r"), "a,iteration,v\n1,0,1\n2,0,2");
}

#[test]
fn a_retry_waits_for_its_delay() {
    let project = Project::with(
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
    project.script("u.sh", "date +%s%3N >> tries; exit 1");
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let tries = project.read("tries");
    let tries: Vec<u64> = tries.lines().map(|line| line.parse().unwrap()).collect();
    let [first, second, third] = tries.as_slice() else {
        panic!("{tries:?}");
    };
    assert!(second - first >= 200, "{tries:?}");
    assert!(third - second >= 400, "{tries:?}");
}

#[test]
fn max_failures_ends_a_run_that_can_be_resumed() {
    let project = Project::with(
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
    project.script("u.sh", "[ $1 = 2 ] || [ -e mended ] || exit 7; echo $1");
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("`max_failures` is 3"), "{done:?}");
    assert!(
        done.stderr.contains("1 finished, 3 failed; 4 left"),
        "{done:?}"
    );
    assert!(done.stderr.contains("`research resume h`"), "{done:?}");
    let status = project.status("h");
    assert_eq!(
        (&status["state"], &status["remaining"]),
        (&"aborted".into(), &4.into())
    );
    project.write("mended", "");
    let done = project.research(&["resume", "h"]);
    assert_eq!(done.code, Some(1), "what failed before counts: {done:?}");
    assert_eq!(project.status("h")["remaining"], 0);
    assert_eq!(
        project.table("h"),
        "a,iteration,v\n2,0,2\n5,0,5\n6,0,6\n7,0,7\n8,0,8"
    );
}

#[test]
fn in_debug_mode_the_first_failure_is_the_error_of_the_run() {
    let project = project();
    let done = project.research(&["run", "research.toml", "--debug"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr.ends_with(
            "error: unit `u` failed in iteration 0: why (exit code 3 of `./three.sh`)\n"
        ),
        "{done:?}"
    );
    let status = project.research(&["status", "f"]).stdout;
    assert!(status.contains("1 failed"), "{status}");
}

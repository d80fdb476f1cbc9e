//! Programs that exceed a timeout are killed with their descendants, and saved values are kept.

use crate::support::Project;

#[test]
fn a_unit_that_exceeds_its_timeout_is_killed() {
    let project = Project::with(
        r#"
        name = "t"
        workers = 2
        domain = "a=[1, 2, 3]"
        [[unit]]
        name = "before"
        run = "echo 1{a}"
        save_to = "before"
        [[unit]]
        name = "slow"
        run = "./slow.sh {a}"
        save_to = "slow"
        timeout = "2s"
        [[unit]]
        name = "after"
        run = "echo 3{a}"
        save_to = "after"
        "#,
    );
    // The children are in the program's group and outside of it.
    project.script(
        "slow.sh",
        "[ $1 = 2 ] || { echo 2$1; exit; }
        trap '' TERM INT HUP
        sleep 1000 &
        setsid sleep 1000 &
        echo why >&2
        wait",
    );
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("2 finished, 1 timed out"), "{done:?}");
    let reason = "1 × timed out: killed at the unit's timeout of 2s: `./slow.sh`";
    assert!(done.stderr.contains(reason), "{done:?}");
    assert!(project.read("t/research.log").contains("\n    why\n"));
    project.wait_for_silence();
    // The rest of the iteration runs, as after any failure.
    assert_eq!(
        project.table("t"),
        "a,iteration,before,slow,after\n1,0,11,21,31\n2,0,12,,32\n3,0,13,23,33"
    );
}

/// An endless generator, slow or fast.
const FOREVER: &str = r#"
name = "t"
timeout = 1.5
domain = "how=['slow', 'fast']"
[[unit]]
name = "forever"
mode = "generator"
run = "./{how}.sh"
output = "number"
save_to = "x"
[[unit]]
name = "never"
run = "touch reached"
when = ["last"]
"#;

#[test]
fn a_timed_out_experiment_keeps_its_values() {
    let project = Project::with(&FOREVER.replace('\'', "\\\""));
    project.script("slow.sh", "echo 1; echo 2; sleep 1000");
    project.script("fast.sh", "exec yes 7");
    let done = project.research(&["run", "research.toml", "-w", "2"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("2 timed out"), "{done:?}");
    assert!(
        done.stderr.contains("the experiment's timeout of 1.5s"),
        "{done:?}"
    );
    project.wait_for_silence();
    let slow = project.results("t", &["--format", "csv", "--where", "how=slow"]);
    let lines: Vec<&str> = slow
        .lines()
        .map(|line| line.split_once(',').unwrap().1)
        .collect();
    assert_eq!(lines, ["how,iteration,x", "slow,0,1", "slow,1,2"]);
    let fast = project.results("t", &["--format", "csv", "--where", "how=fast"]);
    assert!(fast.lines().count() > 10, "{fast}");
    // There is no time left for other units.
    assert!(!project.path("reached").exists());
}

#[test]
fn branches_that_end_in_time_finish() {
    for target in ["threads", "for"] {
        let project = Project::with(&format!(
            r#"
            name = "b"
            branches = 3
            executor_target = "{target}"
            timeout = "2s"
            domain = "a=[1, 2, 3]"
            [[unit]]
            name = "u"
            run = "./u.sh {{a}}"
            save_to = "v"
            "#
        ));
        // Sequentially, the third experiment has no time to start.
        project.script("u.sh", "[ $1 = 1 ] || sleep 1000; echo $1");
        let done = project.research(&["run", "research.toml"]);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.stderr.contains("2 timed out"), "{done:?}");
        assert_eq!(project.table("b"), "a,iteration,v\n1,0,1");
        project.wait_for_silence();
    }
}

#[test]
fn timed_out_experiments_can_be_retried() {
    let project = Project::with(
        r#"
        name = "r"
        timeout = "1500ms"
        retries = 1
        [[unit]]
        name = "u"
        run = "./u.sh"
        save_to = "v"
        "#,
    );
    project.script(
        "u.sh",
        "[ -e tried ] || { touch tried; sleep 1000; }; echo 5",
    );
    project.run(&[]);
    assert_eq!(project.table("r"), "iteration,v\n0,5");
}

//! Programs that take too long: they are killed with all that they have started, and what was saved
//! before is kept. What is to end in time does so at once, and has more than it needs on a busy machine.

use crate::place::Place;

#[test]
fn a_unit_that_takes_too_long_is_killed_and_its_experiment_timed_out() {
    let place = Place::with(
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
    // What it has started is in its group, and outside of it.
    place.script(
        "slow.sh",
        "[ $1 = 2 ] || { echo 2$1; exit; }
        trap '' TERM INT HUP
        sleep 1000 &
        setsid sleep 1000 &
        echo why >&2
        wait",
    );
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("2 finished, 1 timed out"), "{done:?}");
    let reason = "1 × timed_out in unit `slow`: program `./slow.sh` was killed, \
                  for it ran into the unit's timeout of 2s";
    assert!(done.err.contains(reason), "{done:?}");
    assert!(place.read("t/research.log").contains("\n    why\n"));
    place.wait_for_silence();
    // As after any other failure, the rest of the iteration has run.
    assert_eq!(
        place.table("t"),
        "a,iteration,before,slow,after\n1,0,11,21,31\n2,0,12,,32\n3,0,13,23,33"
    );
}

/// A generator that yields for ever, slowly or as fast as it can.
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
fn an_experiment_that_takes_too_long_keeps_what_it_has_saved() {
    let place = Place::with(&FOREVER.replace('\'', "\\\""));
    place.script("slow.sh", "echo 1; echo 2; sleep 1000");
    place.script("fast.sh", "exec yes 7");
    let done = place.research(&["run", "research.toml", "-w", "2"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("2 timed out"), "{done:?}");
    assert!(
        done.err.contains("the experiment's timeout of 1.5s"),
        "{done:?}"
    );
    place.wait_for_silence();
    let slow = place.results("t", &["--format", "csv", "--where", "how=slow"]);
    let lines: Vec<&str> = slow
        .lines()
        .map(|line| line.split_once(',').unwrap().1)
        .collect();
    assert_eq!(lines, ["how,iteration,x", "slow,0,1", "slow,1,2"]);
    let fast = place.results("t", &["--format", "csv", "--where", "how=fast"]);
    assert!(fast.lines().count() > 10, "{fast}");
    // There is no time left for other units.
    assert!(!place.path("reached").exists());
}

#[test]
fn branches_begin_together_and_those_that_ended_in_time_have_finished() {
    for target in ["threads", "for"] {
        let place = Place::with(&format!(
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
        // In turn, the third has no time to begin.
        place.script("u.sh", "[ $1 = 1 ] || sleep 1000; echo $1");
        let done = place.research(&["run", "research.toml"]);
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.err.contains("2 timed out"), "{done:?}");
        assert_eq!(place.table("b"), "a,iteration,v\n1,0,1");
        place.wait_for_silence();
    }
}

#[test]
fn what_has_timed_out_may_be_tried_again() {
    let place = Place::with(
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
    place.script(
        "u.sh",
        "[ -e tried ] || { touch tried; sleep 1000; }; echo 5",
    );
    place.run(&[]);
    assert_eq!(place.table("r"), "iteration,v\n0,5");
}

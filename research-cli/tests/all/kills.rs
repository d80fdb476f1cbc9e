//! Workers and leaders that are killed: nothing is lost, nothing is there twice, nobody lives on.

use crate::place::{Place, send};

/// Six configs in two repetitions; those from the third config on wait for a file `gate`.
const FILE: &str = r#"
name = "k"
seed = 5
n_reps = 2
n_iters = 2
domain = "a=[1, 2, 3, 4, 5, 6]"
[[unit]]
name = "steps"
mode = "generator"
run = "./steps.sh {a}"
save_to = "step"
[[unit]]
name = "u"
run = "echo {seed}"
output = "text"
save_to = "seed"
"#;

fn place() -> Place {
    let place = Place::with(FILE);
    place.script(
        "steps.sh",
        // What takes a while is sent before the experiment ends.
        "sleep 0.1
        echo 0
        [ $1 -lt 3 ] || while ! [ -e gate ]; do sleep 0.01; done
        echo $1
        sleep 1000 & # is left behind, and must not stay
        exit 0",
    );
    place
}

/// What an undisturbed run has.
fn undisturbed() -> String {
    let place = place();
    place.write("gate", "");
    place.run(&["-w", "1"]);
    let csv = place.results("k", &["--format", "csv"]);
    assert_eq!(csv.lines().count(), 25);
    place.wait_for_silence();
    csv
}

/// Whether all that need not wait is done, and each worker is in the midst of one that must.
fn is_in_the_middle(status: &serde_json::Value, workers: usize) -> bool {
    let busy = status["workers"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|worker| {
            let running = worker["running"].as_array().unwrap();
            running
                .first()
                .is_some_and(|running| running["iterations"] == 1)
        });
    status["finished"] == 2 && busy.count() == workers
}

#[test]
fn a_worker_that_is_killed_costs_nothing() {
    let place = place();
    let mut running = place.start(&["run", "research.toml", "-w", "2"]);
    let status = running.status_when("k", |status| is_in_the_middle(status, 2));
    let worker = status["workers"][1]["pid"].as_u64().unwrap();
    send("KILL", u32::try_from(worker).unwrap());
    running.wait_for_log("k", "lost");
    place.write("gate", "");
    let done = running.end();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.err.contains("warning: worker 1 was lost: "),
        "{done:?}"
    );
    assert!(done.err.contains(": 12 finished\n"), "{done:?}");
    place.wait_for_silence();
    assert_eq!(place.results("k", &["--format", "csv"]), undisturbed());
}

/// Kills the leader in the middle, and resumes with other workers.
fn killed_and_resumed(workers: &str, resumed_by: &str) -> String {
    let place = place();
    let mut running = place.start(&["run", "research.toml", "-w", workers]);
    let count = workers.parse().unwrap();
    running.status_when("k", |status| is_in_the_middle(status, count));
    running.signal("KILL");
    assert_eq!(running.end().code, None);
    place.wait_for_silence();

    let status = place.status("k");
    assert_eq!(
        (&status["state"], &status["finished"]),
        (&"broken".into(), &2.into())
    );
    let text = place.research(&["status", "k"]).out;
    assert!(text.starts_with("k: broken off: "), "{text}");
    assert!(
        !text.contains("/s"),
        "nothing is left to expect of it: {text}"
    );
    // What had ended is there before anything is mended.
    let kept = place.results("k", &["--format", "csv", "--var", "seed"]);
    assert!(kept.lines().count() >= 5, "{kept}");

    place.write("gate", "");
    let done = place.research(&["resume", "k", "-w", resumed_by]);
    assert_eq!(done.code, Some(0), "{done:?}");
    place.wait_for_silence();
    let status = place.status("k");
    assert_eq!(
        (&status["state"], &status["finished"]),
        (&"complete".into(), &12.into())
    );
    assert_eq!(place.names(), ["gate", "k", "research.toml", "steps.sh"]);
    place.results("k", &["--format", "csv"])
}

#[test]
fn a_leader_that_is_killed_takes_all_with_it_and_its_research_can_be_resumed() {
    let expected = undisturbed();
    assert_eq!(killed_and_resumed("1", "3"), expected);
    assert_eq!(killed_and_resumed("3", "1"), expected);
}

#[test]
fn what_runs_cannot_be_resumed_or_removed_meanwhile() {
    let place = place();
    let mut running = place.start(&["run", "research.toml", "-w", "2"]);
    running.status_when("k", |status| is_in_the_middle(status, 2));
    for command in [["resume", "k"].as_slice(), &["remove", "k", "-y"]] {
        let refused = place.research(command);
        assert_eq!((refused.code, &*refused.out), (Some(3), ""), "{refused:?}");
        assert!(
            refused.err.contains("is being run by process"),
            "{refused:?}"
        );
        assert!(refused.err.contains("`research stop "), "{refused:?}");
    }
    place.write("gate", "");
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn what_runs_is_ended_where_it_is_removed_by_force() {
    let place = place();
    let mut running = place.start(&["run", "research.toml", "-w", "2"]);
    running.status_when("k", |status| is_in_the_middle(status, 2));
    let removed = place.research(&["remove", "k", "-y", "--force"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert!(!place.path("k").exists());
    assert_ne!(running.end().code, Some(0));
    place.wait_for_silence();
    assert!(!place.path("k").exists());
}

/// An attempt that was cut off is no failure, and uses up none of the retries.
#[test]
fn a_leader_that_is_killed_takes_no_retry_away() {
    let place = Place::with(
        r#"
        name = "k"
        retries = 1
        [[unit]]
        name = "u"
        run = "./u.sh"
        save_to = "v"
        "#,
    );
    // The first attempt waits, the second fails.
    place.script(
        "u.sh",
        "echo x >> tries
        case $(wc -l < tries) in
            1) touch begun; sleep 1000 ;;
            2) exit 1 ;;
        esac
        echo 3",
    );
    let running = place.start(&["run", "research.toml"]);
    running.wait_for_file("begun");
    running.signal("KILL");
    assert_eq!(running.end().code, None);
    place.wait_for_silence();
    let done = place.research(&["resume", "k"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(place.table("k"), "iteration,v\n0,3");
}

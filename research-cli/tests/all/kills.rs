//! Killed workers and leaders: no value is lost or duplicated, and no process survives.

use crate::support::{Project, send};

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

fn project() -> Project {
    let project = Project::with(FILE);
    project.script(
        "steps.sh",
        // Values of a slow experiment are sent before its end.
        "sleep 0.1
        echo 0
        [ $1 -lt 3 ] || while ! [ -e gate ]; do sleep 0.01; done
        echo $1
        sleep 1000 & # is left behind, and must not stay
        exit 0",
    );
    project
}

/// Returns the results of an undisturbed run.
fn undisturbed() -> String {
    let project = project();
    project.write("gate", "");
    project.run(&["-w", "1"]);
    let csv = project.results("k", &["--format", "csv"]);
    assert_eq!(csv.lines().count(), 25);
    project.wait_for_silence();
    csv
}

/// Whether all experiments that do not wait have ended, and each worker runs one that waits.
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
fn a_killed_worker_is_replaced_without_loss() {
    let project = project();
    let mut running = project.start(&["run", "research.toml", "-w", "2"]);
    let status = running.status_when("k", |status| is_in_the_middle(status, 2));
    let worker = status["workers"][1]["pid"].as_u64().unwrap();
    send("KILL", u32::try_from(worker).unwrap());
    running.wait_for_log("k", "lost");
    project.write("gate", "");
    let done = running.end();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stderr.contains("warning: worker 1 was lost: "),
        "{done:?}"
    );
    assert!(done.stderr.contains(": 12 finished\n"), "{done:?}");
    project.wait_for_silence();
    assert_eq!(project.results("k", &["--format", "csv"]), undisturbed());
}

/// Kills the leader during the run, and resumes it with another number of workers.
fn killed_and_resumed(workers: &str, resumed_by: &str) -> String {
    let project = project();
    let mut running = project.start(&["run", "research.toml", "-w", workers]);
    let count = workers.parse().unwrap();
    running.status_when("k", |status| is_in_the_middle(status, count));
    running.signal("KILL");
    assert_eq!(running.end().code, None);
    project.wait_for_silence();

    let status = project.status("k");
    assert_eq!(
        (&status["state"], &status["finished"]),
        (&"broken".into(), &2.into())
    );
    let text = project.research(&["status", "k"]).stdout;
    assert!(text.starts_with("k: ended unexpectedly: "), "{text}");
    assert!(
        !text.contains("/s"),
        "nothing is left to expect of it: {text}"
    );
    // Ended experiments are visible before the resume.
    let kept = project.results("k", &["--format", "csv", "--var", "seed"]);
    assert!(kept.lines().count() >= 5, "{kept}");

    project.write("gate", "");
    let done = project.research(&["resume", "k", "-w", resumed_by]);
    assert_eq!(done.code, Some(0), "{done:?}");
    project.wait_for_silence();
    let status = project.status("k");
    assert_eq!(
        (&status["state"], &status["finished"]),
        (&"complete".into(), &12.into())
    );
    assert_eq!(project.names(), ["gate", "k", "research.toml", "steps.sh"]);
    project.results("k", &["--format", "csv"])
}

#[test]
fn a_killed_leader_ends_its_processes_and_can_be_resumed() {
    let expected = undisturbed();
    assert_eq!(killed_and_resumed("1", "3"), expected);
    assert_eq!(killed_and_resumed("3", "1"), expected);
}

#[test]
fn a_running_research_cannot_be_resumed_or_removed() {
    let project = project();
    let mut running = project.start(&["run", "research.toml", "-w", "2"]);
    running.status_when("k", |status| is_in_the_middle(status, 2));
    for command in [["resume", "k"].as_slice(), &["remove", "k", "-y"]] {
        let refused = project.research(command);
        assert_eq!(
            (refused.code, &*refused.stdout),
            (Some(3), ""),
            "{refused:?}"
        );
        assert!(
            refused.stderr.contains("is being run by process"),
            "{refused:?}"
        );
        assert!(refused.stderr.contains("`research stop "), "{refused:?}");
    }
    project.write("gate", "");
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn remove_with_force_ends_the_run() {
    let project = project();
    let mut running = project.start(&["run", "research.toml", "-w", "2"]);
    running.status_when("k", |status| is_in_the_middle(status, 2));
    let removed = project.research(&["remove", "k", "-y", "--force"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert!(!project.path("k").exists());
    assert_ne!(running.end().code, Some(0));
    project.wait_for_silence();
    assert!(!project.path("k").exists());
}

/// An interrupted attempt is not a failure and does not count as a retry.
#[test]
fn a_killed_leader_uses_up_no_retry() {
    let project = Project::with(
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
    project.script(
        "u.sh",
        "echo x >> tries
        case $(wc -l < tries) in
            1) touch begun; sleep 1000 ;;
            2) exit 1 ;;
        esac
        echo 3",
    );
    let running = project.start(&["run", "research.toml"]);
    running.wait_for_file("begun");
    running.signal("KILL");
    assert_eq!(running.end().code, None);
    project.wait_for_silence();
    let done = project.research(&["resume", "k"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(project.table("k"), "iteration,v\n0,3");
}

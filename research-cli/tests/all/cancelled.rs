//! `research stop --id`: cancels one running experiment.

use crate::support::{Project, wait_for};

const FILE: &str = r#"
name = "c"
workers = 2
retries = 1
domain = 'a=[1, 2, 3]'
[[unit]]
name = "u"
run = ["./u.sh", "{a}"]
save_to = "v"
"#;

/// An experiment that is cancelled ends with its process group, is not retried, and keeps its
/// status when the research is resumed; the others have results.
#[test]
fn one_running_experiment_is_cancelled_and_the_others_finish() {
    for file in [FILE.to_owned(), format!("isolation = \"worker\"\n{FILE}")] {
        let project = Project::with(&file);
        project.script(
            "u.sh",
            r#"if [ "$1" = 2 ]; then
                sleep 1000 &
                echo $! >child; echo "$RESEARCH_ID" >id; touch begun; wait
            fi
            echo "$1""#,
        );
        let running = project.start(&["run", "research.toml"]);
        running.wait_for_file("begun");
        let id = project.read("id").trim().to_owned();
        // The log may not have the start of the experiment yet.
        let done = wait_for("the experiment in the log", || {
            let done = project.research(&["stop", "c", "--id", &id, "--reason", "too slow"]);
            (done.code == Some(0)).then_some(done)
        });
        assert!(done.stderr.contains("is being cancelled"), "{done:?}");
        let done = running.end();
        assert!(done.stderr.contains("2 finished, 1 cancelled"), "{done:?}");
        let log = project.read("c/research.log");
        assert!(log.contains("too slow"), "{log}");
        // The run has ended, and so has the process group of the experiment.
        let child = project.read("child");
        let child = std::path::Path::new("/proc").join(child.trim());
        assert!(!child.exists(), "{child:?} is left");
        let again = project.research(&["stop", "c", "--id", &id]);
        assert!(again.stderr.contains("is not running"), "{again:?}");
        // The experiment is not run again, neither as a retry nor by a resumed run.
        std::fs::remove_file(project.path("begun")).unwrap();
        project.research(&["resume", "c"]);
        assert!(!project.path("begun").exists());
        let counts = &project.status("c")["counts"];
        let cancelled = serde_json::json!({"status": "cancelled", "count": 1});
        assert!(counts.as_array().unwrap().contains(&cancelled), "{counts}");
        let listed = ["results", "c", "--status", "cancelled", "--format", "csv"];
        assert_eq!(project.research(&listed).code, Some(0));
    }
}
